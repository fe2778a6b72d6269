"""What is sent to an upstream."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import pytest

from audio_gateway.audio.source import AudioSource
from audio_gateway.deadline import Deadline
from audio_gateway.providers.openai.requests import multipart, speech_body, streams, transcription_fields
from audio_gateway.providers.port import (
    Chunking,
    KnownSpeaker,
    SynthesisCall,
    TranscriptionCall,
    TranscriptionOptions,
)
from audio_gateway.use_cases.options import NEEDS
from tests.fakes.providers import with_options

SPEECH = SynthesisCall("tts-1", "Hi \ud800 \u00e9", "alloy", "mp3", Deadline(0))
HEARING = TranscriptionCall("whisper-1", AudioSource(b"RIFF", "wav", 1000, 16_000, 1), Deadline(0))


VALUES: dict[str, object] = {
    "language": "de",
    "prompt": "Hm",
    "temperature": 0.25,
    "languages": ("de", "en"),
    "keywords": ("Foo", "Bar"),
    "logprobs": True,
    "chunking": Chunking("auto"),
    "known_speakers": (KnownSpeaker("Ann", "data:audio/wav;base64,AA=="),),
}


def fields(**options: object) -> list[tuple[str, str]]:
    return transcription_fields(with_options(HEARING, **options))


def test_speech_without_options_has_four_fields() -> None:
    assert json.loads(speech_body(SPEECH)) == {
        "model": "tts-1", "input": "Hi \ud800 \u00e9", "voice": "alloy", "response_format": "mp3",
    }  # fmt: skip


def test_speech_with_options_has_them_too() -> None:
    sent = json.loads(speech_body(replace(SPEECH, speed=1.5, instructions="Whisper.")))
    assert (sent["speed"], sent["instructions"]) == (1.5, "Whisper.")


def test_a_transcription_without_options_has_two_fields() -> None:
    assert fields() == [("model", "whisper-1"), ("response_format", "json")]


def test_every_option_has_its_field() -> None:
    sent = fields(language="de", languages=("de", "en"), keywords=("Foo", "Bar"), prompt="Hm", temperature=0.25,
                  logprobs=True, stream=True)  # fmt: skip
    assert sent == [
        ("model", "whisper-1"), ("response_format", "json"), ("prompt", "Hm"), ("temperature", "0.25"),
        ("language", "de"), ("languages[]", "de"), ("languages[]", "en"), ("keywords[]", "Foo"), ("keywords[]", "Bar"),
        ("include[]", "logprobs"), ("stream", "true"),
    ]  # fmt: skip


@pytest.mark.parametrize("option", [option.name for option in dataclasses.fields(TranscriptionOptions)])
def test_no_option_is_left_out(option: str) -> None:
    assert fields(**{option: VALUES[option]}) != fields()


def test_it_is_known_what_a_model_needs_for_each_option() -> None:
    assert set(with_options(HEARING, **VALUES).options.requested_fields()) <= set(NEEDS)


def test_a_temperature_of_nothing_is_sent() -> None:
    assert ("temperature", "0") in fields(temperature=0.0)


@pytest.mark.parametrize(
    ("options", "granularities"),
    [({"want_words": True}, ["word"]), ({"want_segments": True}, ["segment"]),
     ({"want_words": True, "want_segments": True}, ["word", "segment"])],
)  # fmt: skip
def test_times_are_asked_for_by_name_and_never_as_a_stream(options: dict[str, bool], granularities: list[str]) -> None:
    sent = fields(stream=True, logprobs=True, **options)
    assert ("response_format", "verbose_json") in sent
    assert [value for name, value in sent if name == "timestamp_granularities[]"] == granularities
    assert not {"stream", "include[]"} & {name for name, _ in sent}


def test_diarization_always_says_how_to_chunk() -> None:
    sent = fields(diarize=True, known_speakers=(KnownSpeaker("Ann", "data:audio/wav;base64,AA=="),), stream=True)
    assert sent[1:] == [
        ("response_format", "diarized_json"), ("stream", "true"), ("chunking_strategy", "auto"),
        ("known_speaker_names[]", "Ann"), ("known_speaker_references[]", "data:audio/wav;base64,AA=="),
    ]  # fmt: skip


def test_voice_activity_detection_has_its_settings() -> None:
    assert fields(chunking=Chunking("server_vad", 300, 200, 0.5))[2:] == [
        ("chunking_strategy[type]", "server_vad"), ("chunking_strategy[prefix_padding_ms]", "300"),
        ("chunking_strategy[silence_duration_ms]", "200"), ("chunking_strategy[threshold]", "0.5"),
    ]  # fmt: skip
    assert fields(chunking=Chunking("server_vad"))[2:] == [("chunking_strategy[type]", "server_vad")]


def test_a_translation_has_only_the_fields_that_it_knows() -> None:
    request = {"task": "translate", "language": "de", "languages": ("de",), "stream": True, "want_segments": True}
    assert fields(**request) == [("model", "whisper-1"), ("response_format", "verbose_json")]
    assert not streams(replace(HEARING, task="translate", stream=True))


@pytest.mark.parametrize(
    ("container", "media_type"),
    [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("mp4", "audio/mp4"), ("ogg", "audio/ogg"), ("flac", "audio/flac"),
     ("webm", "audio/webm"), ("aac", "audio/aac")],
)  # fmt: skip
def test_a_file_is_named_by_what_it_is(container: str, media_type: str) -> None:
    content_type, body = multipart([("prompt", 'a"\r\nb\u00e9')], b"\r\n--\x00", container)  # type: ignore[arg-type] # a literal
    boundary = content_type.partition("boundary=")[2].encode()
    head = f'filename="audio.{container}"\r\nContent-Type: {media_type}'
    assert head.encode() + b"\r\n\r\n\r\n--\x00\r\n--" + boundary + b"--\r\n" in body
    assert 'name="prompt"\r\n\r\na"\r\nb\u00e9\r\n--'.encode() in body


def test_no_two_forms_have_the_same_boundary() -> None:
    assert multipart([], b"", "wav")[0] != multipart([], b"", "wav")[0]
