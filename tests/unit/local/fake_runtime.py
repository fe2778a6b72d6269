"""A function that streams, made of bare sockets, and a stack in front of it. A test decides what is on the wire."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from local.api_gateway import ApiGateway
from local.environments import Credentials, Environment, process_variables
from local.forwarding import IDLE_S
from local.functions import DeployedFunction, Function
from local.http_server import Application, HttpServer, listen, port_of
from local.lambda_apis import InvokeApi, RuntimeApi
from local.lambda_service import MAX_ENVIRONMENTS, FunctionPool, LambdaService
from local.response_streams import StreamLimits
from local.rest_api import Route
from tests.unit.local.builders import api, route

_T = TypeVar("_T")
PRELUDE = b'{"statusCode": 200, "headers": {"Content-Type": "audio/mpeg"}}' + bytes(8)
ROUTES = (route("/stream", streams=True), route("/buffered"))


def prelude(status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    return json.dumps({"statusCode": status, "headers": headers or {}}).encode() + bytes(8)


class Connection:
    """One HTTP connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._body = b""

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read a response's status and headers."""
        lines = (await patient(self.reader.readuntil(b"\r\n\r\n"))).decode("latin-1").split("\r\n")
        fields = (line.partition(": ") for line in lines[1:] if line)
        return int(lines[0].split(" ")[1]), {name.lower(): value for name, _, value in fields}

    async def chunk(self) -> bytes:
        """Read a chunk of the body. The empty one is the end of it."""
        size = int(await patient(self.reader.readuntil(b"\r\n")), 16)
        return (await patient(self.reader.readexactly(size + 2)))[:-2]

    async def body(self, size: int) -> bytes:
        """Read this many bytes of the body, which may come in any chunks. Fewer are its end."""
        while len(self._body) < size and (chunk := await self.chunk()):
            self._body += chunk
        taken, self._body = self._body[:size], self._body[size:]
        return taken

    async def rest(self) -> bytes:
        """Read until the other side closes the connection, by force or not."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while piece := await patient(self.reader.read(65_536)):
                received += piece
        return received

    async def closed(self) -> None:
        """Wait until the other side closes the connection without having said anything."""
        assert await self.rest() == b""

    def close(self) -> None:
        self.writer.close()


class Network:
    """Opens connections, and closes all of them at the end."""

    def __init__(self) -> None:
        self._opened: list[Connection] = []

    async def open(self, port: int) -> Connection:
        self._opened.append(Connection(*await asyncio.open_connection("127.0.0.1", port)))
        return self._opened[-1]

    async def close(self) -> None:
        for connection in self._opened:
            connection.close()
        for connection in self._opened:
            with contextlib.suppress(ConnectionError):
                await connection.writer.wait_closed()


async def patient(awaitable: Awaitable[_T]) -> _T:
    return await asyncio.wait_for(awaitable, 30)


class Post:
    """A streamed response, as the function sends it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def send(self, data: bytes) -> None:
        """Send a chunk of the stream: of the prelude, the NUL bytes and the body."""
        self.connection.writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self, **trailers: str) -> None:
        fields = "".join(f"Lambda-Runtime-Function-Error-{name}: {value}\r\n" for name, value in trailers.items())
        self.connection.writer.write(b"0\r\n" + fields.encode() + b"\r\n")

    def fail(self, error_type: str, message: str) -> None:
        body = base64.b64encode(json.dumps({"errorMessage": message, "errorType": error_type}).encode())
        self.end(Type=error_type, Body=body.decode())

    async def status(self) -> int:
        """Read the Runtime API's answer."""
        return (await self.connection.head())[0]


