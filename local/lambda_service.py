"""The Lambda service: pools of environments, and the calls that wait for them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from local.console import log
from local.environments import Credentials, Environment, Invocation, InvocationResult
from local.functions import Function
from local.payloads import Payload
from local.response_streams import StreamedResponse, StreamFailed
from local.settings import StackError

MAX_ENVIRONMENTS: Final = 6  # per function; more calls wait their turn
MAX_REQUEST_BYTES: Final = 6_291_456
MAX_RESPONSE_BYTES: Final = 6_291_556  # as AWS's own runtime interface emulator counts

# An environment keeps the credentials that it was started with, so it must end before they expire. The margin is
# Lambda's longest timeout, so a call that starts now ends in time.
_RETIRE_BEFORE_EXPIRY_S: Final = 900

_TRY_LATER_S: Final = 1.0

StartEnvironment = Callable[[Environment], None]
# function name, event, trace id
Invoke = Callable[[str, bytes, str], Awaitable[InvocationResult]]
Begin = Callable[[str, Payload, str], Invocation]  # without waiting


class EventTooLarge(Exception):
    """An event exceeds Lambda's limit for synchronous calls."""


class TooManyRequests(Exception):
    """The account's concurrency is used up, so a synchronous call is refused."""


class FunctionPool:
    """The environments of one function, and the calls that wait for them."""

    def __init__(
        self,
        function: Function,
        ports: Iterable[int],
        credentials: Callable[[str], Credentials],
        start: StartEnvironment,
    ) -> None:
        self.function = function
        self.environments: set[Environment] = set()
        self.ports = tuple(ports)
        self._free_ports = list(self.ports)
        self._credentials = credentials
        self._start = start
        self._closed = False
        self._idle: list[Environment] = []
        self._waiting: deque[Invocation] = deque()

    def begin(self, payload: Payload, trace_id: str) -> Invocation:
        """Queue a call of the function."""
        invocation = Invocation.new(payload, trace_id)
        self._waiting.append(invocation)
        self._dispatch()
        return invocation

    def close(self) -> None:
        """Kill every process and start no more. Every call fails."""
        self._closed = True
        for environment in self.environments:
            environment.kill()
        self._dispatch()

    async def warm(self) -> None:
        """Start an environment if there is none, and wait until it is ready or has failed."""
        if not self.environments and not self._closed:
            self._start_one()
        for environment in list(self.environments):
            await environment.started.wait()

    def on_idle(self, environment: Environment) -> None:
        """Handle an environment that asks for work."""
        self._idle.append(environment)
        self._dispatch()

    def on_exit(self, environment: Environment, failure: InvocationResult) -> None:
        """Handle the end of an environment. If it never initialised, the oldest waiting call fails."""
        self.environments.discard(environment)
        self._free_ports.append(environment.port)
        if environment in self._idle:
            self._idle.remove(environment)
        if not environment.initialised and self._waiting:
            self._waiting.popleft().fail(failure)
        self._dispatch()

    def _dispatch(self) -> None:
        if self._closed:
            while self._waiting:
                self._waiting.popleft().fail(InvocationResult.failed("ServiceException", "the local stack is stopping"))
            return
        while self._waiting and self._idle:
            environment = self._idle.pop()
            if environment.credentials.expires_at - time.time() < _RETIRE_BEFORE_EXPIRY_S:
                environment.kill()
            else:
                environment.assign(self._waiting.popleft(), time.time())
        starting = sum(not environment.initialised for environment in self.environments)
        for _ in range(min(len(self._waiting) - starting, len(self._free_ports))):
            self._start_one()

    def _start_one(self) -> None:
        try:
            credentials = self._credentials(self.function.deployed.role_arn)
            environment = Environment(self.function, self._free_ports[0], credentials, self)
            self._start(environment)
        except (StackError, OSError) as error:
            log(f"{self.function.title} | cannot be started: {error}")
            if self._waiting:
                self._waiting.popleft().fail(InvocationResult.failed("Runtime.StartFailed", str(error)))
        else:
            self._free_ports.pop(0)
            self.environments.add(environment)


class LambdaService:
    """All functions by name, and all environments by the port that they poll.

    `most` is the account's quota of concurrent calls, or None for no quota.
    """

    def __init__(self, pools: Iterable[FunctionPool], most: int | None = None) -> None:
        self._pools = {pool.function.name: pool for pool in pools}
        self._pools_by_port = {port: pool for pool in self._pools.values() for port in pool.ports}
        self._most = most
        self._running = 0

    def __contains__(self, name: str) -> bool:
        return name in self._pools

    def pool(self, name: str) -> FunctionPool:
        """Return the pool of a function."""
        return self._pools[name]

    def begin(self, name: str, payload: Payload, trace_id: str) -> Invocation:
        """Call a function without waiting for it.

        Raises:
            EventTooLarge: the event is larger than 6 MB.
            TooManyRequests: the account's concurrency is used up.
        """
        if len(payload) > MAX_REQUEST_BYTES:
            raise EventTooLarge
        if self._most is not None and self._running >= self._most:
            raise TooManyRequests
        invocation = self._pools[name].begin(payload, trace_id)
        if not invocation.finished.done():
            self._running += 1
            invocation.finished.add_done_callback(self._finished)
        return invocation

    async def invoke(self, name: str, payload: bytes, trace_id: str) -> InvocationResult:
        """Call a function and wait for its whole result. Raises as `begin` does."""
        return await result_of(self.begin(name, payload, trace_id))

    async def invoke_later(self, name: str, payload: bytes, trace_id: str) -> InvocationResult:
        """Call a function asynchronously: as soon as there is an environment. Raises `EventTooLarge`."""
        while True:
            try:
                return await self.invoke(name, payload, trace_id)
            except TooManyRequests:
                await asyncio.sleep(_TRY_LATER_S)

    def environment(self, port: int) -> Environment | None:
        """Return the environment whose Runtime API listens on a port."""
        environments = self._pools_by_port[port].environments
        return next((environment for environment in environments if environment.port == port), None)

    def reap(self) -> None:
        """Check all processes, and handle those that have ended."""
        for environment in self._environments():
            environment.reap()

    def close(self) -> None:
        """Kill every process and wait until all have ended. Nothing starts any more."""
        for pool in self._pools.values():
            pool.close()
        for environment in self._environments():
            environment.wait()

    def _finished(self, _: object) -> None:
        self._running -= 1

    def _environments(self) -> list[Environment]:
        return [environment for pool in self._pools.values() for environment in pool.environments]


async def result_of(invocation: Invocation) -> InvocationResult:
    """Wait for the whole result of a call. A streamed response is collected as Invoke does, and has Invoke's limit."""
    try:
        outcome = await asyncio.shield(invocation.outcome)
        return outcome if isinstance(outcome, InvocationResult) else await _collected(outcome)
    finally:
        invocation.abandon()


async def _collected(response: StreamedResponse) -> InvocationResult:
    parts, size = [], 0
    try:
        while piece := await response.read():
            parts.append(piece)
            size += len(piece)
            if size > MAX_RESPONSE_BYTES:
                return too_large()
    except StreamFailed as error:
        return InvocationResult.failed("Runtime.StreamFailed", str(error))
    return InvocationResult(b"".join(parts))


def too_large() -> InvocationResult:
    """Create the failure of a response that is larger than Invoke's limit."""
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    return InvocationResult.failed("Function.ResponseSizeTooLarge", message)
