"""The pitch of speech, by autocorrelation."""

from __future__ import annotations

import numpy as np

RATE = 24_000
_WINDOW = 960  # 40 ms
_LOUD = 0.1  # of the loudest window
_CLEAR = 0.5  # of the autocorrelation at zero
_PERIODS = slice(RATE // 400, RATE // 60)


def median_f0(samples: np.ndarray) -> float:
    """The median pitch in Hz of what is loud and voiced in mono speech at 24 kHz; 0 if nothing is."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[:: _WINDOW // 2]
    loudness = np.sqrt(np.mean(windows**2, axis=1))
    found = []
    for window in windows[loudness > _LOUD * loudness.max(initial=0)]:
        spectrum = np.abs(np.fft.rfft(window - window.mean(), 2 * _WINDOW)) ** 2
        similar = np.fft.irfft(spectrum)
        period = _PERIODS.start + int(np.argmax(similar[_PERIODS]))
        if similar[period] > _CLEAR * similar[0]:
            found.append(RATE / period)
    return float(np.median(found)) if found else 0.0
