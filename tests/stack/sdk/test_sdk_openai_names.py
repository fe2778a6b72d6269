"""The examples of OpenAI's own documentation, unchanged, on the shipped catalogue: its models have OpenAI's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.sound import look, word_errors

pytestmark = pytest.mark.stack

SENTENCE = "Today is a wonderful day to build something people love!"
ALMOST_RIGHT = 0.2  # one or two of its ten words
MODELS = {
    "tts-1": "hibari",
    "tts-1-hd": "hibari",
    "gpt-4o-mini-tts": "hibari",
    "gpt-4o-transcribe": "moonshine-tiny",
    "gpt-4o-mini-transcribe": "moonshine-tiny",
    "gpt-4o-transcribe-diarize": "moonshine-tiny",
    "whisper-1": "whisper-base",
}


@pytest.fixture(scope="module")
def speech(client: OpenAI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of speech."""
    path = tmp_path_factory.mktemp("examples") / "speech.mp3"
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice="coral",
        input=SENTENCE,
        instructions="Speak in a cheerful and positive tone.",
    ) as response:
        assert response.headers["x-audio-gateway-model"] == "hibari"
        assert response.headers["x-audio-gateway-ignored"] == "instructions"
        response.stream_to_file(path)
    return path


def test_openais_names_are_listed_as_aliases_with_the_fields_of_their_models(client: OpenAI) -> None:
    listed = {model.id: model.model_dump() for model in client.models.list()}
    assert {name: model["alias_of"] for name, model in listed.items() if model["alias_of"] is not None} == MODELS
    for name, model_id in MODELS.items():
        assert listed[name] | {"id": model_id, "alias_of": None} == listed[model_id]
        assert client.models.retrieve(name).model_dump() == listed[name]


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd"])
def test_speech(client: OpenAI, model: str, tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    response = client.audio.speech.create(model=model, voice="alloy", input="The quick brown fox jumped.")
    response.write_to_file(path)
    assert look(path.read_bytes(), "mp3").peak > 0.05


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"])
def test_transcription(client: OpenAI, speech: Path, model: str) -> None:
    with speech.open("rb") as audio_file:
        transcription = client.audio.transcriptions.create(model=model, file=audio_file)
    assert word_errors(SENTENCE, transcription.text) <= ALMOST_RIGHT


def test_transcription_with_the_times_of_words(client: OpenAI, speech: Path) -> None:
    with speech.open("rb") as audio_file:
        transcript: Any = client.audio.transcriptions.create(
            file=audio_file, model="whisper-1", response_format="verbose_json", timestamp_granularities=["word"]
        )
    assert [word.word for word in transcript.words]


def test_transcription_as_a_stream(client: OpenAI, speech: Path) -> None:
    with speech.open("rb") as audio_file:
        stream = client.audio.transcriptions.create(
            model="gpt-4o-mini-transcribe", file=audio_file, response_format="text", stream=True
        )
        events = list(stream)
    assert events[-1].type == "transcript.text.done"


def test_diarization(client: OpenAI, speech: Path) -> None:
    with speech.open("rb") as audio_file:
        transcript: Any = client.audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize",
            file=audio_file,
            response_format="diarized_json",
            chunking_strategy="auto",
        )
    assert word_errors(SENTENCE, " ".join(segment.text for segment in transcript.segments)) <= ALMOST_RIGHT
    assert {segment.speaker for segment in transcript.segments} == {"A"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_translation(client: OpenAI, speech: Path) -> None:
    with speech.open("rb") as audio_file:
        translation = client.audio.translations.create(model="whisper-1", file=audio_file)
    assert word_errors(SENTENCE, translation.text) <= ALMOST_RIGHT


def test_reports_and_jobs_have_the_models_id(client: OpenAI) -> None:
    raw = client.audio.speech.with_raw_response.create(
        model="tts-1", voice="alloy", input="Good morning.", extra_body={"background": True}
    )
    assert raw.http_response.json()["model"] == "hibari"
