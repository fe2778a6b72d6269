"""A response that is sent while it is made: what the Lambda runtime gives to a function's handler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class ClientDisconnected(Exception):
    """The caller has disconnected, so nothing more can be sent."""


class ResponseStream(Protocol):
    """The way to the caller of one request."""

    def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Set the status and the headers, once and before the first `write`. Raises `ClientDisconnected`."""
        ...

    def write(self, data: bytes) -> None:
        """Send a piece of the body; waits while the caller reads slowly. Raises `ClientDisconnected`."""
        ...

    def end(self) -> None:
        """End the response well; the handler may go on working. Otherwise it ends when the handler returns.

        Raises `ClientDisconnected`.
        """
        ...

    def is_disconnected(self) -> bool:
        """Whether the caller is known to have disconnected. Does not wait."""
        ...
