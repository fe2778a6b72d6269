"""The Lambda Runtime API, version 2018-06-01, and the invocations that come from it."""

from __future__ import annotations

import logging
import sys
from typing import Final, NamedTuple

from audio_gateway import __version__
from audio_gateway.lambda_runtime.connection import Answer, AnsweredEarly, Connection
from audio_gateway.lambda_runtime.failure import Failure
from audio_gateway.lambda_runtime.streamed_response import StreamedResponse

_USER_AGENT: Final = f"audio-gateway/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))}"
_REFUSED: Final = 400
_BROKEN: Final = 500  # "Container error. Non-recoverable state. Runtime should exit promptly."
_STREAMING: Final = (
    "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
)

_log = logging.getLogger(__name__)


class RuntimeApiFailed(Exception):
    """The Runtime API cannot go on: the process must exit, so that Lambda starts another."""


class Invocation(NamedTuple):
    """One call of the function. `deadline` is in Unix seconds; the headers in JSON are not parsed."""

    request_id: str
    deadline: float
    function_arn: str | None
    trace_id: str | None
    client_context: str | None
    cognito_identity: str | None
    tenant_id: str | None
    invocation_id: str | None
    payload: bytes


class RuntimeApi:
    """The client. It keeps one connection for all that it does, one after the other."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection = Connection(address)

    def next(self) -> Invocation:
        """Wait for an invocation, however long it takes.

        Raises:
            RuntimeApiFailed: there will be none.
        """
        self._connection.close_if_stale()
        try:
            self._connection.send([self._head("GET", "invocation/next", "")], None)
            answer = self._connection.receive(None)
        except OSError as error:
            raise RuntimeApiFailed(f"No next invocation: {error}") from error
        if answer.status >= _REFUSED:
            raise RuntimeApiFailed(f"No next invocation: status {answer.status}")
        headers = answer.headers
        return Invocation(
            request_id=headers["lambda-runtime-aws-request-id"],
            deadline=int(headers["lambda-runtime-deadline-ms"]) / 1000,
            function_arn=headers.get("lambda-runtime-invoked-function-arn"),
            trace_id=headers.get("lambda-runtime-trace-id"),
            client_context=headers.get("lambda-runtime-client-context"),
            cognito_identity=headers.get("lambda-runtime-cognito-identity"),
            tenant_id=headers.get("lambda-runtime-aws-tenant-id"),
            invocation_id=headers.get("lambda-runtime-invocation-id"),
            payload=answer.body,
        )

    def stream(self, invocation: Invocation) -> StreamedResponse:
        """Return the response of an invocation. Nothing is sent before its first bytes."""
        head = self._head("POST", f"invocation/{invocation.request_id}/response", _same(invocation) + _STREAMING)
        return StreamedResponse(self._connection, head, invocation.deadline)

    def end_stream(self, response: StreamedResponse) -> None:
        """Read what the API says about a response that was sent, or whose reader has gone.

        Raises:
            RuntimeApiFailed: the process must exit.
        """
        try:
            answer = response.answer()
        except OSError as error:
            if not response.gone:
                _log.warning("The response has no answer of the Runtime API: %s", error)
        else:
            _judge(answer, "the response")
        finally:
            # "Close the underlying connection after it has successfully written the response."
            self._connection.close()

    def respond(self, invocation: Invocation, body: bytes, content_type: str) -> None:
        """Post a buffered response. One that is too large is answered by Lambda itself, with an error.

        Raises:
            RuntimeApiFailed: the process must exit.
        """
        headers = f"{_same(invocation)}Content-Type: {content_type}\r\n"
        self._post(f"invocation/{invocation.request_id}/response", headers, body, invocation.deadline)

    def fail(self, invocation: Invocation, failure: Failure) -> None:
        """Post the error of an invocation, of whose response nothing was sent.

        Raises:
            RuntimeApiFailed: the process must exit.
        """
        headers = f"{_same(invocation)}{_error_headers(failure)}"
        body = failure.as_json(invocation.request_id)
        self._post(f"invocation/{invocation.request_id}/error", headers, body, invocation.deadline)

    def fail_init(self, failure: Failure) -> None:
        """Post the error that ends the init phase.

        Raises:
            RuntimeApiFailed: the process must exit, which it must anyway.
        """
        self._post("init/error", _error_headers(failure), failure.as_json(), None)

    def _post(self, path: str, headers: str, body: bytes, deadline: float | None) -> None:
        self._connection.close_if_stale()
        head = self._head("POST", path, f"{headers}Content-Length: {len(body)}\r\n")
        try:
            try:
                self._connection.send([head, body], deadline)
            except AnsweredEarly:
                answer = self._connection.receive(deadline)
                self._connection.close()
            else:
                answer = self._connection.receive(deadline)
        except OSError as error:
            self._connection.close()
            _log.warning("%s has no answer of the Runtime API: %s", path, error)
        else:
            _judge(answer, path)

    def _head(self, method: str, path: str, headers: str) -> bytes:
        return (
            f"{method} /2018-06-01/runtime/{path} HTTP/1.1\r\n"
            f"Host: {self._address}\r\nUser-Agent: {_USER_AGENT}\r\n{headers}\r\n"
        ).encode("latin-1")


def _same(invocation: Invocation) -> str:
    """Return the header that AWS's own clients send back if they received it."""
    return f"Lambda-Runtime-Invocation-Id: {invocation.invocation_id}\r\n" if invocation.invocation_id else ""


def _error_headers(failure: Failure) -> str:
    return f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {failure.header}\r\n"


def _judge(answer: Answer, what: str) -> None:
    if answer.status >= _BROKEN:
        raise RuntimeApiFailed(f"The Runtime API answered {what} with status {answer.status}")
    if answer.status >= _REFUSED:
        _log.warning("The Runtime API refused %s: %s %s", what, answer.status, answer.body[:200].decode("latin-1"))
