"""The encoder of voices, with its real weights."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
import pytest

from audio_gateway.providers.embedded.diarization.encoder import DIMENSIONS, SPAN, energies_of, voice_encoder
from audio_gateway.providers.embedded.diarization.mel import BANDS, mel_energies
from tests.sound import clip, tone
from tests.unit.providers.diarization.machine import machine_voice


def direction(pcm: bytes) -> Any:
    """The voice of s16le mono at 16 kHz."""
    energies = energies_of(pcm)
    spans = np.stack([energies[at : at + SPAN] for at in range(0, len(energies) - SPAN, SPAN // 2)])
    total = voice_encoder().embeddings(spans).sum(axis=0)
    return total / np.linalg.norm(total)


def human(name: str) -> bytes:
    with wave.open(io.BytesIO(clip(name))) as file:
        return file.readframes(file.getnframes())


def test_the_energy_of_a_tone_is_where_people_hear_it() -> None:
    loudest = [int(mel_energies(np.frombuffer(tone(1, hertz=hertz), "<i2").astype(np.float32)).sum(axis=0).argmax())
               for hertz in (200, 1_000, 4_000)]  # fmt: skip
    assert loudest == sorted(loudest)
    assert loudest == pytest.approx([200 / 67, 15 / 45.2 * 41, 35.2 / 45.2 * 41], abs=1.5)


def test_there_is_a_frame_for_each_10_ms() -> None:
    assert mel_energies(np.zeros(16_000, np.float32)).shape == (101, BANDS)
    assert mel_energies(np.zeros(0, np.float32)).shape == (1, BANDS)


def test_embeddings_have_length_1_whatever_is_beside_them() -> None:
    energies = energies_of(human("austen-0870"))
    spans = np.stack([energies[at : at + SPAN] for at in range(0, 60, 6)])
    together = voice_encoder().embeddings(spans)
    assert together.shape == (10, DIMENSIONS)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(voice_encoder().embeddings(spans[8:9])[0], together[8], atol=1e-4)


def test_silence_and_the_loudest_noise_have_embeddings_too() -> None:
    silence = np.zeros((1, SPAN, BANDS), np.float32)
    noise = np.random.default_rng(0).integers(-32_768, 32_767, 16_000 * 2).astype("<i2").tobytes()
    found = voice_encoder().embeddings(np.concatenate([silence, energies_of(noise)[None, :SPAN]]))
    assert np.isfinite(found).all()


@pytest.mark.slow
def test_two_clips_of_one_reader_are_more_alike_than_those_of_a_reader_and_a_machine() -> None:
    one, other, robot = direction(human("austen-0870")), direction(human("austen-0890")), direction(machine_voice())
    assert one @ other > 0.85
    assert max(one @ robot, other @ robot) < 0.7
