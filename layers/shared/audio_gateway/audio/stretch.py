"""Faster or slower speech at the same pitch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from audio_gateway.audio.closing import closed

MIN_SPEED: Final = 0.25
MAX_SPEED: Final = 4.0
_FACTOR_MIN, _FACTOR_MAX = 0.5, 2.0
_LEAD_OUT_S: Final = 1  # of silence, to make the filter return everything that it holds


def stretch(pcm: Iterable[bytes], *, sample_rate: int, speed: float) -> Iterator[bytes]:
    """s16le mono at `sample_rate` Hz, `speed` times as fast. The length is exact to the sample; 1.0 changes nothing.

    Raises `ValueError` for a speed outside 0.25 to 4.0.
    """
    from audio_gateway.audio.resample import whole_samples

    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise ValueError(f"speed {speed} is not between {MIN_SPEED} and {MAX_SPEED}")
    return whole_samples(pcm) if speed == 1.0 else _stretched(pcm, sample_rate, speed)


def _stretched(pcm: Iterable[bytes], sample_rate: int, speed: float) -> Iterator[bytes]:
    """The filter drops or adds some hundredths of a second at the end: cut the output to the exact length."""
    from audio_gateway.audio.resample import in_blocks, to_frames, to_pcm

    samples_in = samples_out = 0
    held = b""

    def counted() -> Iterator[bytes]:
        nonlocal samples_in
        with closed(in_blocks(pcm, sample_rate)) as pieces:
            for piece in pieces:
                samples_in += len(piece) // 2
                yield piece
        yield bytes(2 * int(sample_rate * _LEAD_OUT_S * max(1.0, speed)))

    stretched = to_pcm(to_frames(counted(), sample_rate), sample_rate, pace=_factors(speed), at_once=True)
    with closed(stretched) as pieces:
        for piece in pieces:
            held += piece
            due = 2 * (int(samples_in / speed) - samples_out)
            if due > 0:
                ready, held = held[:due], held[due:]
                samples_out += len(ready) // 2
                yield ready


def _factors(speed: float) -> tuple[float, ...]:
    """`speed` as factors of 0.5 to 2: beyond them the filter skips sound instead of blending it."""
    factors = []
    while not _FACTOR_MIN <= speed <= _FACTOR_MAX:
        step = _FACTOR_MAX if speed > 1 else _FACTOR_MIN
        factors.append(step)
        speed /= step
    return (*factors, speed)
