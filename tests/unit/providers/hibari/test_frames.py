"""The model's frames: without silence, faster or slower, and in another voice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.hibari.frames import BIN_HZ, Frames
from audio_gateway.providers.embedded.hibari.timbre import Timbre, in_timbre
from audio_gateway.providers.embedded.hibari.waveform import waveform
from tests.pitch import median_f0

BINS, SILENT = 601, -12.0
FORMANTS_HZ = {600.0: 10.0, 1700.0: 5.0, 2800.0: 2.0}


def vowel(count: int, f0: float = 200.0) -> Frames:
    """A vowel with three formants, and no noise."""
    hertz = np.arange(BINS, dtype=np.float32) * BIN_HZ
    envelope = sum(loud * np.exp(-(((hertz - formant) / 200) ** 2)) for formant, loud in FORMANTS_HZ.items())
    harmonic = np.repeat(np.log(envelope + 1e-3)[:, None], count, axis=1).astype(np.float32)
    flat = np.zeros_like(harmonic)
    return Frames(harmonic, flat, flat + np.float32(SILENT), np.full(count, f0, np.float32))


def silence(count: int) -> Frames:
    quiet = np.full((BINS, count), SILENT, np.float32)
    return Frames(quiet, np.zeros_like(quiet), quiet, np.zeros(count, np.float32))


def joined(*parts: Frames) -> Frames:
    columns = [np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in Frames.__slots__]
    return Frames(*columns)


def formant_hz(frames: Frames) -> float:
    """The first formant, by the loudest frequency of the envelope."""
    return float(frames.harmonic[:, len(frames) // 2].argmax()) * BIN_HZ


def test_silence_around_speech_goes_and_silence_within_stays() -> None:
    speech = joined(silence(30), vowel(10), silence(20), vowel(10), silence(40))
    assert len(speech.without_silence()) == 44  # and two frames on either side
    assert len(silence(50).without_silence()) == 0
    assert len(silence(0).without_silence()) == 0


@given(st.floats(0.25, 4), st.integers(1, 60))
def test_speed_changes_the_length_to_a_frame_and_no_pitch(speed: float, count: int) -> None:
    faster = vowel(count).at_speed(speed)
    assert len(faster) == max(1, round(count / speed))
    assert faster.f0 == pytest.approx(200)


def test_speed_does_not_blend_the_pitch_with_silence() -> None:
    slower = joined(silence(5), vowel(5), silence(5)).at_speed(0.3)
    assert set(slower.f0.tolist()) == {0.0, 200.0}


@pytest.mark.parametrize(("pitch", "formants"), [(0.5, 0.85), (0.8, 0.95), (1.0, 1.0), (1.2, 1.1)])
def test_a_timbre_moves_pitch_and_formants_apart_from_each_other(pitch: float, formants: float) -> None:
    moved = in_timbre(vowel(40), Timbre(pitch, formants))
    assert len(moved) == 40
    assert median_f0(waveform(moved)) == pytest.approx(200 * pitch, rel=0.02)
    assert formant_hz(moved) == pytest.approx(600 * formants, abs=60)


def test_intonation_is_flatter_or_livelier() -> None:
    glide = vowel(40)
    glide.f0[:] = np.geomspace(150, 300, 40)
    flat, lively = (in_timbre(glide, Timbre(1.0, 1.0, intonation)).f0 for intonation in (0.5, 1.5))
    assert flat.max() / flat.min() == pytest.approx(2**0.5, rel=0.01)
    assert lively.max() / lively.min() == pytest.approx(2**1.5, rel=0.01)


def test_an_unvoiced_sound_gets_no_pitch() -> None:
    assert not in_timbre(silence(10), Timbre(0.5, 0.85)).f0.any()


@pytest.mark.parametrize("count", [1, 2, 799, 801, 1700])
def test_a_waveform_has_300_samples_a_frame(count: int) -> None:
    assert len(waveform(silence(count))) == 300 * count
