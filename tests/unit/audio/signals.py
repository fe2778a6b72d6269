"""Numbers that say what a sound is like."""

from __future__ import annotations

import array
import itertools
import math


def power(pcm: bytes, rate: int, hertz: float) -> float:
    """How strong a tone is in s16le samples (Goertzel), as an amplitude."""
    samples = array.array("h", pcm)
    coefficient = 2 * math.cos(2 * math.pi * hertz / rate)
    before = last = 0.0
    for value in samples:
        before, last = last, value + coefficient * last - before
    square = before * before + last * last - coefficient * before * last
    return 2 * math.sqrt(max(square, 0.0)) / max(len(samples), 1)


def largest_step(pcm: bytes) -> int:
    """The greatest difference between neighbouring samples: a click is a large one."""
    samples = array.array("h", pcm)
    return max((abs(b - a) for a, b in itertools.pairwise(samples)), default=0)


def loudness(pcm: bytes) -> float:
    """Root of the mean square."""
    samples = array.array("h", pcm)
    return math.sqrt(sum(v * v for v in samples) / max(len(samples), 1))
