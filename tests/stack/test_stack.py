"""The local stack of the project itself: start, stop, addresses, and errors an operator can act on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
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


def test_a_request_goes_through_authorizer_and_function(stack: dict[str, Any]) -> None:
    status, models = get(f"{stack['base_url']}/models", stack["api_key"])

    assert status == 200
    assert models["object"] == "list"


def test_without_a_key_and_for_an_unknown_path_the_templates_gateway_responses_come(stack: dict[str, Any]) -> None:
    no_key = get(f"{stack['base_url']}/models")
    wrong_key = get(f"{stack['base_url']}/models", "sk-wrong")
    no_path = get(f"{stack['base_url']}/nowhere", stack["api_key"])

    assert [no_key[0], wrong_key[0], no_path[0]] == [401, 401, 404]
    assert no_key[1]["error"]["code"] == wrong_key[1]["error"]["code"] == "invalid_api_key"
    assert no_path[1]["error"]["code"] == "unknown_url"


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


def test_a_wrong_catalogue_ends_the_start_with_every_mistake(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PORT": "0", "STACK_FILE": str(tmp_path / "stack.json")}
    environment["AUDIO_GATEWAY_CATALOG"] = "pyproject.toml"
    command: list[str | Path] = [PYTHON, "-m", "local"]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    assert done.returncode == 1
    assert "the catalogue is invalid: " in done.stderr
    assert "models: there is none" in done.stderr
    assert "Traceback" not in done.stderr


def test_start_prints_what_an_operator_needs_and_ctrl_c_stops_everything(
    run_stack: Callable[..., RunningStack],
) -> None:
    running = run_stack()
    info = running.wait_until_ready()
    assert stat.S_IMODE(running.stack_file.stat().st_mode) == 0o600

    running.stop(signal.SIGINT)

    printed = running.log.read_text()
    for text in (
        info["base_url"],
        info["api_key"],
        info["admin_key"],
        "curl",
        "/audio/speech",
        "/audio/transcriptions",
    ):
        assert text in printed
    assert "OpenAI(base_url=" in printed
    assert info["aws_secret_access_key"] not in printed
    assert "\nTraceback" not in printed


def test_two_stacks_run_side_by_side_and_know_nothing_of_each_other(
    stack: dict[str, Any], run_stack: Callable[..., RunningStack]
) -> None:
    other = run_stack()
    info = other.wait_until_ready()

    assert get(f"{info['base_url']}/models", info["api_key"])[0] == 200
    assert get(f"{info['base_url']}/models", stack["api_key"])[0] == 401
    assert info["aws_access_key_id"] != stack["aws_access_key_id"]
    other.stop()
    assert get(f"{stack['base_url']}/models", stack["api_key"])[0] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_nothing_outlives_a_stack_that_is_killed(run_stack: Callable[..., RunningStack]) -> None:
    running = run_stack()
    running.wait_until_ready()
    children = descendants(running.process.pid)
    assert children

    running.kill()

    give_up_at = time.monotonic() + STOP_SECONDS
    while [pid for pid in children if runs(pid)]:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_stack_that_is_stopped_before_it_is_ready_leaves_nothing(run_stack: Callable[..., RunningStack]) -> None:
    running = run_stack()
    give_up_at = time.monotonic() + START_SECONDS
    while not (children := descendants(running.process.pid)):
        assert time.monotonic() < give_up_at
        time.sleep(0.01)

    running.process.send_signal(signal.SIGTERM)

    assert running.process.wait(STOP_SECONDS) == 0
    assert not [pid for pid in children if runs(pid)]
    assert not running.stack_file.exists()


def test_the_end_of_the_local_aws_is_the_end_of_the_stack_and_is_told(run_stack: Callable[..., RunningStack]) -> None:
    running = run_stack()
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


def failed_start(tmp_path: Path, root: Path = ROOT, python: Path = PYTHON, **environment: str) -> str:
    """Start a stack that cannot start; returns the one line that it says."""
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
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "stack.json").exists()
    return done.stderr


def test_a_busy_port_is_told_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} cannot be used" in failed_start(tmp_path, PORT=port)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"PORT": "eighty"}, "PORT=eighty is not a port number"),
        ({"AUDIO_GATEWAY_CATALOG": "/nowhere.toml"}, "AUDIO_GATEWAY_CATALOG=/nowhere.toml is not a file"),
        ({"AUDIO_GATEWAY_CATALOG": "Makefile"}, "Makefile cannot be read"),
        ({"STACK_FILE": "/proc/stack.json"}, "STACK_FILE /proc/stack.json cannot be written"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "the local AWS at http://127.0.0.1:9"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(tmp_path: Path, environment: dict[str, Any], told: str) -> None:
    assert told in failed_start(tmp_path, **environment)


def test_the_stack_file_of_a_running_stack_is_not_taken_over(stack: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(stack))

    assert "belongs to a running stack" in failed_start(tmp_path, STACK_FILE=str(path))
    assert json.loads(path.read_text()) == stack


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (None, "template.yaml cannot be read"),
        ("a: [", "template.yaml is not YAML"),
        ("a: 1", "template.yaml has no Resources"),
        ("Resources: {A: {Type: AWS::Serverless::Function, Properties: {Handler: 1}}}", "template.yaml is not a valid"),
    ],
)
def test_a_broken_template_is_told_in_one_line(tmp_path: Path, template: str | None, told: str) -> None:
    (tmp_path / ".local").mkdir()
    for name in ("runtime", "layers"):
        (tmp_path / ".local" / name).symlink_to(ROOT / ".local" / name)
    if template is not None:
        (tmp_path / "template.yaml").write_text(template)

    assert told in failed_start(tmp_path, tmp_path)


def test_a_missing_installation_is_told_with_the_remedy(tmp_path: Path) -> None:
    assert "is not installed: start the stack with `make run`" in failed_start(tmp_path, tmp_path)
    assert "is not installed: start the stack with `make run`" in failed_start(tmp_path, python=Path(sys.executable))
