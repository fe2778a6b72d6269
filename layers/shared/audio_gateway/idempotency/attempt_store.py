"""Attempts of calls in the gateway's table: one item for each key and request, with the last attempt.

pk  CALLS#<key id>#<fingerprint>      sk  0
request_id, retries, began_ms         the attempt
job_id, or result_key and model       its outcome, if there is one
payment_id, payment                   the request and the hold that pay for the call, if one does
expires_s, ttl                        see `CallAttempt`; `ttl` is for DynamoDB's own clean-up only
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, attributes, item_key
from audio_gateway.errors import StorageUnavailable
from audio_gateway.idempotency.idempotency import StoredResult
from audio_gateway.idempotency.repetition import CallAttempt
from audio_gateway.metering.account_item import hold_from_text, hold_text

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_NOT_OVER: Final = "attribute_not_exists(job_id) AND attribute_not_exists(result_key) AND attribute_not_exists(payment)"
_FREE: Final = (
    "attribute_not_exists(pk) OR expires_s <= :now OR request_id = :own"
    f" OR ({_NOT_OVER} AND (began_ms <= :began OR request_id = :running)) OR request_id = :over"
)
_A_NEW_CALL: Final = " OR retries = :first OR began_ms < :began"


class CallAttemptStore:
    """See `CallAttempts`. Each method costs one write unit."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def acquire(self, attempt: CallAttempt, *, instead_of: CallAttempt | None, now_s: int) -> CallAttempt | None:
        """See `CallAttempts.acquire`."""
        values: dict[str, int | str] = {
            "now": now_s,
            "own": attempt.request_id,
            "running": (instead_of or attempt).request_id,
            "over": (instead_of if instead_of is not None and instead_of.is_over else attempt).request_id,
            "began": attempt.began_ms,
        }
        condition = Condition(_FREE, **values) if attempt.retries else Condition(_FREE + _A_NEW_CALL, first=0, **values)
        result = self._table.put_if(_item(attempt), condition)
        return None if result.written else _attempt(result.item)

    def release(self, attempt: CallAttempt) -> None:
        """See `CallAttempts.release`."""
        self._table.delete_if(_key(attempt), Condition("request_id = :own", own=attempt.request_id))


def _key(attempt: CallAttempt) -> dict[str, Any]:
    return item_key(f"CALLS#{attempt.key_id}#{attempt.fingerprint}", "0")


def _item(attempt: CallAttempt) -> dict[str, Any]:
    return _key(attempt) | attributes(
        request_id=attempt.request_id,
        retries=attempt.retries,
        began_ms=attempt.began_ms,
        expires_s=attempt.expires_s,
        ttl=attempt.expires_s,
        job_id=attempt.job_id,
        result_key=None if attempt.result is None else attempt.result.key,
        model=None if attempt.result is None else attempt.result.model,
        payment_id=None if attempt.payment is None else attempt.payment.work.request_id,
        payment=None if attempt.payment is None else hold_text(attempt.payment),
    )


def _attempt(item: dict[str, Any]) -> CallAttempt:
    key_id, _, fingerprint = item["pk"]["S"].removeprefix("CALLS#").rpartition("#")
    return CallAttempt(
        key_id=key_id,
        fingerprint=fingerprint,
        request_id=item["request_id"]["S"],
        began_ms=int(item["began_ms"]["N"]),
        retries=int(item["retries"]["N"]),
        expires_s=int(item["expires_s"]["N"]),
        job_id=item["job_id"]["S"] if "job_id" in item else None,
        result=StoredResult(item["result_key"]["S"], item["model"]["S"]) if "result_key" in item else None,
        payment=hold_from_text(key_id, item["payment_id"]["S"], item["payment"]["S"]) if "payment" in item else None,
    )
