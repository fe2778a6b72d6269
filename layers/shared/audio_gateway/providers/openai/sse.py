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
    """Lines without their ends, each as soon as its end is there; an incomplete last line is dropped.

    A CR at the end of a chunk ends a line, although its LF may be in the next chunk.
    """
    parts, is_first, after_cr = list[bytes](), True, False
    for chunk in chunks:
        if not chunk:
            continue
        text = chunk.removeprefix(b"\xef\xbb\xbf") if is_first else chunk
        is_first = False
        first, *others = _LINE_END.split(text.removeprefix(b"\n") if after_cr else text)
        after_cr = chunk.endswith(b"\r")
        parts.append(first)
        for part in others:
            yield b"".join(parts)
            parts = [part]
