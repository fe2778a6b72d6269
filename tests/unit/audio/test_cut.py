"""Chunks hold every sample, keep to the limits, and end in pauses."""

from __future__ import annotations

import array
import itertools
import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.cut import FLAC_BYTES_PER_SECOND, OVERLAP_SECONDS, Chunk, CutRule, cut
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.encode import flac_file
from audio_gateway.audio.measure import measure
from tests import tones
from tests.examples import examples
from tests.unit.audio.files import in_pieces

RATE = 16_000


def chunks_of(pcm: bytes, rule: CutRule, size: int = 6_401) -> list[Chunk]:
    return list(cut(in_pieces(pcm, size), rule))


def check(chunks: list[Chunk], pcm: bytes, rule: CutRule) -> None:
    """Each sample once but for overlaps, each chunk what it says it is, none above the limits."""
    assert chunks[0].start == chunks[0].overlap == 0
    assert chunks[-1].end == len(pcm) // 2
    for chunk in chunks:
        assert chunk.pcm == pcm[chunk.start * 2 : chunk.end * 2]
        assert (chunk.end - chunk.start) / RATE <= rule.longest_seconds
    for left, right in itertools.pairwise(chunks):
        assert right.start == left.end - right.overlap
        assert right.start > left.start
        assert right.start % 16 == 0, "a whole number of milliseconds"


def silent(pcm: bytes) -> bool:
    return max(map(abs, array.array("h", pcm)), default=0) < 200


# ---------------------------------------------------------------- laws
@st.composite
def recordings(draw: st.DrawFn) -> bytes:
    """Words, pauses, noise and silences of any length, up to some ten minutes at a low cost."""
    kinds = st.tuples(st.sampled_from(["words", "dense", "silence", "noise"]), st.integers(1, 40))
    pieces = []
    for number, (kind, seconds) in enumerate(draw(st.lists(kinds, min_size=1, max_size=6))):
        if kind == "silence":
            pieces.append(bytes(seconds * 32_000))
        elif kind == "noise":
            pieces.append((os.urandom(3_200) * (seconds * 10))[: seconds * 32_000])
        else:
            gaps = tones.natural_gaps(number) if kind == "words" else (0,)
            pieces.append(b"".join(tones.sound(tones.talk(seconds * 3, gaps_ms=gaps, first=number * 500))))
    tail = draw(st.integers(0, 999))
    return b"".join(pieces) + bytes(tail * 2)


RULES = st.builds(
    lambda chunk, limit, overlap: CutRule(
        chunk, max_seconds=limit, overlap_seconds=overlap * min(chunk, limit or chunk)
    ),
    chunk=st.floats(1.0, 90.0),
    limit=st.none() | st.floats(1.0, 120.0),
    overlap=st.sampled_from([0.0, 0.0, 0.1, 0.25]),
)


@pytest.mark.slow
@given(recordings(), RULES, st.sampled_from([999, 6_400, 500_000]))
@examples(60)
def test_every_sample_is_in_one_chunk_but_for_overlaps(pcm: bytes, rule: CutRule, size: int) -> None:
    check(chunks_of(pcm, rule, size), pcm, rule)


