"""The tries of calls in the gateway's table: one item for each key and request, with its last try.

pk  CALLS#<key id>#<fingerprint>      sk  0
request_id, retries, began_ms         the try
job_id, or result_key and model       what came of it, if anything has
expires_s, ttl                        see `CallAttempt`; `ttl` is for DynamoDB's own clean-up only
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.errors import StorageUnavailable
from audio_gateway.idempotency.idempotency import StoredResult
from audio_gateway.idempotency.repetition import CallAttempt

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_FREE: Final = (
    "attribute_not_exists(pk) OR expires_s <= :now OR request_id IN (:own, :other)"
    " OR (attribute_not_exists(job_id) AND attribute_not_exists(result_key) AND began_ms <= :began)"
)
_A_CALL_OF_ITS_OWN: Final = " OR retries = :first OR began_ms < :began"


class CallAttemptStore:
    """See `Attempts`. Each call costs one write unit."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def take(self, attempt: CallAttempt, *, instead_of: CallAttempt | None, now_s: int) -> CallAttempt | None:
        """See `Attempts.take`."""
        condition = _FREE
        values: dict[str, Any] = {
            ":now": {"N": str(now_s)},
            ":own": {"S": attempt.request_id},
            ":other": {"S": (instead_of or attempt).request_id},
            ":began": {"N": str(attempt.began_ms)},
        }
        if not attempt.retries:
            condition += _A_CALL_OF_ITS_OWN
            values[":first"] = {"N": "0"}
        existing = self._table.take(_item(attempt), condition, values)
        return None if existing is None else _attempt(existing)

    def drop(self, attempt: CallAttempt) -> None:
        """See `Attempts.drop`."""
        self._table.delete(_key(attempt), "request_id = :own", {":own": {"S": attempt.request_id}})


def _key(attempt: CallAttempt) -> dict[str, Any]:
    return {"pk": {"S": f"CALLS#{attempt.key_id}#{attempt.fingerprint}"}, "sk": {"S": "0"}}


def _item(attempt: CallAttempt) -> dict[str, Any]:
    item = _key(attempt) | {
        "request_id": {"S": attempt.request_id},
        "retries": {"N": str(attempt.retries)},
        "began_ms": {"N": str(attempt.began_ms)},
        "expires_s": {"N": str(attempt.expires_s)},
        "ttl": {"N": str(attempt.expires_s)},
    }
    if attempt.job_id is not None:
        item["job_id"] = {"S": attempt.job_id}
    if attempt.result is not None:
        item |= {"result_key": {"S": attempt.result.key}, "model": {"S": attempt.result.model}}
    return item


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
    )
