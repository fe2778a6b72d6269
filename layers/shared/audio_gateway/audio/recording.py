"""A recording of any length, read once: decoded, and measured while it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from audio_gateway.audio.clock import Clock
from audio_gateway.audio.content import Content
from audio_gateway.audio.measure import check_length
from audio_gateway.audio.sniff import recognise

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame


class Recording:
    """Audio in a file of any size, in memory or kept elsewhere (`StoredContent`).

    Raises `InvalidAudio` when it is not audio by its content.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self.container = recognise(content)
        self._clock = Clock(None)

    @property
    def duration_ms(self) -> int:
        """Of what has been decoded, rounded up once; the same as `measure` finds once `pcm` has come to its end."""
        return self._clock.milliseconds

    def pcm(self, sample_rate: int, *, limit_ms: int | None = None) -> Iterator[bytes]:
        """The audio as s16le mono at `sample_rate` Hz, in pieces of at most some fifth of a second.

        Time zero is the first sample: a file whose first timestamp is later has no silence put before it.

        Raises:
            InvalidAudio: where decoding gets to what is damaged or cut off, or ends before a tenth of a second.
            AudioTooLong: as soon as it goes on past `limit_ms`.
        """
        from audio_gateway.audio.decode import frames_of
        from audio_gateway.audio.resample import to_pcm

        self._clock = Clock(limit_ms)
        yield from to_pcm(_clocked(frames_of(self._content, self.container), self._clock), sample_rate)
        check_length(self.duration_ms)


def _clocked(frames: Iterable[AudioFrame], clock: Clock) -> Iterator[AudioFrame]:
    for frame in frames:
        clock.add(frame.samples, frame.sample_rate)
        yield frame
