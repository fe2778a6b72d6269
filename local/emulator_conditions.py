"""IAM checks that MiniStack lacks: DynamoDB's leading keys, and reads of objects that do not exist.

MiniStack evaluates policies, but never sets `dynamodb:LeadingKeys`, and `ForAllValues` is true for a missing key. So a
role with a wrong partition in its condition would work here and fail on AWS, and a condition that is too wide would go
unnoticed. Likewise, AWS answers 403 and not 404 if a role reads a missing object without the right to list the bucket.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, Self

LEADING_KEYS: Final = "dynamodb:LeadingKeys"

# Stands for an unknown partition. Only a condition that allows everything matches it.
UNKNOWN: Final = ""

# Data operations. AWS has no leading keys for a scan or for PartiQL either.
_DATA: Final = re.compile(r"dynamodb:(\w*Item|Query|Scan|PartiQL\w+|\w*Execute\w+)")

_PARAMETERS: Final = {
    "dynamodb_service_context": ["body"],
    "dynamodb_transaction_checks": ["iam_action", "body", "region", "account_id"],
    "enforce": ["access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"],
}

# Returns the name of the partition key of a table or of one of its indexes, or None if there is no such table or index.
PartitionKeyOf = Callable[[str, str | None], str | None]


class ItemArn(str):
    """The ARN of a table, with the partition of the item in one part of a transaction."""

    __slots__ = ("leading_keys",)
    leading_keys: list[str]

    def __new__(cls, arn: str, leading_keys: list[str]) -> Self:
        """Create a string that equals the ARN."""
        made = super().__new__(cls, arn)
        made.leading_keys = leading_keys
        return made


def leading_keys(request: Mapping[str, Any], partition_key_of: PartitionKeyOf) -> list[str] | None:
    """Return the partitions that a request accesses, or None if it does not access items.

    A batch has the partitions of all its items: AWS evaluates it once, so one statement must allow them all.
    """
    table = str(request.get("TableName", ""))
    if isinstance(batch := request.get("RequestItems"), dict):
        return [key for name, part in batch.items() for key in _of_batch(name, part, partition_key_of)]
    for member in ("Key", "Item"):
        if member in request:
            return [_partition(request[member], partition_key_of(table, None))]
    if "KeyConditionExpression" in request:
        return _of_query(request, partition_key_of(table, request.get("IndexName")))
    return None


def _of_batch(table: str, part: Any, partition_key_of: PartitionKeyOf) -> list[str]:
    name = partition_key_of(table, None)
    if isinstance(part, dict):  # of BatchGetItem
        return [_partition(key, name) for key in part.get("Keys", [])]
    writes = [write.get("PutRequest") or write.get("DeleteRequest") or {} for write in part]
    return [_partition(write.get("Item") or write.get("Key"), name) for write in writes]


def _of_query(request: Mapping[str, Any], name: str | None) -> list[str]:
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    equal = re.findall(r"([#\w.-]+)\s*=\s*(:\w+)", str(request["KeyConditionExpression"]))
    return [_text(values.get(value)) for left, value in equal if name and names.get(left, left) == name] or [UNKNOWN]


def _partition(key: Any, name: str | None) -> str:
    return _text(key.get(name)) if isinstance(key, dict) and name else UNKNOWN


def _text(value: Any) -> str:
    """Return a key as IAM compares it: strings and numbers unchanged, bytes in base64."""
    return str(next(iter(value.values()), UNKNOWN)) if isinstance(value, dict) else UNKNOWN


def install() -> None:
    """Replace the functions with which MiniStack authorises a request. Exits if its version is not the expected one."""
    from ministack.core import iam_actions, iam_evaluator
    from ministack.services import dynamodb, s3

    _check(iam_actions, ("dynamodb_service_context", "dynamodb_transaction_checks"))
    _check(iam_evaluator, ("enforce",))
    for module, name in ((dynamodb, "_tables"), (s3, "_buckets")):
        if not hasattr(module, name):
            _refuse(module, name)

    def partition_key_of(table: str, index: str | None) -> str | None:
        known = dynamodb._tables.get(table.rpartition("/")[2])  # noqa: SLF001 -- no public way; checked above
        return _hash_key(known, index)

    def exists(bucket: str, key: str) -> bool:
        return key in (s3._buckets.get(bucket) or {}).get("objects", {})  # noqa: SLF001 -- likewise

    iam_actions.dynamodb_service_context = _with_leading_keys(iam_actions.dynamodb_service_context, partition_key_of)
    iam_actions.dynamodb_transaction_checks = _item_by_item(iam_actions.dynamodb_transaction_checks, partition_key_of)
    iam_evaluator.enforce = _enforce_like_aws(iam_evaluator.enforce, exists)


def _check(module: ModuleType, names: Iterable[str]) -> None:
    for name in names:
        found = getattr(module, name, None)
        if found is None or list(inspect.signature(found).parameters) != _PARAMETERS[name]:
            _refuse(module, name)


def _refuse(module: ModuleType, name: str) -> None:
    sys.exit(
        f"this version of ministack lacks the expected {module.__name__}.{name}; install the one in "
        "requirements/local.txt"
    )


def _hash_key(table: Any, index: str | None) -> str | None:
    """Return the name of the partition key in MiniStack's description of a table."""
    if not isinstance(table, dict):
        return None
    described = table
    if index is not None:
        indexes = [*(table.get("GlobalSecondaryIndexes") or []), *(table.get("LocalSecondaryIndexes") or [])]
        described = next((one for one in indexes if one.get("IndexName") == index), {})
    schema = described.get("KeySchema") or []
    return next((str(part["AttributeName"]) for part in schema if part.get("KeyType") == "HASH"), None)


