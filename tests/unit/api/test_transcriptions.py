"""POST /audio/transcriptions and /audio/translations through the real handlers, with a fake provider."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import pytest

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.transcriptions import TranscriptionApiDependencies, transcriptions_app
from audio_gateway.errors import InvalidAudio, ProviderUnavailable
from audio_gateway.providers.port import TranscriptEvent, TranscriptionCall
from tests.fakes.files import FakeFiles
from tests.fakes.gateway import API_CALLER, Answer, Context, call, event, form_event
from tests.fakes.idempotency import fresh_idempotency, no_repetitions
from tests.fakes.jobs import empty_job_service
from tests.fakes.meter import free_billing
from tests.fakes.providers import ALL_CAPABILITIES, FakeAdapter, catalog, model
from tests.fakes.results import FakeResults
from tests.unit.api.harness import PATHS, AudioHarness


def wav(seconds: float = 1.0, rate: int = 16_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\x01\x00" * int(seconds * rate))
    return out.getvalue()


FILE = ("file", ("speech.wav", wav()))
MODEL = ("model", "talker")


class Gateway(AudioHarness):
    """The transcriptions and the translations function."""

    def post(self, *parts: tuple[str, Any], path: str = "/audio/transcriptions", **options: Any) -> Answer:
        context = options.pop("context", None)
        return self.send(form_event(path, list(parts), **options), context)

    @property
    def asked(self) -> TranscriptionCall:
        request = self.provider.asked[-1]
        assert isinstance(request, TranscriptionCall)
        return request


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def test_json_is_the_default_and_counts_the_seconds_upwards(gateway: Gateway) -> None:
    answer = gateway.post(MODEL, ("file", ("x", wav(1.2))))
    assert answer.status == 200
    assert answer.json == {"text": "hello big world", "usage": {"type": "duration", "seconds": 2}}
    assert answer.headers["x-audio-gateway-model"] == "talker"


def test_the_provider_gets_the_measured_audio_and_every_option(gateway: Gateway) -> None:
    gateway.post(
        ("language", "en"), ("prompt", "Names: Ann."), ("temperature", "0.5"), FILE, MODEL,
        ("languages[]", "en"), ("languages[]", "de"), ("keywords", "Dashwood"), ("include[]", "logprobs"),
    )  # fmt: skip
    asked, options = gateway.asked, gateway.asked.options
    assert (asked.model, asked.task, options.language, options.prompt) == (
        "up-talker",
        "transcribe",
        "en",
        "Names: Ann.",
    )
    assert (options.temperature, options.languages, options.keywords) == (0.5, ("en", "de"), ("Dashwood",))
    assert options.logprobs
    assert (asked.audio.container, asked.audio.duration_ms, asked.audio.sample_rate) == ("wav", 1000, 16_000)


@pytest.mark.parametrize("name", ["text", "srt", "vtt"])
def test_text_formats_are_plain_text(gateway: Gateway, name: str) -> None:
    answer = gateway.post(MODEL, FILE, ("response_format", name))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert b"hello big world" in answer.body


def test_subtitles_are_made_from_words_where_the_provider_has_no_segments() -> None:
    gateway = Gateway(model(capabilities=ALL_CAPABILITIES - {"segments"}))
    answer = gateway.post(MODEL, FILE, ("response_format", "srt"))
    assert gateway.asked.want_words
    assert answer.body == b"1\n00:00:00,000 --> 00:00:01,100\nhello big world\n\n\n"


def test_words_and_segments_come_as_requested(gateway: Gateway) -> None:
    def fields(*granularities: str) -> set[str]:
        asked = [("timestamp_granularities[]", granularity) for granularity in granularities]
        return set(gateway.post(MODEL, FILE, ("response_format", "verbose_json"), *asked).json)

    always = {"task", "language", "duration", "text", "usage"}
    assert fields() == always | {"segments"}
    assert fields("segment") == always | {"segments"}
    assert fields("word") == always | {"words"}
    assert fields("word", "segment") == always | {"words", "segments"}


def test_a_provider_that_leaves_out_the_times_it_promised_has_failed(gateway: Gateway) -> None:
    gateway.provider.times = False
    answer = gateway.post(MODEL, FILE, ("response_format", "srt"))
    assert (answer.status, answer.error["code"]) == (502, "provider_bad_answer")


def events(answer: Answer) -> list[dict[str, Any]]:
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    frames = answer.body.decode().split("\r\n\r\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    return [json.loads(frame.removeprefix("data: ")) for frame in frames[:-2]]


@pytest.mark.parametrize("capabilities", [ALL_CAPABILITIES, ALL_CAPABILITIES - {"streaming"}])
def test_a_stream_is_deltas_and_done_whether_or_not_the_provider_streams(capabilities: frozenset[Any]) -> None:
    gateway = Gateway(model(capabilities=capabilities))
    found = events(gateway.post(MODEL, FILE, ("stream", "true")))
    assert [e["type"] for e in found[:-1]] == ["transcript.text.delta"] * (len(found) - 1)
    assert "".join(e["delta"] for e in found[:-1]).strip() == "hello big world"
    assert (found[-1]["type"], found[-1]["text"]) == ("transcript.text.done", "hello big world")


def test_a_translation_has_neither_usage_nor_words(gateway: Gateway) -> None:
    plain = gateway.post(MODEL, FILE, path="/audio/translations")
    assert plain.json == {"text": "hello big world"}
    assert gateway.asked.task == "translate"
    verbose = gateway.post(MODEL, FILE, ("response_format", "verbose_json"), path="/audio/translations").json
    assert list(verbose) == ["task", "language", "duration", "text", "segments"]
    assert verbose["task"] == "translate"


BAD_FIELDS = [
    ([FILE], "model"),
    ([("model", ""), FILE], "model"),
    ([MODEL, MODEL, FILE], "model"),
    ([MODEL], "file"),
    ([MODEL, ("file", "RIFF as text")], "file"),
    ([MODEL, FILE, FILE], "file"),
    ([MODEL, ("file", ("a.wav", b""))], "file"),
    ([MODEL, ("file", ("a.wav", b"<html><body>no</body></html>"))], "file"),
    ([MODEL, ("file", ("a.mp3", b"PK\x03\x04" + bytes(500)))], "file"),
    ([MODEL, ("file", ("a.wav", wav(0.05)))], "file"),
    ([MODEL, ("file", ("a.wav", wav()[:9000]))], "file"),
    ([MODEL, FILE, ("response_format", "xml")], "response_format"),
    ([MODEL, FILE, ("response_format", "diarized_json")], "response_format"),
    ([MODEL, FILE, ("temperature", "1.1")], "temperature"),
    ([MODEL, FILE, ("temperature", "-1")], "temperature"),
    ([MODEL, FILE, ("temperature", "nan")], "temperature"),
    ([MODEL, FILE, ("temperature", "warm")], "temperature"),
    ([MODEL, FILE, ("language", "english")], "language"),
    ([MODEL, FILE, ("language", "en-US")], "language"),
    ([MODEL, FILE, ("languages[]", "en,de")], "languages"),
    ([MODEL, FILE, ("stream", "yes")], "stream"),
    ([MODEL, FILE, ("stream", "true"), ("response_format", "srt")], "stream"),
    ([MODEL, FILE, ("timestamp_granularities[]", "word")], "timestamp_granularities"),
    (
        [MODEL, FILE, ("response_format", "verbose_json"), ("timestamp_granularities[]", "syllable")],
        "timestamp_granularities",
    ),
    ([MODEL, FILE, ("include[]", "everything")], "include"),
    ([MODEL, FILE, ("include[]", "logprobs"), ("response_format", "text")], "include"),
    ([MODEL, FILE, ("chunking_strategy", "manual")], "chunking_strategy"),
    ([MODEL, FILE, ("chunking_strategy", "{")], "chunking_strategy"),
    ([MODEL, FILE, ("chunking_strategy", "[" * 100_000)], "chunking_strategy"),
    ([MODEL, FILE, ("temperature", "0_1")], "temperature"),
    ([MODEL, FILE, ("chunking_strategy[type]", "vad")], "chunking_strategy"),
    (
        [MODEL, FILE, ("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "2")],
        "chunking_strategy",
    ),
    ([MODEL, FILE, ("chunking_strategy[type]", "server_vad"), ("chunking_strategy[x]", "2")], "chunking_strategy"),
    ([MODEL, FILE, ("known_speaker_names[]", "Ann")], "known_speaker_references"),
    (
        [MODEL, FILE, ("known_speaker_names[]", "Ann"), ("known_speaker_references[]", "http://x/y.wav")],
        "known_speaker_references",
    ),
    ([MODEL, FILE, ("keywords[]", " ")], "keywords"),
]


@pytest.mark.parametrize(("parts", "param"), BAD_FIELDS)
def test_an_invalid_field_is_a_400_that_names_it_and_no_provider_is_called(
    gateway: Gateway, parts: list[tuple[str, Any]], param: str
) -> None:
    answer = gateway.post(*parts)
    assert answer.status == 400
    assert (answer.error["type"], answer.error["param"]) == ("invalid_request_error", param)
    assert gateway.provider.asked == []


@pytest.mark.parametrize(
    ("parts", "param", "missing"),
    [
        ([("prompt", "x")], "prompt", "prompt"),
        ([("temperature", "0.3")], "temperature", "temperature"),
        ([("keywords[]", "x")], "keywords", "keywords"),
        ([("languages[]", "en")], "languages", "keywords"),
        ([("include[]", "logprobs")], "include", "logprobs"),
        (
            [("response_format", "verbose_json"), ("timestamp_granularities[]", "word")],
            "timestamp_granularities",
            "words",
        ),
    ],
)
def test_an_unsupported_option_is_refused_with_the_models_that_support_it(
    parts: list[tuple[str, Any]], param: str, missing: str
) -> None:
    gateway = Gateway(model("plain", capabilities=ALL_CAPABILITIES - {missing}), model("able"))
    answer = gateway.post(("model", "plain"), FILE, *parts)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, "unsupported_value")
    assert "able" in answer.error["message"]
    assert gateway.provider.asked == []


def test_a_format_that_the_model_lacks_is_refused_with_the_models_that_have_it() -> None:
    gateway = Gateway(model("plain", response_formats=("json", "text")), model("able"))
    answer = gateway.post(("model", "plain"), FILE, ("response_format", "vtt"))
    assert (answer.error["param"], answer.error["code"]) == ("response_format", "unsupported_value")
    assert "able" in answer.error["message"]


@pytest.mark.parametrize(("text", "number"), [("0.5", 0.5), (".5", 0.5), ("1", 1.0), ("1e-05", 1e-05), ("1.", 1.0)])
def test_a_temperature_is_read_as_the_sdks_write_numbers(gateway: Gateway, text: str, number: float) -> None:
    gateway.post(MODEL, FILE, ("temperature", text))
    assert gateway.asked.options.temperature == number


@pytest.mark.parametrize("parts", [[("temperature", "0")], [("stream", "false")], [("prompt", "")], [("language", "")]])
def test_a_default_value_is_accepted_for_any_model(parts: list[tuple[str, Any]]) -> None:
    gateway = Gateway(model(capabilities=frozenset()))
    assert gateway.post(MODEL, FILE, *parts).status == 200


def test_options_that_the_catalogue_ignores_and_unknown_fields_are_announced() -> None:
    gateway = Gateway(model(capabilities=frozenset(), ignore=frozenset({"temperature", "prompt"})))
    answer = gateway.post(MODEL, FILE, ("temperature", "0.7"), ("prompt", "x"), ("us\u00e9r", "me"))
    assert answer.status == 200
    assert answer.headers["x-audio-gateway-ignored"] == "prompt, temperature, us?r"
    assert (gateway.asked.options.temperature, gateway.asked.options.prompt) == (None, None)


def test_a_language_that_the_model_does_not_understand_is_refused_in_both_endpoints() -> None:
    gateway = Gateway(model(languages=("en",)))
    for path in ("/audio/transcriptions", "/audio/translations"):
        answer = gateway.post(MODEL, FILE, ("language", "fr"), path=path)
        assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "language", "unsupported_value")
        assert "en only" in answer.error["message"]
    assert gateway.provider.asked == []


@pytest.mark.parametrize("code", ["zh", "zh-tw", "jw", "jv"])
def test_every_code_of_a_language_that_the_model_understands_is_taken(code: str) -> None:
    gateway = Gateway(model(languages=("zh", "jv")))
    assert gateway.post(MODEL, FILE, ("language", code)).status == 200
    assert gateway.asked.options.language == code


def test_audio_that_cannot_be_measured_in_time_is_refused_before_a_provider_is_called() -> None:
    gateway = Gateway()
    answer = gateway.post(MODEL, ("file", ("a.wav", wav(800))), context=Context(remaining_ms=4_500))
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "file", "input_too_long")
    assert "background=true" in answer.error["message"]
    assert gateway.provider.asked == []


def test_the_time_that_measuring_takes_counts_even_for_the_fastest_model() -> None:
    limits: list[int] = []

    def measure(data: bytes, *, limit_ms: int, out_of_time: Any, on_progress: Any) -> Any:
        limits.append(limit_ms)
        raise InvalidAudio("enough")

    found = catalog(model(speed_factor=1e9))
    parts: dict[str, Any] = {
        "billing": free_billing(),
        "idempotency": fresh_idempotency(),
        "repetitions": no_repetitions(),
        "results": FakeResults(),
        "files": FakeFiles(),
        "job_service": empty_job_service(),
    }
    app = transcriptions_app(
        TranscriptionApiDependencies(catalog=found, providers=lambda _: None, measure=measure, **parts)
    )
    call(lambda_handler(app, "transcriptions"), form_event("/audio/transcriptions", [MODEL, FILE]))
    assert 3_600_000 < limits[0] < 3 * 3_600_000


@pytest.mark.parametrize("fields", [(), (("stream", "true"),), (("response_format", "text"),)])
@pytest.mark.parametrize("path", ["/audio/transcriptions", "/audio/translations"])
def test_an_answer_too_big_for_lambda_is_a_redirect_to_the_bucket(
    gateway: Gateway, path: str, fields: tuple[tuple[str, str], ...]
) -> None:
    gateway.provider.text = ("work" * 25_000 + " ") * 72
    answer = gateway.post(MODEL, FILE, *fields, path=path)
    (stored,) = gateway.results.stored
    assert answer.status == 303
    assert answer.json["location"] == answer.headers["location"] == "https://bucket.example.com/results/default/1"
    assert "curl -L" in answer.json["message"]
    assert gateway.provider.text.strip().encode() in stored.body.replace(b'\\"', b"")
    assert stored.project_id == "default"
    assert len(gateway.meter.settled) == 1


def test_a_file_beyond_the_models_bytes_is_a_413() -> None:
    gateway = Gateway(model(max_bytes=1000))
    answer = gateway.post(MODEL, FILE)
    assert (answer.status, answer.error["param"]) == (413, "file")


def test_a_fallback_is_called_only_if_it_can_do_the_same() -> None:
    gateway = Gateway(
        model("main", fallbacks=("deaf", "talk", "spare")),
        model("deaf", response_formats=("json",)),
        model("talk", endpoints=frozenset({"speech"})),
        model("spare"),
    )
    real = gateway.provider.transcribe

    def transcribe(request: TranscriptionCall) -> Any:
        if request.model == "up-main":
            raise ProviderUnavailable("down", provider="fake")
        return real(request)

    gateway.provider.transcribe = transcribe  # one model of the provider is down
    answer = gateway.post(("model", "main"), FILE, ("response_format", "srt"))
    assert (answer.status, answer.headers["x-audio-gateway-model"]) == (200, "spare")


def test_an_unknown_model_and_one_of_the_wrong_kind_are_a_404(gateway: Gateway) -> None:
    assert gateway.post(("model", "nobody"), FILE).error["code"] == "model_not_found"
    speaker = Gateway(model(endpoints=frozenset({"speech"})))
    assert speaker.post(MODEL, FILE).status == 404


def test_a_body_that_is_neither_a_form_nor_json_is_a_415(gateway: Gateway) -> None:
    answer = gateway.post(MODEL, headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.error["code"]) == (415, "unsupported_content_type")


def test_a_call_that_passed_no_authorizer_is_a_401(gateway: Gateway) -> None:
    assert gateway.post(MODEL, FILE, authorizer={}).status == 401
    assert gateway.post(MODEL, FILE, authorizer={**API_CALLER, "kind": "admin"}).status == 403


def test_a_wrong_method_is_a_405(gateway: Gateway) -> None:
    for path in PATHS:
        assert gateway.send(event("GET", path)).status == 405


def test_the_next_request_works_after_every_bad_one(gateway: Gateway) -> None:
    gateway.post(MODEL, ("file", ("x", bytes(range(256)) * 10)))
    gateway.send(event("POST", "/audio/transcriptions", b"x"), Context())
    assert gateway.post(MODEL, FILE).status == 200


def test_no_transcript_and_no_prompt_is_logged(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.provider.text = "private transcript"
    gateway.post(MODEL, FILE, ("prompt", "private prompt"))
    logged = capsys.readouterr().out
    assert '"audio_ms":1000' in logged.replace(" ", "")
    assert "private" not in logged


TIMELESS = model("timeless", capabilities=frozenset({"prompt", "temperature", "streaming", "logprobs"}))


@pytest.mark.parametrize("granularity", ["word", "segment"])
def test_a_model_without_times_lets_granularities_through_with_json_and_without_effect(granularity: str) -> None:
    gateway = Gateway(TIMELESS, model("timed"))
    answer = gateway.post(("model", "timeless"), FILE, ("timestamp_granularities[]", granularity))
    assert (answer.status, set(answer.json)) == (200, {"text", "usage"})
    assert answer.headers["x-audio-gateway-ignored"] == "timestamp_granularities"
    assert not gateway.asked.want_words
    assert not gateway.asked.want_segments


@pytest.mark.parametrize(
    ("model_id", "response_format"), [("timed", "json"), ("timed", "text"), ("timeless", "text"), ("timed", "srt")]
)
def test_granularities_need_verbose_json_everywhere_else(model_id: str, response_format: str) -> None:
    gateway = Gateway(TIMELESS, model("timed"))
    fields = [("response_format", response_format), ("timestamp_granularities[]", "segment")]
    answer = gateway.post(("model", model_id), FILE, *fields)
    assert (answer.status, answer.error["param"]) == (400, "timestamp_granularities")
    assert "verbose_json" in answer.error["message"]


class FirstFails(FakeAdapter):
    """A provider one of whose models fails."""

    def transcribe(self, request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        if request.model == "up-timeless":
            raise ProviderUnavailable("down", provider="fake")
        return super().transcribe(request)


def test_a_fallback_with_times_stands_in_for_a_model_without() -> None:
    first = model("timeless", capabilities=TIMELESS.capabilities, fallbacks=("timed",))
    gateway = Gateway(first, model("timed"))
    gateway.provider = FirstFails()
    answer = gateway.post(("model", "timeless"), FILE, ("timestamp_granularities[]", "word"))
    assert (answer.status, answer.headers["x-audio-gateway-model"]) == (200, "timed")
    assert answer.headers["x-audio-gateway-ignored"] == "timestamp_granularities"
