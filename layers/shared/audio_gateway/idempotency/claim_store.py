"""Claims in the gateway's table: one item for each key, and one conditional write for each step.

pk  IDEMPOTENCY#<project id>#<SHA-256 of the key>      sk  0
fingerprint, request_id, token, done, until_s, expires_s      see `Claim`
ttl                                                           as expires_s, for DynamoDB's own clean-up only
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.errors import IdempotencyUnavailable
from audio_gateway.idempotency.idempotency import Claim

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_UNAVAILABLE: Final = (
    "The Idempotency-Key cannot be looked up at the moment, so nothing was done and nothing charged. Try again."
)
# Our own token as well: the client library repeats a write whose answer was lost, and the first had taken effect.
_FREE: Final = "attribute_not_exists(pk) OR #expires <= :now OR #token = :token"
_STILL_OURS: Final = "#token = :token AND #done = :running"


class ClaimStore:
    """See `Claims`. A claim or its end costs one write unit."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, claim: Claim, *, instead_of: Claim | None, now_s: int) -> Claim | None:
        """See `Claims.take`."""
        condition, names = _FREE, {"#expires": "expires_s", "#token": "token"}
        values: dict[str, Any] = {":now": {"N": str(now_s)}, ":token": {"S": claim.token}}
        if instead_of is not None:
            condition += " OR (#token = :other AND #done = :running)"
            names["#done"] = "done"
            values |= {":other": {"S": instead_of.token}, ":running": {"BOOL": False}}
        return self._write(
            "put_item",
            Item=_item(claim),
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    def finish(self, claim: Claim) -> None:
        """See `Claims.finish`."""
        self._write(
            "update_item",
            Key=_key(claim),
            UpdateExpression="SET #done = :done",
            ConditionExpression=_STILL_OURS,
            ExpressionAttributeNames={"#token": "token", "#done": "done"},
            ExpressionAttributeValues={
                ":token": {"S": claim.token},
                ":running": {"BOOL": False},
                ":done": {"BOOL": True},
            },
        )

    def drop(self, claim: Claim) -> None:
        """See `Claims.drop`."""
        self._write(
            "delete_item",
            Key=_key(claim),
            ConditionExpression=_STILL_OURS,
            ExpressionAttributeNames={"#token": "token", "#done": "done"},
            ExpressionAttributeValues={":token": {"S": claim.token}, ":running": {"BOOL": False}},
        )

    def _write(self, operation: str, **arguments: Any) -> Claim | None:
        """The claim that the condition found in the way, if it was asked for; None if the write was done."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, operation)(TableName=self._table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != _CONDITION_FAILED:
                raise IdempotencyUnavailable(_UNAVAILABLE) from error
            item = cast("dict[str, Any]", error.response).get("Item")
            return _claim(item) if item else None
        except BotoCoreError as error:
            raise IdempotencyUnavailable(_UNAVAILABLE) from error
        return None


def _key(claim: Claim) -> dict[str, Any]:
    return {"pk": {"S": f"IDEMPOTENCY#{claim.project_id}#{claim.key_sha256}"}, "sk": {"S": "0"}}


def _item(claim: Claim) -> dict[str, Any]:
    return _key(claim) | {
        "fingerprint": {"S": claim.fingerprint},
        "request_id": {"S": claim.request_id},
        "token": {"S": claim.token},
        "done": {"BOOL": claim.done},
        "until_s": {"N": str(claim.locked_until_s)},
        "expires_s": {"N": str(claim.expires_s)},
        "ttl": {"N": str(claim.expires_s)},
    }


def _claim(item: dict[str, Any]) -> Claim:
    _, _, rest = item["pk"]["S"].partition("#")
    project_id, _, key_sha256 = rest.rpartition("#")
    return Claim(
        project_id=project_id,
        key_sha256=key_sha256,
        fingerprint=item["fingerprint"]["S"],
        request_id=item["request_id"]["S"],
        token=item["token"]["S"],
        locked_until_s=int(item["until_s"]["N"]),
        expires_s=int(item["expires_s"]["N"]),
        done=item["done"]["BOOL"],
    )