def _with_leading_keys(original: Callable[[bytes], dict[str, Any]], partition_key_of: PartitionKeyOf) -> Any:
    def dynamodb_service_context(body: bytes) -> dict[str, Any]:
        keys = leading_keys(_parsed(body), partition_key_of)
        return original(body) | ({} if keys is None else {LEADING_KEYS: keys})

    return dynamodb_service_context


def _item_by_item(original: Callable[..., list[tuple[str, str]]], partition_key_of: PartitionKeyOf) -> Any:
    def dynamodb_transaction_checks(
        iam_action: str, body: bytes, region: str, account_id: str
    ) -> list[tuple[str, ItemArn]]:
        """Authorise each item as its own action, with its own partition."""
        checks = []
        for item in _parsed(body).get("TransactItems") or []:
            for member, part in item.items() if isinstance(item, dict) else ():
                alone = json.dumps({"TransactItems": [{member: part}]}).encode()
                keys = leading_keys(part, partition_key_of) or [UNKNOWN]
                checks += [
                    (action, ItemArn(arn, keys)) for action, arn in original(iam_action, alone, region, account_id)
                ]
        return checks

    return dynamodb_transaction_checks


def _enforce_like_aws(original: Callable[..., Any], exists: Callable[[str, str], bool]) -> Any:
    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(service_context or {})
        if isinstance(resource_arn, ItemArn):
            context[LEADING_KEYS] = resource_arn.leading_keys
        elif service == "dynamodb" and _DATA.fullmatch(iam_action):
            context.setdefault(LEADING_KEYS, [UNKNOWN])
        denied = original(access_key_id, iam_action, service, region, resource_arn, context)
        if denied is not None:
            _log_denial(denied, iam_action, resource_arn, context)
        elif iam_action == "s3:GetObject":
            bucket_arn, _, key = resource_arn.partition("/")
            if not exists(bucket_arn.rpartition(":")[2], key):
                # A role that may not list must not see that the object is missing. The key is the list's prefix.
                return enforce(access_key_id, "s3:ListBucket", service, region, bucket_arn, {"s3:prefix": key})
        return denied

    return enforce


def _log_denial(denied: Any, action: str, resource_arn: str, context: Mapping[str, Any]) -> None:
    """Print the denial: functions turn it into their own errors, or continue without the data."""
    about = {name: context[name] for name in (LEADING_KEYS, "s3:prefix") if name in context}
    print(f"denied: {getattr(denied, 'principal_arn', '')} {action} {resource_arn} {about or ''}".rstrip(), flush=True)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
