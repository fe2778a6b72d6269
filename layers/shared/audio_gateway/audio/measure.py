"""How long audio really is: by decoding it, never by what its header says."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from audio_gateway.audio import riff
from audio_gateway.audio.sniff import Container, recognise
from audio_gateway.audio.source import AudioSource
from audio_gateway.errors import AudioTooLong, InvalidAudio

MIN_MS: Final = 100


def measure(data: bytes, *, limit_ms: int | None = None) -> AudioSource:
    """Recognise audio by its content and find its true length, rounded up to whole milliseconds.

    Raises `InvalidAudio` for whatever is not whole, decodable audio of at least 0.1 s, and `AudioTooLong` as soon as
    it goes on past `limit_ms`: neither time nor memory is spent on what comes after.
    """
    container = recognise(data)
    clock = _Clock(limit_ms)
    if container == "wav":
        wave = riff.walk(data)
        if wave.plain:
            clock.add(wave.audio_bytes // wave.block_align, wave.sample_rate)
            return _source(data, container, clock, wave.sample_rate, wave.channels)
    return _measure_by_decoding(data, container, clock)


class _Clock:
    """Adds up samples, exactly, and stops at the limit."""

    def __init__(self, limit_ms: int | None) -> None:
        self._limit_ms = limit_ms
        self._before_s = Fraction(0)
        self._rate = 0
        self._samples = 0
        self._samples_left = 0

    def add(self, samples: int, rate: int) -> None:
        """Count samples; raises `AudioTooLong` past the limit."""
        if rate != self._rate:
            self._before_s = self._seconds()
            self._rate, self._samples = rate, 0
            if self._limit_ms is not None:
                self._samples_left = int((Fraction(self._limit_ms, 1000) - self._before_s) * rate)
        self._samples += samples
        if self._limit_ms is not None and self._samples > self._samples_left:
            raise AudioTooLong(
                f"The audio is longer than the limit of {self._limit_ms / 1000:g} s. Shorten it or send it in parts.",
                limit_ms=self._limit_ms,
            )

    def _seconds(self) -> Fraction:
        return self._before_s + Fraction(self._samples, self._rate or 1)

    @property
    def milliseconds(self) -> int:
        """All that was counted, rounded up once."""
        return -(-self._seconds() * 1000 // 1)


def _measure_by_decoding(data: bytes, container: Container, clock: _Clock) -> AudioSource:
    from audio_gateway.audio.decode import frames_of

    sample_rate = channels = 0
    for frame in frames_of(data, container):
        if not sample_rate:
            sample_rate, channels = frame.sample_rate, frame.layout.nb_channels
        clock.add(frame.samples, frame.sample_rate)
    return _source(data, container, clock, sample_rate, channels)


def _source(data: bytes, container: Container, clock: _Clock, sample_rate: int, channels: int) -> AudioSource:
    duration_ms = clock.milliseconds
    if duration_ms < MIN_MS:
        raise InvalidAudio(
            f"The audio is too short: {duration_ms / 1000:g} s. At least {MIN_MS / 1000:g} s are needed.",
            param="file",
            code="audio_too_short",
        )
    return AudioSource(data, container, duration_ms, sample_rate, channels)
