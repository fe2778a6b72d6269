"""Moonshine's transcripts with speakers: a human reader and a machine, in turns."""

from __future__ import annotations

import io
import json
import wave
from functools import cache
from itertools import groupby

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.moonshine.transcription import MoonshineTranscription
from audio_gateway.providers.port import Chunking, KnownSpeaker, TranscriptDone, TranscriptionCall, TranscriptionOptions
from audio_gateway.transcripts.render import render
from audio_gateway.transcripts.transcript import Transcript
from tests.sound import clip, voice_url, wav
from tests.unit.providers.diarization.machine import machine_voice

KAREN = KnownSpeaker("Karen", voice_url(clip("austen-0880")))


def frames(name: str) -> bytes:
    with wave.open(io.BytesIO(clip(name))) as file:
        return file.readframes(file.getnframes())


@cache
def conversation() -> bytes:
    pause = bytes(12_000)
    return wav(pause.join([frames("austen-0890"), machine_voice(), frames("austen-0870")]))


def diarized(data: bytes, *, diarize: bool = True, **options: object) -> Transcript:
    call = TranscriptionCall(
        "moonshine-tiny",
        measure(data),
        Deadline.after(110),
        options=TranscriptionOptions(**options),  # type: ignore[arg-type]
        diarize=diarize,
    )
    *_, done = MoonshineTranscription().transcribe(call)
    assert isinstance(done, TranscriptDone)
    return done.transcript


@pytest.mark.slow
def test_two_voices_in_turns_are_two_speakers() -> None:
    transcript = diarized(conversation())
    turns = [speaker for speaker, _ in groupby(segment.speaker for segment in transcript.segments or ())]
    assert len(turns) == 3
    assert turns[0] == turns[2] != turns[1]
    assert {word.speaker for word in transcript.words or () if word.end_ms < 5_000} == {turns[0]}
    answer = json.loads(render(transcript, "diarized_json").body)
    assert [label for label, _ in groupby(segment["speaker"] for segment in answer["segments"])] == ["A", "B", "A"]


@pytest.mark.slow
def test_a_known_speaker_is_named_and_the_other_is_not() -> None:
    transcript = diarized(conversation(), known_speakers=(KAREN,))
    answer = json.loads(render(transcript, "diarized_json", known_speakers=["Karen"]).body)
    assert [name for name, _ in groupby(segment["speaker"] for segment in answer["segments"])] == [
        "Karen",
        "A",
        "Karen",
    ]


@pytest.mark.slow
def test_one_reader_is_one_speaker() -> None:
    transcript = diarized(clip("austen-0870"))
    assert {segment.speaker for segment in transcript.segments or ()} == {"speaker 1"}


def test_silence_has_no_speakers() -> None:
    transcript = diarized(wav(bytes(32_000)), known_speakers=(KAREN,))
    assert (transcript.text, transcript.words, transcript.segments) == ("", (), ())


@pytest.mark.parametrize("diarize", [True, False], ids=["diarized_json", "json"])
@pytest.mark.parametrize("reference", ["data:audio/wav;base64,AAAA", voice_url(wav(bytes(96_000)))])
def test_a_reference_that_cannot_be_used_is_refused_in_every_format(reference: str, diarize: bool) -> None:
    with pytest.raises(ProviderRejected, match="Voice 2") as refused:
        diarized(wav(bytes(32_000)), diarize=diarize, known_speakers=(KAREN, KnownSpeaker("Anna", reference)))
    assert refused.value.param == "known_speaker_references"


def test_known_speakers_change_nothing_in_other_formats() -> None:
    heard = diarized(clip("austen-0880"), diarize=False, known_speakers=(KAREN,))
    assert heard == diarized(clip("austen-0880"), diarize=False)


def test_other_ways_of_cutting_are_refused_by_name() -> None:
    with pytest.raises(ProviderRejected, match="chunking_strategy=auto") as refused:
        diarized(clip("austen-0880"), chunking=Chunking("server_vad", silence_duration_ms=500))
    assert refused.value.param == "chunking_strategy"
    assert diarized(wav(bytes(32_000)), chunking=Chunking("auto")).text == ""
