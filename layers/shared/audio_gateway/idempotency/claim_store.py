"""Claims in the gateway's table: one item for each key, and one conditional write for each step.

pk  IDEMPOTENCY#<project id>#<SHA-256 of the key>      sk  0
fingerprint, request_id, token, done, expires_s        see `Claim`
until_s                                                `Claim.locked_until_s`
ttl                                                    the same as expires_s, for DynamoDB's own clean-up only
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Item, Update, attributes, item_key
from audio_gateway.errors import IdempotencyUnavailable
from audio_gateway.idempotency.idempotency import Claim

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_UNAVAILABLE: Final = "The Idempotency-Key cannot be checked now; nothing was done and nothing charged. Try again."
# The run's own token as well: the client repeats a write whose answer was lost, and the first may have taken effect.
_FREE: Final = "attribute_not_exists(pk) OR expires_s <= :now OR #token = :token"
_HELD_BY_ANOTHER: Final = " OR (#token = :other AND #done = :running)"
_STILL_OURS: Final = "#token = :token AND #done = :running"


class ClaimStore:
    """See `Claims`. Each method costs one write unit."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, IdempotencyUnavailable, _UNAVAILABLE)

    def acquire(self, claim: Claim, *, instead_of: Claim | None, now_s: int) -> Claim | None:
        """See `Claims.acquire`."""
        condition = Condition(_FREE, now=now_s, token=claim.token)
        if instead_of is not None:
            condition = Condition(
                _FREE + _HELD_BY_ANOTHER, now=now_s, token=claim.token, other=instead_of.token, running=False
            )
        result = self._table.put_if(_item(claim), condition)
        return None if result.written else _claim(result.item)

    def complete(self, claim: Claim) -> None:
        """See `Claims.complete`."""
        update = Update(_key(claim)).require(_STILL_OURS, token=claim.token, running=False)
        self._table.update_if(update.set("#done", value=True))

    def release(self, claim: Claim) -> None:
        """See `Claims.release`."""
        self._table.delete_if(_key(claim), Condition(_STILL_OURS, token=claim.token, running=False))


def _key(claim: Claim) -> Item:
    return item_key(f"IDEMPOTENCY#{claim.project_id}#{claim.key_sha256}", "0")


def _item(claim: Claim) -> Item:
    return _key(claim) | attributes(
        fingerprint=claim.fingerprint,
        request_id=claim.request_id,
        token=claim.token,
        done=claim.done,
        until_s=claim.locked_until_s,
        expires_s=claim.expires_s,
        ttl=claim.expires_s,
    )


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
