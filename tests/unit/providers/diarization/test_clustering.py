"""How embeddings are grouped by speaker, with made-up ones."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from audio_gateway.providers.embedded.diarization.clustering import speaker_centroids

SAME = 0.8  # mean cosine of two embeddings of one voice


def voices(count: int, each: int, seed: int = 0) -> tuple[Any, Any]:
    """`each` embeddings of each of `count` voices, in turns, and the number of each one's voice."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((256, count + 1)))[0].T
    centres = 0.7 * axes[:count] + 0.7 * axes[count]  # two voices have a cosine of 0.5
    numbers = np.tile(np.arange(count), each)
    noise = rng.standard_normal((len(numbers), 256)) * np.sqrt((1 / SAME - 1) / 256)
    found = centres[numbers] / np.linalg.norm(centres[0]) + noise
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), numbers


def grouped(embeddings: Any, seconds: Any) -> Any:
    """The number of speakers, and the number of each embedding's speaker."""
    centroids = speaker_centroids(embeddings, seconds)
    return len(centroids), (embeddings @ centroids.T).argmax(axis=1)


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("seed", range(3))
def test_each_voice_is_one_speaker(count: int, seed: int) -> None:
    embeddings, numbers = voices(count, 12, seed)
    found, speakers = grouped(embeddings, np.full(len(numbers), 0.8))
    assert found == count
    assert len(set(zip(numbers, speakers, strict=True))) == count


def test_the_order_of_the_embeddings_does_not_matter() -> None:
    embeddings, _ = voices(3, 10)
    shuffled = np.random.default_rng(1).permutation(len(embeddings))
    _, speakers = grouped(embeddings, np.full(len(embeddings), 0.8))
    _, again = grouped(embeddings[shuffled], np.full(len(embeddings), 0.8))
    assert len(set(zip(speakers[shuffled], again, strict=True))) == 3


def test_a_cough_is_no_speaker() -> None:
    embeddings, _ = voices(2, 10)
    seconds = np.full(len(embeddings), 0.8)
    cough = embeddings[1:2]
    found, _ = grouped(np.concatenate([embeddings[::2], cough]), np.append(seconds[::2], 0.8))
    assert found == 1


def test_if_everybody_is_brief_the_one_who_speaks_most_remains() -> None:
    embeddings, _ = voices(2, 1)
    assert len(speaker_centroids(embeddings, np.array([0.5, 1.0]))) == 1


def test_a_single_embedding_is_one_speaker() -> None:
    embeddings, _ = voices(1, 1)
    np.testing.assert_allclose(speaker_centroids(embeddings, np.array([0.3])), embeddings, atol=1e-6)


def test_silence_without_a_direction_is_one_speaker() -> None:
    assert len(speaker_centroids(np.zeros((3, 256), np.float32), np.full(3, 0.8))) == 1


@pytest.mark.slow
def test_an_hour_of_speech_needs_little_memory() -> None:
    embeddings, numbers = voices(3, 1_000)
    tracemalloc.start()
    found, speakers = grouped(embeddings, np.full(len(numbers), 0.8))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == 3
    assert len(set(zip(numbers, speakers, strict=True))) == 3
    assert peak < 40_000_000  # all pairs would be 72 MB
