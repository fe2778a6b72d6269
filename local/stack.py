"""Starts and stops the whole stack, in one event loop and one thread."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from typing import Final

from local import deployment, functions, rest_api, schedules, seed, stack_file, template
from local.api_gateway import ApiGateway
from local.aws import LocalAws
from local.banner import banner
from local.catalogue import CatalogueCheck, ServedCatalogue, unreadable_keys
from local.console import close_log_file, log, open_log_file
from local.emulator import MiniStack, external
from local.environments import Environment, process_variables
from local.http_server import Application, HttpServer, listen, port_of
from local.lambda_apis import InvokeApi, RuntimeApi
from local.lambda_service import MAX_ENVIRONMENTS, FunctionPool, LambdaService
from local.layers import python_path
from local.rest_api import RestApi
from local.settings import StackError, StackSettings
from local.stack_file import StackInfo

_PATIENCE_S: Final = 1.5


class LocalStack:
    """Everything that `make run` starts."""

    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._failure: str | None = None
        self._check: CatalogueCheck | None = None
        self._ministack: MiniStack | None = None
        self._service = LambdaService([])
        self._server: HttpServer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Start, serve until a signal arrives, and stop everything.

        Raises `StackError` if the stack cannot start, or the local AWS ended.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup the stack outlives the terminal
            loop.add_signal_handler(signal.SIGHUP, self._stopping.set)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        starting = asyncio.ensure_future(self._start())
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
            await stopped
        finally:
            starting.cancel()
            stopped.cancel()
            await self._stop()
        if self._failure is not None:
            raise StackError(self._failure)

    async def _start(self) -> None:
        settings = self._settings
        api_socket, invoke_socket = listen(settings.port), listen()
        stack_file.check_free(settings.stack_file)
        open_log_file(settings.stack_file.with_suffix(".log"))
        self._check = _catalogue_check(settings)
        aws = self._start_aws(invoke_socket)
        rendered = template.render(settings.template, settings.region, settings.installed / "template.json")
        for service in ("cloudformation", "lambda", "dynamodb"):
            aws.client(service)  # slow, and the emulator is still starting
        if self._ministack is not None:
            await self._ministack.ready()
        deployed = await deployment.deploy(rendered, aws)
        resolver = deployed.resolver(rendered, settings.region)
        api = rest_api.from_template(rendered, resolver)
        found = functions.read(rendered, deployed.functions, resolver, settings)
        clock = schedules.read(rendered, found, resolver)
        slots = self._make_service(found, aws)
        table = deployed.only(rendered, "AWS::DynamoDB::Table")
        bucket = deployed.only(rendered, "AWS::S3::Bucket")
        keys = seed.seed_keys(aws.client("dynamodb"), table, settings)
        await self._serve(api, api_socket, invoke_socket, slots)
        # Imports take up to a second, and a first request needs two functions: the authorizer and its own.
        await self._warm([authorizer.function for authorizer in api.authorizers.values()])
        served = ServedCatalogue() if self._check is None else self._check.finish()
        base_url = f"http://127.0.0.1:{port_of(api_socket)}/{api.stage}"
        self._announce(_info(base_url, keys, aws, bucket=bucket, table=table), served)
        self._tasks.append(asyncio.ensure_future(self._warm(_heaviest(found, api))))
        self._tasks += [asyncio.ensure_future(schedule.run(self._service.invoke_later)) for schedule in clock]

    async def _serve(
        self, api: RestApi, api_socket: socket.socket, invoke_socket: socket.socket, slots: list[socket.socket]
    ) -> None:
        applications: dict[int, Application] = {
            port_of(api_socket): ApiGateway(api, self._service.begin),
            port_of(invoke_socket): InvokeApi(self._service),
        }
        self._server = HttpServer(applications, RuntimeApi(self._service))
        self._tasks.append(asyncio.ensure_future(self._server.serve([api_socket, invoke_socket, *slots])))
        await self._server.listening.wait()

    def _announce(self, info: StackInfo, served: ServedCatalogue) -> None:
        # What exists now lives as long as the process. Searching it for garbage would delay some requests.
        gc.collect()
        gc.freeze()
        stack_file.write(self._settings.stack_file, info)
        settings = self._settings
        catalogue = settings.catalogue or settings.root / "layers" / "shared" / "catalog.toml"
        log(banner(info, settings.stack_file, served))
        keys = unreadable_keys(catalogue, settings.operator, aws_is_ours=settings.external_aws is None)
        for line in (*served.missing, *keys):
            log(f"warning: {line}")

    async def _stop(self) -> None:
        stack_file.remove(self._settings.stack_file)
        # The functions first: the server waits for their responses.
        self._service.close()
        if self._check is not None:
            self._check.stop()
        if self._ministack is not None:
            self._ministack.kill()
        if self._server is not None:
            self._server.should_exit = True
            await asyncio.wait(self._tasks[:1], timeout=_PATIENCE_S)
        close_log_file()

    def _start_aws(self, invoke_socket: socket.socket) -> LocalAws:
        if self._settings.external_aws is not None:
            return external(self._settings, self._settings.external_aws)
        self._ministack = MiniStack(self._settings)
        self._ministack.start(f"127.0.0.1:{port_of(invoke_socket)}")
        return self._ministack.aws

    def _make_service(self, found: list[functions.Function], aws: LocalAws) -> list[socket.socket]:
        """Create the Lambda service. Returns the sockets of its Runtime APIs, one per possible environment."""

        def start(environment: Environment) -> None:
            variables = process_variables(
                environment.function,
                port=environment.port,
                credentials=environment.credentials,
                endpoint_url=aws.endpoint_url,
                region=aws.region,
                operator=self._settings.operator,
            )
            environment.start(variables)

        sockets, pools = [], []
        for function in found:
            own = [listen() for _ in range(MAX_ENVIRONMENTS)]
            sockets += own
            pools.append(FunctionPool(function, map(port_of, own), aws.role_credentials, start))
        self._service = LambdaService(pools, self._settings.lambda_concurrency)
        return sockets

    async def _warm(self, names: list[str]) -> None:
        """Start an environment of each function, one by one: at the same time they would slow each other down."""
        for name in names:
            await self._service.pool(name).warm()

    def _reap(self) -> None:
        """Handle SIGCHLD, which may stand for several ended children."""
        self._service.reap()
        if self._ministack is not None and self._ministack.ended() and not self._stopping.is_set():
            self._failure = f"the local AWS ended: {self._ministack.last_line}"
            self._stopping.set()


def _catalogue_check(settings: StackSettings) -> CatalogueCheck | None:
    layer = settings.root / "layers" / "shared"
    path = settings.catalogue or layer / "catalog.toml"
    if not path.is_file():
        return None
    return CatalogueCheck(
        path, python_path(layer, settings.root, settings.installed), functions.installed_models(settings)
    )


def _info(base_url: str, keys: seed.SeedKeys, aws: LocalAws, *, bucket: str, table: str) -> StackInfo:
    return StackInfo(
        base_url=base_url,
        api_key=keys.api,
        admin_key=keys.admin,
        aws_endpoint_url=aws.endpoint_url,
        region=aws.region,
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
        bucket=bucket,
        table=table,
        pid=os.getpid(),
    )


def _heaviest(found: list[functions.Function], api: RestApi) -> list[str]:
    """Return the API's functions with the most memory, which have the most to import."""
    called = {route.function for route in api.routes}
    routed = [f for f in found if f.name in called]
    most_mb = max((f.deployed.memory_mb for f in routed), default=0)
    return [f.name for f in routed if f.deployed.memory_mb == most_mb]
