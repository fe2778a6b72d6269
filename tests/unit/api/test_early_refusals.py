"""A limit refuses a request before its file is fetched, and before it is decoded for long."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from audio_gateway.catalog.models import Price
from audio_gateway.clock import now_ms
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.metering.account import minute_of, month_of
from audio_gateway.metering.account_item import account_key, new_account_item
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.use_cases.reservation import Billing
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.gateway import API_CALLER, Answer, form_event, json_event
from tests.fakes.idempotency import FakeAttempts, FakePayments
from tests.fakes.jobs import empty_job_service
from tests.fakes.meter import FakePendingSettlements
from tests.fakes.providers import model
from tests.sound import tone_wav
from tests.unit.api.harness import PATHS, AudioHarness
from tests.unit.audio.files import encoded

TABLE = "table"
KEY = API_CALLER["key_id"]
UPLOAD = "upload_0123456789abcdef01234567"
URL = "https://files.example/speech.wav"
NAMED = ({"upload_id": UPLOAD}, {"file_url": URL})
OPUS = encoded("ogg opus 48 kHz stereo", 3)

FULL: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, str]]] = {
    "requests": ({"requests_per_minute": 2}, {"r": 2}, (429, "rate_limit_exceeded")),
    "places": ({"concurrent_requests": 1}, {"holds": 1}, (429, "rate_limit_exceeded")),
    "audio": ({"audio_ms_per_minute": 2000}, {"a": 1950}, (429, "rate_limit_exceeded")),
    "spent": ({"monthly_budget_microusd": 50}, {"m": 50}, (429, "insufficient_quota")),
    "no budget": ({"monthly_budget_microusd": 0}, {}, (429, "insufficient_quota")),
    "model": ({"models": ("another",)}, {}, (403, "model_not_found")),
    "expired": ({"expires_at": 1}, {}, (401, "invalid_api_key")),
    "disabled": ({}, {"status": "disabled"}, (401, "invalid_api_key")),
}


class Counted(FakeDynamoDB):
    """Counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def get_item(self, **arguments: Any) -> Any:
        self.calls["get"] += 1
        return super().get_item(**arguments)

    def update_item(self, **arguments: Any) -> Any:
        self.calls["update"] += 1
        return super().update_item(**arguments)

    def put_item(self, **arguments: Any) -> Any:
        self.calls["put"] += 1
        return super().put_item(**arguments)


class Gateway(AudioHarness):
    """Both functions with the real meter, one upload and one URL."""

    def __init__(self, *models: Any, **limits: Any) -> None:
        self.table = Counted()
        self.put(new_account_item(KEY, Limits(**limits)))
        self.attempts, job_service = FakeAttempts(), empty_job_service()
        store: Any = job_service.store
        super().__init__(
            *models,
            billing=Billing(DynamoMeter(self.table, TABLE), FakePendingSettlements()),  # type: ignore[arg-type] # enough for these tests
            repetitions=Repetitions(self.attempts, store, FakePayments()),
            job_service=job_service,
        )
        self.job_service = job_service
        self.files.uploads["default", UPLOAD] = self.files.urls[URL] = tone_wav(1.2)

    def put(self, item: dict[str, Any]) -> None:
        FakeDynamoDB.put_item(self.table, TableName=TABLE, Item=item)

    def use(self, **used: Any) -> None:
        """Set how much the key has used of its windows, or its `status`."""
        item = FakeDynamoDB.get_item(self.table, Key=account_key(KEY))["Item"]
        minute, month = minute_of(now_ms()), month_of(now_ms())
        for name, value in used.items():
            if name == "status":
                item["status"] = {"S": value}
            elif name == "holds":
                item["holds"] = {"M": {f"req_{at}": {"S": "[]"} for at in range(value)}}
            else:
                numbers = [month] if name == "m" else [minute, minute + 1]  # a test may cross a minute
                item |= {f"{name}{number}": {"N": str(value)} for number in numbers}
        self.put(item)

    def remove_key(self) -> None:
        self.table.delete_item(TableName=TABLE, Key=account_key(KEY))

    def post(self, path: str = PATHS[0], headers: dict[str, str] | None = None, /, **fields: Any) -> Answer:
        headers = {"Content-Type": "application/json"} | (headers or {})
        return self.send(json_event(path, {"model": "talker"} | fields, headers=headers))

    def form(self, data: bytes, **fields: str) -> Answer:
        parts = [("model", "talker"), ("file", ("a", data)), *fields.items()]
        return self.send(form_event(PATHS[0], parts))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("case", FULL)
