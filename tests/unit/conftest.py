"""What every unit test has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest


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
