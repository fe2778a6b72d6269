"""Reading a catalogue: every field, and every mistake with the words that an operator needs."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.cut import CutRule
from audio_gateway.catalog.load import build_catalog, load_catalog
from audio_gateway.catalog.models import CacheTerms, Model
from audio_gateway.errors import ConfigurationError

OPENAI = {"adapter": "openai", "base_url": "https://api.openai.com/v1", "api_key": "ssm:/audio-gateway/openai"}
EMBEDDED = {"adapter": "embedded"}
FREE_SPEECH = {"usd_per_million_characters": "0"}
FREE_AUDIO = {"usd_per_minute": "0"}
CACHE = {"seconds": 60, "price_percent": "10"}


def speech(**fields: Any) -> dict[str, Any]:
    return {"id": "say", "provider": "openai", "endpoints": ["speech"], "price": FREE_SPEECH} | fields


def audio(**fields: Any) -> dict[str, Any]:
    return {"id": "hear", "provider": "openai", "endpoints": ["transcriptions"], "price": FREE_AUDIO} | fields


def document(*models: Any, **providers: Any) -> dict[str, Any]:
    return {"providers": {"openai": OPENAI, "embedded": EMBEDDED} | providers, "models": list(models)}


def only(model: dict[str, Any]) -> Model:
    return build_catalog(document(model), "test").models[model["id"]]


def problems(source: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        build_catalog(source, "catalog.toml")
    assert str(caught.value) == caught.value.message
    return caught.value.message


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "models.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_example_of_the_design_is_read_field_by_field(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [providers.openai]
        adapter  = "openai"
        base_url = "https://api.openai.com/v1/"
        api_key  = "ssm:/audio-gateway/openai"
        timeout_seconds = 90
        [providers.embedded]
        adapter = "embedded"

        [[models]]
        id        = "gpt-4o-mini-tts"
        provider  = "openai"
        upstream  = "gpt-4o-mini-tts"
        endpoints = ["speech"]
        price     = { usd_per_million_characters = "15.00" }
        fallbacks = ["espeak-ng"]

        [[models]]
        id        = "whisper-1"
        provider  = "openai"
        endpoints = ["transcriptions", "translations"]
        price     = { usd_per_minute = "0.006" }

        [[models]]
        id = "espeak-ng"
        provider = "embedded"
        endpoints = ["speech"]
        price = { usd_per_million_characters = "0" }
        """,
    )
    catalog = load_catalog(path)
    assert list(catalog.models) == ["gpt-4o-mini-tts", "whisper-1", "espeak-ng"]
    tts, whisper = catalog.models["gpt-4o-mini-tts"], catalog.models["whisper-1"]
    assert (tts.provider.id, tts.provider.adapter, tts.provider.timeout_seconds) == ("openai", "openai", 90.0)
    assert tts.provider.base_url == "https://api.openai.com/v1"
    assert tts.provider.api_key == "ssm:/audio-gateway/openai"
    assert tts.price.microusd_per_million_characters == 15_000_000
    assert tts.price.microusd_per_minute is None
    assert tts.fallbacks == ("espeak-ng",)
    assert whisper.upstream == "whisper-1"
    assert whisper.endpoints == {"transcriptions", "translations"}
    assert whisper.price.microusd_per_minute == 6000


def test_every_optional_field_overrides_the_adapters_default() -> None:
    model = only(
        speech(
            endpoints=["speech", "transcriptions"],
            price={"usd_per_million_characters": "1", "usd_per_minute": "0.000001"},
            formats=["mp3", "pcm"],
            voices={"alloy": "anna"},
            languages=["en", "de"],
            capabilities=["segments", "diarization"],
            ignore=["temperature", "prompt"],
            max_bytes=1_000_000,
            max_seconds=60,
            max_characters=500,
            speed_factor=2.5,
            markup_percent=12.5,
            rounding_seconds=1,
            minimum_seconds=0.5,
            chunk_seconds=30,
            chunk_concurrency=3,
            cache={"seconds": 86400, "price_percent": 12.5},
        )
    )
    assert model.formats == ("mp3", "pcm")
    assert (dict(model.voices or {}), model.own_voices_only) == ({"alloy": "anna"}, False)
    assert model.languages == ("en", "de")
    assert model.capabilities == {"segments", "diarization"}
    assert model.ignore == {"temperature", "prompt"}
    assert (model.max_bytes, model.max_seconds, model.max_characters) == (1_000_000, 60, 500)
    assert (model.speed_factor, model.markup_percent) == (2.5, "12.5")
    assert (model.rounding_seconds, model.minimum_seconds) == (1, 0.5)
    assert (model.chunk_seconds, model.chunk_concurrency) == (30, 3)
    assert model.cache == CacheTerms(86_400, "12.5", shared=False)
    assert (model.price.microusd_per_million_characters, model.price.microusd_per_minute) == (1_000_000, 1)
    assert model.response_formats[:6] == ("mp3", "opus", "aac", "flac", "wav", "pcm")
    assert set(model.response_formats[6:]) == {"json", "text", "srt", "verbose_json", "vtt", "diarized_json"}


