"""Runs operators' commands on a gateway in moto."""

from __future__ import annotations

import functools
import json
import time
from typing import Any
from unittest import mock

import typer.testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from audio_gateway.cli.app import app
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.keys import NewKey
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limits import limits_from_api
from audio_gateway.metering.meter import DynamoMeter
from tests.unit.metering.tables import TABLE

TARGET = ("--table", TABLE, "--region", "us-east-1")


# The tree of all commands, which is made from their signatures, is the same for each command line.
_COMMAND = functools.cache(get_command)


def run(*arguments: str, code: int = 0, answer: str = "") -> Result:
    """Run a command line. It must end with this exit code and without a traceback."""
    with mock.patch.object(typer.testing, "_get_command", _COMMAND):
        result = CliRunner().invoke(app, arguments, input=answer)
    assert result.exit_code == code, f"{result.exit_code}\n{result.output}\n{result.exception!r}"
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


class Operator:
    """Runs commands on the gateway of a table in memory."""

    def __init__(self, dynamodb: Any) -> None:
        self.client = dynamodb
        self.directory = Directory(dynamodb, TABLE)

    def __call__(self, *arguments: str, code: int = 0, answer: str = "") -> Result:
        return run(*arguments, *TARGET, code=code, answer=answer)

    def json(self, *arguments: str, code: int = 0) -> Any:
        result = self(*arguments, "--json", code=code)
        return json.loads(result.stdout)

    def key(self, name: str = "first", project_id: str = "default", **limits: Any) -> NewKey:
        return self.directory.create_key("api", name=name, project_id=project_id, limits=limits_from_api(limits))

    def admit(self, key: NewKey, request_id: str = "req_1", price: int = 150, ago_s: int = 0, **work: Any) -> Hold:
        """Admit a request of the key that has been running for `ago_s` seconds."""
        meter = DynamoMeter(self.client, TABLE, now_ms=lambda: int((time.time() - ago_s) * 1000))
        asked: dict[str, Any] = {"endpoint": "speech", "model": "talker", "unit": "characters", "amount": 10} | work
        caller = Payer(key.record.id, key.record.project_id)
        return meter.admit(caller, MeteredRequest(request_id, price_microusd=price, cost_microusd=100, **asked)).hold

    def charge(self, *rows: LedgerRow) -> None:
        for row in rows:
            LedgerStore(self.client, TABLE).put(row)
