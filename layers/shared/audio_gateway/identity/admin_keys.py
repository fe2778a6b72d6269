"""Admin keys: they open the admin API and spend nothing, so that they have no account.

An admin key is two items: its record, which the authorizer finds by the key's hash, and its entry in the directory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from audio_gateway.errors import InvalidRequest, MeteringUnavailable, NotFound
from audio_gateway.identity.directory_items import ADMIN_KEYS, AdminKey, admin_key_from, admin_key_item, place
from audio_gateway.identity.directory_table import DirectoryTable, Refused, condition_check, put_new
from audio_gateway.identity.key_store import record_item, record_key
from audio_gateway.identity.keys import KeyRecord, NewKey, new_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_MAX_TRIES: Final = 5


class AdminKeys:
    """The admin keys in the gateway's table. `now_s` is the clock, in unix seconds."""

    def __init__(self, client: DynamoDBClient, table: str, now_s: Callable[[], float] = time.time) -> None:
        self._table = DirectoryTable(client, table)
        self._now_s = now_s

    def create_admin_key(self, name: str, *, expires_at: int | None = None, value: str | None = None) -> NewKey:
        """A new admin key, of this `value` or a random one; raises `InvalidRequest` if the value is another key's."""
        key = new_key("admin", name=name, now_s=self._now_s(), value=value, expires_at=expires_at)
        try:
            self._table.transact(put_new(record_item(key.record)), put_new(admin_key_item(key.record)))
        except Refused as refused:
            raise known_value() from refused
        return key

    def admin_key(self, key_id: str) -> AdminKey:
        """The admin key; raises `NotFound`."""
        item = self._table.get(place(ADMIN_KEYS, key_id))
        if item is None:
            raise no_key(key_id)
        return admin_key_from(item)

    def admin_keys(self, after: str | None = None, *, newest_first: bool = False) -> Iterator[AdminKey]:
        """The admin keys in order of their ids, behind `after`."""
        for chunk in self._table.chunks(ADMIN_KEYS, after=after, newest_first=newest_first):
            yield from map(admin_key_from, chunk)

    def delete_admin_key(self, key_id: str) -> None:
        """End an admin key for good.

        Raises:
            NotFound: there is no such key.
            InvalidRequest: no other admin key could be used afterwards, so that nobody could create one.
        """
        for _ in range(_MAX_TRIES):
            key = self.admin_key(key_id)
            heir = self._heir_of(key)
            try:
                self._table.transact(
                    # Two keys that are deleted at once must not be each other's heir.
                    condition_check(place(ADMIN_KEYS, heir.id), "attribute_exists(pk)"),
                    ("Delete", {"Key": place(ADMIN_KEYS, key_id)}),
                    ("Delete", {"Key": record_key(key.sha256)}),
                )
            except Refused:
                continue
            return
        raise MeteringUnavailable("The admin keys are being changed by others at the moment; try again.")

    def take_back_admin_key(self, key: KeyRecord) -> None:
        """End an admin key that was made for a moment, whatever other ones there are. Safe to repeat."""
        self._table.transact(
            ("Delete", {"Key": place(ADMIN_KEYS, key.id)}),
            ("Delete", {"Key": record_key(key.sha256)}),
        )

    def _heir_of(self, key: AdminKey) -> AdminKey:
        """An admin key that goes on to be usable: of all others the one that expires last."""
        now_s = self._now_s()
        others = [
            other
            for other in self.admin_keys()
            if other.id != key.id and (other.expires_at is None or other.expires_at > now_s)
        ]
        if not others:
            message = f"'{key.id}' is the last admin key that can be used; create another one before you delete it."
            raise InvalidRequest(message, param="key_id", code="last_admin_key")
        return max(others, key=lambda other: float("inf") if other.expires_at is None else other.expires_at)


def no_key(key_id: str) -> NotFound:
    """What is said of a key that does not exist, or not for this caller."""
    return NotFound(f"No key has the id '{key_id[:100]}'.", param="key_id")


def known_value() -> InvalidRequest:
    """What is said of a new key whose value belongs to another one."""
    return InvalidRequest("There is a key of this value already.", param="value")