def test_a_list_of_voices_is_all_there_are_and_a_table_is_not() -> None:
    listed = only(speech(voices=["anna", "bert"]))
    assert (dict(listed.voices or {}), listed.own_voices_only) == ({"anna": "anna", "bert": "bert"}, True)
    emptied = only(speech(id="tts-1", voices={}))
    assert (emptied.voices, emptied.own_voices_only) == ({}, False)


def test_parts_of_long_audio_are_no_longer_than_the_provider_takes() -> None:
    assert only(audio(max_seconds=60)).chunk_seconds == 60
    assert only(audio(max_seconds=6000)).chunk_seconds == 300
    assert only(audio()).chunk_seconds == 300


def test_a_mistake_names_file_entry_and_field() -> None:
    message = problems(document(speech(), audio(endpoints=["speach"])))
    assert message.startswith("catalog.toml: models[1] 'hear': endpoints[0]: 'speach' is not allowed; use ")
    assert "'speech'" in message


def without(model: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in model.items() if name != field}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (speech(colour="red"), ["colour: is not a known field", "fallbacks"]),
        (speech(price=FREE_SPEECH | {"usd_per_token": "1"}), ["price.usd_per_token", "usd_per_minute"]),
        (without(speech(), "id"), ["models[0]: id: is missing"]),
        (without(speech(), "provider"), ["provider: is missing"]),
        (without(speech(), "endpoints"), ["endpoints: is missing"]),
        (without(speech(), "price"), ["price: is missing", "free is written", '"0"']),
        (speech(price={}), ["price.usd_per_million_characters: is missing", 'free is written "0"']),
        (speech(price="0"), ["price: must be a table"]),
        (
            speech(price=FREE_AUDIO),
            ["price.usd_per_minute: is the wrong unit", "usd_per_million_characters: is missing"],
        ),
        (
            audio(price=FREE_SPEECH),
            ["price.usd_per_million_characters: is the wrong unit", "usd_per_minute: is missing"],
        ),
        (speech(price=FREE_SPEECH | FREE_AUDIO), ["price.usd_per_minute: is the wrong unit"]),
        (speech(endpoints=["speech", "translations"]), ["price.usd_per_minute: is missing", "translations"]),
        (audio(price={"usd_per_minute": 0.006}), ["price.usd_per_minute: is the number 0.006", '"0.006"']),
        (audio(price={"usd_per_minute": 0}), ["price.usd_per_minute: is the number 0", '"0"']),
        (audio(price={"usd_per_minute": "-1"}), ["price.usd_per_minute: '-1' is not an amount"]),
        (audio(price={"usd_per_minute": "0.0000001"}), ["price.usd_per_minute", "micro-dollars"]),
        (audio(price={"usd_per_minute": "nan"}), ["price.usd_per_minute: 'nan' is not an amount"]),
        (audio(price={"usd_per_minute": "1e-3"}), ["price.usd_per_minute: '1e-3' is not an amount"]),
        (audio(price={"usd_per_minute": "\u0661"}), ["price.usd_per_minute"]),
        (audio(price={"usd_per_minute": ["1"]}), ["price.usd_per_minute: is not an amount"]),
        (speech(provider="opnai"), ["provider: 'opnai' is not in [providers]", "openai, embedded"]),
        (speech(id=""), ["id: '' is not 1 to 200"]),
        (speech(id="a\nb"), ["id: 'a\\nb' is not"]),
        (speech(upstream=" x"), ["upstream: ' x' is not"]),
        (speech(endpoints=[]), ["endpoints", "at least 1 item"]),
        (speech(endpoints="speech"), ["endpoints: 'speech' should be a valid list"]),
        (speech(formats=["mp3", "ogg"]), ["formats[1]: 'ogg' is not allowed", "opus"]),
        (speech(formats=[]), ["formats", "at least 1 item"]),
        (speech(capabilities=["singing"]), ["capabilities[0]: 'singing' is not allowed", "diarization"]),
        (speech(ignore=["volume"]), ["ignore[0]: 'volume' is not allowed", "timestamp_granularities"]),
        (speech(fallbacks=["nobody"]), ["fallbacks[0]: 'nobody' is not a model"]),
        (speech(fallbacks=["say"]), ["fallbacks[0]: 'say' is the model itself"]),
        (speech(voices="alloy"), ["voices: must be a table", "or a list"]),
        (speech(voices=[]), ["voices: must be a table"]),
        (speech(voices=["a", 1]), ["voices: must be a table"]),
        (speech(voices={"alloy": ""}), ["voices: must be a table"]),
        (audio(languages=["en", "english"]), ["languages[1]: 'english' is not an ISO 639-1 code"]),
        (audio(languages=[]), ["languages", "at least 1 item"]),
        (audio(max_bytes=0), ["max_bytes: 0 should be greater than 0"]),
        (audio(max_bytes=1.5), ["max_bytes: 1.5 should be a valid integer"]),
        (audio(max_seconds=-1), ["max_seconds: -1 should be greater than 0"]),
        (audio(max_seconds=math.nan), ["max_seconds: nan should be a finite number"]),
        (audio(max_seconds=True), ["max_seconds: True should be a valid number"]),
        (audio(max_seconds=16**5000), ["max_seconds"]),
        (speech(max_characters="9"), ["max_characters: '9' should be a valid integer"]),
        (audio(speed_factor=math.inf), ["speed_factor: inf should be a finite number"]),
        (audio(markup_percent="-5"), ["markup_percent: '-5' is not a percentage"]),
        (audio(markup_percent=True), ["markup_percent: 'True' is not a percentage"]),
        (audio(markup_percent=[]), ["markup_percent: is not a percentage"]),
        (audio(markup_percent=16**5000), ["markup_percent"]),
        (audio(rounding_seconds=-1), ["rounding_seconds: -1"]),
        (audio(rounding_seconds=0.0005), ["rounding_seconds: is 0.0005", "milliseconds"]),
        (audio(minimum_seconds=math.nan), ["minimum_seconds"]),
        (audio(chunk_seconds=0), ["chunk_seconds: 0"]),
        (audio(chunk_concurrency=0), ["chunk_concurrency: 0"]),
        (speech(cache=True), ["cache: must be a table"]),
        (speech(cache={}), ["cache.seconds: is missing", "cache.price_percent: is missing"]),
        (
            speech(cache={"minutes": 1}),
            ["cache.minutes: is not a known field; the fields are seconds, price_percent, shared"],
        ),
        (speech(cache=CACHE | {"seconds": 0}), ["cache.seconds: 0 should be greater than 0"]),
        (
            speech(cache=CACHE | {"seconds": 2_592_001}),
            ["cache.seconds: 2592001 should be less than or equal to 2592000"],
        ),
        (speech(cache=CACHE | {"seconds": "60"}), ["cache.seconds: '60' should be a valid integer"]),
        (speech(cache=CACHE | {"price_percent": "100.5"}), ["cache.price_percent: is 100.5: a share", "100 percent"]),
        (speech(cache=CACHE | {"price_percent": "-1"}), ["cache.price_percent: '-1' is not a percentage"]),
        (speech(cache=CACHE | {"shared": "yes"}), ["cache.shared: 'yes' should be a valid boolean"]),
        (audio(cache=CACHE), ["cache: applies to speech only; transcriptions is never cached"]),
        (audio(max_seconds=60, chunk_seconds=61), ["chunk_seconds: is 61, more than max_seconds, 60"]),
        (audio(max_seconds=0.5), ["max_seconds: is 0.5", "at least 1"]),
        (audio(max_bytes=114_319), ["max_bytes: is 114319", "at least 114320"]),
        (audio(chunk_seconds=0.9), ["chunk_seconds: is 0.9", "at least 1"]),
        (audio(id="gpt-4o-transcribe", chunk_seconds=1500), ["chunk_seconds: is 1500, more than max_seconds, 1400"]),
        (
            speech(provider="embedded"),
            ["id: 'say' is not a model of the adapter 'embedded'", "hibari, espeak-ng", "(set upstream)"],
        ),
        (speech(provider="embedded", upstream="festival"), ["upstream: 'festival' is not a model of the adapter"]),
        (speech(provider="embedded", upstream="espeak"), ["upstream: 'espeak' is", "did you mean 'espeak-ng'?"]),
        (
            speech(provider="embedded", upstream="moonshine-tiny"),
            ["endpoints: 'moonshine-tiny' cannot serve 'speech'", "transcriptions"],
        ),
        ("espeak-ng", ["models[0]: must be a table"]),
    ],
)
def test_each_mistake_of_a_model_names_its_field_and_what_is_allowed(model: Any, words: list[str]) -> None:
    message = problems(document(model))
    for word in ["catalog.toml", "models[0]", *words]:
        assert word in message


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ({}, ["adapter: is missing"]),
        ({"adapter": "opnai"}, ["adapter: 'opnai' is not allowed", "'openai' or 'embedded'; did you mean 'openai'?"]),
        ({"adapter": ["openai"]}, ["adapter: should be a valid string"]),
        ({"adapter": "openai"}, ["base_url: is missing", "https://api.openai.com/v1"]),
        (OPENAI | {"base_url": "api.openai.com"}, ["base_url: 'api.openai.com' is not an http or https URL"]),
        (OPENAI | {"base_url": "ftp://x"}, ["base_url: 'ftp://x' is not"]),
        (OPENAI | {"base_url": "https://"}, ["base_url"]),
        (OPENAI | {"base_url": "https://[x"}, ["base_url"]),
        (OPENAI | {"base_url": "https://h:99999"}, ["base_url"]),
        (OPENAI | {"base_url": "https://h/v1?a=b"}, ["base_url: must not have a query"]),
        (OPENAI | {"timeout_seconds": 0}, ["timeout_seconds: 0 should be greater than 0"]),
        (OPENAI | {"region": "eu"}, ["region: is not a known field", "timeout_seconds"]),
        (EMBEDDED | {"base_url": "https://h"}, ["base_url: does not apply to the adapter 'embedded'", "leave it out"]),
        (EMBEDDED | {"api_key": "env:KEY"}, ["api_key: does not apply to the adapter 'embedded'"]),
        ("openai", ["must be a table"]),
    ],
)
def test_each_mistake_of_a_provider_names_its_field_and_what_is_allowed(provider: Any, words: list[str]) -> None:
    message = problems(document(speech(), mine=provider))
    for word in ["catalog.toml", "providers.mine: ", *words]:
        assert word in message


