"""Usage, costs and the ledger, as the official SDK and the caller read them."""

from __future__ import annotations

import csv
import io
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from openai import AuthenticationError, BadRequestError, OpenAI, PermissionDeniedError
from openai.types.admin.organization.usage_costs_response import DataResultOrganizationCostsResult

from audio_gateway.aws.table import Table
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.ledger import LedgerRow, row_item
from audio_gateway.usage.watermark import Watermark
from tests.fakes.reports import row
from tests.stack.sdk.stack_keys import dynamodb_of
from tests.stack.sdk.wire import Wire

pytestmark = pytest.mark.stack

DAY = 86_400
NOW = int(time.time())
TODAY = NOW // DAY * DAY
LONG_AGO = TODAY - 40 * DAY


@pytest.fixture(scope="module")
def dynamodb(stack: dict[str, Any]) -> Iterator[Any]:
    with dynamodb_of(stack) as client:
        yield client


@pytest.fixture
def project() -> str:
    """A new tenant for each test: all tests share the table."""
    return f"proj_{uuid4().hex}"


@pytest.fixture
def put(stack: dict[str, Any], dynamodb: Any, project: str) -> Callable[..., LedgerRow]:
    """Puts rows of the project into the ledger, as something that comes late would."""
    watermark = Watermark(Table(dynamodb, stack["table"]))

    def put(at_s: float, **fields: Any) -> LedgerRow:
        made = row(at_s, project_id=project, request_id=f"req_{uuid4().hex}", **fields)
        watermark.mark(made.at_ms)
        dynamodb.put_item(TableName=stack["table"], Item=row_item(made))
        watermark.mark(made.at_ms)
        return made

    return put


@pytest.fixture(scope="module")
def admin(stack: dict[str, Any]) -> Iterator[OpenAI]:
    """A client with an admin key and no other, that refuses every answer which is not exactly of OpenAI's types."""
    with OpenAI(
        base_url=stack["base_url"],
        admin_api_key=stack["admin_key"],
        max_retries=0,
        timeout=60,
        _strict_response_validation=True,
    ) as client:
        yield client


def test_speeches_of_long_ago_and_of_just_now(admin: OpenAI, put: Callable[..., LedgerRow], project: str) -> None:
    put(LONG_AGO, amount=100)
    put(LONG_AGO + DAY - 0.001, amount=20)
    put(time.time(), amount=3)
    put(LONG_AGO, endpoint="transcriptions", amount=60_000)
    usage = admin.admin.organization.usage
    first = usage.audio_speeches(start_time=LONG_AGO - 5, project_ids=[project], limit=31)
    assert (first.object, len(first.data), first.has_more) == ("page", 31, True)
    assert [(bucket.start_time, bucket.end_time) for bucket in first.data[:2]] == [
        (LONG_AGO - 5, LONG_AGO), (LONG_AGO, LONG_AGO + DAY),
    ]  # fmt: skip
    assert first.data[0].results == []
    (result,) = first.data[1].results
    assert result.object == "organization.usage.audio_speeches.result"
    assert (result.characters, result.num_model_requests, result.model) == (120, 2, None)
    assert first.next_page
    second = usage.audio_speeches(start_time=LONG_AGO - 5, project_ids=[project], limit=31, page=first.next_page)
    assert (second.has_more, second.next_page) == (False, None)
    assert second.data[0].start_time == first.data[-1].end_time
    assert time.time() - second.data[-1].end_time < 60
    assert [result.characters for bucket in second.data for result in bucket.results] == [3]


def test_transcriptions_by_model_and_key(admin: OpenAI, put: Callable[..., LedgerRow], project: str) -> None:
    put(TODAY, endpoint="transcriptions", model="whisper-1", key_id="key_a", amount=1_500)
    put(TODAY, endpoint="translations", model="whisper-1", key_id="key_a", amount=1_600)
    put(TODAY, endpoint="transcriptions", model="hearer", key_id="key_b", amount=10)
    page = admin.admin.organization.usage.audio_transcriptions(
        start_time=TODAY,
        end_time=TODAY + 3_600,
        bucket_width="1h",
        project_ids=[project],
        group_by=["model", "api_key_id"],
    )
    (bucket,) = page.data
    assert {result.object for result in bucket.results} == {"organization.usage.audio_transcriptions.result"}
    reported = {(each.api_key_id, each.model): (each.seconds, each.num_model_requests) for each in bucket.results}
    assert reported == {("key_a", "whisper-1"): (4, 2), ("key_b", "hearer"): (1, 1)}
    one = admin.admin.organization.usage.audio_transcriptions(
        start_time=TODAY, end_time=TODAY + 60, bucket_width="1m", models=["hearer"], project_ids=[project]
    )
    assert [result.seconds for result in one.data[0].results] == [1]


