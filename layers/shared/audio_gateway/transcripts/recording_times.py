"""Converts the times of a transcript to those of the recording, whose sound may begin late or have gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypeVar

from audio_gateway.transcripts.transcript import Segment, Transcript, Word


class RecordingTimes(Protocol):
    """Maps times of the sound to times of the recording, in milliseconds."""

    def start_of(self, sound_ms: int, /) -> int:
        """The recording's time of a beginning."""
        ...

    def end_of(self, sound_ms: int, /) -> int:
        """The recording's time of an end."""
        ...


_Spoken = TypeVar("_Spoken", Word, Segment)


def on_recording_timeline(transcript: Transcript, times: RecordingTimes) -> Transcript:
    """The transcript with the recording's times of words and segments; the duration of the sound is unchanged."""
    words, segments = transcript.words, transcript.segments
    return replace(
        transcript,
        words=None if words is None else tuple(placed(word, times) for word in words),
        segments=None if segments is None else tuple(placed(segment, times) for segment in segments),
    )


def placed(spoken: _Spoken, times: RecordingTimes) -> _Spoken:
    """A word or a segment with the recording's times."""
    return replace(spoken, start_ms=times.start_of(spoken.start_ms), end_ms=times.end_of(spoken.end_ms))
