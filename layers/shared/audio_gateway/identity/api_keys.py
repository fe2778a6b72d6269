"""API keys of projects: what callers authenticate with, and whose accounts pay.

A key is three items: its record, which the authorizer finds by the key's hash; its account, which every request is
admitted against; and its entry in the directory. A transaction creates them, as a new key has no other writers yet.
Later changes are written to the account first, because it refuses requests immediately; the record follows, and the
authorizer's cached answer may live for another minute. Every change can be repeated, and finishes what an earlier try
has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from audio_gateway.aws.table import Table, TransactionRefused, TransactionWrite
from audio_gateway.aws.update import Condition, Item, Update, item_key
from audio_gateway.errors import MeteringUnavailable, NotFound
from audio_gateway.identity import account_changes
from audio_gateway.identity.directory_items import (
    DEFAULT_PROJECT,
    KeyEntry,
    ProjectKey,
    entry_from,
    entry_item,
    keys_of,
    project_key,
    record_change,
    service_account_from,
    service_accounts_of,
)
from audio_gateway.identity.errors import key_not_found, key_value_in_use, project_archived, service_account_not_found
from audio_gateway.identity.key_store import record_item, record_key
from audio_gateway.identity.keys import KeyStatus, NewKey, new_key
from audio_gateway.identity.projects import Projects
from audio_gateway.metering.account_item import account_from, account_key, new_account_item
from audio_gateway.metering.limits import Limits

NO_LIMITS: Final = Limits()
_MAX_TRIES: Final = 5


class ApiKeys:
    """The API keys in the gateway's table. `now_s` is the clock, in Unix seconds."""

    def __init__(self, table: Table, projects: Projects, now_s: Callable[[], float]) -> None:
        self._table = table
        self._projects = projects
        self._now_s = now_s

    def create(
        self,
        name: str,
        *,
        project_id: str = DEFAULT_PROJECT,
        limits: Limits = NO_LIMITS,
        value: str | None = None,
        service_account_id: str | None = None,
    ) -> NewKey:
        """A new key, of this `value` or a random one.

        Raises:
            NotFound: there is no such project, or no such service account in it.
            InvalidRequest: the project is archived, or the value is another key's.
        """
        if project_id == DEFAULT_PROJECT:  # a new table has no project: the first key creates the default one
            self._projects.create_default()
        key = new_key(
            "api",
            name=name,
            now_s=self._now_s(),
            project_id=project_id,
            value=value,
            expires_at=limits.expires_at,
        )
        writes = writes_of_new_key(key, limits, service_account_id)
        if service_account_id is not None:
            owner = item_key(service_accounts_of(project_id), service_account_id)
            there = Condition("attribute_exists(pk) AND attribute_not_exists(deleted_at)")
            writes = (TransactionWrite.check(owner, there), *writes)
        try:
            self._projects.write_in(project_id, *writes)
        except TransactionRefused as refused:
            if service_account_id is not None and 0 in refused.at:
                raise service_account_not_found(service_account_id) from refused
            raise key_value_in_use() from refused
        return key

    def get(self, key_id: str, *, project_id: str | None = None) -> ProjectKey:
        """A key with its status and limits; raises `NotFound`, also where it is another project's."""
        account = self._table.get(account_key(key_id))
        if account is None or project_id not in {None, account["project_id"]["S"]}:
            raise key_not_found(key_id)
        entry = self._entry(key_id, account)
        if entry is None or entry.deleted:
            raise key_not_found(key_id)
        return next(self._with_accounts([entry]))

    def list(self, project_id: str, after: str | None = None) -> Iterator[ProjectKey]:
        """The keys of a project that were not deleted, in order of their ids, behind `after`."""
        for page in self._table.pages(keys_of(project_id), after=after):
            yield from self._with_accounts([entry for entry in map(entry_from, page) if not entry.deleted])

    def all_ids(self) -> Iterator[str]:
        """The ids of all keys with an account: also of archived projects, and deleted ones with open holds."""
        for project in self._projects.list():
            for page in self._table.pages(keys_of(project.id)):
                yield from (item["sk"]["S"] for item in page)

    def disable(self, key_id: str) -> ProjectKey:
        """Refuse a key until it is enabled again; raises as `set_status`."""
        return self.set_status(key_id, "disabled")

    def enable(self, key_id: str) -> ProjectKey:
        """Let a disabled key be used again; raises as `set_status`."""
        return self.set_status(key_id, "active")

    def set_status(self, key_id: str, status: KeyStatus) -> ProjectKey:
        """Change a key's status.

        Raises:
            NotFound: there is no such key.
            InvalidRequest: its project is archived.
        """
        return self._change(key_id, status, lambda _: (None, None))

    def edit_limits(
        self, key_id: str, edit: Callable[[Limits], Limits], *, status: KeyStatus | None = None
    ) -> ProjectKey:
        """Change some limits of a key, and leave the others as they are then; raises as `set_status`.

        `edit` is called again if the limits change in between.
        """
        return self._change(key_id, status, lambda key: (edit(key.limits), key.version))

    def _change(
        self,
        key_id: str,
        status: KeyStatus | None,
        wanted: Callable[[ProjectKey], tuple[Limits | None, int | None]],
    ) -> ProjectKey:
        """`wanted` returns the new limits, and the version of the account for which they are meant."""
        for _ in range(_MAX_TRIES):
            key = self.get(key_id)
            if key.status == "deleted":
                raise key_not_found(key_id)
            if key.status == "archived":
                raise project_archived(self._projects.get(key.entry.project_id))
            limits, version = wanted(key)
            update = account_changes.change(key_id, status=status, limits=limits, version=version)
            account = self._table.update_if(update)
            if account is not None:
                self._follow(key.entry, account)
                return project_key(key.entry, key.owner, account)
        raise MeteringUnavailable("Another request is changing the key. Try again.")

    def delete(self, key_id: str) -> None:
        """End a key permanently. Its account stays until its open holds are settled; raises `NotFound`."""
        account = self._table.update_if(account_changes.deletion(key_id))
        entry = None if account is None else self._entry(key_id, account)
        if entry is None:
            raise key_not_found(key_id)
        self._table.delete(record_key(entry.sha256))
        update = Update(item_key(keys_of(entry.project_id), key_id)).require("attribute_exists(pk)")
        self._table.update_if(update.set_if_absent("deleted_at", int(self._now_s())))

    def delete_of(self, project_id: str, service_account_id: str) -> None:
        """Delete all keys of a service account."""
        for entry in self._entries(project_id):
            if entry.service_account_id == service_account_id:
                with suppress(NotFound):  # another process has deleted and forgotten it in the meantime
                    self.delete(entry.id)

    def archive_all(self, project_id: str) -> None:
        """End all keys of a project that is archived."""
        for entry in self._entries(project_id):
            account = self._table.update_if(account_changes.archival(entry.id))
            if account is not None:
                self._follow(entry, account)

    def forget_deleted(self, key_id: str) -> bool:
        """Remove what is left of a deleted key without open holds; returns whether nothing of it is left."""
        account = self._table.get(account_key(key_id))
        entry = None if account is None else self._entry(key_id, account)
        if entry is None:
            return True
        try:
            self._table.transact(
                account_changes.removal(key_id),
                TransactionWrite.delete(item_key(keys_of(entry.project_id), key_id)),
                TransactionWrite.delete(record_key(entry.sha256)),
            )
        except TransactionRefused:
            return False
        return True

    # ------------------------------------------------------------ parts
    def _entry(self, key_id: str, account: Item) -> KeyEntry | None:
        item = self._table.get(item_key(keys_of(account["project_id"]["S"]), key_id))
        return None if item is None else entry_from(item)

    def _entries(self, project_id: str) -> Iterator[KeyEntry]:
        for page in self._table.pages(keys_of(project_id)):
            yield from (entry for entry in map(entry_from, page) if not entry.deleted)

    def _items(self, keys: Iterable[Item]) -> dict[tuple[str, str], Item]:
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in self._table.get_many(keys)}

    def _with_accounts(self, entries: Sequence[KeyEntry]) -> Iterator[ProjectKey]:
        accounts = self._items(account_key(entry.id) for entry in entries)
        owners = {
            (service_accounts_of(entry.project_id), entry.service_account_id)
            for entry in entries
            if entry.service_account_id is not None
        }
        found = self._items(item_key(*owner) for owner in owners)
        for entry in entries:
            account = accounts.get((f"ACCOUNT#{entry.id}", "0"))
            owner = found.get((service_accounts_of(entry.project_id), entry.service_account_id or ""))
            if account is not None:  # otherwise it was deleted and forgotten in the meantime
                yield project_key(entry, None if owner is None else service_account_from(owner), account)

    def _follow(self, entry: KeyEntry, account_item: Item) -> None:
        """Write into a key's record what its account says."""
        account = account_from(account_item)
        status: KeyStatus = "active" if account.status == "active" else "disabled"
        expires_at = account.limits.expires_at
        self._table.update_if(
            record_change(entry.sha256, status=status, expires_at=expires_at, version=account.version)
        )


def writes_of_new_key(key: NewKey, limits: Limits, service_account_id: str | None) -> tuple[TransactionWrite, ...]:
    """The parts of a transaction that create a key: its three items."""
    account = new_account_item(key.record.id, limits) | {"project_id": {"S": key.record.project_id}}
    items = (record_item(key.record), account, entry_item(key.record, service_account_id))
    return tuple(TransactionWrite.put_if_absent(item) for item in items)
