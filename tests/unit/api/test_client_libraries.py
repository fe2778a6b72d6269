"""Requests as client libraries send them, recorded from the libraries, without the libraries.

AI SDK 6 (`ai` 6.0, `@ai-sdk/openai` 3.0), LangChain for JavaScript (`@langchain/community` 1.1) and openai-agents 0.24.
"""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.catalog.load import build_catalog
from tests.fakes.gateway import Answer, event, json_event
from tests.sound import tone_wav
from tests.unit.api.harness import Gateway, within

AUDIO = tone_wav(2.0)
SEGMENT = ("timestamp_granularities[]", "segment")
BOUNDARY = "----formdata-undici-010089671689"
AGENTS = "You will receive partial sentences. Do not complete the sentence just read out the text."


@pytest.fixture(scope="module")
def gateway() -> Gateway:
    """OpenAI's own models, with their defaults from the catalogue."""
    audio, speech = {"usd_per_minute": "0.006"}, {"usd_per_million_characters": "15.00"}
    models: list[dict[str, Any]] = [
        *({"id": name, "endpoints": ["transcriptions"], "price": audio} for name in ("whisper-1", "gpt-4o-transcribe")),
        *({"id": name, "endpoints": ["speech"], "price": speech} for name in ("tts-1", "gpt-4o-mini-tts")),
    ]
    providers = {"openai": {"adapter": "openai", "base_url": "http://127.0.0.1:9/v1"}}
    document = {"providers": providers, "models": [{"provider": "openai"} | each for each in models]}
    return Gateway(*build_catalog(document, "catalog.toml").models.values())


def write(gateway: Gateway, fields: list[tuple[str, str]], file_head: str, *, file_first: bool = False) -> Answer:
    """Send a form exactly as undici writes it; `file_head` follows `name="file"`."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields]
    parts.insert(0 if file_first else 1, f'name="file"{file_head}\r\n\r\n'.encode() + AUDIO)
    body = b"".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n" for part in parts)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    request = event("POST", "/audio/transcriptions", body + f"--{BOUNDARY}--\r\n".encode(), headers=headers)
    return gateway.send(request, within(26.5))


@pytest.mark.parametrize(
    "options",
    [
        [],
        [("language", "en"), ("response_format", "json"), ("temperature", "0"), SEGMENT],
        [("prompt", "x"), ("response_format", "json"), ("temperature", "0.2"), SEGMENT],
        [("response_format", "json"), ("temperature", "0"), ("timestamp_granularities[]", "word")],
    ],
)
def test_ai_sdk_requests_segments_of_a_model_without_times(gateway: Gateway, options: list[tuple[str, str]]) -> None:
    file = '; filename="audio.wav"\r\nContent-Type: audio/wav'
    answer = write(gateway, [("model", "gpt-4o-transcribe"), *options], file)
    assert (answer.status, answer.json["text"]) == (200, "hello big world")


def test_ai_sdk_reads_segments_words_and_language_of_whisper(gateway: Gateway) -> None:
    options = [("response_format", "verbose_json"), ("temperature", "0"), SEGMENT]
    file = '; filename="audio.wav"\r\nContent-Type: audio/wav'
    answer = write(gateway, [("model", "whisper-1"), *options], file).json
    assert ({"text", "language", "duration", "segments"} <= answer.keys(), answer["language"]) == (True, "english")
    assert answer["segments"][0].keys() >= {"text", "start", "end"}


@pytest.mark.parametrize(
    "file",
    [
        '; filename="austen-0880.wav"\r\nContent-Type: application/octet-stream',
        '; filename="wav"\r\nContent-Type: application/octet-stream',
        "\r\nContent-Type: application/octet-stream",
    ],
    ids=["a path", "a blob with a type", "a blob without one"],
)
def test_langchain_sends_a_file_that_may_have_no_name(gateway: Gateway, file: str) -> None:
    answer = write(gateway, [("model", "whisper-1")], file, file_first=True)
    assert (answer.status, answer.json["text"]) == (200, "hello big world")


@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts"])
def test_openai_agents_sends_instructions_to_every_model(gateway: Gateway, model: str) -> None:
    body = {"model": model, "voice": "ash", "input": "Hello there.", "response_format": "pcm", "instructions": AGENTS}
    answer = gateway.send(json_event("/audio/speech", body), within(26.5))
    assert (answer.status, len(answer.body)) == (200, len("Hello there.") * 480)
    assert answer.headers.get("x-audio-gateway-ignored") == ("instructions" if model == "tts-1" else None)
