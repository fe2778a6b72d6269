"""Changes accounts by conditional updates, and reports the outcome of each, including an uncertain one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from audio_gateway.aws.dynamodb import ConditionFailed, map_dynamodb_errors, may_arrive_again
from audio_gateway.aws.update import Update
from audio_gateway.errors import MeteringUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_UNAVAILABLE: Final = "Usage cannot be recorded now; nothing was done and nothing charged. Try again."


class WriteOutcome(NamedTuple):
    """The outcome of an update.

    `held` is whether its condition held. `item` is the account after it, or the account that refused it; empty if there
    is none or it was not requested. `twice` is whether the update was sent again while the outcome of the first try was
    unknown, which may still arrive.
    """

    held: bool
    item: dict[str, Any]
    twice: bool


class AccountWriter:
    """Writes the accounts in the gateway's table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def update(self, update: Update, *, returns: Literal["ALL_NEW", "NONE"] = "NONE") -> WriteOutcome:
        """Make an update of an account; raises `MeteringUnavailable`."""
        try:
            with map_dynamodb_errors(MeteringUnavailable, _UNAVAILABLE):
                answer = self._client.update_item(
                    TableName=self._table,
                    ReturnValues=returns,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **update.arguments(),
                )
        except ConditionFailed as failed:
            return WriteOutcome(held=False, item=failed.item, twice=may_arrive_again(failed.answer))
        return WriteOutcome(held=True, item=answer.get("Attributes", {}), twice=may_arrive_again(answer))
