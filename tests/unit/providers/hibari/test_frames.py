"""The model's frames: without silence, as a waveform, faster or slower, and in another voice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.hibari.frames import FRAME, Floats, Frames
from audio_gateway.providers.embedded.hibari.timbre import in_timbre
from audio_gateway.providers.embedded.hibari.voices import Timbre
from audio_gateway.providers.embedded.hibari.waveform import waveform
from tests.pitch import median_f0

BINS, BIN_HZ, SILENT = 601, 20.0, -12.0
OWN = Timbre(1.0, 1.0)
FORMANTS_HZ = {600.0: 10.0, 1700.0: 5.0, 2800.0: 2.0}


def vowel(count: int, f0: float = 200.0) -> Frames:
    """A vowel with three formants, and no noise."""
    hertz = np.arange(BINS, dtype=np.float32) * BIN_HZ
    envelope = sum(loud * np.exp(-(((hertz - formant) / 200) ** 2)) for formant, loud in FORMANTS_HZ.items())
    harmonic = np.repeat(np.log(envelope + 1e-3)[:, None], count, axis=1).astype(np.float32)
    flat = np.zeros_like(harmonic)
    return Frames(harmonic, flat, flat + np.float32(SILENT), flat, np.full(count, f0, np.float32))


def silence(count: int) -> Frames:
    quiet = np.full((BINS, count), SILENT, np.float32)
    return Frames(quiet, np.zeros_like(quiet), quiet, np.zeros_like(quiet), np.zeros(count, np.float32))


def joined(*parts: Frames) -> Frames:
    columns = [np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in Frames.__slots__]
    return Frames(*columns)


def moved(frames: Frames, timbre: Timbre = OWN, speed: float = 1.0) -> Floats:
    return in_timbre(waveform(frames), frames.f0, timbre, speed)


def formant_hz(samples: Floats, f0: float) -> float:
    """The first formant: the mean frequency of the first harmonics, weighted by their power."""
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    hertz = np.fft.rfftfreq(len(middle), 1 / 24_000)
    low = (hertz > f0 / 2) & (hertz < 1150)
    return float((hertz[low] * power[low]).sum() / power[low].sum())


def noise(count: int) -> Floats:
    return np.random.default_rng(1).standard_normal(count * FRAME).astype(np.float32)


def test_silence_around_speech_goes_and_silence_within_stays() -> None:
    speech = joined(silence(30), vowel(10), silence(20), vowel(10), silence(40))
    assert len(speech.without_silence()) == 44  # and two frames on either side
    assert len(silence(50).without_silence()) == 0
    assert len(silence(0).without_silence()) == 0


@given(st.floats(0.25, 4), st.integers(1, 60))
def test_speed_changes_the_length_to_a_sample(speed: float, count: int) -> None:
    assert len(moved(vowel(count), speed=speed)) == max(1, round(count * FRAME / speed))


@pytest.mark.parametrize("speed", [0.25, 0.8, 1.3, 4.0])
def test_speed_changes_neither_pitch_nor_loudness(speed: float) -> None:
    for pitch in (1.0, 0.6):
        samples = moved(vowel(120), Timbre(pitch, pitch), speed)
        assert median_f0(samples) == pytest.approx(200 * pitch, rel=0.02)
        assert samples.std() == pytest.approx(waveform(vowel(120)).std(), rel=0.1)


def test_the_models_own_voice_is_left_as_it_is() -> None:
    assert moved(vowel(20)).tobytes() == waveform(vowel(20)).tobytes()


@pytest.mark.parametrize(("pitch", "formants"), [(0.5, 0.85), (0.8, 0.95), (1.01, 1.0), (1.2, 1.1)])
def test_a_timbre_moves_pitch_and_formants_apart_from_each_other(pitch: float, formants: float) -> None:
    samples = moved(vowel(80), Timbre(pitch, formants))
    assert len(samples) == 80 * FRAME
    assert median_f0(samples) == pytest.approx(200 * pitch, rel=0.02)
    assert formant_hz(samples, 200 * pitch) == pytest.approx(600 * formants, abs=60)
    assert samples.std() == pytest.approx(waveform(vowel(80)).std(), rel=0.3)


@pytest.mark.parametrize(("intonation", "octaves"), [(0.5, 0.5), (1.5, 1.5)])
def test_intonation_is_flatter_or_livelier(intonation: float, octaves: float) -> None:
    step = joined(vowel(60, 150), vowel(60, 300))
    samples = moved(step, Timbre(1.0, 1.0, intonation))
    low, high = median_f0(samples[: 50 * FRAME]), median_f0(samples[70 * FRAME :])
    assert np.log2(high / low) == pytest.approx(octaves, abs=0.05)


@pytest.mark.parametrize("speed", [0.25, 1.0, 2.0])
def test_noise_stays_noise(speed: float) -> None:
    samples = in_timbre(noise(80), np.zeros(80, np.float32), Timbre(0.5, 0.85), speed)
    assert samples.std() == pytest.approx(1, rel=0.25)
    power = np.abs(np.fft.rfft(samples)) ** 2
    echo = np.fft.irfft(power)
    assert np.abs(echo[60 : len(samples) // 2]).max() < 0.5 * echo[0]


@pytest.mark.parametrize("f0", [0.0, 45.0, 1000.0])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_shortest_sounds_have_their_length(count: int, f0: float) -> None:
    samples = in_timbre(noise(count), np.full(count, f0, np.float32), Timbre(0.5, 0.85), 2.0)
    assert len(samples) == count * FRAME // 2


@pytest.mark.parametrize("count", [1, 2, 801])
def test_a_waveform_has_300_samples_a_frame(count: int) -> None:
    assert len(waveform(silence(count))) == FRAME * count
