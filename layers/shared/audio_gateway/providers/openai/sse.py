"""Server-sent events, as the HTML standard defines them (section 9.2.6), from chunks of any size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event: its name (`message` if it has none) and its data, lines joined by newlines."""

    name: str
    data: str


def events(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The events of a stream; one without data, or without a blank line after it, is skipped.

    Raises `UnicodeDecodeError` if the stream is not UTF-8.
    """
    name, data = "message", list[str]()
    for line in _lines(chunks):
        field, _, value = line.decode("utf-8").partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield ServerSentEvent(name, "\n".join(data))
            name, data = "message", []
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; an incomplete last line is dropped. The LF after a CR may be in the next chunk."""
    rest = b""
    for number, chunk in enumerate(chunks):
        rest += chunk.removeprefix(b"\xef\xbb\xbf") if number == 0 else chunk
        held = rest.endswith(b"\r")
        *lines, rest = _LINE_END.split(rest[:-1] if held else rest)
        rest += b"\r" if held else b""
        yield from lines
    if rest.endswith(b"\r"):
        yield rest[:-1]
