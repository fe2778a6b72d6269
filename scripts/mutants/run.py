"""Runs the tests against mutants: each in a process of its own, which imports the module with the mistake in it.

The processes are forked from one that has imported pytest and the libraries, but nothing of ours: a mutant then costs
the import of our modules and the tests up to the first one that fails.
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

# The order of the tests stays the same, and what one is too late for is a mistake that was noticed.
_OPTIONS: Final = (
    "-x", "-q", "--no-header", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
_PASSED: Final = 0
_FAILED: Final = 1
_INTERRUPTED: Final = 2  # a module with its mistake could not even be imported
_POLL_S: Final = 0.02

Outcome = Literal["killed", "too slow", "survived"]


class TestsAreRed(Exception):
    """The tests fail without any mistake."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A text to run instead of a module's own, and the tests that are to notice it."""

    name: str
    module: str
    source: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    trial: Trial
    ends_at: float


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a mutant's tests may take: seconds of the processor, which a busy machine does not change, or in all.

    A loop without an end takes the first, two that wait for each other the second.
    """

    processor_s: int
    all_s: int


def preload(tests: Sequence[str]) -> Patience:
    """Import the libraries that the tests need, learnt from a run of them; how long mutants may take.

    Raises:
        TestsAreRed: with what pytest printed.
    """
    with tempfile.NamedTemporaryFile() as names, tempfile.NamedTemporaryFile() as output:
        pid = os.fork()
        if not pid:
            _quiet(Path(output.name))
            code = pytest.main([*_OPTIONS, *tests])
            Path(names.name).write_text("\n".join(sorted(sys.modules)))
            os._exit(int(code))
        _, status, used = os.wait4(pid, 0)
        if os.waitstatus_to_exitcode(status) != _PASSED:
            raise TestsAreRed(Path(output.name).read_text())
        for name in Path(names.name).read_text().split():
            if name.split(".")[0] not in OURS and not name.startswith("_"):
                with suppress(Exception):
                    importlib.import_module(name)
    processor_s = int(2 * (used.ru_utime + used.ru_stime)) + 2
    return Patience(processor_s, 10 * processor_s)


def outcomes(trials: Sequence[Trial], *, at_once: int, patience: Patience) -> Iterator[tuple[Trial, Outcome]]:
    """What becomes of each, as they end."""
    waiting, running = list(reversed(trials)), dict[int, _Child]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                child = _started(waiting.pop(), patience)
                running[child.pid] = child
            yield from _ended(running)
            time.sleep(_POLL_S)
    finally:
        for pid in running:
            _kill(pid)


def _started(trial: Trial, patience: Patience) -> _Child:
    pid = os.fork()
    if not pid:
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (patience.processor_s, patience.processor_s))
            _quiet(Path(os.devnull))
            _plant(trial)
            os._exit(_first_failure(trial.tests))
        finally:
            os._exit(_FAILED)
    return _Child(pid, trial, time.monotonic() + patience.all_s)


def _first_failure(tests: Sequence[str]) -> int:
    """Pytest's exit code of the first of these files that does not pass; the others are not even collected."""
    codes = (int(pytest.main([*_OPTIONS, test])) for test in tests)
    return next((code for code in codes if code != _PASSED), _PASSED)


def _ended(running: dict[int, _Child]) -> Iterator[tuple[Trial, Outcome]]:
    for pid, child in list(running.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del running[pid]
            code = os.waitstatus_to_exitcode(status)
            yield child.trial, "too slow" if code == -signal.SIGKILL else _outcome(child.trial, code)
        elif time.monotonic() > child.ends_at:
            del running[pid]
            _kill(pid)
            yield child.trial, "too slow"


def _outcome(trial: Trial, code: int) -> Outcome:
    if code == _PASSED:
        return "survived"
    if code in {_FAILED, _INTERRUPTED} or code < 0:
        return "killed"
    raise RuntimeError(f"pytest ended with {code} for {trial.name}: are its tests there?")


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _quiet(path: Path) -> None:
    output = os.open(path, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(output, stream)


def _plant(trial: Trial) -> None:
    """Have the import of the module compile the trial's text."""
    path = str(PACKAGE / trial.module)
    loader: Any = importlib.machinery.SourceFileLoader
    own = loader.get_code

    def get_code(self: Any, name: str) -> Any:
        if self.path == path:
            return compile(trial.source, path, "exec", dont_inherit=True)
        return own(self, name)

    loader.get_code = get_code
