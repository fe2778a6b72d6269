"""The few calls of DynamoDB that the directory is made of. All reads are consistent: administration is rare."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.errors import MeteringUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

CHUNK: Final = 100
"""Items of one read: the most that a BatchGetItem takes."""

_CONDITION_FAILED: Final = "ConditionalCheckFailed"
_CONFLICT: Final = "TransactionConflict"
_MAX_TRIES: Final = 6
_PAUSE_S: Final = 0.05


class Refused(Exception):
    """A transaction's condition did not hold; `at` are the places of those in the order of the writes."""

    def __init__(self, at: frozenset[int]) -> None:
        super().__init__(f"the conditions at {sorted(at)} did not hold")
        self.at = at


class DirectoryTable:
    """One DynamoDB table with the keys `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._name = table

    def get(self, key: dict[str, Any]) -> dict[str, Any] | None:
        """One item, or None."""
        return self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")

    def get_all(self, keys: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        """Those of at most 100 different items that exist, by partition and sort key."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        left = list(keys)
        for _ in range(_MAX_TRIES):
            if not left:
                return found
            answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": left, "ConsistentRead": True}})
            for item in cast("list[dict[str, Any]]", answer["Responses"][self._name]):
                found[item["pk"]["S"], item["sk"]["S"]] = item
            left = cast("list[dict[str, Any]]", answer["UnprocessedKeys"].get(self._name, {}).get("Keys", []))
        raise MeteringUnavailable("The keys cannot be read at the moment; try again.")

    def chunks(
        self, partition: str, *, after: str | None = None, newest_first: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """The items of a partition in order of their sort keys, behind that of `after`, 100 at a time."""
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if after is not None:
            condition += " AND sk < :after" if newest_first else " AND sk > :after"
            values[":after"] = {"S": after}
        more: dict[str, Any] = {}
        while True:
            answer = self._client.query(
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=cast("Any", values),
                ScanIndexForward=not newest_first,
                ConsistentRead=True,
                Limit=CHUNK,
                **more,
            )
            yield cast("list[dict[str, Any]]", answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def update(self, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """The item after the update; None if its condition did not hold."""
        try:
            answer = self._client.update_item(TableName=self._name, ReturnValues="ALL_NEW", **arguments)
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return cast("dict[str, Any]", answer["Attributes"])

    def put_new(self, item: dict[str, Any]) -> bool:
        """Write an item unless it exists; whether it was written."""
        try:
            self._client.put_item(TableName=self._name, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def delete(self, key: dict[str, Any]) -> None:
        """Remove an item, if it is there."""
        self._client.delete_item(TableName=self._name, Key=key)

    def transact(self, *writes: tuple[str, dict[str, Any]]) -> None:
        """All writes or none, each as `("Put", arguments)`; again while other transactions are in the way.

        Raises:
            Refused: a condition did not hold.
            MeteringUnavailable: others were in the way for too long.
        """
        items: Any = [{kind: {"TableName": self._name, **arguments}} for kind, arguments in writes]
        for attempt in range(_MAX_TRIES):
            try:
                self._client.transact_write_items(TransactItems=items)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
                failed = frozenset(at for at, reason in enumerate(reasons) if reason == _CONDITION_FAILED)
                if failed:
                    raise Refused(failed) from error
                if _CONFLICT not in reasons:
                    raise
                time.sleep(random.uniform(0, _PAUSE_S * 2**attempt))  # noqa: S311 - apart, not secret
            else:
                return
        raise MeteringUnavailable("The keys are being changed by others at the moment; try again.")


def put_new(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The part of a transaction that writes an item which must not exist."""
    return "Put", {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
