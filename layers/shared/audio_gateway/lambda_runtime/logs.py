"""Log events as AWS's runtime client for Python writes them, so that nothing else reads differently.

Lambda gives the process a pipe for events of several lines. Each event is a frame: four bytes with its type, four with
its length, eight with the time in microseconds, and the text in UTF-8. Without the pipe, events go to standard output,
where a carriage return separates the lines of an event. What the function prints goes to standard output as it is.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

from audio_gateway.lambda_runtime.failure import Failure

_FRAME: Final = 0xA55A0000
_TEXT: Final = 3
_JSON: Final = 2
_TEXT_FORMAT: Final = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
_TEXT_TIME: Final = "%Y-%m-%dT%H:%M:%S"
_JSON_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_INDENT: Final = "\u00a0"  # CloudWatch's console removes spaces at the beginning of a line
# What a log record has by itself; everything else was given by `extra`.
_OWN_FIELDS: Final = frozenset(
    {*logging.LogRecord("", 0, "", 0, "", None, None).__dict__, "message", "asctime", "aws_request_id", "tenant_id"}
)


class Logs:
    """Where log events go. `request_id` and `tenant_id` are those of the current invocation."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Take the pipe from the environment: no child of this process may write to it."""
        self.request_id = ""
        self.tenant_id: str | None = None
        self.in_json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        level = environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
        self.level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level)
        pipe = environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
        self._pipe = None if pipe is None else int(pipe)

    def set_up(self) -> None:
        """Send the events of `logging` here, and write out each line as soon as it is printed."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(line_buffering=True)
        logging.Formatter.converter = time.gmtime
        handler = _Handler(self)
        root = logging.getLogger()
        root.addHandler(handler)
        if self.level in logging.getLevelNamesMapping():
            root.setLevel(self.level)

    def write(self, text: str, level: int | None) -> None:
        """Write an event. `level` is one of `logging`, or None for an event without."""
        if self._pipe is None:
            sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")
            return
        message = text.encode("utf-8", "replace")
        kind = _FRAME + (_JSON if self.in_json else _TEXT) + (0 if level is None else _level_bits(level))
        microseconds = time.time_ns() // 1000
        frame = kind.to_bytes(4, "big") + len(message).to_bytes(4, "big") + microseconds.to_bytes(8, "big") + message
        while frame:
            frame = frame[os.write(self._pipe, frame) :]

    def write_failure(self, failure: Failure) -> None:
        """Write an error of the handler, with its stack, as one event."""
        if self.in_json:
            fields = {"timestamp": time.strftime(_JSON_TIME, time.gmtime()), "level": "ERROR"}
            text = json.dumps({**fields, **failure.as_dict(self.request_id)}, ensure_ascii=False)
            self.write(text, logging.ERROR)
            return
        lines = [f"[ERROR] {failure.error_type}: {failure.message}".removesuffix(": ")]
        if failure.stack:
            lines.append("Traceback (most recent call last):")
            lines += [_indented(line) for element in failure.stack for line in element.splitlines()]
        self.write("\n".join(lines), logging.ERROR)

    def format(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the fields of an event in JSON."""
        kind, error, stack = record.exc_info or (None, None, None)
        fields = {
            "timestamp": time.strftime(_JSON_TIME, time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(stack) if kind else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": self.request_id,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
            "tenantId": self.tenant_id,
        }
        extra = {name: value for name, value in record.__dict__.items() if name not in _OWN_FIELDS}
        return {name: value for name, value in {**extra, **fields}.items() if value is not None}


class _Handler(logging.Handler):
    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs
        self.setFormatter(logging.Formatter(_TEXT_FORMAT, _TEXT_TIME))

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self._logs.request_id
        if self._logs.in_json:
            text = json.dumps(self._logs.format(record), ensure_ascii=False, default=str)
        else:
            text = self.format(record)
        has_level = self._logs.in_json or self._logs.level
        self._logs.write(f"{text}\n", record.levelno if has_level else None)


def _level_bits(level: int) -> int:
    """The bits of a frame's type that say how serious the event is: 4 for each step from TRACE to FATAL."""
    return 4 * (1 + min(level, logging.CRITICAL) // 10) if level >= logging.DEBUG else 0


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return _INDENT * (len(line) - len(text)) + text