SECRET = "sk-proj-0123456789abcdef"


@pytest.mark.parametrize(
    "provider",
    [
        OPENAI | {"api_key": SECRET},
        OPENAI | {"api_key": f"env:{SECRET}"},
        OPENAI | {"api_key": f"secret:{SECRET}"},
        OPENAI | {"api_key": [SECRET]},
        OPENAI | {"apikey": SECRET},
        OPENAI | {"base_url": f"https://user:{SECRET}@host/v1"},
        OPENAI | {"base_url": f"user:{SECRET}@host/v1"},
        OPENAI | {"base_url": [f"https://user:{SECRET}@host/v1"]},
        SECRET,
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_never_repeated(provider: Any) -> None:
    assert SECRET not in problems(document(speech(), mine=provider))


def test_a_secret_that_breaks_the_syntax_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not valid TOML.*line 2") as caught:
        load_catalog(written(tmp_path, f"[providers.openai]\napi_key = {SECRET}\n"))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("reference", ["env:OPENAI_API_KEY", "ssm:/a/b-c.d", "secret:audio/openai", "secret:arn:aws:x"])
def test_a_reference_to_a_key_is_kept_as_it_is(reference: str) -> None:
    catalog = build_catalog(document(speech(), openai=OPENAI | {"api_key": reference}), "test")
    assert catalog.models["say"].provider.api_key == reference


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    message = problems(document(speech(max_characters=0), speech(), audio(provider="x"), mine={"adapter": "?"}))
    assert message.splitlines()[0] == "catalog.toml has 4 problems:"
    assert "providers.mine: adapter: '?'" in message
    assert "models[0] 'say': max_characters" in message
    assert "models[1] 'say': id: 'say' is already the id of models[0] 'say'" in message
    assert "models[2] 'hear': provider: 'x'" in message


def test_a_fallback_must_serve_one_of_the_endpoints() -> None:
    message = problems(document(speech(fallbacks=["hear"]), audio()))
    assert "models[0] 'say': fallbacks[0]: 'hear' serves transcriptions, none of speech" in message


def test_a_fallback_is_named_once() -> None:
    assert "fallbacks[1]: 'b' appears twice" in problems(document(speech(fallbacks=["b", "b"]), speech(id="b")))


def test_two_models_may_be_each_others_fallback() -> None:
    build_catalog(document(speech(fallbacks=["b"]), speech(id="b", fallbacks=["say"])), "test")


def test_a_fallback_with_a_mistake_of_its_own_is_reported_once() -> None:
    message = problems(document(speech(fallbacks=["b"]), speech(id="b", max_bytes=0)))
    assert message == "catalog.toml: models[1] 'b': max_bytes: 0 should be greater than 0"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["models", "at least one"]),
        ("models = []", ["at least one"]),
        ("models = 3", ["array of tables"]),
        ("providers = 3", ["providers: must be tables"]),
        ("[[model]]", ["model: is not a known table"]),
        ("[[models]]\nid = \n", ["not valid TOML", "line 2"]),
        ("a = 1\na = 2\n", ["not valid TOML", "line 2"]),
        (b"id = '\xff'", ["not UTF-8", "byte 6"]),
        ("a = " + "9" * 5000, ["not valid TOML"]),
        ("a = " + "[" * 100_000, ["nested too deeply"]),
    ],
)
def test_a_file_that_is_no_catalogue_says_what_it_is(tmp_path: Path, content: str | bytes, words: list[str]) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        load_catalog(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigurationError, match=r"cannot be read: .+"):
            load_catalog(path)