def test_costs_by_line_item(admin: OpenAI, put: Callable[..., LedgerRow], project: str) -> None:
    put(LONG_AGO + 7, model="tts-1", amount=20, price_microusd=300, cost_microusd=200)
    put(LONG_AGO + 8, model="tts-1", amount=1, price_microusd=15, cost_microusd=10)
    put(LONG_AGO + 9, model="whisper-1", endpoint="transcriptions", amount=90_500, price_microusd=9_050)
    page = admin.admin.organization.usage.costs(
        start_time=LONG_AGO + 3_600, end_time=LONG_AGO + 3_601, project_ids=[project], group_by=["line_item"]
    )
    (bucket,) = page.data
    assert (bucket.start_time, bucket.end_time) == (LONG_AGO, LONG_AGO + DAY)
    spoken, heard = bucket.results
    assert isinstance(heard, DataResultOrganizationCostsResult)
    assert isinstance(spoken, DataResultOrganizationCostsResult)
    assert (heard.line_item, heard.quantity, heard.quantity_unit) == (
        "whisper-1, transcriptions", 90.5, "duration_seconds",
    )  # fmt: skip
    assert (spoken.line_item, spoken.quantity, spoken.quantity_unit) == ("tts-1, speech", 21, "characters")
    assert spoken.amount
    assert (spoken.amount.value, spoken.amount.currency) == (0.000315, "usd")
    assert (spoken.model_extra or {})["provider_cost"] == {"value": 0.00021, "currency": "usd"}
    exact = admin.admin.organization.usage.costs(
        start_time=LONG_AGO, end_time=LONG_AGO + DAY, project_ids=[project], line_items=["tts-1, speech"]
    )
    assert [result.amount.value for result in exact.data[0].results] == [0.000315]


def test_what_was_just_spoken_is_in_the_reports_and_in_the_callers_own_usage(
    stack: dict[str, Any], admin: OpenAI, dynamodb: Any
) -> None:
    key = Directory(dynamodb, stack["table"]).api_keys.create(name="just now")
    started = int(time.time())
    with OpenAI(base_url=stack["base_url"], api_key=key.value, max_retries=0) as caller:
        caller.audio.speech.create(model="espeak-ng", voice="alloy", input="Good morning.", response_format="pcm")
    page = admin.admin.organization.usage.audio_speeches(
        start_time=started, bucket_width="1d", api_key_ids=[key.record.id], group_by=["model"]
    )
    reported = [(each.model, each.characters) for bucket in page.data for each in bucket.results]
    assert reported == [("espeak-ng", len("Good morning."))]
    own = Wire(stack["base_url"], key.value).call("GET", "/usage").json
    assert (own["object"], own["limits"]) == ("usage", {})
    # A minute may have ended in between, but no month.
    assert own["used"]["characters_per_minute"] in {0, len("Good morning.")}
    assert own["used"]["concurrent_requests"] == 0
    assert own["used"]["monthly_budget_usd"] == "0"
    assert own["resets_at"]["requests_per_minute"] > started


# ---------------------------------------------------------------- refusals
def test_without_an_admin_key_the_sdk_does_not_ask(stack: dict[str, Any]) -> None:
    with (
        OpenAI(base_url=stack["base_url"], api_key=stack["api_key"], admin_api_key=None) as client,
        pytest.raises(TypeError, match="authentication"),
    ):
        client.admin.organization.usage.costs(start_time=0)


@pytest.mark.parametrize(("key", "error"), [("api_key", PermissionDeniedError), (None, AuthenticationError)])
def test_another_key_is_refused(stack: dict[str, Any], key: str | None, error: type[Exception]) -> None:
    value = stack[key] if key else "sk-admin-nobody-has-this-key"
    with (
        OpenAI(base_url=stack["base_url"], admin_api_key=value, max_retries=0) as client,
        pytest.raises(error),
    ):
        client.admin.organization.usage.audio_speeches(start_time=0)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"start_time": TODAY, "end_time": TODAY}, "end_time"),
        ({"start_time": TODAY, "limit": 32}, "limit"),
        ({"start_time": TODAY, "page": "page_of_another_question"}, "page"),
        ({"start_time": TODAY, "group_by": ["colour"]}, "group_by"),
        ({"start_time": TODAY, "extra_query": {"modles": ["a"]}}, "modles"),
    ],
)
def test_a_wrong_question_is_refused_by_name(admin: OpenAI, query: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        admin.admin.organization.usage.audio_speeches(**query)
    assert caught.value.param == param


# ---------------------------------------------------------------- the ledger as CSV
def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_a_small_month_is_answered_with_the_file(
    stack: dict[str, Any], put: Callable[..., LedgerRow], project: str
) -> None:
    made = put(NOW, model="=a,b", price_microusd=15)
    month = f"{datetime.fromtimestamp(NOW, UTC):%Y-%m}"
    answer = Wire(stack["base_url"], stack["admin_key"]).call(
        "GET", f"/organization/ledger?month={month}&project_id={project}"
    )
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="ledger-{month}-until-' in answer.headers["content-disposition"]
    (line,) = lines(answer.body)
    assert (line["request_id"], line["model"], line["price_usd"]) == (made.request_id, "'=a,b", "0.000015")


def test_a_big_month_is_a_link_to_the_file(stack: dict[str, Any], put: Callable[..., LedgerRow], project: str) -> None:
    made = [put(NOW + number / 1000, model=f"m{number}" + "m" * 100_000) for number in range(60)]
    month = f"{datetime.fromtimestamp(NOW, UTC):%Y-%m}"
    answer = Wire(stack["base_url"], stack["admin_key"]).call(
        "GET", f"/organization/ledger?month={month}&project_id={project}"
    )
    assert answer.status == 303
    assert answer.json["location"] == answer.headers["location"]
    with urllib.request.urlopen(answer.headers["location"], timeout=30) as file:
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert file.headers["content-disposition"].startswith(f'attachment; filename="ledger-{month}-until-')
        found = lines(file.read())
    assert [line["request_id"] for line in found] == [each.request_id for each in made]
