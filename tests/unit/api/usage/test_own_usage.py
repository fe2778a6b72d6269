"""GET /usage: the caller's own limits, as the meter counts them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import ExportSource
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, new_account_item
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.limits import Limits, limits_from_api
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.pending_uploads import AnnouncedUploads, PendingUploads
from audio_gateway.storage.results import ResultStore
from tests.fakes.gateway import ADMIN_CALLER, Answer, call, event
from tests.fakes.reports import FakeNames, FakeReports
from tests.unit.metering.tables import TABLE

NOW_MS = 1_795_262_417_250  # 2026-11-21T12:00:17.250Z
NEXT_MINUTE = 1_795_262_460
DECEMBER = 1_796_083_200
ALL = {
    "requests_per_minute": 60,
    "concurrent_requests": 4,
    "characters_per_minute": 1_000,
    "audio_seconds_per_minute": 600,
    "monthly_budget_usd": "25",
    "models": ["talker"],
    "expires_at": 1_900_000_000,
}


class OwnUsage:
    """A key with an account, its meter, and the usage function at the same moment."""

    def __init__(self, client: Any, limits: Limits, now_ms: int = NOW_MS) -> None:
        client.put_item(TableName=TABLE, Item=new_account_item("key_1", limits))
        self.meter = DynamoMeter(client, TABLE, now_ms=lambda: now_ms)
        self._client = client

    def admit(self, number: int, amount: int, *, speech: bool = True) -> Hold:
        names = ("speech", "characters") if speech else ("transcriptions", "audio_ms")
        work = MeteredRequest(f"req_{number}", names[0], "talker", cast("Any", names[1]), amount, 2_500_001, 1)
        return self.meter.admit(Payer("key_1", "default"), work).hold

    def get(self, now_ms: int = NOW_MS, **options: Any) -> Answer:
        reports = FakeReports()
        app = usage_app(
            reports=reports,
            exports=ExportSource(
                ledger=reports,
                names=FakeNames,
                results=cast("ResultStore", None),
                beginning_ms=lambda: None,
            ),
            accounts=AccountStore(self._client, TABLE),
            now_ms=lambda: now_ms,
        )
        return call(lambda_handler(app, "usage"), event("GET", "/usage", **options))


def test_a_key_is_required(dynamodb: Any) -> None:
    assert OwnUsage(dynamodb, Limits()).get(authorizer={}).status == 401


def test_an_admin_key_has_no_usage_of_its_own(dynamodb: Any) -> None:
    assert OwnUsage(dynamodb, Limits()).get(authorizer=ADMIN_CALLER).status == 403


def test_a_key_that_has_done_nothing_has_used_nothing_of_its_limits(dynamodb: Any) -> None:
    assert OwnUsage(dynamodb, limits_from_api(ALL)).get().json == {
        "object": "usage",
        "limits": ALL,
        "used": {
            "requests_per_minute": 0,
            "concurrent_requests": 0,
            "characters_per_minute": 0,
            "audio_seconds_per_minute": 0,
            "monthly_budget_usd": "0",
            "concurrent_jobs": 0,
            "pending_upload_bytes": 0,
        },
        "resets_at": {
            "requests_per_minute": NEXT_MINUTE,
            "concurrent_requests": None,
            "characters_per_minute": NEXT_MINUTE,
            "audio_seconds_per_minute": NEXT_MINUTE,
            "monthly_budget_usd": DECEMBER,
            "concurrent_jobs": None,
            "pending_upload_bytes": None,
        },
        "free_failures_used_up": False,
    }


@pytest.mark.parametrize("limits", [{}, ALL])
def test_usage_is_reported_with_and_without_limits(dynamodb: Any, limits: dict[str, Any]) -> None:
    own = OwnUsage(dynamodb, limits_from_api(limits))
    spoken = own.admit(1, 42)
    own.meter.settle(spoken, spoken.work)
    own.meter.release(own.admit(2, 8))
    own.admit(3, 1_500, speech=False)
    pending = PendingUploads(dynamodb, TABLE)
    pending.add(AnnouncedUploads("key_1", "upload_1", 700, NEXT_MINUTE), 10**9, NEXT_MINUTE)
    answer = own.get().json
    assert answer["limits"] == limits
    assert answer["used"] == {
        "requests_per_minute": 3,
        "concurrent_requests": 1,
        "characters_per_minute": 50,
        "audio_seconds_per_minute": 1.5,
        "monthly_budget_usd": "5.000002",  # spent plus held; what was released costs nothing
        "concurrent_jobs": 0,
        "pending_upload_bytes": 700,
    }


@pytest.mark.parametrize(("budget", "used_up"), [(None, False), (10**7, True), (10**7 + 1, False)])
def test_a_key_reads_whether_its_free_failures_are_used_up_but_not_their_cost(
    dynamodb: Any, budget: int | None, used_up: bool
) -> None:
    own = OwnUsage(dynamodb, Limits(monthly_budget_microusd=budget))
    own.meter.fail(own.admit(1, 42), "talker", 10**7)
    answer = own.get().json
    assert (answer["free_failures_used_up"], answer["used"]["monthly_budget_usd"]) == (used_up, "0")


def test_a_new_minute_and_a_new_month_begin_at_zero(dynamodb: Any) -> None:
    own = OwnUsage(dynamodb, Limits())
    own.admit(1, 42)
    next_minute = own.get(NEXT_MINUTE * 1000).json
    assert next_minute["used"]["characters_per_minute"] == 0
    assert next_minute["used"]["monthly_budget_usd"] == "2.500001"
    assert next_minute["resets_at"]["requests_per_minute"] == NEXT_MINUTE + 60
    december = own.get(DECEMBER * 1000).json
    assert december["used"]["monthly_budget_usd"] == "0"
    assert december["used"]["concurrent_requests"] == 1
    assert december["resets_at"]["monthly_budget_usd"] == 1_798_761_600  # 1 January 2027


def test_a_key_without_an_account_is_refused(dynamodb: Any) -> None:
    own = OwnUsage(dynamodb, Limits())
    dynamodb.delete_item(TableName=TABLE, Key=account_key("key_1"))
    assert own.get().status == 401


def test_an_account_that_cannot_be_read_is_a_503(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_table(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetItem")

    own = OwnUsage(dynamodb, Limits())
    monkeypatch.setattr(dynamodb, "get_item", no_table)
    answer = own.get()
    assert (answer.status, answer.error["code"]) == (503, "metering_unavailable")


def test_an_unknown_parameter_is_refused_by_name(dynamodb: Any) -> None:
    answer = OwnUsage(dynamodb, Limits()).get(query={"month": ["2026-11"]})
    assert (answer.status, answer.error["param"]) == (400, "month")
