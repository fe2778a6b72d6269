"""Bodies arrive in base64, and are the caller's bytes afterwards, whatever their size."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest

from audio_gateway.api.http.event_body import with_decoded_body


def event(text: Any, *, encoded: bool = True) -> dict[str, Any]:
    return {"path": "/x", "body": text, "isBase64Encoded": encoded}


@pytest.mark.parametrize("size", [0, 1, 2, 3, 3000, 3071, 3072, 3073, 3074, 3075, 300_001])
def test_a_body_is_decoded(size: int) -> None:
    data = random.Random(size).randbytes(size)
    found = with_decoded_body(event(base64.b64encode(data).decode()))["body"]
    assert found == (data or "")


@pytest.mark.parametrize("pair", [b"\xfb\xef\xbe", b"\xff\xff\xff", b"\x00\x00\x00"])
def test_all_signs_of_the_alphabet_are_read(pair: bytes) -> None:
    data = pair * 5000
    assert with_decoded_body(event(base64.b64encode(data).decode()))["body"] == data


@pytest.mark.parametrize("size", [30, 30_000])
def test_line_breaks_are_skipped(size: int) -> None:
    data = bytes(size)
    assert with_decoded_body(event(base64.encodebytes(data).decode()))["body"] == data


@pytest.mark.parametrize("size", [5, 50_001])
def test_a_body_that_is_cut_off_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=r"base64|padding"):
        with_decoded_body(event("A" * size))


@pytest.mark.parametrize("body", [None, "", "{}", "Gr\u00fc\u00dfe"])
def test_a_body_as_text_stays_text(body: str | None) -> None:
    given = event(body, encoded=False)
    assert with_decoded_body(given) is given
