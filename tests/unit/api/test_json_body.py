"""The JSON reader: one meaning for every reader, and messages that are about the body."""

from __future__ import annotations

import pytest

from audio_gateway.api.http.json_body import read_object
from audio_gateway.errors import InvalidRequest


def test_a_number_of_too_many_digits_is_named_without_a_word_about_our_language() -> None:
    with pytest.raises(InvalidRequest, match="too many digits") as caught:
        read_object("application/json", b'{"speed": ' + b"1" * 5_000 + b"}")
    assert "sys." not in caught.value.message


def test_a_broken_body_says_where() -> None:
    with pytest.raises(InvalidRequest, match="line 1 column 2"):
        read_object("application/json", b"{x}")


def test_a_name_that_stands_twice_is_quoted_only_so_far() -> None:
    name = "x" * 10_000
    with pytest.raises(InvalidRequest, match="appears more than once") as caught:
        read_object("application/json", f'{{"{name}": 1, "{name}": 2}}'.encode())
    assert caught.value.param == name[:100]
    assert len(caught.value.message) < 200
