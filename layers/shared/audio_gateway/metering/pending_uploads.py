"""Uploads of a key that were announced and not used yet, which its `pending_upload_bytes` limits.

    pk  ACCOUNT#<key id>      sk  uploads
    pending_bytes, pending_files         the sums of all uploads below
    <upload id>                          until when it counts (Unix seconds), and its bytes: "1796082600 20000000"
    ttl                                  DynamoDB removes the item some time after the last of these times

An upload and the sums change in one update, so they always agree, and each update may arrive twice. An upload whose use
or deletion could not be recorded counts until its time is over. The item is separate from the account: a thousand
uploads in the account would make each request of the key forty times as expensive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Update
from audio_gateway.errors import MeteringUnavailable, TooMuchAtOnce
from audio_gateway.metering.account_item import account_key
from audio_gateway.metering.account_writer import AccountWriter

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

MOST_FILES: Final = 1_000
"""The most uploads of a key that are announced and not used, of any size: each adds some 50 bytes to the item."""

_BYTES: Final = "pending_bytes"
_FILES: Final = "pending_files"
_PREFIX: Final = "upload_"
_MAX_REMOVALS: Final = 100  # expired uploads that one update removes: its condition has 3 KB
_DAY_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class AnnouncedUploads:
    """An upload of a key, which counts until `until_s` (Unix seconds) unless it is used or deleted before."""

    key_id: str
    upload_id: str
    bytes: int
    until_s: int

    @property
    def text(self) -> str:
        """The upload as it is stored."""
        return f"{self.until_s} {self.bytes}"


class PendingUploads:
    """The pending uploads in the gateway's table. Every call raises `MeteringUnavailable` if it cannot be made."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._writer = AccountWriter(client, table)
        self._table = Table(client, table)

    def add(self, upload: AnnouncedUploads, most_bytes: int, now_s: int) -> None:
        """Count an upload, if the key may have that many bytes pending. One write; more if other uploads have expired.

        Raises:
            TooMuchAtOnce: the limit does not allow it; nothing is counted.
        """
        for _ in range(MOST_FILES // _MAX_REMOVALS + 1):
            counted, item, _twice = self._writer.update(_announcement(upload, most_bytes))
            if counted or item.get(upload.upload_id) == {"S": upload.text}:
                return
            over = [each for each in _uploads(upload.key_id, item) if each.until_s < now_s][:_MAX_REMOVALS]
            if not over:
                raise _refusal(upload, most_bytes, item)
            self._writer.update(_removal(over))
        raise MeteringUnavailable("Another request is changing the uploads of the key. Try again.")

    def forget(self, upload: AnnouncedUploads) -> None:
        """Stop counting an upload that was used or deleted. Safe to repeat."""
        self._writer.update(_removal([upload]))

    def pending_bytes(self, key_id: str, now_s: int) -> int:
        """How many bytes of a key are pending; one consistent read."""
        item = self._table.get(_item_key(key_id)) or {}
        return sum(each.bytes for each in _uploads(key_id, item) if each.until_s >= now_s)


def _item_key(key_id: str) -> dict[str, Any]:
    return account_key(key_id) | {"sk": {"S": "uploads"}}


def _uploads(key_id: str, item: dict[str, Any]) -> list[AnnouncedUploads]:
    texts = ((name, value["S"].split()) for name, value in item.items() if name.startswith(_PREFIX))
    return [AnnouncedUploads(key_id, name, int(size), int(until_s)) for name, (until_s, size) in texts]


def _announcement(upload: AnnouncedUploads, most_bytes: int) -> Update:
    update = Update(_item_key(upload.key_id))
    update.name("#upload", upload.upload_id)
    update.require("attribute_not_exists(#upload)")
    update.count(_BYTES, upload.bytes, most_bytes)
    update.count(_FILES, 1, MOST_FILES)
    update.set("#upload", upload.text)
    return update.set("#ttl", upload.until_s + _DAY_S)


def _removal(uploads: list[AnnouncedUploads]) -> Update:
    """The update that stops counting uploads, if all of them are counted."""
    update = Update(_item_key(uploads[0].key_id))
    for at, upload in enumerate(uploads):
        update.name(f"#u{at}", upload.upload_id)
        update.require(f"attribute_exists(#u{at})")
        update.remove(f"#u{at}")
    update.count(_BYTES, -sum(upload.bytes for upload in uploads))
    return update.count(_FILES, -len(uploads))


def _refusal(upload: AnnouncedUploads, most_bytes: int, item: dict[str, Any]) -> TooMuchAtOnce:
    pending = int(item.get(_BYTES, {"N": "0"})["N"])
    if upload.bytes > most_bytes:
        message = f"The key may have {most_bytes:,} bytes of uploads pending; this file alone has {upload.bytes:,}."
    elif pending + upload.bytes > most_bytes:
        message = (
            f"The key may have {most_bytes:,} bytes of uploads pending, announced and not used: {pending:,} are, and "
            f"this file has {upload.bytes:,} more. Use them as upload_id, or DELETE those that are not needed."
        )
    else:
        message = (
            f"The key has {MOST_FILES} uploads pending, announced and not used, the most that a key may have. Use them "
            "as upload_id, or DELETE those that are not needed."
        )
    return TooMuchAtOnce(message, limit="pending_upload_bytes")
