"""The vocabulary of Moonshine: the bytes that each token stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

BEGIN: Final = 1
"""The token before a text."""
END: Final = 2
"""The token after it."""

_SPACE: Final = "\N{LOWER ONE EIGHTH BLOCK}".encode()  # how the vocabulary writes a space
_LONG: Final = 128  # a length of at least this has two bytes, the lower seven bits first
_MARK: Final = re.compile(rb"<<ST_\d+>>")
_BYTE: Final = re.compile(rb"<0x([0-9A-F]{2})>")


def read_vocabulary(file: Path) -> tuple[bytes, ...]:
    """The bytes of each token, by its number; none for the marks, such as `BEGIN`."""
    return tuple(_meaning(number, written) for number, written in enumerate(_entries(file.read_bytes())))


def _entries(data: bytes) -> Iterator[bytes]:
    """The tokens as they are written: each has its length before it."""
    at = 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= _LONG:
            length, at = length - _LONG + data[at] * _LONG, at + 1
        yield data[at : at + length]
        at += length


def _meaning(number: int, written: bytes) -> bytes:
    if number <= END or _MARK.fullmatch(written):
        return b""
    single = _BYTE.fullmatch(written)
    return bytes.fromhex(single[1].decode()) if single else written.replace(_SPACE, b" ")
