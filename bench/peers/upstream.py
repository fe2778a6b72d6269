"""The fake provider: `python -m bench.peers.upstream MP3_FILE AUDIO_BYTES` prints its port.

It answers speech of the model "streamer" with pieces, one each `INTERVAL_S`, that begin with the time at which they
were written, and speech of any other model with the file. It answers a transcription with a fixed text, or with 400 if
fewer than `AUDIO_BYTES` have arrived.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Final

from bench.peers.wire import MessageReader

PIECES: Final = 40
PIECE_BYTES: Final = 1024
INTERVAL_S: Final = 0.02
STAMP_DIGITS: Final = 20
TRANSCRIPT: Final = "He was not an ill-disposed young man, unless to be rather cold hearted."

_STREAM_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n"


def response(status: str, content_type: str, body: bytes) -> bytes:
    """A whole response."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def piece(now_ns: int) -> bytes:
    """A piece of the stream, written at `now_ns` of the monotonic clock."""
    return f"{now_ns:0{STAMP_DIGITS}d}".encode().ljust(PIECE_BYTES, b"\0")


class Upstream(asyncio.Protocol):
    """One connection."""

    def __init__(self, mp3: bytes, audio_bytes: int) -> None:
        self._speech = response("200 OK", "audio/mpeg", mp3)
        text = {"text": TRANSCRIPT, "usage": {"type": "duration", "seconds": 5}}
        self._transcript = response("200 OK", "application/json", json.dumps(text).encode())
        self._short = response("400 Bad Request", "application/json", b'{"error":{"message":"audio is missing"}}')
        self._audio_bytes = audio_bytes
        self._start_message()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        if self._reader.complete:
            self._answer()
            self._start_message()

    def _start_message(self) -> None:
        self._body, self._received = bytearray(), 0
        self._reader = MessageReader(self._take)

    def _take(self, piece: memoryview) -> None:
        self._received += len(piece)
        if len(self._body) < 8192:
            self._body += piece[:8192]

    def _answer(self) -> None:
        if b"/audio/transcriptions" in self._reader.head[:64]:
            self._transport.write(self._transcript if self._received > self._audio_bytes else self._short)
        elif b'streamer"' in self._body:
            self._transport.write(_STREAM_HEAD)
            self._write_piece(0, asyncio.get_running_loop().time())
        else:
            self._transport.write(self._speech)

    def _write_piece(self, number: int, start_s: float) -> None:
        if self._transport.is_closing():
            return
        last = b"0\r\n\r\n" if number == PIECES - 1 else b""
        self._transport.write(b"%x\r\n%b\r\n%b" % (PIECE_BYTES, piece(time.monotonic_ns()), last))
        if not last:
            at_s = start_s + (number + 1) * INTERVAL_S
            asyncio.get_running_loop().call_at(at_s, self._write_piece, number + 1, start_s)


async def serve(mp3: bytes, audio_bytes: int) -> None:
    """Print the port, and serve until this process is ended."""
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(mp3, audio_bytes), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_bytes(), int(sys.argv[2])))
