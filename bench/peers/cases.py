"""The kinds of requests, and what is wrong with a response."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.peers.figures import Cell, is_buffered, piece_delays_ms
from bench.peers.load import Exchange
from bench.peers.sounds import Sounds
from bench.peers.systems import System
from bench.peers.upstream import INTERVAL_S, PIECE_BYTES, PIECES, STAMP_DIGITS, TRANSCRIPT

_STREAM_MS: Final = (PIECES - 1) * INTERVAL_S * 1000


@dataclass(frozen=True)
class Case:
    """A kind of request. `requests` are those of a round with one and with 16 concurrent requests."""

    name: str
    endpoint: str
    requests: dict[int, int]

    def made(self, system: System, sounds: Sounds, first: int) -> Iterator[tuple[bytes, bytes]]:
        """The requests, as heads and bodies, without end. `first` is the number of the first text."""
        audio = {"transcription 160 KB": sounds.short, "transcription 4 MB": sounds.long}.get(self.name)
        model = "streamer" if self.name == "stream" else "speaker"
        content_type = "application/json" if audio is None else sounds.form_type
        for number in itertools.count(first):
            body = sounds.speech_body(model, number) if audio is None else audio
            yield self._head(system, content_type, len(body)), body

    def _head(self, system: System, content_type: str, length: int) -> bytes:
        lines = [f"POST {system.prefix}/audio/{self.endpoint} HTTP/1.1", f"Host: 127.0.0.1:{system.ports[0]}"]
        lines += [f"{name}: {value}" for name, value in system.headers.items()]
        lines += [f"Content-Type: {content_type}", f"Content-Length: {length}", "", ""]
        return "\r\n".join(lines).encode()


CASES: Final = (
    Case("speech 32 KB", "speech", {1: 100, 16: 480}),
    Case("transcription 160 KB", "transcriptions", {1: 60, 16: 240}),
    Case("transcription 4 MB", "transcriptions", {1: 10, 16: 32}),
    Case("stream", "speech", {1: 3, 16: 32}),
)
WARM_UP: Final = {1: 3, 16: 32}


def record(case: Case, exchange: Exchange, sounds: Sounds, cell: Cell) -> None:
    """Add a response to the measurements, or count it as an error."""
    if exchange.failure or exchange.status != 200:
        cell.errors += 1
        cell.faults.append(exchange.failure or f"status {exchange.status}")
        return
    if case.name == "stream":
        wrong = _record_stream(exchange, cell)
    elif case.endpoint == "speech":
        wrong = "" if exchange.body == sounds.mp3 else "other bytes than the upstream's"
        wrong = wrong or _other_type(exchange, "audio/mpeg")
    else:
        wrong = "" if _text(exchange.body) == TRANSCRIPT else "another text than the upstream's"
        wrong = wrong or _other_type(exchange, "application/json")
    if wrong:
        cell.faults.append(wrong)
    cell.times_ms.append(exchange.ms)


def _record_stream(exchange: Exchange, cell: Cell) -> str:
    body = exchange.body
    if len(body) != PIECES * PIECE_BYTES:
        return f"{len(body)} bytes instead of {PIECES * PIECE_BYTES}"
    starts = range(0, len(body), PIECE_BYTES)
    stamps = [int(body[start : start + STAMP_DIGITS]) for start in starts]
    arrivals = [exchange.arrival_of(start + PIECE_BYTES) for start in starts]
    first_ms = (exchange.arrival_of(1) - stamps[0]) / 1e6
    cell.first_ms.append(first_ms)
    cell.delays_ms += piece_delays_ms(stamps, arrivals)
    if is_buffered(first_ms, _STREAM_MS):
        return "buffered: the first byte came with the last"
    return _other_type(exchange, "audio/pcm")


def _other_type(exchange: Exchange, wanted: str) -> str:
    found = exchange.content_type.partition(";")[0].strip()
    return "" if found == wanted else f"Content-Type {found or 'missing'} instead of {wanted}"


def _text(body: bytes | bytearray) -> str | None:
    try:
        text: str | None = json.loads(body).get("text")
    except ValueError:
        return None
    return text
