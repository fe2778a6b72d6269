"""What models can do when the catalogue does not say (contract sections 2 and 3.2)."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.models import CAPABILITIES, OPENAI_VOICES, Endpoint, Model
from audio_gateway.transcripts.languages import code_of
from audio_gateway.transcripts.render import RESPONSE_FORMATS

TIMED = {"json", "text", "srt", "verbose_json", "vtt"}


def model(model_id: str, endpoint: Endpoint, adapter: str = "openai", **fields: Any) -> Model:
    provider = {"adapter": adapter} | ({"base_url": "https://h"} if adapter == "openai" else {})
    price = {"usd_per_million_characters" if endpoint == "speech" else "usd_per_minute": "0"}
    entry = {"id": model_id, "provider": "p", "endpoints": [endpoint], "price": price} | fields
    return build_catalog({"providers": {"p": provider}, "models": [entry]}, "test").models[model_id]


@pytest.mark.parametrize("model_id", ["tts-1", "tts-1-hd", "tts-1-1106", "tts-1-hd-1106"])
def test_tts_1_has_nine_voices_and_lets_instructions_through(model_id: str) -> None:
    tts = model(model_id, "speech")
    assert set(tts.voices or {}) == {"alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer"}
    assert tts.own_voices_only
    assert tts.capabilities == {"speed", "streaming"}
    assert tts.ignore == {"instructions"}
    assert tts.max_characters == 4096
    assert tts.formats == tts.response_formats == SPEECH_FORMATS


@pytest.mark.parametrize("model_id", ["gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"])
def test_gpt_4o_mini_tts_has_thirteen_voices_and_takes_instructions(model_id: str) -> None:
    tts = model(model_id, "speech")
    assert len(tts.voices or {}) == 13
    assert {"ballad", "verse", "marin", "cedar"} <= set(tts.voices or {})
    assert tts.capabilities == {"speed", "streaming", "instructions"}
    assert tts.ignore == frozenset()


@pytest.mark.parametrize(
    ("model_id", "formats", "capabilities", "ignored", "max_seconds"),
    [
        (
            "whisper-1",
            TIMED,
            {"words", "segments", "prompt", "temperature"},
            {"languages", "keywords", "chunking_strategy", "stream"},
            None,
        ),
        *(
            (
                name,
                {"json", "text"},
                {"prompt", "temperature", "streaming", "logprobs"},
                {"languages", "keywords"},
                1400,
            )
            for name in ("gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-12-15")
        ),
        (
            "gpt-4o-transcribe-diarize",
            {"json", "text", "diarized_json"},
            {"diarization", "temperature", "streaming"},
            {"languages", "keywords"},
            1400,
        ),
        (
            "gpt-transcribe",
            {"json", "text"},
            {"prompt", "temperature", "streaming", "keywords"},
            {"language", "chunking_strategy"},
            None,
        ),
    ],
)
def test_openais_transcription_models_do_what_the_contract_lists(
    model_id: str, formats: set[str], capabilities: set[str], ignored: set[str], max_seconds: float | None
) -> None:
    known = model(model_id, "transcriptions")
    assert set(known.response_formats) == formats
    assert known.capabilities == capabilities
    assert known.ignore == ignored
    assert known.max_seconds == max_seconds
    assert known.max_bytes == 26_214_400


def test_a_known_model_is_recognised_by_its_upstream_name() -> None:
    assert model("my-own", "transcriptions", upstream="gpt-4o-transcribe").max_seconds == 1400
    assert model("gpt-4o-transcribe", "transcriptions", upstream="my-own").max_seconds is None


def test_any_other_model_of_an_openai_server_has_the_full_api_without_limits() -> None:
    heard = model("Systran/faster-whisper-small", "transcriptions")
    assert heard.capabilities == {"words", "segments", "prompt", "temperature", "instructions", "speed", "streaming"}
    assert set(heard.response_formats) == TIMED
    assert (heard.max_bytes, heard.max_seconds, heard.max_characters) == (None, None, None)
    assert heard.ignore == set()
    said = model("kokoro", "speech")
    assert (said.voices, said.own_voices_only, said.formats) == (None, False, SPEECH_FORMATS)


def test_response_formats_follow_the_capabilities_that_an_operator_writes() -> None:
    assert set(model("x", "transcriptions", capabilities=["words"]).response_formats) == TIMED
    assert set(model("x", "transcriptions", capabilities=[]).response_formats) == {"json", "text"}
    told_apart = model("whisper-1", "transcriptions", capabilities=["diarization"])
    assert set(told_apart.response_formats) == {"json", "text", "diarized_json"}


def test_a_model_that_can_do_everything_has_every_format_of_transcripts() -> None:
    assert set(model("x", "transcriptions", capabilities=list(CAPABILITIES)).response_formats) == set(RESPONSE_FORMATS)


def test_espeak_speaks_pcm_with_openais_voices_and_with_its_own() -> None:
    said = model("espeak-ng", "speech", adapter="embedded")
    assert said.formats == ("pcm",)
    assert said.response_formats == SPEECH_FORMATS
    assert said.capabilities == {"speed", "streaming"}
    assert set(said.voices or {}) == set(OPENAI_VOICES)
    assert len(set((said.voices or {}).values())) == 13
    assert not said.own_voices_only


def test_hibari_speaks_with_openais_voices_and_lets_instructions_through() -> None:
    said = model("hibari", "speech", adapter="embedded")
    assert (said.formats, said.response_formats) == (("pcm",), SPEECH_FORMATS)
    assert said.capabilities == {"speed", "streaming"}
    assert said.voices == {name: name for name in OPENAI_VOICES}
    assert said.languages is None
    assert said.ignore == {"instructions"}


def test_moonshine_hears_english_with_times_and_speakers_and_ignores_nothing() -> None:
    heard = model("moonshine-tiny", "transcriptions", adapter="embedded")
    assert heard.languages == ("en",)
    assert heard.capabilities == {"words", "segments", "diarization", "streaming", "logprobs"}
    assert set(heard.response_formats) == {*TIMED, "diarized_json"}
    assert heard.ignore == set()


@pytest.mark.parametrize("endpoint", ["transcriptions", "translations"])
def test_whisper_hears_99_languages_with_times_a_prompt_and_a_temperature(endpoint: Endpoint) -> None:
    heard = model("whisper-base", endpoint, adapter="embedded")
    assert heard.languages is not None
    assert len(set(heard.languages)) == 99
    assert list(heard.languages) == sorted(heard.languages)
    assert all(code_of(code) == code for code in heard.languages)
    assert heard.capabilities == {"words", "segments", "prompt", "temperature", "keywords", "streaming"}
    assert set(heard.response_formats) == TIMED
    assert heard.ignore == {"chunking_strategy"}
