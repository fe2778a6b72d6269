"""The usage function over its real stores: what was written is told, and nothing else of the table is read."""

from __future__ import annotations

import csv
from fnmatch import fnmatchcase
from typing import Any, cast

import pytest

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import ExportSource
from audio_gateway.aws.table import Table
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.directory_names import DirectoryNames
from audio_gateway.metering.account_item import new_account_item
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import row_item
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limits import Limits
from audio_gateway.storage.results import ResultStore
from audio_gateway.usage.reports import DynamoUsageReports
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.watermark import Watermark
from tests.fakes.gateway import ADMIN_CALLER, Answer, call, event
from tests.fakes.reports import row
from tests.infrastructure.rights import ROLES, USES
from tests.unit.metering.tables import TABLE

MIDNIGHT = 1_793_750_400  # 2026-11-04T00:00:00Z
BEGINNING = MIDNIGHT - 3 * 86_400
NOW_MS = (MIDNIGHT + 45_000) * 1000
SPEECHES, COSTS, LEDGER = "/organization/usage/audio_speeches", "/organization/costs", "/organization/ledger"


class Recorder:
    """A client that notes the operation and the partition keys of each call."""

    def __init__(self, client: Any) -> None:
        self.calls: set[tuple[str, str]] = set()
        self.notes = False
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def noted(**params: Any) -> Any:
            if not self.notes:
                return call(**params)
            operation = name.title().replace("_", "")
            keys = [params.get("Key", {}).get("pk"), params.get("ExpressionAttributeValues", {}).get(":pk")]
            keys += [key["pk"] for asked in params.get("RequestItems", {}).values() for key in asked["Keys"]]
            self.calls |= {(f"dynamodb:{operation}", key["S"]) for key in keys if key}
            return call(**params)

        return noted


class Gateway:
    """The usage function over a table whose ledger begins three days ago, and what it reads of it."""

    def __init__(self, client: Any) -> None:
        self.key = Directory(client, TABLE, now_s=lambda: BEGINNING).create_key("api", name="first")
        client.put_item(TableName=TABLE, Item=new_account_item("key_1", Limits()))
        for at in (BEGINNING, MIDNIGHT - 1, MIDNIGHT, NOW_MS / 1000):
            client.put_item(TableName=TABLE, Item=row_item(row(at)))
        app = usage_app(
            reports=DynamoUsageReports(client, TABLE, lambda: NOW_MS),
            exports=ExportSource(
                ledger=LedgerStore(client, TABLE),
                names=lambda: DirectoryNames(client, TABLE),
                results=cast("ResultStore", None),
                beginning_ms=Watermark(Table(client, TABLE)).beginning_ms,
            ),
            accounts=AccountStore(client, TABLE),
            now_ms=lambda: NOW_MS,
        )
        self._handler = lambda_handler(app, "usage")
        self._rollup = Rollup(client, TABLE, AllowedLateness(960, 60), lambda: NOW_MS)
        self.client = client

    def roll_up(self) -> None:
        while self._rollup.run().hours:
            pass

    def ask(self, path: str, **query: str) -> Answer:
        asked = {name: [value] for name, value in query.items()}
        authorizer = ADMIN_CALLER if path.startswith("/organization/") else None
        answer = call(self._handler, event("GET", path, query=asked or None, authorizer=authorizer))
        assert answer.status == 200, answer.body
        return answer


@pytest.fixture
def gateway(dynamodb: Any) -> Gateway:
    return Gateway(Recorder(dynamodb))


def test_old_rows_and_those_of_just_now_are_all_told(gateway: Gateway) -> None:
    gateway.roll_up()
    buckets = gateway.ask(SPEECHES, start_time=str(BEGINNING)).json["data"]
    assert [[result["num_model_requests"] for result in bucket["results"]] for bucket in buckets] == [[1], [], [1], [2]]


def test_a_month_is_read_to_its_end(gateway: Gateway) -> None:
    assert len(gateway.ask(LEDGER, month="2026-11").body.splitlines()) == 5


def test_its_rows_say_what_projects_and_keys_are_called(gateway: Gateway) -> None:
    key_id = gateway.key.record.id
    gateway.client.put_item(TableName=TABLE, Item=row_item(row(MIDNIGHT, key_id=key_id)))
    gateway.client.put_item(TableName=TABLE, Item=row_item(row(MIDNIGHT, project_id="gone")))
    lines = csv.DictReader(gateway.ask(LEDGER, month="2026-11").body.decode().splitlines())
    names = {(line["project_name"], line["api_key_name"]) for line in lines}
    assert names == {("Default project", "first"), ("Default project", ""), ("", "")}


def test_only_what_the_role_allows_is_read(gateway: Gateway) -> None:
    recorder = gateway.client
    recorder.notes = True
    gateway.ask(COSTS, start_time=str(BEGINNING))
    gateway.ask("/usage")
    gateway.ask("/organization/ledger", month="2026-11")
    recorder.notes = False
    gateway.roll_up()
    recorder.notes = True
    for key_ids in ({}, {"api_key_ids": "key_1"}):
        gateway.ask(SPEECHES, start_time=str(BEGINNING - 7), bucket_width="1h", **key_ids)
    allowed = {
        (action, scope) for use in ROLES["UsageRole"] for action, resource, scope in USES[use] if resource == "Table"
    }
    for action, key in recorder.calls:
        assert any(action == given and fnmatchcase(key, pattern) for given, pattern in allowed), (action, key)
    # What it may read is what it does read.
    for given, pattern in allowed:
        assert any(action == given and fnmatchcase(key, pattern) for action, key in recorder.calls), (given, pattern)
