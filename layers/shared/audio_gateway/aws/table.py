"""The gateway's DynamoDB table: the few calls that the stores make of it. Its errors become the gateway's here."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, cast

from audio_gateway.aws.clients import UNAVAILABLE, map_aws_errors
from audio_gateway.aws.dynamodb import ConditionFailed, map_dynamodb_errors
from audio_gateway.aws.update import Condition, Item, Update
from audio_gateway.errors import GatewayError, MeteringUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

PAGE_ITEMS: Final = 100
"""Items that `Table.pages` reads at a time."""

_MAX_BATCH_ITEMS: Final = 100  # the most that a BatchGetItem takes
_MAX_BATCH_TRIES: Final = 8
_BATCH_PAUSE_S: Final = 0.02
_MAX_TRANSACTION_TRIES: Final = 6
_TRANSACTION_PAUSE_S: Final = 0.05

_ABSENT: Final = "attribute_not_exists(pk)"
# Codes of the reasons for which a transaction was cancelled.
_CONDITION_FAILED: Final = "ConditionalCheckFailed"
_CONFLICT: Final = "TransactionConflict"


class PutResult(NamedTuple):
    """What became of a conditional write: whether it was done, and the item that is there afterwards.

    The item is empty where the condition needs one and there is none.
    """

    written: bool
    item: Item


class TransactionRefused(Exception):
    """Conditions of a transaction did not hold; `at` are the indices of their writes."""

    def __init__(self, at: frozenset[int]) -> None:
        super().__init__(f"the conditions at {sorted(at)} did not hold")
        self.at = at


@dataclass(frozen=True, slots=True)
class TransactionWrite:
    """One part of a transaction: DynamoDB's name for it, and its arguments."""

    kind: str
    arguments: Item

    @classmethod
    def put_if_absent(cls, item: Item) -> Self:
        """Write an item which must not exist."""
        return cls("Put", {"Item": item, **Condition(_ABSENT).arguments()})

    @classmethod
    def update_if(cls, update: Update) -> Self:
        """Make an update, whose condition must hold."""
        return cls("Update", update.arguments())

    @classmethod
    def delete(cls, key: Item) -> Self:
        """Remove an item, if there is one."""
        return cls("Delete", {"Key": key})

    @classmethod
    def delete_if(cls, key: Item, condition: Condition) -> Self:
        """Remove an item, for which the condition must hold."""
        return cls("Delete", {"Key": key, **condition.arguments()})

    @classmethod
    def check(cls, key: Item, condition: Condition) -> Self:
        """Require a condition of an item, and leave it as it is."""
        return cls("ConditionCheck", {"Key": key, **condition.arguments()})


