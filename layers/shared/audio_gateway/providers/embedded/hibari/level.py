"""An even level: every piece of speech is as loud as the others, and its peaks lie between -3 and -1 dBFS."""

from __future__ import annotations

from typing import Final

import numpy as np

from audio_gateway.providers.embedded.hibari.frames import Floats

_LOUDNESS: Final = 0.14  # RMS of what is spoken: -17 dBFS
_CEILING: Final = 0.84  # -1.5 dBFS
_MOST_LIMITED: Final = 1.6  # 4 dB; beyond it a limiter is heard
_BLOCK: Final = 96  # samples: 4 ms
_REACH: Final = 2  # blocks before and after a peak over which the limiter closes and opens
_SPOKEN: Final = 0.1  # of the loudest block: -20 dB
_FADE: Final = 120  # samples: 5 ms


def levelled(samples: Floats) -> Floats:
    """The same speech at that level, faded in and out: float32 mono at 24 kHz, silence stays silence."""
    padded = np.pad(samples, (0, -len(samples) % _BLOCK)).reshape(-1, _BLOCK)
    peaks = np.abs(padded).max(axis=1, initial=0)
    peak = float(peaks.max(initial=0))
    if peak == 0:
        return samples
    loudness = np.sqrt(np.square(padded).mean(axis=1))
    spoken = float(np.sqrt(np.square(loudness[loudness > _SPOKEN * loudness.max()]).mean()))
    gain = min(max(_LOUDNESS / spoken, _CEILING / peak), _MOST_LIMITED * _CEILING / peak)
    loud = padded * np.float32(gain) * _limiter(peaks * gain)
    even = loud.reshape(-1)[: len(samples)]
    fade = min(_FADE, len(even) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    even[:fade] *= ramp
    even[len(even) - fade :] *= ramp[::-1]
    return even


def _limiter(peaks: Floats) -> Floats:
    """The factor of each sample, [blocks, samples of a block], that keeps every peak at the ceiling.

    The lowest factor around a block, averaged over as many blocks, is never above the one that the block needs.
    """
    needed = np.minimum(1, _CEILING / np.maximum(peaks, _CEILING))
    width = 2 * _REACH + 1
    lowest = _windows(needed, width).min(axis=1)
    smooth = _windows(lowest, width - 2).mean(axis=1)
    edges = np.minimum(smooth[:-1], smooth[1:])
    left, right = np.append(smooth[:1], edges), np.append(edges, smooth[-1:])
    way = (np.arange(_BLOCK, dtype=np.float32) + 0.5) / _BLOCK
    factors: Floats = (left[:, None] + (right - left)[:, None] * way).astype(np.float32)
    return factors


def _windows(values: Floats, width: int) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, width // 2, mode="edge"), width)
