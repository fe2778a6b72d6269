"""`make fuzz` counts what comes of its inputs, and fails where it must not have come."""

from __future__ import annotations

from tests.fuzz.tally import Tally
from tests.fuzz.texts import fuzz_texts


def test_texts_are_spoken_or_unspeakable_and_the_same_for_the_same_seed() -> None:
    one, other = fuzz_texts(3, 2), fuzz_texts(3, 2)
    assert not one.failures
    assert one.outcomes == other.outcomes


def test_what_may_not_come_of_an_input_is_a_failure_and_so_is_what_takes_too_long() -> None:
    tally = Tally("things", ("spoken",), limit_s=1.0)
    tally.add("first", "spoken", 0.5)
    assert not tally.failures
    tally.add("second", "killed by -11", 0.1)
    tally.add("third", "spoken", 1.5)
    assert tally.failures == ["second: killed by -11", "third: took 1.5 s, more than 1"]
    assert tally.report().splitlines()[0] == ("things: 3, of them 2 spoken, 1 killed by -11; slowest 1.50 s (third)")
