"""One execution environment: a process of one function under AWS's Lambda runtime client."""

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

INIT_LIMIT_S: Final = 10.0  # AWS: the init phase of a function on demand
_PR_SET_PDEATHSIG: Final = 1
_READ_BYTES: Final = 65_536
_NICE: Final = 5
# All that a function sees of the operator's own environment.
_BASICS: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of a role, for a while. `expires_at` is in unix seconds."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Result:
    """What an invocation came to: the function's answer, or with `error` set a JSON object that describes it."""

    payload: bytes
    error: str | None = None

    @classmethod
    def failed(cls, error_type: str, message: str) -> Result:
        """A failure that the platform reports, not the function."""
        return cls(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), "Unhandled")


@dataclass(slots=True, eq=False)
class Invocation:
    """One call of a function, waiting or running."""

    payload: bytes
    trace_id: str
    outcome: asyncio.Future[Result]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline_ms: int = 0

    def settle(self, result: Result) -> None:
        """Give the caller its result, unless it has one."""
        if not self.outcome.done():
            self.outcome.set_result(result)


class Pool(Protocol):
    """Who owns an environment and hears of its life."""

    def idle(self, environment: Environment) -> None:
        """It asks for work."""

    def gone(self, environment: Environment, failure: Result) -> None:
        """Its process has ended; `failure` is what a call that it never got to see should be told."""


class Environment:
    """Runs one invocation at a time. Every method is called on the event loop's thread."""

    def __init__(self, function: Function, port: int, credentials: Credentials, pool: Pool) -> None:
        self.function = function
        self.port = port
        self.credentials = credentials
        self.initialised = False
        self.begun = asyncio.Event()  # it is ready, or will never be
        self.current: Invocation | None = None
        self._pool = pool
        self._next: asyncio.Future[Invocation | None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Result | None = None
        self._output = PrefixedLines(function.title)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, variables: Mapping[str, str]) -> None:
        """Start the process. Its output goes to the console, line by line."""
        self._process = spawn(
            [sys.executable, "-S", "-m", "awslambdaric", self.function.deployed.handler],
            variables,
            cwd=str(self.function.folder),
        )
        _let_others_go_first(self._process.pid)
        watch_output(self._process, self._output)
        limit_s = INIT_LIMIT_S + self.function.deployed.timeout_s
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._init_timed_out)

    async def next_invocation(self) -> Invocation | None:
        """The Runtime API's /next: wait until there is work. None: the process has ended meanwhile."""
        self._stop_timer()
        self.initialised = True
        self.begun.set()
        self.current = None
        self._next = asyncio.get_running_loop().create_future()
        self._pool.idle(self)
        return await self._next

    def assign(self, invocation: Invocation, now_s: float) -> None:
        """Hand work to an environment that is idle; its time starts to run."""
        timeout_s = self.function.deployed.timeout_s
        invocation.deadline_ms = int((now_s + timeout_s) * 1000)
        self.current = invocation
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self._timed_out)
        if self._next is not None and not self._next.done():
            self._next.set_result(invocation)

    def finish(self, request_id: str, result: Result) -> bool:
        """The Runtime API's /response and /error. False: that call is not running here (any more)."""
        if self.current is None or self.current.request_id != request_id:
            return False
        self._stop_timer()
        self.current.settle(result)
        return True

    def init_failed(self, result: Result) -> None:
        """The Runtime API's /init/error; the client exits by itself after it."""
        self._failure = result

    def kill(self) -> None:
        """End the process and what it has started."""
        self._stop_timer()
        if self._process is not None and self._process.poll() is None:
            kill_group(self._process)

    def wait(self) -> None:
        """Wait for the end of a process that was killed."""
        if self._process is not None:
            self._process.wait()

    def reap(self) -> None:
        """Notice that the process has ended, and tell the pool and the caller that waits."""
        if self._process is None or self._process.poll() is None:
            return
        self._stop_timer()
        kill_group(self._process)  # what it started and did not wait for
        close_output(self._process, self._output)
        failure = self._failure or _exit_failure(self._process.returncode)
        if self.current is not None:
            self.current.settle(failure)
        if self._next is not None and not self._next.done():
            self._next.set_result(None)
        self.begun.set()
        self._pool.gone(self, failure)

    def _timed_out(self) -> None:
        seconds = self.function.deployed.timeout_s
        self._end(Result.failed("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds"))

    def _init_timed_out(self) -> None:
        seconds = INIT_LIMIT_S + self.function.deployed.timeout_s
        self._end(Result.failed("Sandbox.Timedout", f"Init timed out after {seconds:.2f} seconds"))

    def _end(self, failure: Result) -> None:
        self._failure = failure
        self._output.feed(f"{json.loads(failure.payload)['errorMessage']}\n".encode())
        if self.current is not None:
            self.current.settle(failure)
        self.kill()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def process_variables(
    function: Function,
    *,
    port: int,
    credentials: Credentials,
    endpoint_url: str,
    region: str,
    operator: Mapping[str, str],
) -> dict[str, str]:
    """The environment variables of a function's process: Lambda's own, the template's, and next to nothing else."""
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
    """Start a process in a session of its own that dies with this one; stdout and stderr are one pipe.

    A session, so that Ctrl-C reaches this process alone, which then stops the others in order. The death signal,
    so that not even kill -9 leaves anything behind (Linux only; elsewhere idle functions end when their poll breaks).
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
        # Safe here only because this process has one thread; and the signal belongs to the thread that spawns.
        preexec_fn=_die_with_parent(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509 -- see above
    )


def _die_with_parent(parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork

    def in_the_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the signal was set
            os._exit(1)

    return in_the_child


def _let_others_go_first(pid: int) -> None:
    """Functions that compute must not keep the local AWS from answering: they wait for DynamoDB for 0.7 s only."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
        # Where Linux shares the processor out among sessions, this is what counts (man 7 sched, "autogroup").
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE))


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that `spawn` started, with its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def watch_output(process: subprocess.Popen[bytes], lines: PrefixedLines) -> None:
    """Print what the process prints, as it comes."""
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
    """Print what is left of an ended process and let go of its pipe, which a grandchild might hold open."""
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
    """One piece of output; None when there is none just now, nothing at the end of it."""
    try:
        return os.read(descriptor, _READ_BYTES)
    except BlockingIOError:
        return None


def _exit_failure(returncode: int) -> Result:
    how = f"exit status {returncode}" if returncode >= 0 else f"signal: {signal.Signals(-returncode).name}"
    return Result.failed("Runtime.ExitError", f"Runtime exited with error: {how}")
