"""A recording of any length, read once: decoded and measured at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from audio_gateway.audio.bounds import Bounds, no_deadline
from audio_gateway.audio.content import AudioContent
from audio_gateway.audio.duration import DurationCounter
from audio_gateway.audio.measure import check_length
from audio_gateway.audio.sniff import recognise
from audio_gateway.audio.timeline import Timeline

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

    from audio_gateway.audio.packets import PacketCounts


class Recording:
    """Audio in a file of any size, in memory or stored elsewhere (`StoredContent`).

    Raises `InvalidAudio` if its content is not audio.
    """

    def __init__(self, content: AudioContent) -> None:
        self._content = content
        self.container = recognise(content)
        self._duration = DurationCounter(None)
        self._counts: list[PacketCounts] = []

    @property
    def duration_ms(self) -> int:
        """Milliseconds decoded so far, rounded up once; after `pcm` ends, the same as `measure` returns."""
        return self._duration.milliseconds

    @property
    def timeline(self) -> Timeline:
        """The recording's own times of the sound, known after `pcm` ends."""
        return Timeline(self._counts[0].jumps if len(self._counts) == 1 else ())

    def pcm(self, sample_rate: int, *, out_of_time: Callable[[], bool] = no_deadline) -> Iterator[bytes]:
        """The audio as s16le mono at `sample_rate` Hz, in pieces of at most about a fifth of a second.

        It contains only sound: a late beginning or a gap in the file is not filled with silence.

        Raises:
            InvalidAudio: the file is damaged or cut off, or has less than a tenth of a second of audio.
            AudioTooLong: the time is up.
        """
        from audio_gateway.audio.decode import frames_of
        from audio_gateway.audio.resample import to_pcm

        self._duration, self._counts = DurationCounter(None), []
        frames = frames_of(self._content, self.container, self._counts, Bounds(self.container, out_of_time))
        yield from to_pcm(_counted(frames, self._duration), sample_rate)
        check_length(self.duration_ms)


def _counted(frames: Iterable[AudioFrame], duration: DurationCounter) -> Iterator[AudioFrame]:
    for frame in frames:
        duration.add(frame.samples, frame.sample_rate)
        yield frame
