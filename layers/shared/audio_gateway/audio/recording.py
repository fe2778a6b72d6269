"""A recording of any length, read once: decoded, and measured while it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from audio_gateway.audio.bounds import Bounds, never
from audio_gateway.audio.content import AudioContent
from audio_gateway.audio.duration import DurationCounter
from audio_gateway.audio.measure import check_length
from audio_gateway.audio.sniff import recognise
from audio_gateway.audio.timeline import Timeline

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

    from audio_gateway.audio.packets import PacketCounts


class Recording:
    """Audio in a file of any size, in memory or kept elsewhere (`StoredContent`).

    Raises `InvalidAudio` when it is not audio by its content.
    """

    def __init__(self, content: AudioContent) -> None:
        self._content = content
        self.container = recognise(content)
        self._clock = DurationCounter(None)
        self._tallies: list[PacketCounts] = []

    @property
    def duration_ms(self) -> int:
        """Of what has been decoded, rounded up once; the same as `measure` finds once `pcm` has come to its end."""
        return self._clock.milliseconds

    @property
    def timeline(self) -> Timeline:
        """The recording's own times of the sound, known once `pcm` has come to its end."""
        return Timeline(self._tallies[0].jumps if len(self._tallies) == 1 else ())

    def pcm(self, sample_rate: int, *, late: Callable[[], bool] = never) -> Iterator[bytes]:
        """The audio as s16le mono at `sample_rate` Hz, in pieces of at most some fifth of a second.

        Nothing but sound is in it: where a file begins with none, or has a gap, no silence is put in its place.

        Raises:
            InvalidAudio: where decoding gets to what is damaged or cut off, or ends before a tenth of a second.
            AudioTooLong: `late` said that the time is up.
        """
        from audio_gateway.audio.decode import frames_of
        from audio_gateway.audio.resample import to_pcm

        self._clock, self._tallies = DurationCounter(None), []
        frames = frames_of(self._content, self.container, self._tallies, Bounds(self.container, late))
        yield from to_pcm(_clocked(frames, self._clock), sample_rate)
        check_length(self.duration_ms)


def _clocked(frames: Iterable[AudioFrame], clock: DurationCounter) -> Iterator[AudioFrame]:
    for frame in frames:
        clock.add(frame.samples, frame.sample_rate)
        yield frame
