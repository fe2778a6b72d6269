"""Claims: the fake and the one in DynamoDB (moto) obey the same conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from audio_gateway.errors import IdempotencyUnavailable
from audio_gateway.idempotency.claim_store import ClaimStore
from audio_gateway.idempotency.idempotency import Claim, Claims
from tests.fakes.idempotency import FakeClaims
from tests.unit.metering.tables import TABLE

NOW = 1_795_255_200
FIRST = Claim("default", "ab12", "print-1", "req_1", "run-1", NOW + 35, NOW + 86_400)
SECOND = replace(FIRST, fingerprint="print-2", request_id="req_2", token="run-2", locked_until_s=NOW + 40)


@pytest.fixture(params=["fake", "dynamodb"])
def claims(request: pytest.FixtureRequest) -> Claims:
    if request.param == "fake":
        return FakeClaims()
    return ClaimStore(request.getfixturevalue("moto_dynamodb"), TABLE)


def test_only_the_first_gets_a_key_and_the_next_one_gets_its_claim(claims: Claims) -> None:
    assert claims.acquire(FIRST, instead_of=None, now_s=NOW) is None
    assert claims.acquire(SECOND, instead_of=None, now_s=NOW) == FIRST


def test_a_claim_whose_answer_was_lost_on_the_way_can_be_repeated(claims: Claims) -> None:
    assert claims.acquire(FIRST, instead_of=None, now_s=NOW) is None
    assert claims.acquire(FIRST, instead_of=None, now_s=NOW) is None


def test_another_project_or_key_is_another_claim(claims: Claims) -> None:
    claims.acquire(FIRST, instead_of=None, now_s=NOW)
    others: tuple[dict[str, Any], ...] = ({"project_id": "another"}, {"key_sha256": "cd34"}, {"project_id": "a#b"})
    for other in others:
        mine = replace(SECOND, **other)
        assert claims.acquire(mine, instead_of=None, now_s=NOW) is None
        assert claims.acquire(replace(mine, token="run-3"), instead_of=None, now_s=NOW) == mine


def test_a_completed_claim_is_kept_until_its_day_is_over(claims: Claims) -> None:
    claims.acquire(FIRST, instead_of=None, now_s=NOW)
    claims.complete(FIRST)
    assert claims.acquire(SECOND, instead_of=None, now_s=NOW + 86_399) == replace(FIRST, done=True)
    assert claims.acquire(SECOND, instead_of=FIRST, now_s=NOW + 86_399) == replace(FIRST, done=True)
    assert claims.acquire(SECOND, instead_of=None, now_s=NOW + 86_400) is None


def test_a_dropped_claim_leaves_its_key_free(claims: Claims) -> None:
    claims.acquire(FIRST, instead_of=None, now_s=NOW)
    claims.release(FIRST)
    assert claims.acquire(SECOND, instead_of=None, now_s=NOW) is None


def test_one_of_two_takes_a_broken_run_over(claims: Claims) -> None:
    third = replace(SECOND, token="run-3")
    claims.acquire(FIRST, instead_of=None, now_s=NOW)
    assert claims.acquire(SECOND, instead_of=FIRST, now_s=NOW + 36) is None
    assert claims.acquire(third, instead_of=FIRST, now_s=NOW + 36) == SECOND


def test_a_run_that_was_taken_over_changes_nothing_any_more(claims: Claims) -> None:
    claims.acquire(FIRST, instead_of=None, now_s=NOW)
    claims.acquire(SECOND, instead_of=FIRST, now_s=NOW + 36)
    claims.complete(FIRST)
    claims.release(FIRST)
    assert claims.acquire(FIRST, instead_of=None, now_s=NOW + 36) == SECOND


def test_a_done_claim_is_not_dropped(claims: Claims) -> None:
    claims.acquire(FIRST, instead_of=None, now_s=NOW)
    claims.complete(FIRST)
    claims.release(FIRST)
    assert claims.acquire(SECOND, instead_of=None, now_s=NOW) == replace(FIRST, done=True)


def test_a_missing_claim_is_neither_completed_nor_released(claims: Claims) -> None:
    claims.complete(FIRST)
    claims.release(FIRST)
    assert claims.acquire(SECOND, instead_of=None, now_s=NOW) is None


def test_the_item_holds_no_key_and_goes_by_itself(moto_dynamodb: Any) -> None:
    ClaimStore(moto_dynamodb, TABLE).acquire(FIRST, instead_of=None, now_s=NOW)
    (item,) = moto_dynamodb.scan(TableName=TABLE)["Items"]
    assert item["pk"] == {"S": "IDEMPOTENCY#default#ab12"}
    assert item["ttl"] == {"N": str(NOW + 86_400)}


@pytest.mark.parametrize(
    "failure",
    [ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutItem"),
     EndpointConnectionError(endpoint_url="https://dynamodb")],
)  # fmt: skip
def test_a_table_that_cannot_be_reached_is_said_so(failure: Exception) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            def fail(**_: Any) -> None:
                raise failure

            return fail

    claims = ClaimStore(Broken(), TABLE)  # type: ignore[arg-type] # a client that only fails
    steps: tuple[Callable[[], object], ...] = (
        lambda: claims.acquire(FIRST, instead_of=None, now_s=NOW),
        lambda: claims.complete(FIRST),
        lambda: claims.release(FIRST),
    )
    for step in steps:
        with pytest.raises(IdempotencyUnavailable):
            step()
