"""An iterator that is left early is closed, not forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audio_gateway.audio.closing import closed


def noting(events: list[str]) -> Iterator[int]:
    try:
        yield from range(3)
    finally:
        events.append("closed")


def first_of(events: list[str], error: Exception | None) -> int:
    with closed(noting(events)) as items:
        for item in items:
            if error is not None:
                raise error
            return item
    return -1


def test_leaving_the_loop_closes_its_iterator() -> None:
    events: list[str] = []
    assert first_of(events, None) == 0
    assert events == ["closed"]


def test_an_error_closes_the_iterator_while_the_error_is_held() -> None:
    events: list[str] = []
    with pytest.raises(KeyError) as held:
        first_of(events, KeyError())
    assert events == ["closed"]
    assert held.value is not None


def test_what_cannot_be_closed_is_left_alone() -> None:
    with closed([1, 2]) as items:
        assert list(items) == [1, 2]
