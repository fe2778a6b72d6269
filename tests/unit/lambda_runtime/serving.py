"""Runs the loop against the fake Runtime API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from audio_gateway.lambda_runtime.logs import Logs
from audio_gateway.lambda_runtime.loop import Loop
from audio_gateway.lambda_runtime.runtime_api import RuntimeApi
from audio_gateway.response_stream import ResponseStream
from tests.fakes.runtime_api import SECONDS, FakeRuntimeApi

Stream = Callable[[Any, Any, ResponseStream], None]
HEADERS = [("Content-Type", "audio/mpeg")]


@dataclass
class Streaming:
    """A handler that streams, and that nobody may call for a dictionary."""

    answer: Stream

    def __call__(self, _event: Any, _context: Any) -> dict[str, Any]:
        raise AssertionError("a handler that streams is not called")

    def stream(self, event: Any, context: Any, response: ResponseStream) -> None:
        self.answer(event, context, response)


def sending(*pieces: bytes) -> Streaming:
    """Return a handler that sends these pieces."""

    def answer(event: Any, context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        for piece in pieces:
            response.write(piece)

    return Streaming(answer)


@dataclass
class Runtime:
    """A loop. `environ` is its environment."""

    api: FakeRuntimeApi
    handler: Any
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._client = RuntimeApi(self.api.address)
        self._loop = Loop(self._client, self.handler, Logs(self.environ), self.environ)

    def serve_next(self) -> None:
        """Serve one invocation, and stay connected."""
        self._loop.serve_next()

    def serve(self, invocations: int = 1) -> None:
        """Serve so many invocations, and disconnect."""
        try:
            for _ in range(invocations):
                self.serve_next()
        finally:
            self._client._connection.close()


@contextmanager
def in_background(runtime: Runtime, invocations: int = 1) -> Iterator[Future[None]]:
    """Serve in another thread, whose error is raised at the end."""
    with ThreadPoolExecutor(1) as executor:
        served = executor.submit(runtime.serve, invocations)
        yield served
        served.result(SECONDS)
