"""What every unit test has."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.dynamodb import FakeDynamoDB

# This machine, which no name server is asked for.
_OWN_NAMES = {None, "", "localhost", socket.gethostname()}


@pytest.fixture(scope="session", autouse=True)
def _no_lookup_of_names() -> Iterator[None]:
    """pytest-socket refuses connections to other machines (pyproject.toml); this refuses to look up their names."""
    real = socket.getaddrinfo

    def of_this_machine(host: Any, *arguments: Any, **options: Any) -> Any:
        if host in _OWN_NAMES:
            return real(host, *arguments, **options)
        try:
            return real(host, *arguments, **{**options, "flags": socket.AI_NUMERICHOST})
        except socket.gaierror:
            raise AssertionError(f"A unit test looked up the name {host!r}; give it addresses by a fake.") from None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", of_this_machine)
        yield


@pytest.fixture(scope="session", autouse=True)
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Mangum runs an app on the thread's current event loop, as in a Lambda, and would leave one behind of its own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(autouse=True)
def _current_event_loop(_event_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """The loop is the current one, also after a test that used `asyncio.run`, which leaves none."""
    asyncio.set_event_loop(_event_loop)
    yield
    asyncio.set_event_loop(_event_loop)


@pytest.fixture
def dynamodb() -> Any:
    """The client of the gateway's table, in memory. Tests of stores use `moto_dynamodb`."""
    return FakeDynamoDB(page=50)


# moto takes long to import, and most tests do not need it: these fixtures import it when they are used.


@pytest.fixture
def moto_dynamodb() -> Iterator[Any]:
    """The client of the gateway's table, in moto."""
    from tests.unit.metering.tables import in_moto

    with in_moto() as client:
        yield client


@pytest.fixture(params=["moto", "fake"])
def either(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The table in moto, and in the fake that most tests use: for tests that compare the two."""
    if request.param == "moto":
        yield request.getfixturevalue("moto_dynamodb")
    else:
        yield FakeDynamoDB()


@pytest.fixture
def bucket() -> Iterator[Any]:
    """The client of the gateway's bucket, in moto."""
    from tests.unit.storage.buckets import bucket_in_moto

    with bucket_in_moto() as client:
        yield client
