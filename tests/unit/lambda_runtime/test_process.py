"""The program and the script that starts it, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.runtime_api import SECONDS, FakeRuntimeApi

ROOT = Path(__file__).parents[3]
LAYER = ROOT / "layers" / "shared"
SCRIPT = LAYER / "stream-bootstrap"

FUNCTION = """
import json, logging, sys
class Handler:
    def stream(self, event, context, response):
        print("printed")
        logging.getLogger().warning("logged")
        response.start(200, [])
        response.write(json.dumps([sys.path, sys.flags.no_site, sys.argv]).encode())
handler = Handler()
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path, api: FakeRuntimeApi) -> Start:
    """Start a function with the source `code` as Lambda starts it: with the script and AWS's own command."""

    def started(
        code: str, *options: str, handler: str = "app.handler", path: str = str(LAYER)
    ) -> subprocess.Popen[bytes]:
        (tmp_path / "app.py").write_text(code)
        variables = {
            "PYTHONPATH": path,
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "_HANDLER": handler,
        }
        command = [str(SCRIPT), sys.executable, *options, "/var/runtime/bootstrap.py"]
        return subprocess.Popen(command, env=variables, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    return started


def output(process: subprocess.Popen[bytes]) -> str:
    return process.communicate(timeout=SECONDS)[0].decode()


@pytest.mark.parametrize("options", [(), ("-S",)])
def test_the_script_starts_our_runtime_with_the_function_first_and_what_aws_brings_last(
    options: tuple[str, ...], start: Start, api: FakeRuntimeApi, tmp_path: Path
) -> None:
    call = api.invoke()
    process = start(FUNCTION, *options)
    path, no_site, arguments = json.loads(call.wait().content)
    ours = [folder for folder in path if folder in {str(tmp_path), str(LAYER / "python"), str(LAYER), "/var/runtime"}]
    assert ours == [str(tmp_path), str(LAYER / "python"), str(LAYER), "/var/runtime"]
    assert no_site == (1 if options else 0)
    assert arguments == [str(LAYER / "audio_gateway" / "lambda_runtime" / "__main__.py")]
    process.terminate()
    assert "printed\n[WARNING]" in output(process)
    assert process.returncode == 0


def test_folders_that_are_given_are_not_repeated(start: Start, api: FakeRuntimeApi, tmp_path: Path) -> None:
    given = [str(tmp_path), str(LAYER), str(LAYER / "python"), "/var/runtime"]
    call = api.invoke()
    process = start(FUNCTION, "-S", path=os.pathsep.join(given))
    path, *_ = json.loads(call.wait().content)
    assert [folder for folder in path if folder in given] == given
    process.terminate()
    output(process)


def test_in_sam_local_the_script_runs_the_command_that_it_is_given() -> None:
    command = [str(SCRIPT), sys.executable, "-c", "import sys; print(sys.argv)", "a b"]
    ran = subprocess.run(command, env={"AWS_SAM_LOCAL": "true"}, capture_output=True, text=True, check=True)
    assert ran.stdout == "['-c', 'a b']\n"


def test_the_script_keeps_its_place_and_its_right_to_be_run_in_the_layer(tmp_path: Path) -> None:
    """Lambda mounts the layer as /opt, so the script is /opt/stream-bootstrap, beside /opt/python."""
    make = (LAYER / "Makefile").read_text().replace("$(HERE)../../scripts/build-layer", "true")
    (tmp_path / "Makefile").write_text(make)
    (tmp_path / "stream-bootstrap").write_text(SCRIPT.read_text())
    (tmp_path / "catalog.toml").touch()
    (tmp_path / "built").mkdir()
    environ = {
        **os.environ,
        "ARTIFACTS_DIR": str(tmp_path / "built"),
        "AUDIO_GATEWAY_CATALOG": str(tmp_path / "catalog.toml"),
    }
    subprocess.run(["make", "build-SharedLayer"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    assert os.access(tmp_path / "built" / "stream-bootstrap", os.X_OK)
    assert os.access(SCRIPT, os.X_OK)
    assert SCRIPT.read_text().startswith("#!/bin/sh\n")  # Lambda's image has no other shell for certain


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "message"),
    [
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("", "sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys"),
        ("", "nowhere.handler", "Runtime.ImportModuleError", "Unable to import module 'nowhere'"),
        ("import nowhere", "app.handler", "Runtime.ImportModuleError", "No module named 'nowhere'"),
        ("def", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise LookupError('no table')", "app.handler", "LookupError", "no table"),
    ],
)
def test_a_function_that_cannot_start_says_why_and_ends(
    code: str, handler: str, error_type: str, message: str, start: Start, api: FakeRuntimeApi
) -> None:
    process = start(code, "-S", handler=handler)
    said = output(process)
    assert process.returncode == 1
    ((headers, error),) = api.init_errors
    assert headers["Lambda-Runtime-Function-Error-Type"] == error["errorType"] == error_type
    assert message in error["errorMessage"]
    assert all("lambda_runtime" not in element for element in error["stackTrace"])
    assert f"[ERROR] {error_type}: " in said


def test_a_handler_may_lie_in_a_folder(start: Start, api: FakeRuntimeApi, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.py").write_text("handler = lambda event, context: event")
    call = api.invoke("a")
    process = start("", "-S", handler="folder/inner.handler")
    assert call.wait().body == b'"a"'
    process.terminate()
    output(process)


def test_a_signal_ends_a_waiting_process_at_once(start: Start, api: FakeRuntimeApi) -> None:
    process = start(FUNCTION + "import atexit; atexit.register(print, 'end')", "-S")
    assert api.polled.wait(SECONDS)
    process.send_signal(signal.SIGTERM)
    assert output(process) == "end\n"
    assert process.returncode == 0


PRINTS = """
import os, signal
def handler(event, context):
    print(event["printed"], end="")
    if event["ends"]:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("printed", ["a line\n", "a part"])
def test_what_a_function_prints_is_written_before_its_process_can_be_stopped(
    printed: str, start: Start, api: FakeRuntimeApi
) -> None:
    if printed == "a part":  # at the latest when the next event is asked for
        api.invoke({"printed": printed, "ends": False})
        api.invoke({"printed": "", "ends": True})
    else:
        api.invoke({"printed": printed, "ends": True})
    assert output(start(PRINTS, "-S")) == printed


def test_a_process_ends_when_the_platform_is_broken(start: Start, api: FakeRuntimeApi) -> None:
    api.refuse_next(500)
    process = start(FUNCTION, "-S")
    assert "No next invocation: status 500" in output(process)
    assert process.returncode == 1


def test_the_runtime_imports_nothing_that_takes_long() -> None:
    code = "import sys, audio_gateway.lambda_runtime.__main__ as m; print(*sys.modules)"
    environ = {"PYTHONPATH": str(LAYER)}
    ran = subprocess.run([sys.executable, "-S", "-c", code], env=environ, capture_output=True, text=True, check=True)
    slow = {
        "asyncio",
        "boto3",
        "botocore",
        "dataclasses",
        "email",
        "http",
        "inspect",
        "pathlib",
        "ssl",
        "subprocess",
        "urllib",
    }
    assert slow.isdisjoint(ran.stdout.split())
