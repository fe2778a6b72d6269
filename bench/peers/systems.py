"""The measured systems: how each starts, and what a request to it looks like."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from abc import abstractmethod
from pathlib import Path
from typing import Final

from bench.peers import installing
from bench.peers.processes import check_loopback, family
from bench.peers.sounds import Sounds
from tests.stack.conftest import RunningStack

ROOT: Final = Path(__file__).resolve().parents[2]
HANDLERS: Final = 16  # as many as there are concurrent requests
_START_S: Final = 180
_STOP_S: Final = 20
_KEY: Final = "sk-local-benchmark"


class NotReady(Exception):
    """A system does not answer as it should. The message says what it does."""


class System:
    """A gateway in front of the upstream, or the upstream itself."""

    name: str
    prefix = "/v1"

    def __init__(self, folder: Path, upstream_port: int) -> None:
        self.folder = folder
        self.upstream = f"http://127.0.0.1:{upstream_port}/v1"
        self.ports: list[int] = []
        self.headers: dict[str, str] = {"Authorization": f"Bearer {_KEY}"}
        self.versions: dict[str, str] = {}

    def install(self) -> None:
        """Install what is missing. Raises `NotInstalled`."""

    @abstractmethod
    def launch(self) -> None:
        """Start the processes, without waiting for them."""

    @abstractmethod
    def roots(self) -> list[int]:
        """The processes that `launch` has started."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the processes."""

    def pids(self) -> list[int]:
        return family(self.roots())

    def start(self, sounds: Sounds) -> float:
        """Start, and return the seconds until the first complete response. Raises `NotReady`."""
        started_s = time.monotonic()
        self.launch()
        seen = ""
        while time.monotonic() < started_s + _START_S:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, body = self._speech(sounds, self.ports[0])
                if (status, body) == (200, sounds.mp3):
                    seconds = time.monotonic() - started_s
                    for port in self.ports:
                        check_loopback(port)
                    return seconds
                seen = f"it answered {status} {body[:200]!r}"
            time.sleep(0.02)
        raise NotReady(seen or "it did not answer")

    def _speech(self, sounds: Sounds, port: int) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_S)
        with contextlib.closing(connection):
            headers = {"Content-Type": "application/json", **self.headers}
            connection.request("POST", f"{self.prefix}/audio/speech", sounds.speech_body("speaker", 0), headers)
            response = connection.getresponse()
            return response.status, response.read()


class _Processes(System):
    """A system of processes that we start ourselves."""

    def __init__(self, folder: Path, upstream_port: int) -> None:
        super().__init__(folder, upstream_port)
        self._started: list[subprocess.Popen[bytes]] = []

    def spawn(self, command: list[str], variables: dict[str, str], *inherited: int) -> None:
        """Start a process with these variables and open files only."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **variables}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=inherited,
            )
        self._started.append(process)

    def roots(self) -> list[int]:
        return [process.pid for process in self._started]

    def stop(self) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._started.clear()


class Direct(System):
    """The upstream without a gateway."""

    name = "direct"

    def launch(self) -> None:
        self.ports = [int(self.upstream.removesuffix("/v1").rpartition(":")[2])]

    def roots(self) -> list[int]:
        return []

    def stop(self) -> None:
        """Leave the upstream to who started it."""


class LiteLlm(_Processes):
    """LiteLLM's proxy: one process, as it starts by default. It checks a key, and has no database, so no budgets."""

    name = "LiteLLM"

    def install(self) -> None:
        self._installed = installing.install_litellm()
        self.versions = installing.litellm_versions(self._installed)

    def launch(self) -> None:
        config = self.folder / "config.yaml"
        models = [
            f"  - model_name: {model}\n"
            f"    litellm_params: {{model: openai/{model}, api_base: '{self.upstream}', api_key: {_KEY}}}\n"
            for model in ("speaker", "streamer", "listener")
        ]
        config.write_text(f"model_list:\n{''.join(models)}general_settings: {{master_key: {_KEY}}}\n")
        self.ports = [free_port()]
        command = [str(self._installed / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
        # The list of prices would be fetched from the internet.
        variables = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        self.spawn([*command, "--port", str(self.ports[0]), "--telemetry", "False"], variables)


class Portkey(_Processes):
    """Portkey's gateway: one process. It checks no key and counts nothing."""

    name = "Portkey"

    def install(self) -> None:
        self._installed = installing.install_portkey()
        self.versions = installing.portkey_versions(self._installed)

    def launch(self) -> None:
        self.ports = [free_port()]
        self.headers |= {"x-portkey-provider": "openai", "x-portkey-custom-host": self.upstream}
        program = self._installed / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
        preload = ["--require", str(Path(__file__).parent / "loopback.cjs")]
        node = shutil.which("node") or "node"
        self.spawn([node, *preload, str(program), f"--port={self.ports[0]}", "--headless"], {"NODE_ENV": "production"})


class OurHandler(_Processes):
    """Our handlers without a gateway before them, in as many processes as there are concurrent requests."""

    name = "ours, handler"
    prefix = ""

    def launch(self) -> None:
        layers = ROOT / ".local" / "layers"
        packages = [ROOT / "layers" / "shared", layers / "shared" / "python", ROOT]
        variables = {
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
        }
        catalogue = catalogue_for(self.upstream, self.folder)
        self._command = [sys.executable, "-S", "-m", "bench.peers.handler_server", str(catalogue)]
        self._variables = variables
        self.ports = []
        self._launch_one()

    def start(self, sounds: Sounds) -> float:
        """Start one process and measure that: an environment of Lambda does not share the processor with 15 others."""
        seconds = super().start(sounds)
        for _ in range(HANDLERS - 1):
            self._launch_one()
        for port in self.ports:
            self._speech(sounds, port)
        return seconds

    def _launch_one(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.ports.append(int(listener.getsockname()[1]))
            self.spawn([*self._command, str(listener.fileno())], self._variables, listener.fileno())


class OurStack(System):
    """The whole local stack, as `make run` starts it: front, authorizer, Runtime API, functions, emulated DynamoDB."""

    name = "ours, stack"

    def launch(self) -> None:
        catalogue = catalogue_for(self.upstream, self.folder)
        variables = {"AUDIO_GATEWAY_CATALOG": str(catalogue), "AUDIO_GATEWAY_API_KEY": _KEY}
        self._running = RunningStack(self.folder, variables)
        self.ports = [int(self._running.wait_until_ready()["base_url"].removesuffix("/v1").rpartition(":")[2])]

    def roots(self) -> list[int]:
        return [self._running.process.pid]

    def stop(self) -> None:
        self._running.stop()


SYSTEMS: Final[tuple[type[System], ...]] = (Direct, LiteLlm, Portkey, OurHandler, OurStack)


def catalogue_for(upstream: str, folder: Path) -> Path:
    """Write the catalogue with the address of the upstream."""
    written = folder / "catalog.toml"
    written.write_text((Path(__file__).parent / "catalog.toml").read_text().replace("@UPSTREAM@", upstream))
    return written


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
