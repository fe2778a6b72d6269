"""The Lambda service with real processes under AWS's runtime client, and tiny handlers."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import awslambdaric
import pytest

from local.environments import Credentials, Environment, InvocationResult, process_variables
from local.functions import DeployedFunction, Function
from local.http_server import HttpServer, listen, port_of
from local.lambda_apis import InvokeApi, RuntimeApi
from local.lambda_service import (
    MAX_ENVIRONMENTS,
    MAX_REQUEST_BYTES,
    EventTooLarge,
    FunctionPool,
    LambdaService,
    TooManyRequests,
    result_of,
)
from local.payloads import Base64Payload

pytestmark = pytest.mark.slow

HANDLER = '''
import json, os, sys, time
from pathlib import Path

HERE = Path(__file__).parent
if (HERE / "broken").exists():
    raise ValueError("no such luck")
if (HERE / "gone").exists():
    os._exit(7)

def handler(event, context):
    return globals()[event["do"]](event, context)

def echo(event, context):
    return event

def about(event, context):
    return {
        "pid": os.getpid(), "session": os.getsid(0), "cwd": os.getcwd(), "environment": dict(os.environ),
        "path": sys.path, "request_id": context.aws_request_id, "left": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
    }

def fail(event, context):
    raise KeyError("Grüße")

def leave(event, context):
    os._exit(3)

def hang(event, context):
    print("hanging", flush=True)
    time.sleep(60)

def wait(event, context):
    while (HERE / "slow").exists():
        time.sleep(0.01)

def big(event, context):
    return "x" * event["size"]

def meet(event, context):
    """Return when the expected number of calls is running."""
    (HERE / f"arrived-{os.getpid()}").touch()
    while len(list(HERE.glob("arrived-*"))) < event["expected"]:
        time.sleep(0.005)
    return os.getpid()

def started(event, context):
    import subprocess
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid
'''


class RunningService:
    """A running service with one function."""

    def __init__(self, folder: Path, service: LambdaService, invoke_port: int) -> None:
        self.folder = folder
        self.service = service
        self.invoke_port = invoke_port

    async def call(self, do: str, **event: Any) -> InvocationResult:
        return await self.service.invoke("tiny", json.dumps({"do": do, **event}).encode(), "Root=1-2-3")

    async def about(self) -> dict[str, Any]:
        return json.loads((await self.call("about")).payload)

    @property
    def environments(self) -> set[Environment]:
        return self.service.pool("tiny").environments


@contextlib.asynccontextmanager
async def stage(
    folder: Path, timeout_s: float = 60, credentials: Callable[[str], Credentials] | None = None
) -> AsyncIterator[RunningService]:
    (folder / "app.py").write_text(HANDLER)
    runtime = Path(awslambdaric.__file__).parent.parent
    deployed = DeployedFunction("tiny", "arn:tiny", "app.handler", "arn:role", 128, timeout_s, {"OWN": "1"})
    function = Function("Tiny", deployed, folder, (runtime,), deployed.variables)

    def start(environment: Environment) -> None:
        environment.start(
            process_variables(
                function,
                port=environment.port,
                credentials=environment.credentials,
                endpoint_url="http://127.0.0.1:9",
                region="us-east-1",
                operator={"PATH": os.environ["PATH"], "HOME": "/home/me", "OPENAI_API_KEY": "sk-secret", "PORT": "1"},
            )
        )

    sockets = [listen() for _ in range(MAX_ENVIRONMENTS)]
    give = credentials or (lambda _role: Credentials("AKIA", "secret", "token", time.time() + 3600))
    service = LambdaService([FunctionPool(function, map(port_of, sockets), give, start)])
    invoke_socket = listen()
    server = HttpServer({port_of(invoke_socket): InvokeApi(service)}, RuntimeApi(service))
    asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, service.reap)
    serving = asyncio.ensure_future(server.serve([invoke_socket, *sockets]))
    await server.listening.wait()
    try:
        yield RunningService(folder, service, port_of(invoke_socket))
    finally:
        service.close()
        server.should_exit = True
        await serving
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)


def run(folder: Path, scenario: Callable[[RunningService], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with stage(folder, **options) as found:
            await scenario(found)

    asyncio.run(main())


def failure(result: InvocationResult) -> tuple[str, str]:
    assert result.error == "Unhandled"
    found = json.loads(result.payload)
    return found["errorType"], found["errorMessage"]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 -- other processes set no event here
            await asyncio.sleep(0.005)


def test_events_and_results_are_passed_unchanged(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        event: dict[str, Any] = {"do": "echo", "text": "Grüße 🎧 \u2028", "n": [1, None, True]}
        result = await tiny.call(**event)
        assert result.error is None
        assert json.loads(result.payload) == event

    run(tmp_path, scenario)


def test_a_used_up_quota_refuses_synchronous_calls_and_delays_asynchronous_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.lambda_service._TRY_LATER_S", 0.01)

    async def scenario(tiny: RunningService) -> None:
        tiny.service._most = 1
        (tmp_path / "slow").touch()
        running = asyncio.ensure_future(tiny.service.invoke("tiny", b'{"do": "wait"}', ""))
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await tiny.service.invoke("tiny", b'{"do": "echo"}', "")
        later = asyncio.ensure_future(tiny.service.invoke_later("tiny", b'{"do": "echo"}', ""))
        (tmp_path / "slow").unlink()
        assert (await running).error is None
        assert (await later).error is None
        assert (await tiny.call(do="echo")).error is None

    run(tmp_path, scenario)


def test_a_function_has_lambdas_and_its_own_variables_and_few_of_the_operators(
    tmp_path: Path,
) -> None:
    async def scenario(tiny: RunningService) -> None:
        about = await tiny.about()
        environment = about["environment"]
        assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "tiny"
        assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
        assert environment["_HANDLER"] == "app.handler"
        assert environment["LAMBDA_TASK_ROOT"] == about["cwd"] == str(tmp_path)
        assert environment["AWS_ACCESS_KEY_ID"] == "AKIA"
        assert environment["AWS_SESSION_TOKEN"] == "token"
        assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
        assert environment["OWN"] == "1"
        assert environment["HOME"] == "/home/me"
        assert environment["_X_AMZN_TRACE_ID"] == "Root=1-2-3"
        assert not {"OPENAI_API_KEY", "PORT"} & environment.keys()
        assert about["arn"] == "arn:tiny"
        assert 0 < about["left"] <= 60_000
        assert about["session"] == about["pid"] != os.getsid(0)

    run(tmp_path, scenario)


def test_an_environment_is_reused(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        first, second = await tiny.about(), await tiny.about()
        assert first["pid"] == second["pid"]
        assert first["request_id"] != second["request_id"]

    run(tmp_path, scenario)


def test_an_exception_is_reported_and_the_environment_is_reused(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        pid = (await tiny.about())["pid"]
        assert failure(await tiny.call("fail")) == ("KeyError", "'Grüße'")
        assert (await tiny.about())["pid"] == pid

    run(tmp_path, scenario)


def test_a_process_that_exits_fails_its_call_and_is_replaced(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        pid = (await tiny.about())["pid"]
        assert failure(await tiny.call("leave")) == ("Runtime.ExitError", "Runtime exited with error: exit status 3")
        assert (await tiny.about())["pid"] != pid

    run(tmp_path, scenario)


def test_a_call_past_the_timeout_is_killed_and_its_process_is_replaced(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        pid = (await tiny.about())["pid"]
        started = time.monotonic()
        assert failure(await tiny.call("hang")) == ("Sandbox.Timedout", "Task timed out after 3.00 seconds")
        assert 2.9 < time.monotonic() - started < 60
        assert (await tiny.about())["pid"] != pid
        await until(lambda: not _runs(pid))

    run(tmp_path, scenario, timeout_s=3)


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("broken", ("ValueError", "no such luck")),
        ("gone", ("Runtime.ExitError", "Runtime exited with error: exit status 7")),
    ],
)
def test_a_failed_import_fails_the_call_and_the_next_call_tries_again(
    tmp_path: Path, marker: str, expected: tuple[str, str]
) -> None:
    async def scenario(tiny: RunningService) -> None:
        (tmp_path / marker).touch()
        assert failure(await tiny.call("echo")) == expected
        await tiny.service.pool("tiny").warm()
        (tmp_path / marker).unlink()
        assert (await tiny.call("echo")).error is None

    run(tmp_path, scenario)


def test_six_calls_run_concurrently_and_the_others_wait(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        results = await asyncio.gather(*(tiny.call("meet", expected=6) for _ in range(13)))
        pids = [json.loads(result.payload) for result in results]
        assert len(set(pids)) == 6
        assert len(tiny.environments) == 6

    run(tmp_path, scenario)


def test_an_upload_reaches_the_function_whole(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        body = bytes(range(256)) * 12_000
        payload = Base64Payload(b'{"do":"echo","body":"', body, b'"}')
        result = await result_of(tiny.service.begin("tiny", payload, "Root=1-2-3"))
        assert base64.b64decode(json.loads(result.payload)["body"]) == body

    run(tmp_path, scenario)


def test_results_may_have_six_megabytes_and_larger_ones_fail(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        fits = await tiny.call("big", size=6_291_556 - 2)  # plus two quotes
        assert len(fits.payload) == 6_291_556
        assert failure(await tiny.call("big", size=6_291_556 - 1))[0] == "Function.ResponseSizeTooLarge"
        assert failure(await tiny.call("big", size=20_000_000))[0] == "Function.ResponseSizeTooLarge"
        assert (await tiny.call("echo")).error is None

    run(tmp_path, scenario)


def test_events_over_six_megabytes_are_refused(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        text = "x" * (MAX_REQUEST_BYTES - len('{"do": "echo", "text": ""}'))
        assert (await tiny.call("echo", text=text)).error is None
        with pytest.raises(EventTooLarge):
            await tiny.call("echo", text=text + "x")

    run(tmp_path, scenario)


def test_closing_kills_all_processes_with_their_children_and_fails_all_calls(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        child = json.loads((await tiny.call("started")).payload)
        calls = [asyncio.ensure_future(tiny.call("meet", expected=99)) for _ in range(8)]
        await until(lambda: len(list(tmp_path.glob("arrived-*"))) == MAX_ENVIRONMENTS)
        tiny.service.close()
        errors = sorted(failure(result)[0] for result in await asyncio.gather(*calls))
        assert errors == ["Runtime.ExitError"] * 6 + ["ServiceException"] * 2
        assert failure(await tiny.call("echo"))[0] == "ServiceException"
        assert not tiny.environments
        await until(lambda: not _runs(child))

    run(tmp_path, scenario)


def test_an_environment_with_expiring_credentials_is_replaced(tmp_path: Path) -> None:
    lifetimes = iter([950.0, 3600.0])

    def credentials(_role: str) -> Credentials:
        return Credentials("AKIA", "secret", "token", time.time() + next(lifetimes))

    async def scenario(tiny: RunningService) -> None:
        first = await tiny.about()
        for environment in tiny.environments:
            expired = Credentials("AKIA", "secret", "token", time.time() + 60)
            environment.credentials = expired
        assert (await tiny.about())["pid"] != first["pid"]

    run(tmp_path, scenario, credentials=credentials)


def test_a_role_without_credentials_fails_only_the_call(tmp_path: Path) -> None:
    from local.settings import StackError

    outcomes: list[Any] = [StackError("no role"), Credentials("AKIA", "secret", "token", time.time() + 3600)]

    def credentials(_role: str) -> Credentials:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def scenario(tiny: RunningService) -> None:
        assert failure(await tiny.call("echo")) == ("Runtime.StartFailed", "no role")
        assert (await tiny.call("echo")).error is None

    run(tmp_path, scenario, credentials=credentials)


async def http(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def invoke_request(name: str, event: str, headers: str = "") -> bytes:
    return (
        f"POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Length: {len(event)}\r\n{headers}\r\n{event}"
    ).encode()


def test_the_invoke_api_responds_like_lambda(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Atiny"
        good = await http(tiny.invoke_port, invoke_request(arn, '{"do": "echo"}'))
        bad = await http(tiny.invoke_port, invoke_request("tiny", '{"do": "fail"}'))
        unknown = await http(tiny.invoke_port, invoke_request("nobody", "{}"))
        assert good.startswith(b"HTTP/1.1 200")
        assert good.endswith(b'{"do": "echo"}')
        assert b"x-amz-function-error" not in good
        assert b"x-amz-function-error: Unhandled" in bad
        assert unknown.startswith(b"HTTP/1.1 404")
        assert all(b"x-amzn-requestid: " in answer for answer in (good, bad, unknown))

    run(tmp_path, scenario)


def test_an_event_invocation_is_accepted_immediately_and_runs(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        event = '{"do": "meet", "expected": 1}'
        answer = await http(tiny.invoke_port, invoke_request("tiny", event, "X-Amz-Invocation-Type: Event\r\n"))
        assert answer.startswith(b"HTTP/1.1 202")
        await until(lambda: bool(list(tmp_path.glob("arrived-*"))))

    run(tmp_path, scenario)


def test_another_process_on_a_runtime_port_cannot_answer_for_a_function(tmp_path: Path) -> None:
    async def scenario(tiny: RunningService) -> None:
        port = tiny.service.pool("tiny")._free_ports[0]
        request = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await http(port, request)).startswith(b"HTTP/1.1 410")
        await tiny.call("echo")
        (environment,) = tiny.environments
        stale = b"POST /2018-06-01/runtime/invocation/old/response HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await http(environment.port, stale)).startswith(b"HTTP/1.1 400")

    run(tmp_path, scenario)


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_functions_end_with_the_service_even_after_sigkill(tmp_path: Path) -> None:
    import subprocess

    script = (
        "import asyncio, pathlib, sys\n"
        "from tests.unit.local.test_lambda_service import stage\n"
        "async def main():\n"
        "    async with stage(pathlib.Path(sys.argv[1])) as tiny:\n"
        "        print((await tiny.about())['pid'], flush=True)\n"
        "        await tiny.call('hang')\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": ".:layers/shared"},
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()

    asyncio.run(until(lambda: not _runs(child)))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ")[1].split()[0]
    except OSError:
        return False
    return state != "Z"
