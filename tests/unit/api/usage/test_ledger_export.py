"""GET /organization/ledger through the real handler; a large one goes through S3 (moto)."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import MAX_DIRECT_BYTES, ExportSource
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.storage.results import MIN_PART_BYTES, ResultStore
from audio_gateway.usage.ledger_csv import COLUMNS
from tests.fakes.gateway import ADMIN_CALLER, Answer, Context, call, event
from tests.fakes.reports import FakeNames, FakeReports, row

pytestmark = pytest.mark.slow

OCTOBER = 1_790_812_800  # 2026-10-01T00:00:00Z
NOVEMBER = 1_793_491_200
DAY = 86_400
NOW = NOVEMBER + 20 * DAY + 45_296.5  # 2026-11-21T12:34:56.500Z
BUCKET = "gateway"
PATH = "/organization/ledger"


def ask(
    ledger: Any,
    *,
    context: Context | None = None,
    results: Any = None,
    beginning: int | None = None,
    **query: str,
) -> Answer:
    app = usage_app(
        reports=FakeReports(),
        exports=ExportSource(
            ledger=ledger,
            names=FakeNames,
            results=cast("ResultStore", results),
            beginning_ms=lambda: None if beginning is None else beginning * 1000,
        ),
        accounts=cast("Any", None),
        now_ms=lambda: round(NOW * 1000),
    )
    asked = {name: [value] for name, value in query.items()} or None
    return call(lambda_handler(app, "usage"), event("GET", PATH, query=asked, authorizer=ADMIN_CALLER), context)


def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_an_admin_key_is_required() -> None:
    nothing: Any = None
    app = usage_app(
        reports=FakeReports(),
        exports=ExportSource(
            ledger=FakeReports(),
            names=FakeNames,
            results=nothing,
            beginning_ms=lambda: None,
        ),
        accounts=nothing,
    )
    handler = lambda_handler(app, "usage")
    assert call(handler, event("GET", PATH, authorizer={})).status == 401
    assert call(handler, event("GET", PATH, query={"month": ["2026-10"]})).status == 403


def test_a_month_is_all_of_its_rows_in_order_and_no_other() -> None:
    rows = [
        row(OCTOBER - 0.001),
        row(NOVEMBER - 0.001),
        row(OCTOBER),
        row(OCTOBER + 9 * DAY, outcome="abandoned", amount=0),
        row(NOVEMBER),
    ]
    answer = ask(FakeReports(rows), month="2026-10")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="ledger-2026-10.csv"'
    assert [line["request_id"] for line in lines(answer.body)] == [rows[at].request_id for at in (2, 3, 1)]


def test_the_current_month_ends_now_and_its_filename_says_so() -> None:
    rows = [row(NOVEMBER), row(NOW)]
    answer = ask(FakeReports(rows), month="2026-11")
    assert len(lines(answer.body)) == 2
    assert 'filename="ledger-2026-11-until-20261121T123456Z.csv"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("beginning", [OCTOBER - DAY, OCTOBER + 5 * DAY, NOVEMBER - DAY, NOVEMBER + DAY])
def test_hours_before_the_first_row_are_not_read(beginning: int) -> None:
    class Watched(FakeReports):
        def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
            assert start_ms >= beginning * 1000
            return super().rows(start_ms, end_ms)

    rows = [row(at) for at in (OCTOBER, OCTOBER + 5 * DAY, NOVEMBER - 1, NOVEMBER + DAY) if at >= beginning]
    answer = ask(Watched(rows), beginning=beginning, month="2026-10")
    assert len(lines(answer.body)) == len([each for each in rows if each.at_ms < NOVEMBER * 1000])


def test_an_export_may_be_of_one_project() -> None:
    rows = [row(NOVEMBER, project_id="p1"), row(NOVEMBER, project_id="p2")]
    answer = ask(FakeReports(rows), month="2026-11", project_id="p2")
    assert [line["project_id"] for line in lines(answer.body)] == ["p2"]


def test_a_month_without_rows_is_the_names_of_the_columns() -> None:
    assert ask(FakeReports(), month="2026-10").body == ",".join(COLUMNS).encode() + b"\r\n"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "month"),
        ({"month": ""}, "month"),
        ({"month": "2026"}, "month"),
        ({"month": "2026-13"}, "month"),
        ({"month": "2026-1"}, "month"),
        ({"month": "0000-01"}, "month"),
        ({"month": "2026-11-01"}, "month"),
        ({"month": "2026-12"}, "month"),
        ({"month": "9999-12"}, "month"),
        ({"month": "2026-11", "project_id": ""}, "project_id"),
        ({"month": "2026-11", "project": "p1"}, "project"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(query: dict[str, Any], param: str) -> None:
    answer = ask(FakeReports(), **query)
    assert (answer.status, answer.error["param"]) == (400, param)


# ---------------------------------------------------------------- too big for an answer
class LongLedger:
    """So many rows on the first day of a month; `then` is called before the last of them."""

    def __init__(self, count: int, then: Any = lambda: None) -> None:
        self._count = count
        self._then = then

    def rows(self, start_ms: int, _end_ms: int) -> Iterator[LedgerRow]:
        if start_ms == OCTOBER * 1000:
            for number in range(self._count):
                if number == self._count - 1:
                    self._then()
                yield row(OCTOBER + number / 1000, model="m" * 400)


ENOUGH_FOR_TWO_PARTS = MIN_PART_BYTES // 500 + 4_000
ENOUGH_FOR_S3 = MAX_DIRECT_BYTES // 545 + 500


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def left_in(s3: Any) -> tuple[int, int]:
    """Objects and unfinished uploads."""
    return (
        s3.list_objects_v2(Bucket=BUCKET)["KeyCount"],
        len(s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])),
    )


@pytest.mark.parametrize("count", [ENOUGH_FOR_S3, ENOUGH_FOR_TWO_PARTS])
def test_a_big_month_is_a_link_to_the_bucket(s3: Any, count: int) -> None:
    answer = ask(LongLedger(count), results=ResultStore(BUCKET), month="2026-10")
    assert (answer.status, answer.json["location"]) == (303, answer.headers["location"])
    key = urlsplit(answer.headers["location"]).path[1:]
    assert key.startswith("results/organization/")
    stored = s3.get_object(Bucket=BUCKET, Key=key)
    assert stored["ContentType"] == "text/csv; charset=utf-8"
    assert stored["ContentDisposition"] == 'attachment; filename="ledger-2026-10.csv"'
    assert len(lines(stored["Body"].read())) == count
    assert left_in(s3) == (1, 0)


@pytest.mark.parametrize("count", [100, ENOUGH_FOR_TWO_PARTS])
def test_a_month_that_cannot_be_read_to_its_end_is_an_error_and_no_file(s3: Any, count: int) -> None:
    def fails() -> None:
        raise MeteringUnavailable("The ledger cannot be read.")

    answer = ask(LongLedger(count, fails), results=ResultStore(BUCKET), month="2026-10")
    assert (answer.status, answer.error["code"]) == (503, "metering_unavailable")
    assert left_in(s3) == (0, 0)


def test_a_month_that_takes_too_long_is_an_error_and_no_file(s3: Any) -> None:
    started = time.monotonic()
    enough = Context(remaining_ms=5_300)  # of which all but 0.8 s are reserved for the upload and the response
    slow = LongLedger(ENOUGH_FOR_TWO_PARTS, lambda: time.sleep(max(0, started + 0.9 - time.monotonic())))
    answer = ask(slow, results=ResultStore(BUCKET), context=enough, month="2026-10")
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "month", "input_too_long")
    assert "audio-gateway ledger 2026-10" in answer.error["message"]
    assert left_in(s3) == (0, 0)


def test_an_export_is_not_started_without_time_for_it() -> None:
    answer = ask(FakeReports(), context=Context(remaining_ms=3_000), month="2026-10")
    assert answer.error["code"] == "input_too_long"
