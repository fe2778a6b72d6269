"""Uploads in events."""

from __future__ import annotations

import base64

import pytest

from local.payloads import Base64Payload


@pytest.mark.parametrize("size", [0, 1, 2, 3, 49_151, 49_152, 49_153, 200_000])
def test_a_body_is_written_in_base64_between_the_rest(size: int) -> None:
    body = bytes(i % 251 for i in range(size))

    payload = Base64Payload(b'{"body":"', body, b'"}')

    assert bytes(payload) == b'{"body":"' + base64.b64encode(body) + b'"}'
    assert len(payload) == len(bytes(payload))


def test_pieces_are_small() -> None:
    assert max(map(len, Base64Payload(b"[", bytes(200_000), b"]"))) == 65_536
