from __future__ import annotations

import sys

from audio_gateway.telemetry import logger


class _CurrentStdout:
    """The standard output of the moment: the process's logger is made once, but each test captures its own."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


logger().registered_handler.stream = _CurrentStdout()  # type: ignore[attr-defined] # Powertools' is a StreamHandler
