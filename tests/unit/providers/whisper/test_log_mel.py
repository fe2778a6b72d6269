"""The features that Whisper hears."""

from __future__ import annotations

import numpy as np
import pytest

from audio_gateway.providers.embedded.whisper.log_mel import FRAME, log_mel
from tests.sound import tone

HIGHEST_BELOW_1_KHZ = 1000 / (200 / 3)  # steps of pitch


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 5_000, 20_000])
def test_the_shape_does_not_depend_on_the_length(samples: int) -> None:
    features = log_mel(bytes(2 * samples), 100)
    assert features.shape == (1, 80, 100)
    assert features.dtype == np.float32
    assert features.flags["C_CONTIGUOUS"]


def test_silence_is_the_same_everywhere() -> None:
    silence = log_mel(bytes(32_000), 100)
    assert len(np.unique(silence)) == 1
    assert silence[0, 0] == pytest.approx(-1.5, rel=1e-6)  # the last bit is the processor's


def test_half_a_sample_is_left_out() -> None:
    pcm = tone(0.1)
    assert (log_mel(pcm + b"\x7f", 20) == log_mel(pcm, 20)).all()


@pytest.mark.parametrize("hertz", [250, 500, 1000])
def test_a_tone_is_loudest_in_its_band(hertz: int) -> None:
    loudest = log_mel(tone(1, hertz=hertz), 100)[0].mean(1).argmax()
    # 80 bands on Slaney's scale, which has 15 steps up to 1 kHz and 45.25 in all.
    assert loudest == pytest.approx(hertz / 1000 * 15 * 81 / 45.2456 - 1, abs=1)


def test_the_louder_of_two_is_the_same_ten_times_quieter() -> None:
    """Every level is as far below the loudest, to which eight decades count."""
    loud = np.frombuffer(tone(0.5), "<i2")
    quiet = (loud // 10).astype("<i2")
    difference = log_mel(loud.tobytes(), 50)[0].max() - log_mel(quiet.tobytes(), 50)[0].max()
    assert difference == pytest.approx(2 / 4, abs=0.01)


def test_audio_is_followed_by_silence_and_cut_off_at_the_end() -> None:
    features = log_mel(tone(0.5), 100)[0]
    assert features[:, 60:].max() == features.min()
    assert (log_mel(tone(2), 50)[0, :, :40] == log_mel(tone(0.5) + bytes(FRAME), 50)[0, :, :40]).all()
