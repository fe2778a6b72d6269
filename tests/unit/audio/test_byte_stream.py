"""Bytes can be looked at before they are taken, wherever they were cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.byte_stream import ByteStream

PIECES = st.lists(st.binary(max_size=20), max_size=10)


@given(PIECES, st.integers(0, 250))
def test_what_is_peeked_is_not_consumed(pieces: list[bytes], count: int) -> None:
    stream, whole = ByteStream(pieces), b"".join(pieces)
    assert stream.peek(count) == whole[:count]
    assert b"".join(stream.rest()) == whole
    assert stream.next_piece() == b""


@given(PIECES, st.integers(0, 250))
def test_what_is_skipped_is_gone(pieces: list[bytes], count: int) -> None:
    stream, whole = ByteStream(pieces), b"".join(pieces)
    assert stream.skip(count) == (len(whole) >= count)
    assert b"".join(stream.rest()) == whole[count:]


@given(PIECES, st.integers(0, 250), st.binary(max_size=20))
def test_what_is_put_back_comes_next(pieces: list[bytes], count: int, back: bytes) -> None:
    stream, whole = ByteStream(pieces), b"".join(pieces)
    assert b"".join(stream.take(count)) == whole[:count]
    stream.put_back(back)
    assert b"".join(stream.rest()) == back + whole[count:]


def test_only_what_is_needed_is_read() -> None:
    arriving = iter([b"ab", b"cd", b"ef"])
    stream = ByteStream(arriving)
    assert stream.peek(3) == b"abc"
    assert list(arriving) == [b"ef"]


def test_large_pieces_are_divided() -> None:
    data = bytes(range(256)) * 1_000
    pieces = list(ByteStream([data]).rest())
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) == 32_768
