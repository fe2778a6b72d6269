"""Functions that stream: processes under our own runtime, started by the layer's script."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import awslambdaric
import pytest

from local.functions import DeployedFunction, Function
from tests.unit.local.fake_runtime import Connection, Stack, patient, play

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[3] / "layers" / "shared"
HANDLER = """
import os, time
from pathlib import Path

from audio_gateway.response_stream import ClientDisconnected

class Handler:
    def __call__(self, event, context):
        raise AssertionError("it streams")

    def stream(self, event, context, response):
        response.start(200, [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        response.write(b"%8d" % os.getpid())
        do = event["headers"].get("X-Do")
        if do == "fail":
            raise ValueError("no voice")
        if do == "hang":
            time.sleep(60)
        if do == "endless":
            try:
                while True:
                    response.write(b"x" * 10)
                    time.sleep(0.001)
            except ClientDisconnected:
                (Path(__file__).parent / "noticed").touch()
                raise
        response.write(b"end")

handler = Handler()
"""


def function(folder: Path, timeout_s: float = 60, wrapper: str = str(SHARED / "stream-bootstrap")) -> Function:
    (folder / "app.py").write_text(HANDLER)
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": wrapper}
    deployed = DeployedFunction("work", "arn:work", "app.handler", "arn:role", 128, timeout_s, variables)
    return Function("Work", deployed, folder, (SHARED, Path(awslambdaric.__file__).parent.parent), variables)


async def begin(stack: Stack, do: str = "") -> tuple[Connection, int]:
    """Send a request and read what comes first: the connection, and the process of the function."""
    client = await stack.request("/v1/stream", "GET", f"X-Do: {do}")
    assert (await client.head())[0] == 200
    return client, int(await client.body(8))


async def whole(stack: Stack) -> int:
    client, pid = await begin(stack)
    assert await client.body(99) == b"end"
    return pid


def test_a_function_streams_and_its_environment_is_reused(tmp_path: Path) -> None:
    async def scenario(stack: Stack) -> None:
        assert await whole(stack) == await whole(stack)

    play(scenario, function=function(tmp_path))


def test_a_wrapper_that_no_layer_has_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        assert (await (await stack.request()).head())[0] == 502

    play(scenario, function=function(tmp_path, wrapper="/opt/nowhere"))
    assert "Work | cannot be started: [Errno 2] No such file or directory: '/opt/nowhere'" in capfd.readouterr().out


def test_an_exception_in_the_middle_cuts_the_client_off(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario(stack: Stack) -> None:
        client, pid = await begin(stack, "fail")
        await client.closed()
        assert await whole(stack) == pid

    play(scenario, function=function(tmp_path))
    assert "cut off: ValueError: no voice" in capfd.readouterr().out


def test_a_killed_process_cuts_the_client_off_and_is_replaced(tmp_path: Path) -> None:
    async def scenario(stack: Stack) -> None:
        client, pid = await begin(stack, "hang")
        os.kill(pid, signal.SIGKILL)
        await client.closed()
        assert await whole(stack) != pid
        assert stack.service._running == 0

    play(scenario, function=function(tmp_path))


def test_a_function_past_its_timeout_is_killed_and_the_client_cut_off(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario(stack: Stack) -> None:
        client, pid = await begin(stack, "hang")
        await client.closed()
        assert await whole(stack) != pid

    play(scenario, function=function(tmp_path, timeout_s=2))
    assert "Task timed out after 2.00 seconds" in capfd.readouterr().out


def test_a_function_learns_that_the_client_hung_up_and_serves_the_next_one(tmp_path: Path) -> None:
    async def scenario(stack: Stack) -> None:
        client, pid = await begin(stack, "endless")
        client.close()
        async with asyncio.timeout(30):
            while not (tmp_path / "noticed").exists():  # noqa: ASYNC110 -- another process sets no event here
                await asyncio.sleep(0.005)
        assert await whole(stack) == pid

    play(scenario, function=function(tmp_path))


def test_open_streams_do_not_delay_the_end_of_the_stack(tmp_path: Path) -> None:
    ended: list[float] = []

    async def scenario(stack: Stack) -> None:
        clients = [(await begin(stack, "hang"))[0] for _ in range(4)]
        clock = asyncio.get_running_loop().time
        started = clock()
        stack.service.close()
        for client in clients:
            await patient(client.closed())
        ended.append(clock() - started)

    play(scenario, function=function(tmp_path))
    assert ended[0] < 5
