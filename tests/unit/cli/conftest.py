"""What tests of the command line share: an operator, and somebody who uses a gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.gateway import Deployment, Gateway
from tests.fakes.job_gateway import KEY, FakeGateway
from tests.unit.cli.operator import TARGET, Operator, run
from tests.unit.metering.tables import TABLE


@pytest.fixture
def operator(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """Whose commands use the test's client: to make one for each takes longer than all else that they do."""
    deployment = Deployment(dynamodb, TABLE, f"table {TABLE} in us-east-1")
    monkeypatch.setattr(Gateway, "_deployed", lambda _: deployment)
    return Operator(dynamodb)


@pytest.fixture
def mistaken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What an operator is told about a command line that makes no sense; no gateway may be asked for that."""

    def asked(_: Gateway) -> Deployment:
        raise AssertionError("a gateway was asked")

    monkeypatch.setattr(Gateway, "_deployed", asked)
    return lambda *arguments: run(*arguments, *TARGET, code=2).stderr


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGateway]:
    """The fake gateway that the environment names, for somebody in an empty folder."""
    with FakeGateway() as running:  # one for each test, as a request that was given up may arrive late
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.chdir(tmp_path)
        yield running