class FakeRuntime:
    """The runtime of one environment."""

    def __init__(self, port: int, network: Network) -> None:
        self.port = port
        self.request_id = ""
        self._network = network
        self._asking: Connection | None = None

    async def ask(self) -> None:
        """Ask for the next event."""
        self._asking = await self._network.open(self.port)
        self._asking.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")

    async def next(self) -> dict[str, Any]:
        """Receive the next event."""
        if self._asking is None:
            await self.ask()
        assert self._asking is not None
        status, headers = await self._asking.head()
        assert status == 200
        self.request_id = headers["lambda-runtime-aws-request-id"]
        event: dict[str, Any] = json.loads(await self._asking.reader.readexactly(int(headers["content-length"])))
        self._asking.close()
        self._asking = None
        return event

    async def stream(self, *first: bytes) -> Post:
        """Begin a streamed response."""
        connection = await self._network.open(self.port)
        connection.writer.write(
            f"POST /2018-06-01/runtime/invocation/{self.request_id}/response HTTP/1.1\r\nHost: x\r\n"
            "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
            "Transfer-Encoding: chunked\r\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n".encode()
        )
        post = Post(connection)
        for piece in first:
            post.send(piece)
        return post

    async def answer(self, body: bytes, kind: str = "response") -> int:
        """Respond without streaming."""
        connection = await self._network.open(self.port)
        connection.writer.write(
            f"POST /2018-06-01/runtime/invocation/{self.request_id}/{kind} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        return (await connection.head())[0]


class Stack:
    """API Gateway, Invoke API and Runtime API with one function, whose environments a test plays."""

    def __init__(
        self, service: LambdaService, port: int, invoke_port: int, started: asyncio.Queue[int], network: Network
    ) -> None:
        self.service = service
        self.network = network
        self.invoke_port = invoke_port
        self._port = port
        self._started = started

    async def request(self, path: str = "/v1/stream", method: str = "GET", *headers: str) -> Connection:
        """Send a request to the API Gateway."""
        connection = await self.network.open(self._port)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
        connection.writer.write("\r\n".join(lines).encode())
        return connection

    async def runtime(self) -> FakeRuntime:
        """Wait for the start of an environment."""
        return FakeRuntime(await patient(self._started.get()), self.network)

    async def exchange(self, path: str = "/v1/stream", method: str = "GET") -> tuple[Connection, FakeRuntime]:
        """Send a request, and let the function receive its event."""
        client = await self.request(path, method)
        runtime = await self.runtime()
        await patient(runtime.next())
        return client, runtime


@contextlib.asynccontextmanager
async def streaming_stack(
    *,
    routes: Iterable[Route] = ROUTES,
    limits: StreamLimits | None = None,
    idle_s: float = IDLE_S,
    function: Function | None = None,
) -> AsyncIterator[Stack]:
    """Run a stack with one function: the given one in processes of its own, or one that the test plays."""
    started: asyncio.Queue[int] = asyncio.Queue()

    def start(environment: Environment) -> None:
        if function is None:
            started.put_nowait(environment.port)
        else:
            environment.start(_variables(environment))

    sockets = [listen() for _ in range(MAX_ENVIRONMENTS)]
    played = Function("Work", DeployedFunction("work", "arn:work", "app.handler", "role", 128, 60, {}), Path(), (), {})
    pool = FunctionPool(function or played, map(port_of, sockets), _credentials, start)
    service = LambdaService([pool])
    front_socket, invoke_socket = listen(), listen()
    applications: dict[int, Application] = {
        port_of(front_socket): ApiGateway(api(*routes), service.begin, idle_s),
        port_of(invoke_socket): InvokeApi(service),
    }
    server = HttpServer(applications, RuntimeApi(service, limits or StreamLimits()))
    asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, service.reap)
    serving = asyncio.ensure_future(server.serve([front_socket, invoke_socket, *sockets]))
    await server.listening.wait()
    network = Network()
    try:
        yield Stack(service, port_of(front_socket), port_of(invoke_socket), started, network)
    finally:
        await network.close()
        service.close()
        server.should_exit = True
        await patient(serving)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)


def _variables(environment: Environment) -> dict[str, str]:
    return process_variables(
        environment.function,
        port=environment.port,
        credentials=environment.credentials,
        endpoint_url="http://127.0.0.1:9",
        region="us-east-1",
        operator={"PATH": os.environ["PATH"]},
    )


def _credentials(_role: str) -> Credentials:
    return Credentials("AKIA", "secret", "token", time.time() + 3600)


def play(scenario: Callable[[Stack], Awaitable[None]], **options: Any) -> None:
    """Run a scenario against a stack."""

    async def main() -> None:
        async with streaming_stack(**options) as stack:
            await scenario(stack)

    asyncio.run(main())
