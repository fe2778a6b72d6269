"""Local stacks for tests: started as by `make run`, and checked to leave nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".local" / "venv" / "bin" / "python"
# Starts the stack of any folder that looks like the project.
LAUNCHER = (
    "import sys, pathlib; sys.path.insert(0, sys.argv[1]); from local.__main__ import main; "
    "sys.exit(main(pathlib.Path(sys.argv[2])))"
)
# Generous: a test machine may be busy. How fast a start is, is measured elsewhere.
START_SECONDS = 90
STOP_SECONDS = 20
# By the local AWS (local/emulator_conditions.py); `local` is how the stack names the sessions of its functions' roles.
DENIED = re.compile(r"denied: arn:\S+/local ")

NODE_TESTS = ROOT / "tests" / "node"
LEAST_NODE = 20


class RunningStack:
    """A process of `python -m local` and what belongs to it."""

    def __init__(self, folder: Path, environment: dict[str, str], root: Path = ROOT) -> None:
        self.stack_file = folder / "stack.json"
        self.log = folder / "log"
        self.info: dict[str, Any] = {}
        self.denials_meant = False
        own = {"PORT": "0", "STACK_FILE": str(self.stack_file)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [PYTHON, "-c", LAUNCHER, ROOT, root],
                env=_environment() | own | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def wait_until_ready(self) -> dict[str, Any]:
        """The content of its stack file."""
        give_up_at = time.monotonic() + START_SECONDS
        while not self.stack_file.exists():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise AssertionError(f"the stack did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)
        self.info = json.loads(self.stack_file.read_text())
        return self.info

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it and check that nothing is left."""
        children = descendants(self.process.pid)
        self.process.send_signal(number)
        code = self.process.wait(STOP_SECONDS)
        assert code == 0, f"exit code {code}:\n{self.log.read_text()[-4000:]}"
        assert not self.stack_file.exists()
        assert not [pid for pid in children if runs(pid)]
        assert self.denials_meant or not self.denials(), self.denials()

    def denials(self) -> list[str]:
        """Calls to AWS for which a function's role lacks the right. Each is a fault, whatever the function answers."""
        return [line for line in self.log.read_text("utf-8", "replace").splitlines() if DENIED.search(line)]

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


def project(folder: Path, *, streams: bool) -> Path:
    """This project, as links in a new folder, whose template has this default of `ResponseStreaming`."""
    root = folder / "project"
    root.mkdir()
    for path in ROOT.iterdir():
        if path.name not in {".git", "template.yaml"}:
            (root / path.name).symlink_to(path)
    template, default = (ROOT / "template.yaml").read_text(), "ResponseStreaming:\n    Type: String\n    Default: "
    assert f"{default}'true'" in template
    (root / "template.yaml").write_text(template.replace(f"{default}'true'", f"{default}'{str(streams).lower()}'"))
    return root


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and their descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(entry.parent.name)] = int(entry.read_text().rsplit(") ", 1)[1].split()[1])
    found, watermark = [], [pid]
    while watermark:
        watermark = [child for child, parent in parents.items() if parent in watermark]
        found += watermark
    return found


def runs(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _environment() -> dict[str, str]:
    """The environment of this process, without any variable that the stack reads."""
    ours = ("PORT", "STACK_FILE")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("AWS_", "AUDIO_GATEWAY_", "PYTEST_"))
    }


@pytest.fixture(scope="package")
def run_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningStack]]:
    """Starts stacks without waiting for them: `run_stack(root=folder, NAME="value")`.

    Stacks that still run are stopped after the last test of this folder.
    """
    started: list[RunningStack] = []

    def run(root: Path = ROOT, **environment: str) -> RunningStack:
        started.append(RunningStack(tmp_path_factory.mktemp("stack"), environment, root))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            if running.info:
                running.stop()
            else:
                running.kill()


@pytest.fixture(scope="package")
def start_stack(run_stack: Callable[..., RunningStack]) -> Callable[..., dict[str, Any]]:
    """Starts another stack, with its own environment variables, and returns the content of its stack file."""

    def start(root: Path = ROOT, **environment: str) -> dict[str, Any]:
        return run_stack(root, **environment).wait_until_ready()

    return start


@pytest.fixture(scope="package")
def stack(start_stack: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The content of the stack file of the stack that all tests here share, with the shipped catalogue."""
    return start_stack()


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node, with the packages of the lock file installed; skips where there is no Node.js."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        pytest.skip("SKIPPED LOUDLY: node and npm are not installed, the Node.js SDK was not tested")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < LEAST_NODE:
        pytest.skip(f"SKIPPED LOUDLY: node {version} is older than {LEAST_NODE}, the Node.js SDK was not tested")
    _install(npm)
    return found


def _install(npm: str) -> None:
    """`npm ci`, once for each lock file."""
    wanted = hashlib.sha256((NODE_TESTS / "package-lock.json").read_bytes()).hexdigest()
    stamp = NODE_TESTS / "node_modules" / ".stamp"
    with (NODE_TESTS / "package.json").open() as locked:  # by one process of pytest at a time
        fcntl.flock(locked, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=NODE_TESTS, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"SKIPPED LOUDLY: npm ci failed, the Node.js SDK was not tested: {done.stderr[-500:]}")
        stamp.write_text(wanted)
