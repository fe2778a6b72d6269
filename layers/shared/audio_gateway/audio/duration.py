"""Counts the length of audio, exactly to the sample."""

from __future__ import annotations

from fractions import Fraction

from audio_gateway.errors import AudioTooLong


class DurationCounter:
    """Adds up samples exactly, up to a limit."""

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
        """The total, rounded up once."""
        return -(-self._seconds() * 1000 // 1)
