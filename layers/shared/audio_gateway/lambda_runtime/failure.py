"""An error as the Runtime API takes it: AWS Lambda developer guide, "Using the Lambda runtime API", `ErrorRequest`."""

from __future__ import annotations

import json
import os
import traceback
from typing import Any, Final, NamedTuple

_OWN_FOLDER: Final = os.path.dirname(__file__)  # noqa: PTH120 -- pathlib takes long to import
_SHORT: Final = 200


class Failure(NamedTuple):
    """What went wrong. The elements of `stack` are formatted as Python formats tracebacks."""

    error_type: str
    message: str
    stack: list[str]

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an exception of a handler, without the part of its stack that is ours."""
        frames = traceback.extract_tb(error.__traceback__)
        while frames and frames[0].filename.startswith((_OWN_FOLDER, "<frozen importlib")):
            del frames[0]
        return cls(type(error).__name__, str(error), traceback.format_list(frames))

    def as_dict(self, request_id: str = "") -> dict[str, Any]:
        """Return the fields as AWS's runtime client for Python names them."""
        return {
            "errorMessage": self.message,
            "errorType": self.error_type,
            "requestId": request_id,
            "stackTrace": self.stack,
        }

    def as_json(self, request_id: str = "") -> bytes:
        """Return the body of a request to an error endpoint."""
        return json.dumps(self.as_dict(request_id)).encode()

    def as_short_json(self) -> bytes:
        """Return the body for a trailer: without the stack, and with the beginning of the message.

        Go's HTTP server, on which the Runtime API is built, reads trailers of at most 4,096 bytes in all.
        """
        fields = {"errorMessage": self.message[:_SHORT], "errorType": self.error_type[:_SHORT], "stackTrace": []}
        return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")

    @property
    def header(self) -> str:
        """The error type as the value of a header."""
        return self.error_type[:_SHORT].encode("ascii", "backslashreplace").decode()
