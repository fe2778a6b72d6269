"""The scheduled half of the money, by itself: a hold is swept, rows are rolled up, and the audit finds nothing."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audio_gateway.aws.table import Table
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, hold_text, holds_from
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.usage.buckets import HOUR, bucket_from, bucket_key
from audio_gateway.usage.reports import Dimensions, DynamoUsageReports, Totals
from audio_gateway.usage.watermark import Watermark
from scripts import audit
from tests.stack.aws import aws_of, use_aws_of
from tests.stack.conftest import RunningStack

pytestmark = pytest.mark.stack

PATIENCE_S = 60
AN_HOUR_MS = 3_600_000


class Gateway:
    """The running system, seen through its table."""

    def __init__(self, running: RunningStack) -> None:
        self.running = running
        self.info = running.wait_until_ready()
        self.client = aws_of(self.info, "dynamodb")
        self.table = self.info["table"]
        self.directory = Directory(self.client, self.table)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def rows(self, key_id: str) -> list[LedgerRow]:
        now_ms = self.now_ms()
        rows = LedgerStore(self.client, self.table).rows(now_ms - 2 * AN_HOUR_MS, now_ms + 1)
        return [row for row in rows if row.key_id == key_id]

    def holds(self, key_id: str) -> list[Any]:
        return holds_from(self.account(key_id))

    def account(self, key_id: str) -> dict[str, Any]:
        answer = self.client.get_item(TableName=self.table, Key=account_key(key_id), ConsistentRead=True)
        return dict(answer["Item"])

    def aggregates(self, key_id: str) -> dict[str, Totals]:
        """The sums of a key's items, by width."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        items = [item for page in pages for item in page["Items"] if item["pk"]["S"].startswith("USAGE#")]
        sums: dict[str, Totals] = {}
        for bucket in map(bucket_from, items):
            if bucket.key_id == key_id:
                for tally in bucket.totals.values():
                    sums[bucket.width.name] = sums.get(bucket.width.name, Totals(0, 0, 0, 0)) + tally
        return sums

    def audit(self, *arguments: str) -> Result:
        """As `make audit`, in this process: to start one takes longer than to audit."""
        return CliRunner().invoke(audit.app, arguments, env={"STACK_FILE": str(self.running.stack_file)})


def wait_until(done: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.2)


@pytest.fixture(scope="module")
def gateway(run_stack: Callable[..., RunningStack]) -> Iterator[Gateway]:
    """A stack whose clock goes sixty times as fast as on AWS."""
    made = Gateway(run_stack(AUDIO_GATEWAY_HOLD_SECONDS="2", AUDIO_GATEWAY_SWEEP_SECONDS="1"))
    yield made
    made.client.close()
    made.running.stop()


