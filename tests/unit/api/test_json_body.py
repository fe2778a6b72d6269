"""The JSON reader refuses ambiguous bodies, with messages about the body."""

from __future__ import annotations

import pytest

from audio_gateway.api.http.json_body import read_object
from audio_gateway.errors import InvalidRequest


def test_a_number_of_too_many_digits_is_named_without_a_word_about_our_language() -> None:
    with pytest.raises(InvalidRequest, match="too many digits") as caught:
        read_object("application/json", b'{"speed": ' + b"1" * 5_000 + b"}")
    assert "sys." not in caught.value.message


def test_an_error_in_the_body_names_its_place() -> None:
    with pytest.raises(InvalidRequest, match="line 1 column 2"):
        read_object("application/json", b"{x}")


def test_a_long_duplicate_name_is_shortened_in_the_error() -> None:
    name = "x" * 10_000
    with pytest.raises(InvalidRequest, match="appears more than once") as caught:
        read_object("application/json", f'{{"{name}": 1, "{name}": 2}}'.encode())
    assert caught.value.param == name[:100]
    assert len(caught.value.message) < 200
