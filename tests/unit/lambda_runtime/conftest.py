"""The fake Runtime API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.runtime_api import FakeRuntimeApi


@pytest.fixture
def api() -> Iterator[FakeRuntimeApi]:
    with FakeRuntimeApi() as server:
        yield server
