"""An execution environment: a process of one function under AWS's Lambda runtime client."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from local.console import PrefixedLines
from local.functions import Function
from local.payloads import Payload
from local.response_streams import StreamedResponse

INIT_LIMIT_S: Final = 10.0  # AWS's limit of the init phase of an on-demand function
_PR_SET_PDEATHSIG: Final = 1
_READ_BYTES: Final = 65_536
_NICE: Final = 5
# The only variables of the operator's environment that a function gets.
_BASICS: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary credentials of a role. `expires_at` is in Unix seconds."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """The function's response, or, if `error` is set, a JSON object that describes the error."""

    payload: bytes
    error: str | None = None

    @classmethod
    def failed(cls, error_type: str, message: str) -> InvocationResult:
        """Create a failure reported by the platform, not by the function."""
        return cls(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), "Unhandled")


_ABANDONED: Final = InvocationResult.failed("ClientDisconnected", "the caller has left")
Outcome = InvocationResult | StreamedResponse


@dataclass(slots=True, eq=False)
class Invocation:
    """A call of a function, waiting or running.

    `outcome` is known as soon as the function responds. `finished` is set when it needs its environment no longer.
    """

    payload: Payload
    trace_id: str
    outcome: asyncio.Future[Outcome]
    finished: asyncio.Future[None]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline_ms: int = 0

    @classmethod
    def new(cls, payload: Payload, trace_id: str) -> Invocation:
        """Create a call that waits for an environment."""
        loop = asyncio.get_running_loop()
        return cls(payload, trace_id, loop.create_future(), loop.create_future())

    def settle(self, outcome: Outcome) -> bool:
        """Give the caller the outcome. Returns False if it already has one, or has left."""
        if self.outcome.done():
            return False
        self.outcome.set_result(outcome)
        return True

    def fail(self, failure: InvocationResult) -> None:
        """End a call whose function does not run, or runs no longer."""
        self.settle(failure)
        self.finish()

    def finish(self) -> None:
        """Mark the call as finished."""
        if not self.finished.done():
            self.finished.set_result(None)

    def abandon(self) -> None:
        """Leave: the caller does not wait for the response, or for the rest of it. The function keeps running.

        The connection on which it streams is closed, now or when it begins.
        """
        if not self.settle(_ABANDONED) and not self.outcome.cancelled():
            outcome = self.outcome.result()
            if isinstance(outcome, StreamedResponse):
                outcome.close()


class EnvironmentPool(Protocol):
    """The owner of environments. It is notified of their state."""

    def on_idle(self, environment: Environment) -> None:
        """The environment asks for work."""

    def on_exit(self, environment: Environment, failure: InvocationResult) -> None:
        """The process has ended. `failure` is the result for a call that it never received."""


class Environment:
    """Runs one invocation at a time. Every method must be called on the event loop's thread."""

    def __init__(self, function: Function, port: int, credentials: Credentials, pool: EnvironmentPool) -> None:
        self.function = function
        self.port = port
        self.credentials = credentials
        self.initialised = False
        self.started = asyncio.Event()  # ready, or failed
        self.current: Invocation | None = None
        self._pool = pool
        self._next: asyncio.Future[Invocation | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: InvocationResult | None = None
        self._output = PrefixedLines(function.title)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, variables: Mapping[str, str]) -> None:
        """Start the process. Its output goes to the console line by line."""
        self._process = spawn(_command(self.function), variables, cwd=str(self.function.folder))
        _lower_priority(self._process.pid)
        watch_output(self._process, self._output)
        limit_s = INIT_LIMIT_S + self.function.deployed.timeout_s
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._init_timed_out)

    async def next_invocation(self) -> Invocation | None:
        """Serve the Runtime API's /next: wait for work. Returns None if the process ends first."""
        self._stop_timer()
        self.initialised = True
        self.started.set()
        if self.current is not None:
            self.current.finish()
            self.current = None
        self._next = asyncio.get_running_loop().create_future()
        self._pool.on_idle(self)
        return await self._next

    def assign(self, invocation: Invocation, now_s: float) -> None:
        """Assign work to an idle environment. The timeout starts now."""
        timeout_s = self.function.deployed.timeout_s
        invocation.deadline_ms = int((now_s + timeout_s) * 1000)
        self.current = invocation
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self._timed_out)
        if self._next is not None and not self._next.done():
            self._next.set_result(invocation)

    def finish(self, request_id: str, result: InvocationResult) -> bool:
        """Serve the Runtime API's /response and /error. Returns False if that call is not running here."""
        if self.current is None or self.current.request_id != request_id:
            return False
        self._stop_timer()
        self.current.settle(result)
        self.current.finish()
        return True

    def stream(self, request_id: str, response: StreamedResponse) -> bool:
        """Serve the Runtime API's /response with a streamed body. Returns False if that call is not running here.

        The function's timeout goes on: the invocation lasts until the function asks for the next one.
        """
        if self.current is None or self.current.request_id != request_id:
            return False
        if not self.current.settle(response):
            response.close()
        return True

    def streamed(self, request_id: str) -> None:
        """Handle the well-formed end of a streamed response: the caller has it all."""
        if self.current is not None and self.current.request_id == request_id:
            self.current.finish()

    def init_failed(self, result: InvocationResult) -> None:
        """Serve the Runtime API's /init/error. The client then exits by itself."""
        self._failure = result

    def kill(self) -> None:
        """Kill the process and its children."""
        self._stop_timer()
        if self._process is not None and self._process.poll() is None:
            kill_group(self._process)

    def wait(self) -> None:
        """Wait until a killed process has ended."""
        if self._process is not None:
            self._process.wait()

    def reap(self) -> None:
        """Check whether the process has ended, and notify the pool and the waiting caller."""
        if self._process is None or self._process.poll() is None:
            return
        self._stop_timer()
        kill_group(self._process)  # children that it left running
        close_output(self._process, self._output)
        failure = self._failure or _exit_failure(self._process.returncode)
        if self.current is not None:
            self.current.fail(failure)
        if self._next is not None and not self._next.done():
            self._next.set_result(None)
        self.started.set()
        self._pool.on_exit(self, failure)

    def _timed_out(self) -> None:
        seconds = self.function.deployed.timeout_s
        self._end(InvocationResult.failed("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds"))

    def _init_timed_out(self) -> None:
        seconds = INIT_LIMIT_S + self.function.deployed.timeout_s
        self._end(InvocationResult.failed("Sandbox.Timedout", f"Init timed out after {seconds:.2f} seconds"))

    def _end(self, failure: InvocationResult) -> None:
        self._failure = failure
        self._output.feed(f"{json.loads(failure.payload)['errorMessage']}\n".encode())
        if self.current is not None:
            self.current.settle(failure)
        self.kill()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _command(function: Function) -> list[str]:
    """Return the command of the runtime client. As on Lambda, a wrapper gets it as its arguments."""
    wrapper = function.variables.get("AWS_LAMBDA_EXEC_WRAPPER")
    client = [sys.executable, "-S", "-m", "awslambdaric", function.deployed.handler]
    return [wrapper, *client] if wrapper else client


