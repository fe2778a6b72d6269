"""A fake gateway that people use from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.job_gateway import KEY, FakeGateway


@pytest.fixture(scope="module")
def running_gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(running_gateway: FakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """The gateway that the environment names, for somebody in an empty folder."""
    running_gateway.reset()
    monkeypatch.setenv("OPENAI_BASE_URL", running_gateway.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    return running_gateway
