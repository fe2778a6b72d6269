"""The loop of the runtime: an event, the handler, its response, the next event."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, NoReturn

from audio_gateway.lambda_runtime.context import LambdaContext
from audio_gateway.lambda_runtime.failure import Failure
from audio_gateway.lambda_runtime.logs import Logs
from audio_gateway.lambda_runtime.runtime_api import Invocation, RuntimeApi
from audio_gateway.lambda_runtime.streamed_response import StreamedResponse
from audio_gateway.response_stream import ClientDisconnected

_LARGE: Final = 32_768
_TRACE_ID: Final = "_X_AMZN_TRACE_ID"

_log = logging.getLogger(__name__)


class Loop:
    """Serves invocations one after the other.

    A handler that has the method `stream` is given the way to the caller (`audio_gateway.response_stream`). The result
    of any other handler is posted as JSON.
    """

    def __init__(self, api: RuntimeApi, handler: Any, logs: Logs, environ: MutableMapping[str, str]) -> None:
        self._api = api
        self._handler = handler
        self._streams = hasattr(handler, "stream")
        self._logs = logs
        self._environ = environ

    def run(self) -> NoReturn:
        """Serve until the process ends. Raises `RuntimeApiFailed`."""
        while True:
            self.serve_next()

    def serve_next(self) -> None:
        """Wait for an invocation, and serve it. Raises `RuntimeApiFailed`."""
        invocation = self._api.next()
        self._logs.request_id = invocation.request_id
        self._logs.tenant_id = invocation.tenant_id
        if invocation.trace_id is None:
            self._environ.pop(_TRACE_ID, None)
        else:
            self._environ[_TRACE_ID] = invocation.trace_id
        if self._streams:
            self._respond_in_pieces(invocation, self._api.stream(invocation))
        else:
            self._respond(invocation)
        sys.stdout.flush()  # Lambda stops the process when it asks for the next event

    def _respond(self, invocation: Invocation) -> None:
        try:
            result = self._handler(_event(invocation), LambdaContext(invocation, self._environ))
            body = json.dumps(result, ensure_ascii=False).encode()
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises is its answer
            self._fail(invocation, Failure.of(error))
        else:
            self._api.respond(invocation, body, "application/json")

    def _respond_in_pieces(self, invocation: Invocation, response: StreamedResponse) -> None:
        try:
            self._handler.stream(_event(invocation), LambdaContext(invocation, self._environ), response)
            response.end()
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises is its answer
            self._break_off(invocation, response, error)
        if response.sent:
            self._api.end_stream(response)

    def _break_off(self, invocation: Invocation, response: StreamedResponse, error: Exception) -> None:
        failure = Failure.of(error)
        if not response.sent:
            self._fail(invocation, failure)
            return
        if not (response.gone and isinstance(error, ClientDisconnected)):
            self._logs.write_failure(failure)
        if not response.ended:
            with suppress(ClientDisconnected):
                response.fail(failure)
        if response.gone:
            _log.info("The caller has disconnected")

    def _fail(self, invocation: Invocation, failure: Failure) -> None:
        self._logs.write_failure(failure)
        self._api.fail(invocation, failure)


def _event(invocation: Invocation) -> Any:
    payload = invocation.payload
    if len(payload) > _LARGE:
        # An eighth of the time for an event with several MB of audio. It refuses some text that the standard library
        # reads, such as halves of surrogate pairs. The functions that get large events have imported it anyway.
        from pydantic_core import from_json

        with suppress(ValueError):
            return from_json(payload)
    return json.loads(payload)
