"""The caller's audio: its bytes, and what the gateway measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audio_gateway.audio.sniff import Container
from audio_gateway.audio.timeline import AS_HEARD, Timeline


@dataclass(frozen=True, slots=True)
class AudioSource:
    """One piece of audio that was recognised by its content and measured by decoding.

    `data` is the file, and `container` its format by content; `duration_ms` is the decoded length, rounded up to whole
    milliseconds; `sample_rate` (Hz) and `channels` are those at the start of the measured track. `plain` says that any
    decoder of the file produces exactly the measured audio: only such a file is sent to a provider
    (`rewrite.as_plain_file`). `timeline` maps the sound to the recording's own times, where they differ.
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
