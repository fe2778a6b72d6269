"""What tests of the command line share: an operator, and somebody who uses a gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.gateway import Gateway, GatewayTarget
from tests.fakes.job_gateway import KEY, FakeGateway
from tests.unit.cli.operator import TARGET, Operator, run
from tests.unit.metering.tables import TABLE


@pytest.fixture
def operator(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """An operator whose commands share the test's client: creating one per command would dominate the test time."""
    deployment = GatewayTarget(dynamodb, TABLE, f"table {TABLE} in us-east-1")
    monkeypatch.setattr(Gateway, "_deployed", lambda _: deployment)
    return Operator(dynamodb)


@pytest.fixture
def mistaken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Returns the error message for an invalid command line. The command must not access a gateway."""

    def asked(_: Gateway) -> GatewayTarget:
        raise AssertionError("a gateway was asked")

    monkeypatch.setattr(Gateway, "_deployed", asked)
    return lambda *arguments: run(*arguments, *TARGET, code=2).stderr


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGateway]:
    """A fake gateway that the environment names. The current folder is empty."""
    with FakeGateway() as running:  # one per test, because an abandoned request may arrive late
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.chdir(tmp_path)
        yield running