@pytest.mark.slow
@given(recordings(), st.floats(5.0, 60.0))
@examples(40)
def test_without_an_overlap_both_sides_of_a_cut_are_silent(pcm: bytes, seconds: float) -> None:
    for chunk in chunks_of(pcm, CutRule(seconds))[1:]:
        if not chunk.overlap:
            around = slice((chunk.start - RATE // 20) * 2, (chunk.start + RATE // 20) * 2)
            assert silent(pcm[around])


@pytest.mark.slow
@given(st.integers(0, 99), st.sampled_from([10, 25, 60]), st.sampled_from([0, 30, 150]))
@examples(25)
def test_no_word_is_cut_where_there_is_a_pause_around(seed: int, seconds: int, hiss: int) -> None:
    words = tones.talk(500, gaps_ms=tones.natural_gaps(seed), start_ms=seed)
    pcm = b"".join(tones.sound(words, hiss=hiss))
    chunks = chunks_of(pcm, CutRule(seconds))
    check(chunks, pcm, CutRule(seconds))
    before_ms = 0.0
    for chunk in chunks[1:]:
        at_ms = (chunk.start + chunk.overlap // 2) / 16
        window = (before_ms + seconds * 800 + 300, before_ms + seconds * 1_200 - 300)
        pauses = [a for a, b in itertools.pairwise(words) if b.start_ms - a.end_ms >= 300]
        if [word for word in pauses if window[0] < word.end_ms < window[1]]:
            assert not chunk.overlap
        if not chunk.overlap:
            assert not [word for word in words if word.start_ms < at_ms < word.end_ms]
        before_ms = at_ms


def test_where_there_is_no_pause_chunks_share_some_seconds() -> None:
    pcm = b"".join(tones.sound(tones.talk(800, gaps_ms=(0,))))
    chunks = chunks_of(pcm, CutRule(40))
    check(chunks, pcm, CutRule(40))
    assert {chunk.overlap for chunk in chunks[1:]} == {int(OVERLAP_SECONDS * RATE)}


def test_an_overlap_that_is_asked_for_is_there_in_pauses_too() -> None:
    pcm = b"".join(tones.sound(tones.talk(800, gaps_ms=tones.natural_gaps())))
    chunks = chunks_of(pcm, CutRule(60, overlap_seconds=12))
    check(chunks, pcm, CutRule(60, overlap_seconds=12))
    assert {chunk.overlap for chunk in chunks[1:]} == {12 * RATE}
    for chunk in chunks[1:]:
        middle = chunk.start + chunk.overlap // 2
        assert silent(pcm[(middle - 800) * 2 : (middle + 800) * 2])


# ---------------------------------------------------------------- lengths
@pytest.mark.parametrize("seconds", [0.2, 10, 50, 64.9])
def test_what_is_not_much_longer_than_a_chunk_is_one(seconds: float) -> None:
    pcm = b"".join(tones.sound(tones.talk(300, gaps_ms=(200,))))[: int(seconds * RATE) * 2]
    assert len(chunks_of(pcm, CutRule(50))) == 1


@pytest.mark.slow
def test_no_chunk_is_a_mere_rest() -> None:
    pcm = b"".join(tones.sound(tones.talk(700, gaps_ms=tones.natural_gaps())))
    for cut_off in range(0, 60, 7):
        shorter = pcm[: len(pcm) - cut_off * 32_000]
        lengths = [(chunk.end - chunk.start) / RATE for chunk in chunks_of(shorter, CutRule(30))]
        assert min(lengths) >= 3
        assert max(lengths) <= 39


def test_chunks_are_about_as_long_as_is_asked_for() -> None:
    pcm = b"".join(tones.sound(tones.talk(2_000, gaps_ms=tones.natural_gaps())))
    lengths = [(chunk.end - chunk.start) / RATE for chunk in chunks_of(pcm, CutRule(60))]
    assert all(48 <= length <= 72 for length in lengths[:-1])


def test_nothing_has_no_chunks() -> None:
    assert chunks_of(b"", CutRule(300)) == []


@pytest.mark.parametrize(
    ("rule", "longest"),
    [
        (CutRule(300), float("inf")),
        (CutRule(300, max_seconds=1_400), 1_400),
        (CutRule(300, max_seconds=20), 20),
        (CutRule(300, max_bytes=26_214_400), 806),
    ],
)
def test_limits_of_the_provider_are_the_longest_chunk(rule: CutRule, longest: float) -> None:
    assert rule.longest_seconds == pytest.approx(longest, abs=1)


@pytest.mark.parametrize(
    "rule",
    [{"chunk_seconds": 0.5}, {"chunk_seconds": 300, "max_seconds": 0.9}, {"chunk_seconds": 300, "max_bytes": 90_000},
     {"chunk_seconds": 10, "overlap_seconds": 4}, {"chunk_seconds": 10, "overlap_seconds": -1}],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="chunk"):
        CutRule(**rule)


# ---------------------------------------------------------------- files
def test_the_file_of_a_chunk_is_the_chunk() -> None:
    pcm = b"".join(tones.sound(tones.talk(40)))
    file = flac_file((pcm,), RATE)
    assert b"".join(decode_pcm(file, RATE)) == pcm
    assert measure(file).duration_ms == len(pcm) // 32
    assert int.from_bytes(file[21:26], "big") & (1 << 36) - 1 == len(pcm) // 2, "its header says how long it is"


def test_no_sound_makes_a_larger_file_than_the_limit_counts_with() -> None:
    rule = CutRule(300, max_bytes=2_000_000)
    worst = os.urandom(60 * 32_000) * 3
    sizes = [len(flac_file((chunk.pcm,), RATE)) for chunk in chunks_of(worst, rule)]
    assert len(sizes) > 1
    assert max(sizes) + 60_000 <= 2_000_000
    assert max(sizes) <= FLAC_BYTES_PER_SECOND * rule.longest_seconds + 16_384


def test_memory_does_not_grow_with_the_recording() -> None:
    ten_seconds = bytes(10 * 32_000)

    def peak_of(times: int) -> int:
        tracemalloc.start()
        for _ in cut(itertools.chain.from_iterable(in_pieces(ten_seconds, 64_000) for _ in range(times)), CutRule(10)):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_of(30) < 1.2 * peak_of(6)


def test_what_reading_raises_comes_out_as_it_is() -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(100 * 32_000)
        raise ConnectionResetError("the bucket went away")

    chunks = cut(breaking(), CutRule(30))
    assert next(chunks).start == 0
    with pytest.raises(ConnectionResetError, match="went away"):
        list(chunks)