def work(request_id: str, price: int = 100) -> MeteredRequest:
    return MeteredRequest(request_id, "speech", "talker", "characters", 10, price, price // 2)


def begin(gateway: Gateway, key_id: str, request_id: str) -> None:
    """Admit a request of which nothing is heard any more."""
    meter = DynamoMeter(gateway.client, gateway.table, hold_seconds=3600)
    meter.admit(Payer(key_id, "default"), work(request_id))


def test_a_hold_that_is_never_settled_is_given_back_and_leaves_a_row(gateway: Gateway) -> None:
    key_id = gateway.directory.api_keys.create(name="abandoned").record.id
    begin(gateway, key_id, "req_abandoned")
    assert len(gateway.holds(key_id)) == 1
    expire_holds(gateway, key_id)

    wait_until(lambda: not gateway.holds(key_id), "no sweep")

    (row,) = gateway.rows(key_id)
    assert (row.outcome, row.price_microusd, row.amount) == ("abandoned", 0, 0)
    assert (row.held_microusd, row.held_amount) == (100, 10)
    assert {name: value for name, value in gateway.account(key_id).items() if name[0] == "m"} == {
        f"m{time.strftime('%Y%m', time.gmtime(row.at_ms / 1000))}": {"N": "0"}
    }


def test_a_deleted_key_is_forgotten_once_its_holds_have_ended(gateway: Gateway) -> None:
    key_id = gateway.directory.api_keys.create(name="deleted").record.id
    begin(gateway, key_id, "req_deleted")
    gateway.directory.api_keys.delete(key_id)
    assert key_id in set(gateway.directory.api_keys.all_ids())
    expire_holds(gateway, key_id)
    wait_until(lambda: key_id not in set(gateway.directory.api_keys.all_ids()), "it was not forgotten")
    assert [row.outcome for row in gateway.rows(key_id)] == ["abandoned"]


@pytest.fixture
def late(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a key that was used long before anybody could write it down: the sweeper comes to it only now."""
    use_aws_of(gateway.info, monkeypatch)
    key_id = gateway.directory.api_keys.create(name="late").record.id
    for number, minutes in enumerate((20, 20, 50)):
        at_ms = gateway.now_ms() - minutes * 60_000
        meter = DynamoMeter(gateway.client, gateway.table, now_ms=partial(int, at_ms), hold_seconds=3600)
        hold = meter.admit(Payer(key_id, "default"), work(f"req_late_{number}")).hold
        wait_until(partial(is_kept, PendingSettlementStore(gateway.info["bucket"]), hold), "no pending settlement")
    expire_holds(gateway, key_id)
    wait_until(lambda: not gateway.holds(key_id), "no sweep")
    return key_id


def is_kept(store: PendingSettlementStore, hold: Hold) -> bool:
    """Keep the pending settlement of an answer. A function tries once, in less time than a busy machine may need."""
    try:
        store.keep(hold, hold.work)
    except MeteringUnavailable:
        return False
    return True


def expire_holds(gateway: Gateway, key_id: str) -> None:
    """All in one write: the sweeper finds each of them with its pending settlement."""
    holds = {
        hold.work.request_id: {"S": hold_text(dataclasses.replace(hold, expires_s=1))} for hold in gateway.holds(key_id)
    }
    gateway.client.update_item(
        TableName=gateway.table,
        Key=account_key(key_id),
        UpdateExpression="SET holds = :holds",
        ExpressionAttributeValues={":holds": {"M": holds}},
    )


def test_rows_are_rolled_up_the_reports_are_exact_and_the_audit_is_clean(gateway: Gateway, late: str) -> None:
    assert [row.outcome for row in gateway.rows(late)] == ["swept"] * 3
    used = Totals(3, 30, 300, 150)
    reports = DynamoUsageReports(gateway.client, gateway.table)
    now_ms = gateway.now_ms()
    (found,) = reports.series([now_ms - 2 * AN_HOUR_MS, now_ms], [late])
    assert found == {Dimensions(late, "default", "speech", "talker"): used}  # immediately, whatever was rolled up

    wait_until(lambda: gateway.aggregates(late) == dict.fromkeys(("1m", "1h", "1d"), used), "no roll-up")
    assert reports.series([now_ms - 2 * AN_HOUR_MS, now_ms], [late]) == [found]
    done = gateway.audit()
    assert (done.exit_code, ", 0 differences" in done.stdout) == (0, True), done.output
    wrong_sums_are_found_and_rebuilt(gateway, late, used)


def wrong_sums_are_found_and_rebuilt(gateway: Gateway, late: str, used: Totals) -> None:
    """By the audit: in an aggregate and in an account."""
    # Not before: recomputing an hour with a late row would correct what is made wrong here.
    watermark, hours = (
        Watermark(Table(gateway.client, gateway.table)),
        {HOUR.start(r.at_ms) for r in gateway.rows(late)},
    )
    wait_until(lambda: not hours & set(watermark.read().late_hours), "no recomputation")
    assert gateway.aggregates(late)["1d"] == used
    key = bucket_key(HOUR, min(hours), late)
    gateway.client.update_item(
        TableName=gateway.table,
        Key=key,
        UpdateExpression="SET cells = :cells",
        ExpressionAttributeValues={":cells": {"S": '[["speech","talker",7,70,700,350]]'}},
    )
    done = gateway.audit()
    assert (done.exit_code, "price 700" in done.stdout) == (1, True), done.output

    done = gateway.audit("--rebuild")
    assert (done.exit_code, ", 0 differences" in done.stdout) == (0, True), done.output

    month = next(name for name in gateway.account(late) if name[0] == "m" and name[1:].isdecimal())
    charge = {"Key": account_key(late), "UpdateExpression": f"ADD {month} :one"}
    gateway.client.update_item(TableName=gateway.table, **charge, ExpressionAttributeValues={":one": {"N": "1"}})
    done = gateway.audit()
    assert (done.exit_code, late in done.stdout) == (1, True), done.output
    gateway.client.update_item(TableName=gateway.table, **charge, ExpressionAttributeValues={":one": {"N": "-1"}})
