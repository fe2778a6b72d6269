"""The local stack of the project itself: start, stop, addresses, and errors an operator can act on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.conftest import PYTHON, ROOT, START_SECONDS, STOP_SECONDS, RunningStack, descendants, runs
from tests.stack.tiny.project import tiny_project

pytestmark = pytest.mark.stack

FIELDS = {
    "base_url",
    "api_key",
    "admin_key",
    "aws_endpoint_url",
    "region",
    "aws_access_key_id",
    "aws_secret_access_key",
    "bucket",
    "table",
    "pid",
}


def get(url: str, key: str | None = None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, headers={} if key is None else {"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_stack_file_has_exactly_the_documented_fields(stack: dict[str, Any]) -> None:
    assert set(stack) == FIELDS
    assert stack["base_url"].startswith("http://127.0.0.1:")
    assert stack["base_url"].endswith("/v1")
    assert stack["api_key"].startswith("sk-")
    assert stack["admin_key"].startswith("sk-admin-")
    assert runs(stack["pid"])


def _open_files(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed while we looked
            yield str(descriptor.readlink())


def test_only_loopback_is_listened_on(stack: dict[str, Any]) -> None:
    """A laptop in a café must not offer a local AWS to the room."""
    processes = [stack["pid"], *descendants(stack["pid"])]
    links = [link for pid in processes for link in _open_files(pid)]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in inodes
    ]

    assert listening
    assert {address.split(":")[0] for address in listening} == {"0100007F"}


def test_a_second_stack_knows_nothing_of_the_first_prints_what_an_operator_needs_and_stops_on_ctrl_c(
    stack: dict[str, Any], run_stack: Callable[..., RunningStack]
) -> None:
    running = run_stack()
    info = running.wait_until_ready()
    assert stat.S_IMODE(running.stack_file.stat().st_mode) == 0o600
    assert get(f"{info['base_url']}/models", info["api_key"])[0] == 200
    assert get(f"{info['base_url']}/models", stack["api_key"])[0] == 401
    assert info["aws_access_key_id"] != stack["aws_access_key_id"]

    running.stop(signal.SIGINT)

    assert get(f"{stack['base_url']}/models", stack["api_key"])[0] == 200
    printed = running.log.read_text()
    for text in (
        info["base_url"],
        info["api_key"],
        info["admin_key"],
        "curl",
        "/audio/speech",
        "/audio/transcriptions",
        "OpenAI(base_url=",
    ):
        assert text in printed
    assert info["aws_secret_access_key"] not in printed
    assert "\nTraceback" not in printed


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_nothing_outlives_a_stack_that_is_killed(run_stack: Callable[..., RunningStack], tmp_path: Path) -> None:
    running = run_stack(tiny_project(tmp_path))
    running.wait_until_ready()
    children = descendants(running.process.pid)
    assert children

    running.kill()

    give_up_at = time.monotonic() + STOP_SECONDS
    while [pid for pid in children if runs(pid)]:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_stack_that_is_stopped_before_it_is_ready_leaves_nothing(
    run_stack: Callable[..., RunningStack], tmp_path: Path
) -> None:
    running = run_stack(tiny_project(tmp_path))
    give_up_at = time.monotonic() + START_SECONDS
    while not (children := descendants(running.process.pid)):
        assert time.monotonic() < give_up_at
        time.sleep(0.01)

    running.process.send_signal(signal.SIGTERM)

    assert running.process.wait(STOP_SECONDS) == 0
    assert not [pid for pid in children if runs(pid)]
    assert not running.stack_file.exists()


def test_the_end_of_the_local_aws_is_the_end_of_the_stack_and_is_reported(
    run_stack: Callable[..., RunningStack], tmp_path: Path
) -> None:
    running = run_stack(tiny_project(tmp_path))
    running.wait_until_ready()
    (emulator,) = [
        pid
        for pid in descendants(running.process.pid)
        if b"local.emulator_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]

    os.kill(emulator, signal.SIGKILL)

    assert running.process.wait(STOP_SECONDS) == 1
    assert "audio-gateway: the local AWS ended" in running.log.read_text()
    assert not running.stack_file.exists()


# ---------------------------------------------------------------- what an operator can get wrong
#
# Every mistake is in tests/unit/local: test_settings.py, test_catalogue.py, test_stack_file.py, test_http_server.py and
# test_aws.py. Here is what a process makes of it.


def failed_start(tmp_path: Path, root: Path = ROOT, python: Path = PYTHON, **environment: str) -> str:
    """Start a stack that cannot start; returns what it writes to stderr."""
    defaults = {"PATH": os.environ["PATH"], "PORT": "0", "STACK_FILE": str(tmp_path / "stack.json")}
    script = "import sys, pathlib; from local.__main__ import main; sys.exit(main(pathlib.Path(sys.argv[1])))"
    done = subprocess.run(
        [python, "-c", script, root],
        env=defaults | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "stack.json").exists()
    return done.stderr


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    printed = failed_start(tmp_path, PORT="eighty")
    assert "PORT=eighty is not a port number" in printed
    assert printed.count("\n") == 1


def test_a_wrong_catalogue_ends_the_start_with_every_problem(tmp_path: Path) -> None:
    printed = failed_start(tmp_path, AUDIO_GATEWAY_CATALOG="pyproject.toml")
    assert "the catalogue is invalid: " in printed
    assert "models: is missing; add at least one" in printed


def test_the_stack_file_of_a_running_stack_is_not_taken_over(stack: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(stack))

    assert "belongs to a running stack" in failed_start(tmp_path, STACK_FILE=str(path))
    assert json.loads(path.read_text()) == stack


BROKEN_TEMPLATES = {
    "missing": (None, "missing.yaml cannot be read"),
    "no-yaml": ("a: [", "no-yaml.yaml is not YAML"),
    "empty": ("a: 1", "empty.yaml has no Resources"),
    "invalid": (
        "Resources: {A: {Type: AWS::Serverless::Function, Properties: {Handler: 1}}}",
        "invalid.yaml is not a valid SAM template",
    ),
}


def test_a_broken_template_is_named(tmp_path: Path) -> None:
    """In one process: to import AWS's translator takes longer than all else."""
    for name, (content, _) in BROKEN_TEMPLATES.items():
        if content is not None:
            (tmp_path / f"{name}.yaml").write_text(content)
    script = """
import sys, pathlib
from local.settings import StackError
from local.template import render
for name in sys.argv[2:]:
    folder = pathlib.Path(sys.argv[1])
    try:
        render(folder / f"{name}.yaml", "us-east-1", folder / f"{name}.json")
    except StackError as error:
        print(error)
"""
    command: list[str | Path] = [PYTHON, "-c", script, tmp_path, *BROKEN_TEMPLATES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=START_SECONDS, check=True)
    for line, (_, message) in zip(done.stdout.splitlines(), BROKEN_TEMPLATES.values(), strict=True):
        assert message in line


def test_a_missing_installation_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert "is not installed: start the stack with `make run`" in failed_start(tmp_path, tmp_path)
    assert "is not installed: start the stack with `make run`" in failed_start(tmp_path, python=Path(sys.executable))