def process_variables(
    function: Function,
    *,
    port: int,
    credentials: Credentials,
    endpoint_url: str,
    region: str,
    operator: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment variables of a function's process: Lambda's, the template's, and `_BASICS`."""
    deployed = function.deployed
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    path = (function.folder, *function.python_path)
    return {
        "LANG": "C.UTF-8",
        **{name: operator[name] for name in _BASICS if name in operator},
        **function.variables,
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in path),
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployed.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/{port}",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "LAMBDA_RUNTIME_DIR": str(function.python_path[-1]),
        "_HANDLER": deployed.handler,
    }


def spawn(
    command: list[str], variables: Mapping[str, str], *, cwd: str, pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start a process in a new session that ends with this process. Its stdout and stderr are one pipe.

    In a new session, Ctrl-C reaches only this process, which then stops the others in order. On Linux, the death signal
    ends the process even after kill -9. Elsewhere, idle functions end when their poll fails.
    """
    return subprocess.Popen(
        command,
        env=dict(variables),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=pass_fds,
        # Safe because this process has one thread. The signal depends on the thread that spawns.
        preexec_fn=_die_with_parent(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509 -- see above
    )


def _die_with_parent(parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork

    def in_the_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the signal was set
            os._exit(1)

    return in_the_child


def _lower_priority(pid: int) -> None:
    """Keep busy functions from slowing down the local AWS: a function waits only 0.7 s for DynamoDB."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
        # With Linux's autogroup scheduling, only this value has an effect between sessions (man 7 sched).
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE))


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that `spawn` started, with its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def watch_output(process: subprocess.Popen[bytes], lines: PrefixedLines) -> None:
    """Print the output of the process as it arrives."""
    descriptor = _pipe(process)
    os.set_blocking(descriptor, False)

    def readable() -> None:
        data = _read(descriptor)
        if data == b"":
            asyncio.get_running_loop().remove_reader(descriptor)
        elif data is not None:
            lines.feed(data)

    asyncio.get_running_loop().add_reader(descriptor, readable)


def close_output(process: subprocess.Popen[bytes], lines: PrefixedLines) -> None:
    """Print the remaining output of an ended process and close its pipe, which a grandchild might hold open."""
    descriptor = _pipe(process)
    asyncio.get_running_loop().remove_reader(descriptor)
    while data := _read(descriptor):
        lines.feed(data)
    lines.close()
    assert process.stdout is not None  # noqa: S101 -- spawn always makes a pipe; for the type checker
    process.stdout.close()


def _pipe(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None  # noqa: S101 -- spawn always makes a pipe; for the type checker
    return process.stdout.fileno()


def _read(descriptor: int) -> bytes | None:
    """Read available output. Returns None if there is none now, and empty bytes at the end."""
    try:
        return os.read(descriptor, _READ_BYTES)
    except BlockingIOError:
        return None


def _exit_failure(returncode: int) -> InvocationResult:
    how = f"exit status {returncode}" if returncode >= 0 else f"signal: {signal.Signals(-returncode).name}"
    return InvocationResult.failed("Runtime.ExitError", f"Runtime exited with error: {how}")
