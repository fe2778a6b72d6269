"""The few calls of DynamoDB that the books are made of: ledger, aggregates and sweeper. Its errors become ours here."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.errors import GatewayError, MeteringUnavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

Item = dict[str, Any]

_BATCH: Final = 100  # the most that a BatchGetItem takes
_MAX_TRIES: Final = 8
_PAUSE_S: Final = 0.02
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


class Table:
    """One DynamoDB table with the keys `pk` and `sk`. Every call raises `unavailable` if it cannot be made."""

    def __init__(
        self, client: DynamoDBClient, name: str, unavailable: type[GatewayError] = MeteringUnavailable
    ) -> None:
        self._client = client
        self._name = name
        self._unavailable = unavailable

    def get(self, key: Item) -> Item | None:
        """One item as it is now, or None."""
        with as_ours(self._unavailable):
            return self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get("Item")

    def get_each(self, keys: Iterable[Item], *, consistent: bool = True) -> Iterator[Item]:
        """Those of the items that exist, in any order, a hundred with each call. No key may be named twice."""
        source = iter(keys)
        while chunk := list(islice(source, _BATCH)):
            yield from self._get_chunk(chunk, consistent=consistent)

    def _get_chunk(self, keys: list[Item], *, consistent: bool) -> Iterator[Item]:
        unbilled = 0
        while keys:
            wanted: Any = {self._name: {"Keys": keys, "ConsistentRead": consistent}}
            with as_ours(self._unavailable):
                answer = self._client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self._name, [])
            # What did not fit into an answer of 16 MB, or into what the table can serve at the moment.
            unserved = answer["UnprocessedKeys"].get(self._name)
            left = [] if unserved is None else cast("list[Item]", unserved["Keys"])
            if len(left) == len(keys):
                unbilled += 1
                if unbilled == _MAX_TRIES:
                    raise self._unavailable("The table serves nothing at the moment. Try again.")
                time.sleep(random.uniform(0, _PAUSE_S * 2**unbilled))  # noqa: S311 - apart, not secret
            keys = left

    def query(
        self,
        partition: str,
        between: tuple[str, str] | None = None,
        *,
        newest_first: bool = False,
        after: str | None = None,
        page: int | None = None,
    ) -> Iterator[Item]:
        """The items of a partition in order, all or those `between` two sort keys (both included), read lazily.

        `newest_first` turns the order around. `after` is a sort key, there or not, behind which to begin. `page` is how
        many items are read at once, as many as fit into 1 MB otherwise.
        """
        condition, values = "pk = :pk", {":pk": {"S": partition}}
        if between is not None:
            condition += " AND sk BETWEEN :low AND :high"
            values |= {":low": {"S": between[0]}, ":high": {"S": between[1]}}
        more: Item = {}
        if newest_first:
            more["ScanIndexForward"] = False
        if page is not None:
            more["Limit"] = page
        if after is not None:
            more["ExclusiveStartKey"] = {"pk": {"S": partition}, "sk": {"S": after}}
        while True:
            with as_ours(self._unavailable):
                answer = self._client.query(
                    TableName=self._name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=cast("Any", values),
                    ConsistentRead=True,
                    **more,
                )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def query_index(self, index: str, attribute: str, value: str) -> Iterator[Item]:
        """The keys of the items that an index has under this value of its `attribute`, as of a moment ago."""
        more: Item = {}
        while True:
            with as_ours(self._unavailable):
                answer = self._client.query(
                    TableName=self._name,
                    IndexName=index,
                    KeyConditionExpression=f"{attribute} = :value",
                    ExpressionAttributeValues={":value": {"S": value}},
                    **more,
                )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put_new(self, item: Item) -> Item:
        """Write an item unless there is one with its key; the one that is there afterwards."""
        from botocore.exceptions import ClientError

        with as_ours(self._unavailable):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if not _is_condition(error):
                    raise
                return cast("Item", error.response["Item"])  # type: ignore[typeddict-item] # only with ALL_OLD
        return item

    def put(self, item: Item, condition: str, values: Item) -> bool:
        """Write an item if the condition holds for the one that is there; whether it did."""
        return self._changed("put_item", Item=item, ConditionExpression=condition, ExpressionAttributeValues=values)

    def take(self, item: Item, condition: str, values: Item) -> Item | None:
        """Write an item if the condition holds for the one that is there; otherwise that one, and None if it did."""
        from botocore.exceptions import ClientError

        with as_ours(self._unavailable):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=item,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if not _is_condition(error):
                    raise
                return cast("Item", error.response["Item"])  # type: ignore[typeddict-item] # only with ALL_OLD
        return None

    def update(self, arguments: Item) -> bool:
        """Make an update; whether its condition held."""
        return self._changed("update_item", **arguments)

    def updated(self, arguments: Item) -> Item:
        """Make an update without a condition; the item after it."""
        with as_ours(self._unavailable):
            answer = self._client.update_item(TableName=self._name, ReturnValues="ALL_NEW", **arguments)
        return cast("Item", answer["Attributes"])

    def delete(self, key: Item, condition: str, values: Item) -> bool:
        """Remove an item if the condition holds for it; whether it did."""
        return self._changed("delete_item", Key=key, ConditionExpression=condition, ExpressionAttributeValues=values)

    def _changed(self, call: str, **arguments: Any) -> bool:
        from botocore.exceptions import ClientError

        with as_ours(self._unavailable):
            try:
                getattr(self._client, call)(TableName=self._name, **arguments)
            except ClientError as error:
                if not _is_condition(error):
                    raise
                return False
        return True


@contextmanager
def as_ours(unavailable: type[GatewayError] = MeteringUnavailable) -> Iterator[None]:
    """Turn whatever DynamoDB, or the way to it, has against a call into `unavailable`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise unavailable("The table cannot be read or written at the moment. Try again.") from error


def _is_condition(error: Any) -> bool:
    return bool(error.response["Error"]["Code"] == _CONDITION_FAILED)
