"""Keys in DynamoDB: one item per key, found by the key's hash with one GetItem.

`api_keys` and `admin_keys` write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from audio_gateway.identity.keys import KeyKind, KeyRecord, KeyStatus

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_SORT_KEY = "KEY"


class KeyStore:
    """Reads key records in the gateway's table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, sha256: str) -> KeyRecord | None:
        """The key with this hash, or None; one eventually consistent read, which costs half a unit."""
        answer = self._client.get_item(TableName=self._table, Key=record_key(sha256))
        item = answer.get("Item")
        return None if item is None else _from_item(item)


def record_key(sha256: str) -> dict[str, Any]:
    """The primary key of a key's record."""
    return {"pk": {"S": f"KEY#{sha256}"}, "sk": {"S": _SORT_KEY}}


def record_item(record: KeyRecord) -> dict[str, Any]:
    """The record as DynamoDB stores it."""
    item = record_key(record.sha256) | {
        "key_id": {"S": record.id},
        "kind": {"S": record.kind},
        "key_name": {"S": record.name},
        "organization_id": {"S": record.organization_id},
        "project_id": {"S": record.project_id},
        "key_status": {"S": record.status},
        "redacted": {"S": record.redacted},
        "created_at": {"N": str(record.created_at)},
    }
    if record.expires_at is not None:
        item["expires_at"] = {"N": str(record.expires_at)}
    return item


def _from_item(item: dict[str, Any]) -> KeyRecord:
    expires_at = item.get("expires_at")
    return KeyRecord(
        sha256=item["pk"]["S"].removeprefix("KEY#"),
        id=item["key_id"]["S"],
        kind=cast("KeyKind", item["kind"]["S"]),
        name=item["key_name"]["S"],
        organization_id=item["organization_id"]["S"],
        project_id=item["project_id"]["S"],
        status=cast("KeyStatus", item["key_status"]["S"]),
        redacted=item["redacted"]["S"],
        created_at=int(item["created_at"]["N"]),
        expires_at=None if expires_at is None else int(expires_at["N"]),
    )
