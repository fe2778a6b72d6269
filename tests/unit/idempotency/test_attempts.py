"""Tries of calls: the fake and those in DynamoDB (moto) obey the same conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from audio_gateway.errors import StorageUnavailable
from audio_gateway.idempotency.attempt_store import CallAttemptStore
from audio_gateway.idempotency.idempotency import StoredResult
from audio_gateway.idempotency.repetition import CallAttempt, CallAttempts
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from tests.fakes.idempotency import FakeAttempts
from tests.unit.metering.tables import TABLE

NOW = 1_795_255_200
FIRST = CallAttempt("key_1", "ab12", "req_1", NOW * 1000, 0, NOW + 600)
SECOND = replace(FIRST, request_id="req_2", began_ms=NOW * 1000 + 500, retries=1)
THIRD = replace(FIRST, request_id="req_3", began_ms=NOW * 1000 + 900, retries=2)
NEW_CALL = replace(FIRST, request_id="req_9", began_ms=NOW * 1000 + 5_000)
JOB: dict[str, Any] = {"job_id": "job_1"}
RESULT: dict[str, Any] = {"result": StoredResult("results/default/x", "tts-1")}
PAYMENT: dict[str, Any] = {
    "payment": Hold(
        Payer("key_1", "default"),
        MeteredRequest("req_0", "speech", "tts-1", "characters", 6, 90, 60),
        NOW * 1000,
        NOW + 960,
    )
}


@pytest.fixture(params=["fake", "dynamodb"])
def attempts(request: pytest.FixtureRequest) -> CallAttempts:
    if request.param == "fake":
        return FakeAttempts()
    return CallAttemptStore(request.getfixturevalue("moto_dynamodb"), TABLE)


def take(
    attempts: CallAttempts, attempt: CallAttempt, instead_of: CallAttempt | None = None, now_s: int = NOW
) -> CallAttempt | None:
    return attempts.acquire(attempt, instead_of=instead_of, now_s=now_s)


@pytest.mark.parametrize("outcome", [JOB, RESULT, PAYMENT])
def test_a_repetition_finds_the_outcome_of_an_earlier_attempt(attempts: CallAttempts, outcome: Any) -> None:
    done = replace(FIRST, **outcome)
    assert take(attempts, done) is None
    assert take(attempts, SECOND) == done
    assert take(attempts, replace(SECOND, job_id="job_2")) == done


def test_a_repetition_takes_over_from_a_try_without_an_outcome(attempts: CallAttempts) -> None:
    assert take(attempts, SECOND) is None
    assert take(attempts, THIRD) is None
    assert take(attempts, replace(SECOND, **JOB)) == THIRD
    assert take(attempts, replace(THIRD, **JOB)) is None


def test_a_first_try_gives_way_to_a_repetition_that_came_after_it(attempts: CallAttempts) -> None:
    take(attempts, SECOND)
    assert take(attempts, replace(FIRST, **JOB)) == SECOND
    take(attempts, replace(SECOND, job_id="job_2"))
    assert take(attempts, replace(FIRST, **JOB)) == replace(SECOND, job_id="job_2")


@pytest.mark.parametrize("earlier", [FIRST, SECOND])
@pytest.mark.parametrize("outcome", [JOB, RESULT, PAYMENT, {}])
def test_a_new_call_takes_the_place_of_an_older_one(attempts: CallAttempts, earlier: CallAttempt, outcome: Any) -> None:
    take(attempts, replace(earlier, **outcome))
    assert take(attempts, replace(NEW_CALL, job_id="job_9")) is None
    assert take(attempts, THIRD) == replace(NEW_CALL, job_id="job_9")


def test_of_two_first_tries_neither_is_a_repetition_of_the_other(attempts: CallAttempts) -> None:
    take(attempts, replace(NEW_CALL, **JOB))
    assert take(attempts, replace(FIRST, job_id="job_2")) is None


def test_a_write_whose_answer_was_lost_on_the_way_can_be_repeated(attempts: CallAttempts) -> None:
    for attempt in (replace(FIRST, **JOB), replace(FIRST, **JOB)):
        assert take(attempts, attempt) is None


def test_an_outcome_is_found_for_ten_minutes(attempts: CallAttempts) -> None:
    take(attempts, replace(FIRST, **JOB))
    assert take(attempts, SECOND, now_s=NOW + 599) is not None
    assert take(attempts, SECOND, now_s=NOW + 600) is None


def test_one_of_two_takes_a_try_over_that_died(attempts: CallAttempts) -> None:
    died = replace(FIRST, **JOB)
    take(attempts, died)
    assert take(attempts, replace(SECOND, job_id="job_2"), instead_of=died) is None
    assert take(attempts, replace(THIRD, job_id="job_3"), instead_of=died) == replace(SECOND, job_id="job_2")


def test_an_attempt_that_ends_replaces_a_later_one_only_while_that_one_runs(attempts: CallAttempts) -> None:
    take(attempts, SECOND)
    paid = replace(FIRST, retries=1, **PAYMENT)
    assert take(attempts, paid) == SECOND
    assert take(attempts, paid, instead_of=SECOND) is None
    take(attempts, replace(THIRD, **PAYMENT), instead_of=paid)
    assert take(attempts, paid, instead_of=THIRD) == replace(THIRD, **PAYMENT)


def test_a_repetition_takes_over_a_payment_and_hands_it_on(attempts: CallAttempts) -> None:
    paid = replace(FIRST, **PAYMENT)
    take(attempts, paid)
    assert take(attempts, replace(SECOND, **PAYMENT), instead_of=paid) is None
    assert take(attempts, THIRD) == replace(SECOND, **PAYMENT)


def test_a_dropped_try_is_not_found_and_another_one_s_is_not_dropped(attempts: CallAttempts) -> None:
    take(attempts, replace(FIRST, **JOB))
    attempts.release(SECOND)
    assert take(attempts, SECOND) is not None
    attempts.release(FIRST)
    assert take(attempts, SECOND) is None


def test_another_key_or_request_is_another_call(attempts: CallAttempts) -> None:
    take(attempts, replace(FIRST, **JOB))
    assert take(attempts, replace(SECOND, key_id="key_2")) is None
    assert take(attempts, replace(SECOND, fingerprint="cd34")) is None


def test_an_item_holds_ids_and_numbers_and_is_forgotten(moto_dynamodb: Any) -> None:
    take(CallAttemptStore(moto_dynamodb, TABLE), replace(FIRST, **RESULT))
    (item,) = moto_dynamodb.scan(TableName=TABLE)["Items"]
    assert item == {
        "pk": {"S": "CALLS#key_1#ab12"}, "sk": {"S": "0"}, "request_id": {"S": "req_1"}, "retries": {"N": "0"},
        "began_ms": {"N": str(NOW * 1000)}, "expires_s": {"N": str(NOW + 600)}, "ttl": {"N": str(NOW + 600)},
        "result_key": {"S": "results/default/x"}, "model": {"S": "tts-1"},
    }  # fmt: skip


def test_a_table_that_cannot_be_reached_is_reported(moto_dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    store = CallAttemptStore(moto_dynamodb, TABLE)
    monkeypatch.setattr(moto_dynamodb, "_make_api_call", away)
    with pytest.raises(StorageUnavailable):
        take(store, FIRST)
    with pytest.raises(StorageUnavailable):
        store.release(FIRST)
