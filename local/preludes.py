"""The prelude of a streamed response: status and headers as JSON, ended by 8 NUL bytes.

Format and limit: Amazon API Gateway developer guide, "Set up a Lambda proxy integration with payload response
streaming".
"""

from __future__ import annotations

from typing import Final

from local.events import MalformedResponse, StreamHead, parse_prelude
from local.response_streams import StreamedResponse

DELIMITER: Final = bytes(8)
MAX_PRELUDE_BYTES: Final = 16_384


async def read_head(response: StreamedResponse) -> tuple[StreamHead, bytes]:
    """Read status and headers, and the bytes of the body that came with them.

    Raises `MalformedResponse` if there is no valid prelude, and `StreamFailed` if the response breaks off in it.
    """
    received = b""
    while True:
        piece = await response.read()
        searched = max(0, len(received) - len(DELIMITER) + 1)
        received += piece
        end = received.find(DELIMITER, searched, MAX_PRELUDE_BYTES + len(DELIMITER))
        if end >= 0:
            return parse_prelude(received[:end]), received[end + len(DELIMITER) :]
        if len(received) >= MAX_PRELUDE_BYTES + len(DELIMITER):
            raise MalformedResponse(f"no 8 NUL bytes after a prelude of at most {MAX_PRELUDE_BYTES} bytes")
        if not piece:
            raise MalformedResponse("the stream ended before the 8 NUL bytes after its prelude")
