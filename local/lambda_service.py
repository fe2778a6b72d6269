"""The Lambda service: pools of environments, the Runtime API that they poll, and the Invoke API for everybody else."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from local.console import tell
from local.environments import Credentials, Environment, Invocation, Result
from local.functions import Function
from local.settings import StackError

MAX_ENVIRONMENTS: Final = 6  # per function; more calls wait their turn
MAX_REQUEST_BYTES: Final = 6_291_456
MAX_RESPONSE_BYTES: Final = 6_291_556  # as AWS's own runtime interface emulator counts

# An environment keeps the credentials that it was started with, so it must end before they do. The margin is
# Lambda's longest timeout: a call that starts now will have ended by then.
_RETIRE_BEFORE_EXPIRY_S: Final = 900

_TRY_LATER_S: Final = 1.0

StartEnvironment = Callable[[Environment], None]
# function name, event, trace id
Invoke = Callable[[str, bytes, str], Awaitable[Result]]


class RequestTooLarge(Exception):
    """An event is over Lambda's limit for synchronous calls."""


class TooManyRequests(Exception):
    """The account has no environment left for a call that somebody waits for."""


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
        self._free_ports = list(ports)
        self._credentials = credentials
        self._start = start
        self._closed = False
        self._idle: list[Environment] = []
        self._waiting: deque[Invocation] = deque()

    async def invoke(self, payload: bytes, trace_id: str) -> Result:
        """Run the function once, when its turn has come."""
        invocation = Invocation(payload, trace_id, asyncio.get_running_loop().create_future())
        self._waiting.append(invocation)
        self._dispatch()
        return await asyncio.shield(invocation.outcome)

    def close(self) -> None:
        """End every process, whatever it is doing, and start no more; every call fails."""
        self._closed = True
        for environment in self.environments:
            environment.kill()
        self._dispatch()

    async def warm(self) -> None:
        """Start an environment if there is none, and wait until it is ready or has failed."""
        if not self.environments and not self._closed:
            self._start_one()
        for environment in list(self.environments):
            await environment.begun.wait()

    def idle(self, environment: Environment) -> None:
        """An environment asks for work."""
        self._idle.append(environment)
        self._dispatch()

    def gone(self, environment: Environment, failure: Result) -> None:
        """An environment has ended. If it never began, the call that has waited longest fails with it."""
        self.environments.discard(environment)
        self._free_ports.append(environment.port)
        if environment in self._idle:
            self._idle.remove(environment)
        if not environment.initialised and self._waiting:
            self._waiting.popleft().settle(failure)
        self._dispatch()

    def _dispatch(self) -> None:
        if self._closed:
            while self._waiting:
                self._waiting.popleft().settle(Result.failed("ServiceException", "the local stack is stopping"))
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
            tell(f"{self.function.title} | cannot be started: {error}")
            if self._waiting:
                self._waiting.popleft().settle(Result.failed("Runtime.StartFailed", str(error)))
        else:
            self._free_ports.pop(0)
            self.environments.add(environment)


class LambdaService:
    """All functions, found by name; and all environments, found by the port on which they poll.

    `most` is how many calls may run at once in all, as an account's quota says; None for as many as there are.
    """

    def __init__(self, pools: Iterable[FunctionPool], most: int | None = None) -> None:
        self._pools = {pool.function.name: pool for pool in pools}
        self._most = most
        self._running = 0

    def __contains__(self, name: str) -> bool:
        return name in self._pools

    def pool(self, name: str) -> FunctionPool:
        """The pool of a function."""
        return self._pools[name]

    async def invoke(self, name: str, payload: bytes, trace_id: str) -> Result:
        """Call a function and wait for what it returns.

        Raises:
            RequestTooLarge: the event is over 6 MB.
            TooManyRequests: so many calls run already that the account has no environment left.
        """
        if len(payload) > MAX_REQUEST_BYTES:
            raise RequestTooLarge
        if self._most is not None and self._running >= self._most:
            raise TooManyRequests
        self._running += 1
        try:
            return await self._pools[name].invoke(payload, trace_id)
        finally:
            self._running -= 1

    async def invoke_later(self, name: str, payload: bytes, trace_id: str) -> Result:
        """Call a function for somebody who does not wait: when there is an environment. Raises `RequestTooLarge`."""
        while True:
            try:
                return await self.invoke(name, payload, trace_id)
            except TooManyRequests:
                await asyncio.sleep(_TRY_LATER_S)

    def environment(self, port: int) -> Environment | None:
        """Whose Runtime API listens on a port."""
        return next((environment for environment in self._environments() if environment.port == port), None)

    def reap(self) -> None:
        """Notice every process that has ended."""
        for environment in self._environments():
            environment.reap()

    def close(self) -> None:
        """End every process and wait until they are gone; nothing starts any more."""
        for pool in self._pools.values():
            pool.close()
        for environment in self._environments():
            environment.wait()

    def _environments(self) -> list[Environment]:
        return [environment for pool in self._pools.values() for environment in pool.environments]
