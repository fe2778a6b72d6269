"""Official clients of two stacks: the shipped catalogue, and one whose models the fake OpenAI upstream serves."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.fakes.file_server import FileServer
from tests.fakes.receiver import Receiver
from tests.fakes.upstream import FakeUpstream
from tests.stack.sdk.stack_keys import UPSTREAM_KEY
from tests.stack.sdk.wire import Wire

TIMEOUT = 60.0
CATALOG = Path(__file__).parent / "wired.toml"


@pytest.fixture(scope="package")
def client(stack: dict[str, Any]) -> Iterator[OpenAI]:
    """A client that refuses every answer which is not exactly of OpenAI's types, and never tries twice."""
    with _client(stack) as made:
        yield made


@pytest.fixture(scope="package")
def aclient(stack: dict[str, Any]) -> Callable[[], AsyncOpenAI]:
    """Makes an asynchronous client of the same kind; it belongs to the event loop in which it is used."""
    return lambda: AsyncOpenAI(**_settings(stack))


@pytest.fixture(scope="package")
def wire(stack: dict[str, Any]) -> Wire:
    """Raw HTTP to the shipped catalogue."""
    return Wire(stack["base_url"], stack["api_key"])


@pytest.fixture(scope="package")
def running_upstream() -> Iterator[FakeUpstream]:
    """The fake OpenAI server, for all tests of this folder."""
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="package")
def hook_port() -> Iterator[int]:
    """A port of 127.0.0.1 that the webhooks of the wired stack may reach."""
    with _closed_port() as port:
        yield port


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    """A server that receives webhooks."""
    with Receiver() as running:
        yield running


@pytest.fixture(scope="package")
def files() -> Iterator[FileServer]:
    """A web server with recordings."""
    with FileServer() as server:
        yield server


@pytest.fixture(scope="package")
def wired_stack(
    start_stack: Any,
    running_upstream: FakeUpstream,
    hook_port: int,
    receiver: Receiver,
    files: FileServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Any]]:
    """A stack whose catalogue has OpenAI's models, served by the fake, beside the embedded ones.

    It may reach the servers of the tests.
    """
    catalog = tmp_path_factory.mktemp("wired") / "catalog.toml"
    with _closed_port() as nobody:
        text = CATALOG.read_text().replace("@UPSTREAM@", running_upstream.base_url)
        catalog.write_text(text.replace("@CLOSED_PORT@", str(nobody)))
        yield start_stack(
            AUDIO_GATEWAY_CATALOG=str(catalog),
            UPSTREAM_KEY=UPSTREAM_KEY,
            AUDIO_GATEWAY_ALLOW_HOSTS=f"127.0.0.1:{hook_port},{receiver.place},{files.host}",
        )


@pytest.fixture(scope="package")
def wired_client(wired_stack: dict[str, Any]) -> Iterator[OpenAI]:
    """As `client`, to the wired stack."""
    with _client(wired_stack) as made:
        yield made


@pytest.fixture(scope="package")
def wired_aclient(wired_stack: dict[str, Any]) -> Callable[[], AsyncOpenAI]:
    """As `aclient`, to the wired stack."""
    return lambda: AsyncOpenAI(**_settings(wired_stack))


@pytest.fixture(scope="package")
def wired_wire(wired_stack: dict[str, Any]) -> Wire:
    """Raw HTTP to the wired stack."""
    return Wire(wired_stack["base_url"], wired_stack["api_key"])


@pytest.fixture
def upstream(running_upstream: FakeUpstream) -> Iterator[FakeUpstream]:
    """The fake, without calls and with its usual behaviour."""
    running_upstream.reset()
    yield running_upstream
    running_upstream.reset()


def _client(stack: dict[str, Any]) -> OpenAI:
    return OpenAI(**_settings(stack))


def _settings(stack: dict[str, Any]) -> dict[str, Any]:
    return {
        "base_url": stack["base_url"],
        "api_key": stack["api_key"],
        "max_retries": 0,
        "timeout": TIMEOUT,
        "_strict_response_validation": True,
    }


@contextmanager
def _closed_port() -> Iterator[int]:
    """A port without a listener, which the system gives to no one else."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", 0))
        yield int(place.getsockname()[1])
