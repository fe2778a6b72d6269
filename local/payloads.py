"""The payload of a call: JSON, or JSON around the bytes of an upload, which are written in base64 only when sent."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Encoded, a piece has 64 KB. Larger buffers are new memory each time, and that costs more than the encoding.
_PIECE_BYTES: Final = 49_152


@dataclass(frozen=True, slots=True)
class Base64Payload:
    """JSON in which the base64 form of `body` stands between `before` and `after`. Its length is that of the JSON."""

    before: bytes
    body: bytes
    after: bytes

    def __len__(self) -> int:
        """Return the number of bytes when sent."""
        return len(self.before) + (len(self.body) + 2) // 3 * 4 + len(self.after)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the JSON in pieces of at most 64 KB if `before` and `after` are small."""
        yield self.before
        body = memoryview(self.body)
        for start in range(0, len(body), _PIECE_BYTES):
            yield base64.b64encode(body[start : start + _PIECE_BYTES])
        yield self.after

    def __bytes__(self) -> bytes:
        """Return the JSON."""
        return b"".join(self)


Payload = bytes | Base64Payload
