"""Groups embeddings by speaker, however many there are."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

_ALIKE: Final = 0.65  # mean cosine of two groups of one speaker: mostly 0.7 to 0.85; of two speakers 0.45 to 0.6
_LEAST_SECONDS: Final = 3.0  # of speech: less may be a cough or a laugh, and is given to the speaker it is most like
_ROUNDS: Final = 3  # of assigning each embedding to the nearest speaker
_MOST_AT_ONCE: Final = 600  # groups compared in pairs: 3 MB; the time grows with the cube


def speaker_centroids(embeddings: Any, seconds: Any) -> Any:
    """The direction of each speaker's voice, float `[speakers, dimensions]`, length 1; there is at least one.

    `embeddings` are at least one, of length 1, in the order of time; `seconds` says how much speech each stands for.
    Memory and time grow in proportion to the number of embeddings.
    """
    groups = _average_linkage(embeddings)
    for _ in range(_ROUNDS):
        totals = np.bincount(groups, seconds)
        kept = np.flatnonzero(totals >= min(_LEAST_SECONDS, totals.max()))
        sums = np.zeros((len(totals), embeddings.shape[1]))
        np.add.at(sums, groups, embeddings * seconds[:, None])
        centroids = sums[kept] / np.maximum(np.linalg.norm(sums[kept], axis=1, keepdims=True), 1e-9)
        groups = (embeddings @ centroids.T).argmax(axis=1)
    return centroids


def _average_linkage(embeddings: Any) -> Any:
    """The number of each embedding's group: the two most alike are joined as long as their mean cosine is enough.

    More than `_MOST_AT_ONCE` are grouped in stretches of that length first, and then the groups of all stretches.
    """
    groups = np.arange(len(embeddings))
    sums: Any = embeddings.astype(np.float64)
    counts: Any = np.ones(len(embeddings))
    while True:
        stretches = [slice(at, at + _MOST_AT_ONCE) for at in range(0, len(sums), _MOST_AT_ONCE)]
        joined = np.concatenate([
            _joined(sums[stretch], counts[stretch]) + stretch.start for stretch in stretches
        ])  # fmt: skip
        names, number = np.unique(joined, return_inverse=True)
        groups = number[groups]
        if len(stretches) == 1 or len(names) == len(sums):
            return groups
        merged = np.zeros((len(names), sums.shape[1]))
        np.add.at(merged, number, sums)
        sums, counts = merged, np.bincount(number, counts)


def _joined(sums: Any, counts: Any) -> Any:
    """For each group, the first one of those that it is joined with."""
    sums, counts = sums.copy(), counts.copy()
    first = np.arange(len(sums))
    alike = (sums @ sums.T) / np.outer(counts, counts)
    np.fill_diagonal(alike, -np.inf)
    while True:
        one, other = divmod(int(alike.argmax()), len(sums))
        if alike[one, other] < _ALIKE:
            return first
        one, other = min(one, other), max(one, other)
        first[first == other] = one
        sums[one] += sums[other]
        counts[one] += counts[other]
        gone = np.isneginf(alike[one])
        similar = (sums @ sums[one]) / (counts * counts[one])
        similar[gone] = similar[[one, other]] = -np.inf
        alike[one], alike[:, one] = similar, similar
        alike[other], alike[:, other] = -np.inf, -np.inf
