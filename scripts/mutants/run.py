"""Runs the tests against mutants, each in a separate process that imports the mutated module.

The processes are forked from one that has imported pytest and the libraries, but none of our modules. So a mutant costs
only the import of our modules and the tests up to the first failure.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "layers" / "shared" / "audio_gateway"
OURS: Final = ("audio_gateway", "audio_gateway_client", "tests", "local", "scripts", "bench", "conftest")

# The order of the tests is fixed.
_OPTIONS: Final = (
    "-x", "-q", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
_PASSED: Final = 0
_FAILED: Final = 1
_INTERRUPTED: Final = 2  # the mutated module could not be imported
_POLL_S: Final = 0.02

MutantOutcome = Literal["killed", "timeout", "survived"]


class TestsFail(Exception):
    """The tests fail without a mutant."""


@dataclass(frozen=True, slots=True)
class MutantRun:
    """A mutated source to run in place of a module's own, and the tests that should kill it."""

    name: str
    module: str
    source: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _MutantProcess:
    pid: int
    run: MutantRun
    ends_at: float


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Time limits of a mutant's tests: seconds of processor time, which a busy machine does not change, and in all.

    The first limit ends an endless loop, the second a deadlock.
    """

    processor_s: int
    all_s: int


def preload(tests: Sequence[str]) -> TimeLimits:
    """Run the tests once, import the libraries that they use, and return the time limits for mutants.

    Raises `TestsFail` with pytest's output.
    """
    with tempfile.NamedTemporaryFile() as names, tempfile.NamedTemporaryFile() as output:
        pid = os.fork()
        if not pid:
            _redirect_output(Path(output.name))
            code = pytest.main([*_OPTIONS, *tests])
            Path(names.name).write_text("\n".join(sorted(sys.modules)))
            os._exit(int(code))
        _, status, used = os.wait4(pid, 0)
        if os.waitstatus_to_exitcode(status) != _PASSED:
            raise TestsFail(Path(output.name).read_text())
        for name in Path(names.name).read_text().split():
            if name.split(".")[0] not in OURS and not name.startswith("_"):
                with suppress(Exception):
                    importlib.import_module(name)
    processor_s = int(2 * (used.ru_utime + used.ru_stime)) + 2
    return TimeLimits(processor_s, 10 * processor_s)


def run_mutants(
    runs: Sequence[MutantRun], *, concurrency: int, limits: TimeLimits
) -> Iterator[tuple[MutantRun, MutantOutcome]]:
    """Run the mutants, and yield each one with its outcome as it ends."""
    waiting, running = list(reversed(runs)), dict[int, _MutantProcess]()
    try:
        while waiting or running:
            while waiting and len(running) < concurrency:
                child = _start(waiting.pop(), limits)
                running[child.pid] = child
            yield from _finished(running)
            time.sleep(_POLL_S)
    finally:
        for pid in running:
            _kill(pid)


def _start(run: MutantRun, limits: TimeLimits) -> _MutantProcess:
    pid = os.fork()
    if not pid:
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (limits.processor_s, limits.processor_s))
            _redirect_output(Path(os.devnull))
            _install_mutant(run)
            os._exit(_first_failure(run.tests))
        finally:
            os._exit(_FAILED)
    return _MutantProcess(pid, run, time.monotonic() + limits.all_s)


def _first_failure(tests: Sequence[str]) -> int:
    """Return pytest's exit code for the first file that fails. Later files are not collected."""
    codes = (int(pytest.main([*_OPTIONS, test])) for test in tests)
    return next((code for code in codes if code != _PASSED), _PASSED)


def _finished(running: dict[int, _MutantProcess]) -> Iterator[tuple[MutantRun, MutantOutcome]]:
    for pid, child in list(running.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del running[pid]
            code = os.waitstatus_to_exitcode(status)
            yield child.run, "timeout" if code == -signal.SIGKILL else _outcome(child.run, code)
        elif time.monotonic() > child.ends_at:
            del running[pid]
            _kill(pid)
            yield child.run, "timeout"


def _outcome(run: MutantRun, code: int) -> MutantOutcome:
    if code == _PASSED:
        return "survived"
    if code in {_FAILED, _INTERRUPTED} or code < 0:
        return "killed"
    raise RuntimeError(f"pytest ended with {code} for {run.name}: check that its tests exist")


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _redirect_output(path: Path) -> None:
    output = os.open(path, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(output, stream)


def _install_mutant(run: MutantRun) -> None:
    """Make the import of the module compile the mutated source."""
    path = str(PACKAGE / run.module)
    loader: Any = importlib.machinery.SourceFileLoader
    own = loader.get_code

    def get_code(self: Any, name: str) -> Any:
        if self.path == path:
            return compile(run.source, path, "exec", dont_inherit=True)
        return own(self, name)

    loader.get_code = get_code
