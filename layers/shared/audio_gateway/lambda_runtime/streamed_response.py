"""A response that is sent while it is made: the prelude, the pieces of the body, and an error if there is one.

AWS API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming": a JSON object with
status and headers, eight NUL bytes, and the body as it is.
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from collections.abc import Sequence
from typing import Any, Final

from audio_gateway.lambda_runtime.connection import Answer, AnsweredEarly, Connection
from audio_gateway.lambda_runtime.failure import Failure
from audio_gateway.response_stream import ClientDisconnected

_DELIMITER: Final = b"\0" * 8
_MAX_PRELUDE_BYTES: Final = 16_384  # with the delimiter
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5
_SETTLING_SECONDS: Final = 2.5  # what a function needs between its last write and its deadline


class StreamedResponse:
    """Implements `audio_gateway.response_stream.ResponseStream`.

    A blocked write is the only bound on what waits to be sent: nothing is kept here but the prelude, which goes out
    together with the first bytes of the body. One thread at a time may send; any may ask `is_disconnected` meanwhile.
    """

    def __init__(self, connection: Connection, head: bytes, deadline: float) -> None:
        self.sent = False
        self.ended = False
        self.gone = False
        self._connection = connection
        self._head = head
        self._deadline = deadline
        self._write_deadline = deadline - _SETTLING_SECONDS
        self._unsent: list[bytes] = []

    def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Keep the status and the headers for the first bytes.

        Raises:
            ValueError: a header is not one of HTTP, or there are too many for API Gateway.
            RuntimeError: the response has started before.
        """
        if self._unsent or self.sent:
            raise RuntimeError("the response has already started")
        prelude = json.dumps(_prelude(status, headers)).encode() + _DELIMITER
        if len(prelude) > _MAX_PRELUDE_BYTES:
            raise ValueError(f"the headers take {len(prelude)} bytes, and API Gateway reads {_MAX_PRELUDE_BYTES}")
        self._unsent = [self._head, b"%x\r\n" % len(prelude), prelude, b"\r\n"]

    def write(self, data: bytes) -> None:
        """Send a piece of the body. Waits while the reader is slow, but leaves the function time to settle.

        Raises:
            ClientDisconnected: the piece was not sent, or only in part.
            RuntimeError: the response has not started or has ended.
        """
        self._check_open()
        if data:  # a chunk of no bytes would end the body
            self._send([b"%x\r\n" % len(data), data, b"\r\n"])

    def end(self) -> None:
        """End the response well. Does nothing if it has ended.

        Raises:
            ClientDisconnected: the response was not sent completely.
            RuntimeError: the response has not started.
        """
        if self.gone:
            raise ClientDisconnected
        if not self.ended:
            self._check_open()
            self._send_last(b"0\r\n\r\n")

    def is_disconnected(self) -> bool:
        """Whether the Runtime API has closed the connection or answered early. Known once the first byte was sent."""
        if self.sent and not self.gone and self._connection.has_answer() and not self.ended:
            self.gone = True
        return self.gone

    def fail(self, failure: Failure) -> None:
        """End the response with an error, so that it cannot be taken for a complete one.

        Raises:
            ClientDisconnected: the caller is gone.
        """
        self._check_open()
        body = b2a_base64(failure.as_short_json(), newline=False).decode()
        trailers = (
            f"Lambda-Runtime-Function-Error-Type: {failure.header}\r\nLambda-Runtime-Function-Error-Body: {body}\r\n"
        )
        self._send_last(f"0\r\n{trailers}\r\n".encode())

    def answer(self) -> Answer:
        """Read the response of the Runtime API. Raises `OSError` if there is none."""
        if self.gone and not self._connection.has_answer():
            # It waits for the rest of what we send, and Lambda would end the process at the deadline.
            raise ConnectionError("the response was not sent completely")
        return self._connection.receive(self._deadline)

    def _check_open(self) -> None:
        if self.ended or not (self._unsent or self.sent):
            raise RuntimeError("the response has ended" if self.ended else "the response has not started")

    def _send_last(self, data: bytes) -> None:
        self.ended = True  # before it is sent: the answer to a complete response is not an early one
        self._send([data])

    def _send(self, parts: list[bytes]) -> None:
        if self.gone:
            raise ClientDisconnected
        if not self.sent:
            self._connection.close_if_stale()
            parts = [*self._unsent, *parts]
            self._unsent = []
            self.sent = True
        try:
            self._connection.send(parts, self._write_deadline)
        except AnsweredEarly:
            self.gone = True
            raise ClientDisconnected from None
        except OSError as error:
            self.gone = True
            raise ClientDisconnected from error


def _prelude(status: int, headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the JSON object. A header that is repeated is in `multiValueHeaders`, as API Gateway demands."""
    grouped: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} has characters that HTTP does not allow")
        grouped.setdefault(name.lower(), (name, []))[1].append(value)
    prelude: dict[str, Any] = {
        "statusCode": status,
        "headers": {name: values[0] for name, values in grouped.values() if len(values) == 1},
    }
    repeated = {name: values for name, values in grouped.values() if len(values) > 1}
    if repeated:
        prelude["multiValueHeaders"] = repeated
    return prelude
