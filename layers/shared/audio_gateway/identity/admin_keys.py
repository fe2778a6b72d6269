"""Admin keys: they authenticate calls of the admin API and spend nothing, so they have no account.

An admin key is two items: its record, which the authorizer finds by the key's hash, and its entry in the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from audio_gateway.aws.table import Table, TransactionRefused, TransactionWrite
from audio_gateway.aws.update import Condition, item_key
from audio_gateway.errors import InvalidRequest, MeteringUnavailable
from audio_gateway.identity.directory_items import ADMIN_KEYS, AdminKey, admin_key_from, admin_key_item
from audio_gateway.identity.errors import key_not_found, key_value_in_use
from audio_gateway.identity.key_store import record_item, record_key
from audio_gateway.identity.keys import KeyRecord, NewKey, new_key
from audio_gateway.identity.projects import Projects

_MAX_TRIES: Final = 5


class AdminKeys:
    """The admin keys in the gateway's table. `now_s` is the clock, in Unix seconds."""

    def __init__(self, table: Table, projects: Projects, now_s: Callable[[], float]) -> None:
        self._table = table
        self._projects = projects
        self._now_s = now_s

    def create(self, name: str, *, expires_at: int | None = None, value: str | None = None) -> NewKey:
        """A new admin key, of this `value` or a random one; raises `InvalidRequest` if the value is another key's."""
        self._projects.create_default()  # a new table has none, and an admin key is often the first key
        key = new_key("admin", name=name, now_s=self._now_s(), value=value, expires_at=expires_at)
        try:
            self._table.transact(
                TransactionWrite.put_if_absent(record_item(key.record)),
                TransactionWrite.put_if_absent(admin_key_item(key.record)),
            )
        except TransactionRefused as refused:
            raise key_value_in_use() from refused
        return key

    def get(self, key_id: str) -> AdminKey:
        """The admin key; raises `NotFound`."""
        item = self._table.get(item_key(ADMIN_KEYS, key_id))
        if item is None:
            raise key_not_found(key_id)
        return admin_key_from(item)

    def list(self, after: str | None = None, *, newest_first: bool = False) -> Iterator[AdminKey]:
        """The admin keys in order of their ids, behind `after`."""
        for page in self._table.pages(ADMIN_KEYS, after=after, newest_first=newest_first):
            yield from map(admin_key_from, page)

    def delete(self, key_id: str) -> None:
        """End an admin key permanently.

        Raises:
            NotFound: there is no such key.
            InvalidRequest: it is the last admin key that can be used, and without one none can be created.
        """
        for _ in range(_MAX_TRIES):
            key = self.get(key_id)
            successor = self._successor_of(key)
            try:
                self._table.transact(
                    # Two keys that are deleted at the same time must not be each other's successor.
                    TransactionWrite.check(item_key(ADMIN_KEYS, successor.id), Condition("attribute_exists(pk)")),
                    TransactionWrite.delete(item_key(ADMIN_KEYS, key_id)),
                    TransactionWrite.delete(record_key(key.sha256)),
                )
            except TransactionRefused:
                continue
            return
        raise MeteringUnavailable("Another request is changing the admin keys. Try again.")

    def revoke(self, key: KeyRecord) -> None:
        """End a temporary admin key, even if no other can be used. Safe to repeat."""
        self._table.transact(
            TransactionWrite.delete(item_key(ADMIN_KEYS, key.id)),
            TransactionWrite.delete(record_key(key.sha256)),
        )

    def _successor_of(self, key: AdminKey) -> AdminKey:
        """An admin key that stays usable: of all others, the one that expires last."""
        now_s = self._now_s()
        others = [
            other
            for other in self.list()
            if other.id != key.id and (other.expires_at is None or other.expires_at > now_s)
        ]
        if not others:
            message = f"'{key.id}' is the last admin key that can be used. Create another one before you delete it."
            raise InvalidRequest(message, param="key_id", code="last_admin_key")
        return max(others, key=lambda other: float("inf") if other.expires_at is None else other.expires_at)
