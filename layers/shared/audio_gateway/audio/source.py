"""The caller's audio: its bytes, and what we measured ourselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audio_gateway.audio.sniff import Container
from audio_gateway.audio.timeline import AS_HEARD, Timeline


@dataclass(frozen=True, slots=True)
class AudioSource:
    """One piece of audio that was recognised by its content and measured by decoding.

    `data` is the file; `container` what its content says it is; `duration_ms` the decoded length rounded up to whole
    milliseconds; `sample_rate` (Hz) and `channels` those that the track which is heard begins with. `plain` says that
    whoever decodes the file hears that and nothing else: only such audio is given to a provider (`rewrite.plainly`).
    `timeline` has the recording's own times of the sound, where they are others than those of the samples.
    """

    data: bytes
    container: Container
    duration_ms: int
    sample_rate: int
    channels: int
    plain: bool = True
    timeline: Timeline = AS_HEARD

    def pcm(self, sample_rate: int) -> Iterator[bytes]:
        """The audio as s16le mono at `sample_rate` Hz, in pieces of bounded size; raises `InvalidAudio`."""
        from audio_gateway.audio.decode import decode_pcm

        return decode_pcm(self.data, sample_rate)