amounts = st.decimals(min_value=0, max_value="999999.999999", places=6, allow_nan=False).map(lambda d: f"{d:f}")


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9./:-]{0,20}", fullmatch=True), amounts, min_size=1, max_size=5))
def test_prices_of_any_catalogue_come_back_exactly(prices: dict[str, str]) -> None:
    models = [audio(id=model_id, price={"usd_per_minute": usd}) for model_id, usd in prices.items()]
    catalog = build_catalog(document(*models), "test")
    assert list(catalog.models) == list(prices)
    for model_id, usd in prices.items():
        microusd = catalog.models[model_id].price.microusd_per_minute
        assert microusd is not None
        assert f"{microusd // 1_000_000}.{microusd % 1_000_000:06}" == usd


FIELDS = [
    "adapter", "base_url", "api_key", "timeout_seconds", "id", "aliases", "provider", "upstream", "endpoints", "price",
    "fallbacks", "formats", "voices", "languages", "capabilities", "ignore", "max_bytes", "max_seconds", "speed_factor",
    "markup_percent", "rounding_seconds", "chunk_seconds", "cache", "seconds", "price_percent", "shared",
    "usd_per_minute", "usd_per_million_characters",
]  # fmt: skip
leaves = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.datetimes()
    | st.dates()
    | st.times()
    | st.sampled_from(["openai", "embedded", "speech", "transcriptions", "say", "espeak-ng", "0", "env:X", "https://h"])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=8,
)
tables = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6)


@given(
    st.dictionaries(st.sampled_from(["providers", "models"]) | st.text(max_size=5), values, max_size=3)
    | st.fixed_dictionaries({"providers": st.dictionaries(st.text(max_size=5), tables), "models": st.lists(tables)})
    | tables.map(lambda extra: document(speech(**extra)))
    | tables.map(lambda extra: document(audio(), openai=OPENAI | extra))
)
def test_whatever_toml_may_hold_is_a_catalogue_or_a_configuration_error(source: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigurationError):
        assert build_catalog(source, "test").models


def test_the_least_limits_of_a_provider_leave_chunks_to_cut() -> None:
    model = only(audio(max_seconds=1, max_bytes=114_320, chunk_seconds=1))
    assert CutRule(model.chunk_seconds, model.max_seconds, model.max_bytes).usual_seconds > 0
    assert only(speech(max_bytes=1, max_seconds=0.1)).max_bytes == 1  # nothing is cut for it