def test_nothing_is_fetched_for_a_call_that_a_limit_refuses(case: str, named: dict[str, str], path: str) -> None:
    limits, used, refusal = FULL[case]
    gateway = Gateway(**limits)
    gateway.use(**used)
    answer = gateway.post(path, **named)
    assert (answer.status, answer.error["code"]) == refusal
    assert gateway.files.read == []
    assert gateway.table.calls == {"get": 1}
    brought = gateway.form(tone_wav(1.2))
    assert (brought.status, brought.error["code"]) == refusal
    for name in ("x-should-retry", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"):
        assert answer.headers.get(name) == brought.headers.get(name)
    assert ("retry-after" in answer.headers) == ("retry-after" in brought.headers)


@pytest.mark.parametrize("named", NAMED)
def test_nothing_is_fetched_for_a_deleted_key(named: dict[str, str]) -> None:
    gateway = Gateway()
    gateway.remove_key()
    assert (gateway.post(**named).status, gateway.files.read) == (401, [])


def test_a_price_whose_minimum_is_known_is_called_a_minimum() -> None:
    gateway = Gateway(monthly_budget_microusd=0)
    assert "costs at least $0.00001," in gateway.post(upload_id=UPLOAD).error["message"]
    assert "costs $0.00012," in gateway.form(tone_wav(1.2)).error["message"]
    gateway = Gateway(audio_ms_per_minute=2000)
    gateway.use(a=1950)
    assert "1.95 of 2 used, at least 0.1 requested" in gateway.post(upload_id=UPLOAD).error["message"]


@pytest.mark.parametrize("named", NAMED)
def test_free_requests_need_no_budget(named: dict[str, str]) -> None:
    free = Price(microusd_per_million_characters=0, microusd_per_minute=0)
    gateway = Gateway(model(price=free), monthly_budget_microusd=0)
    assert gateway.post(**named).status == 200


def test_the_early_check_needs_room_only_for_the_price_of_the_named_model() -> None:
    dear = Price(microusd_per_million_characters=0, microusd_per_minute=60_000_000)
    gateway = Gateway(
        model(fallbacks=("dear",)), model("dear", price=dear, max_seconds=1.0), monthly_budget_microusd=500
    )
    assert gateway.post(upload_id=UPLOAD).status == 200  # the expensive model does not take so long a file


@pytest.mark.parametrize("named", NAMED)
def test_a_named_file_costs_one_early_check_of_the_limits(named: dict[str, str]) -> None:
    gateway = Gateway(requests_per_minute=9)
    assert gateway.post(**named).status == 200
    # Without the check, the first admission of a process would be made twice, to read the limits.
    assert gateway.table.calls == {"get": 1, "update": 2, "put": 1}


def test_a_file_in_the_request_costs_no_early_check() -> None:
    gateway = Gateway(requests_per_minute=9)
    assert gateway.form(OPUS).status == 200
    assert gateway.table.calls["get"] == 0


@pytest.mark.parametrize("fields", [{}, {"background": "true"}])
@pytest.mark.parametrize("case", FULL)
def test_a_file_that_takes_long_to_decode_is_given_up_where_a_limit_refuses(
    case: str, fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.early_limit_check.UNCHECKED_DECODING_S", 0.0)
    limits, used, refusal = FULL[case]
    gateway = Gateway(**limits)
    gateway.use(**used)
    answer = gateway.form(OPUS, **fields)
    assert (answer.status, answer.error["code"]) == refusal
    assert gateway.table.calls == {"get": 1}


@pytest.mark.parametrize(("holds", "status"), [(1, 429), (0, 202)], ids=["open", "ended and still listed"])
def test_a_background_job_is_refused_while_it_is_decoded_where_no_more_may_be_open(
    holds: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.early_limit_check.UNCHECKED_DECODING_S", 0.0)
    gateway = Gateway(concurrent_jobs=1)
    gateway.use(holds=holds)
    item = FakeDynamoDB.get_item(gateway.table, Key=account_key(KEY))["Item"]
    gateway.put(item | {"open_jobs": {"SS": ["req_0"]}})
    assert gateway.form(OPUS, background="true").status == status
    assert gateway.form(OPUS).status == 200  # no job


def test_a_file_is_not_rewritten_if_a_limit_refuses_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.audio_input.as_plain_file", None)
    joined = encoded("mp3 44.1 kHz stereo", 1) + encoded("ogg opus 48 kHz stereo", 1)
    gateway = Gateway(requests_per_minute=1)
    gateway.use(r=1)
    assert gateway.form(joined).status == 429


def test_a_file_that_takes_long_to_decode_costs_one_early_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.use_cases.early_limit_check.UNCHECKED_DECODING_S", 0.0)
    gateway = Gateway()
    gateway.files.uploads["default", UPLOAD] = OPUS
    assert [gateway.form(OPUS).status, gateway.post(upload_id=UPLOAD).status] == [200, 200]
    assert gateway.table.calls["get"] == 2


def test_a_paid_answer_is_given_again_although_the_limit_is_reached_now() -> None:
    gateway = Gateway(monthly_budget_microusd=120)
    key = {"Idempotency-Key": "one"}
    first = gateway.post(PATHS[0], key, upload_id=UPLOAD)
    gateway.use(m=120)
    again = gateway.post(PATHS[0], key, upload_id=UPLOAD)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["x-audio-gateway-replayed"] == "true"
    assert gateway.post(upload_id=UPLOAD).status == 429


def test_a_refusal_is_not_kept_for_its_idempotency_key() -> None:
    gateway = Gateway(monthly_budget_microusd=120)
    gateway.use(m=120)
    key = {"Idempotency-Key": "one"}
    assert gateway.post(PATHS[0], key, upload_id=UPLOAD).status == 429
    gateway.use(m=0)
    assert gateway.post(PATHS[0], key, upload_id=UPLOAD).status == 200


def test_a_call_that_an_sdk_makes_again_finds_its_job_although_the_limit_is_reached_now() -> None:
    gateway = Gateway(model(max_seconds=1.0), requests_per_minute=1)
    first = gateway.post(PATHS[0], {"x-stainless-retry-count": "0"}, upload_id=UPLOAD)
    assert first.status == 303
    gateway.use(r=1)
    again = gateway.post(PATHS[0], {"x-stainless-retry-count": "1"}, upload_id=UPLOAD)
    assert (again.status, again.headers["location"]) == (303, first.headers["location"])
    assert gateway.post(PATHS[0], {"x-stainless-retry-count": "0"}, upload_id=UPLOAD).status == 429
