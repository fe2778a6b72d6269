"""Cutting audio into pieces that are decoded at once."""

from __future__ import annotations

import array

from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.providers.embedded.utterances import SAMPLE_RATE, utterances
from tests.examples import examples
from tests.sound import tone


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * SAMPLE_RATE))


stretches = st.lists(st.tuples(st.booleans(), st.floats(0.01, 6.0)), min_size=1, max_size=8)


@given(stretches, st.integers(100, 10_000))
@examples(20)
def test_nothing_is_lost_or_doubled_and_no_piece_is_long(parts: list[tuple[bool, float]], samples: int) -> None:
    pcm = b"".join(tone(seconds, SAMPLE_RATE) if loud else silence(seconds) for loud, seconds in parts)
    found = list(utterances(pcm[at : at + 2 * samples] for at in range(0, len(pcm), 2 * samples)))
    assert b"".join(piece.pcm for piece in found) == pcm
    starts = [sum(len(piece.pcm) for piece in found[:i]) * 1000 // (2 * SAMPLE_RATE) for i in range(len(found))]
    assert [piece.start_ms for piece in found] == starts
    assert all(len(piece.pcm) <= 10.05 * SAMPLE_RATE * 2 for piece in found)


def test_a_cut_is_made_in_a_pause() -> None:
    pcm = tone(5.5, SAMPLE_RATE) + silence(0.6) + tone(3, SAMPLE_RATE)
    first, second = utterances([pcm])
    assert 5_500 < second.start_ms < 6_100
    assert len(first.pcm) + len(second.pcm) == len(pcm)


def test_without_a_pause_the_quietest_moment_is_taken() -> None:
    loud = tone(7, SAMPLE_RATE)
    faint = array.array("h", (value // 3 for value in array.array("h", tone(0.12, SAMPLE_RATE)))).tobytes()
    _, second = utterances([loud + faint + tone(4, SAMPLE_RATE)])
    assert 6_950 < second.start_ms < 7_150


def test_no_audio_has_no_pieces() -> None:
    assert list(utterances([])) == []
    assert list(utterances([b""])) == []
