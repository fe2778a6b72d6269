"""A transcript whose times are those of the recording, where its sound begins late or has gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypeVar

from audio_gateway.transcripts.transcript import Segment, Transcript, Word


class RecordingTimes(Protocol):
    """The recording's times of its sound, in milliseconds."""

    def start_of(self, sound_ms: int, /) -> int:
        """When something begins."""
        ...

    def end_of(self, sound_ms: int, /) -> int:
        """When something ends."""
        ...


_Spoken = TypeVar("_Spoken", Word, Segment)


def on_recording_timeline(transcript: Transcript, times: RecordingTimes) -> Transcript:
    """The transcript with all words and segments at their places; how long the sound is stays as it is."""
    words, segments = transcript.words, transcript.segments
    return replace(
        transcript,
        words=None if words is None else tuple(placed(word, times) for word in words),
        segments=None if segments is None else tuple(placed(segment, times) for segment in segments),
    )


def placed(spoken: _Spoken, times: RecordingTimes) -> _Spoken:
    """A word or a segment at its place."""
    return replace(spoken, start_ms=times.start_of(spoken.start_ms), end_ms=times.end_of(spoken.end_ms))
