"""The calls of DynamoDB that the directory needs beside those of `Table`: pages from a cursor on, and transactions."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any, Final, cast

from audio_gateway.aws.table import Item, Table, as_ours

CHUNK: Final = 100
"""Items of one page."""

_CONDITION_FAILED: Final = "ConditionalCheckFailed"
_CONFLICT: Final = "TransactionConflict"
_MAX_TRIES: Final = 6
_PAUSE_S: Final = 0.05


class Refused(Exception):
    """A transaction's condition did not hold; `at` are the places of those in the order of the writes."""

    def __init__(self, at: frozenset[int]) -> None:
        super().__init__(f"the conditions at {sorted(at)} did not hold")
        self.at = at


class DirectoryTable(Table):
    """The gateway's table, as the directory uses it."""

    def chunks(self, partition: str, *, after: str | None = None, newest_first: bool = False) -> Iterator[list[Item]]:
        """The items of a partition in order of their sort keys, behind that of `after`, 100 at a time."""
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if after is not None:
            condition += " AND sk < :after" if newest_first else " AND sk > :after"
            values[":after"] = {"S": after}
        more: Item = {}
        while True:
            with as_ours(self._unavailable):
                answer = self._client.query(
                    TableName=self._name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=cast("Any", values),
                    ScanIndexForward=not newest_first,
                    ConsistentRead=True,
                    Limit=CHUNK,
                    **more,
                )
            yield cast("list[Item]", answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def changed(self, arguments: Item) -> Item | None:
        """The item after an update; None if the condition did not hold."""
        with as_ours(self._unavailable):
            try:
                answer = self._client.update_item(TableName=self._name, ReturnValues="ALL_NEW", **arguments)
            except self._client.exceptions.ConditionalCheckFailedException:
                return None
        return cast("Item", answer["Attributes"])

    def remove(self, key: Item) -> None:
        """Remove an item, if it is there."""
        with as_ours(self._unavailable):
            self._client.delete_item(TableName=self._name, Key=key)

    def transact(self, *writes: tuple[str, Item]) -> None:
        """All writes or none, each as `("Put", arguments)`; again while other writers are in the way.

        Raises:
            Refused: a condition did not hold.
            `unavailable` of the table: others were in the way for too long, or the call cannot be made.
        """
        items: Any = [{kind: {"TableName": self._name, **arguments}} for kind, arguments in writes]
        for attempt in range(_MAX_TRIES):
            reasons = self._try_to_transact(items)
            if not reasons:
                return
            if failed := frozenset(at for at, reason in enumerate(reasons) if reason == _CONDITION_FAILED):
                raise Refused(failed)
            time.sleep(random.uniform(0, _PAUSE_S * 2**attempt))  # noqa: S311 - apart from others, not secret
        raise self._unavailable("Others are changing the same at the moment. Try again.")

    def _try_to_transact(self, items: Any) -> list[str | None]:
        """Nothing if all was written, else why each write was not."""
        with as_ours(self._unavailable):
            try:
                self._client.transact_write_items(TransactItems=items)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
                if _CONFLICT in reasons or _CONDITION_FAILED in reasons:
                    return reasons
                raise
        return []


def put_new(item: Item) -> tuple[str, Item]:
    """The part of a transaction that writes an item which must not exist."""
    return "Put", {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}


def condition_check(key: Item, condition: str) -> tuple[str, Item]:
    """The part of a transaction that asks something of an item and leaves it as it is."""
    return "ConditionCheck", {"Key": key, "ConditionExpression": condition}