class Table:
    """One DynamoDB table with the keys `pk` and `sk`.

    Every call raises `unavailable`, with the message, if it cannot be made.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        unavailable: type[GatewayError] = MeteringUnavailable,
        message: str = UNAVAILABLE,
    ) -> None:
        self._client = client
        self._name = name
        self._unavailable = unavailable
        self._message = message

    def _mapped_errors(self) -> AbstractContextManager[None]:
        return map_dynamodb_errors(self._unavailable, self._message)

    # ------------------------------------------------------------ reading
    def get(self, key: Item) -> Item | None:
        """One item, or None."""
        with self._mapped_errors():
            return self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")

    def get_many(self, keys: Iterable[Item], *, consistent: bool = True) -> Iterator[Item]:
        """Those of the items that exist, in any order, a hundred with each call. No key may be named twice."""
        source = iter(keys)
        while batch := list(islice(source, _MAX_BATCH_ITEMS)):
            yield from self._get_batch(batch, consistent=consistent)

    def _get_batch(self, keys: list[Item], *, consistent: bool) -> Iterator[Item]:
        tries = 0
        while keys:
            wanted: Any = {self._name: {"Keys": keys, "ConsistentRead": consistent}}
            with self._mapped_errors():
                answer = self._client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self._name, [])
            # What did not fit into an answer of 16 MB, or into what the table can serve now.
            unprocessed = answer["UnprocessedKeys"].get(self._name)
            left = [] if unprocessed is None else cast("list[Item]", unprocessed["Keys"])
            if len(left) == len(keys):
                tries += 1
                if tries == _MAX_BATCH_TRIES:
                    raise self._unavailable(self._message)
                time.sleep(random.uniform(0, _BATCH_PAUSE_S * 2**tries))  # noqa: S311 - apart, not secret
            keys = left

    def query(
        self,
        partition: str,
        between: tuple[str, str] | None = None,
        *,
        newest_first: bool = False,
        after: str | None = None,
        page_items: int | None = None,
    ) -> Iterator[Item]:
        """The items of a partition in order, all or those `between` two sort keys (both included), read lazily.

        `newest_first` reverses the order. `after` is a sort key, whether it exists or not, behind which to begin.
        `page_items` is how many items are read with each call; without it, as many as fit into 1 MB.
        """
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if between is not None:
            condition += " AND sk BETWEEN :low AND :high"
            values |= {":low": {"S": between[0]}, ":high": {"S": between[1]}}
        more: Item = {"ConsistentRead": True}
        if newest_first:
            more["ScanIndexForward"] = False
        if page_items is not None:
            more["Limit"] = page_items
        if after is not None:
            more["ExclusiveStartKey"] = {"pk": {"S": partition}, "sk": {"S": after}}
        for page in self._query(condition, values, more):
            yield from page

    def pages(self, partition: str, *, after: str | None = None, newest_first: bool = False) -> Iterator[list[Item]]:
        """The items of a partition in order of their sort keys, behind `after`, a hundred at a time."""
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if after is not None:
            condition += " AND sk < :after" if newest_first else " AND sk > :after"
            values[":after"] = {"S": after}
        more = {"ScanIndexForward": not newest_first, "ConsistentRead": True, "Limit": PAGE_ITEMS}
        return self._query(condition, values, more)

    def query_index(self, index: str, attribute: str, value: str) -> Iterator[Item]:
        """The keys of the items that an index has under this value of its `attribute`, eventually consistent."""
        for page in self._query(f"{attribute} = :value", {":value": {"S": value}}, {"IndexName": index}):
            yield from page

    def _query(self, condition: str, values: Item, more: Item) -> Iterator[list[Item]]:
        while True:
            with self._mapped_errors():
                answer = self._client.query(
                    TableName=self._name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    **more,
                )
            yield cast("list[Item]", answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {**more, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    # ------------------------------------------------------------ writing
    def put_if_absent(self, item: Item) -> PutResult:
        """Write an item unless there is one with its key."""
        return self.put_if(item, Condition(_ABSENT))

    def put_if(self, item: Item, condition: Condition) -> PutResult:
        """Write an item if the condition holds for the one that is there."""
        try:
            with self._mapped_errors():
                self._client.put_item(
                    TableName=self._name,
                    Item=item,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition.arguments(),
                )
        except ConditionFailed as failed:
            return PutResult(written=False, item=failed.item)
        return PutResult(written=True, item=item)

    def update(self, update: Update) -> Item:
        """Make an update without a condition; returns the item after it."""
        with self._mapped_errors():
            answer = self._client.update_item(TableName=self._name, ReturnValues="ALL_NEW", **update.arguments())
        return cast("Item", answer["Attributes"])

    def update_if(self, update: Update) -> Item | None:
        """Make an update if its condition holds; returns the item after it, None if it did not hold."""
        try:
            return self.update(update)
        except ConditionFailed:
            return None

    def delete(self, key: Item) -> None:
        """Remove an item, if there is one."""
        with self._mapped_errors():
            self._client.delete_item(TableName=self._name, Key=key)

    def delete_if(self, key: Item, condition: Condition) -> bool:
        """Remove an item if the condition holds for it; returns whether it did."""
        try:
            with self._mapped_errors():
                self._client.delete_item(TableName=self._name, Key=key, **condition.arguments())
        except ConditionFailed:
            return False
        return True

    def transact(self, *writes: TransactionWrite) -> None:
        """Make all writes or none; repeats them while other transactions are in the way.

        Raises:
            TransactionRefused: a condition did not hold.
            `unavailable` of the table: others were in the way for too long, or the call cannot be made.
        """
        parts: Any = [{write.kind: {"TableName": self._name, **write.arguments}} for write in writes]
        for attempt in range(_MAX_TRANSACTION_TRIES):
            reasons = self._try_to_transact(parts)
            if not reasons:
                return
            if failed := frozenset(at for at, reason in enumerate(reasons) if reason == _CONDITION_FAILED):
                raise TransactionRefused(failed)
            time.sleep(random.uniform(0, _TRANSACTION_PAUSE_S * 2**attempt))  # noqa: S311 - apart from others, not secret
        raise self._unavailable("Another request is changing the same resource. Try again.")

    def _try_to_transact(self, parts: Any) -> list[str | None]:
        """Nothing if all was written, otherwise the reason for each write."""
        from botocore.exceptions import ClientError

        with map_aws_errors(self._unavailable, self._message):
            try:
                self._client.transact_write_items(TransactItems=parts)
            except ClientError as error:
                answer: Item = cast("Item", error.response)
                reasons = [reason.get("Code") for reason in answer.get("CancellationReasons", ())]
                if _CONFLICT in reasons or _CONDITION_FAILED in reasons:
                    return reasons
                raise
        return []
