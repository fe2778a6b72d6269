"""Projects, service accounts and keys: who may call, and on whose account.

A key is three items: its record, which the authorizer finds by the key's hash; its account, which every request is
admitted against; its entry in the directory. A transaction creates them: a new key has no other writers yet. Whatever
changes later changes the account first, because that is what refuses at once, and the record follows; the authorizer's
cached answer may live a minute longer. Every change can be repeated, and finishes what an earlier try has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from audio_gateway.errors import InvalidRequest, MeteringUnavailable, NotFound
from audio_gateway.identity import account_changes
from audio_gateway.identity.admin_keys import AdminKeys, known_value, no_key
from audio_gateway.identity.archive import unfinished_item
from audio_gateway.identity.directory_items import (
    DEFAULT_PROJECT,
    PROJECTS,
    KeyEntry,
    Project,
    ProjectKey,
    ServiceAccount,
    entry_from,
    entry_item,
    keys_of,
    place,
    project_from,
    project_item,
    project_key,
    record_change,
    service_account_from,
    service_account_item,
    service_accounts_of,
)
from audio_gateway.identity.directory_table import Refused, condition_check, put_new
from audio_gateway.identity.key_store import record_item, record_key
from audio_gateway.identity.keys import KeyKind, KeyStatus, NewKey, new_id, new_key
from audio_gateway.metering.account_item import account_from, account_key, new_account_item
from audio_gateway.metering.limits import Limits

_NO_LIMITS: Final = Limits()
_MAX_TRIES: Final = 5


class Directory(AdminKeys):
    """The projects and keys in the gateway's table. `now_s` is the clock, in unix seconds."""

    # ------------------------------------------------------------ projects
    def create_project(self, name: str) -> Project:
        """A new project without keys."""
        now_s = self._now_s()
        project = Project(new_id("proj_", now_s), name, int(now_s))
        self._table.put_new(project_item(project))
        return project

    def project(self, project_id: str) -> Project:
        """The project; raises `NotFound`."""
        item = self._table.get(place(PROJECTS, project_id))
        if item is None:
            raise _no_project(project_id)
        return project_from(item)

    def projects(self, after: str | None = None) -> Iterator[Project]:
        """All projects, archived ones too, in order of their ids, behind the one with the id `after`."""
        for chunk in self._table.chunks(PROJECTS, after=after):
            yield from map(project_from, chunk)

    def rename_project(self, project_id: str, name: str) -> Project:
        """The project with its new name; raises `NotFound`, or `InvalidRequest` if it is archived."""
        item = self._table.changed(
            {
                "Key": place(PROJECTS, project_id),
                "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(archived_at)",
                "UpdateExpression": "SET #name = :name",
                "ExpressionAttributeNames": {"#name": "name"},
                "ExpressionAttributeValues": {":name": {"S": name}},
            }
        )
        if item is None:
            raise _archived(self.project(project_id))
        return project_from(item)

    def archive_project(self, project_id: str) -> Project:
        """End a project for good: it gets no more keys, and all that it has are refused.

        What it has left running is ended by the next sweeps (use_cases/archived_projects.py).

        Raises:
            NotFound: there is no such project.
            InvalidRequest: it is the default project, which the operator's tools rely on.
        """
        if project_id == DEFAULT_PROJECT:
            raise InvalidRequest("The default project cannot be archived.", param="project_id")
        item = self._table.changed(
            {
                "Key": place(PROJECTS, project_id),
                "ConditionExpression": "attribute_exists(pk)",
                "UpdateExpression": "SET archived_at = if_not_exists(archived_at, :now)",
                "ExpressionAttributeValues": {":now": {"N": str(int(self._now_s()))}},
            }
        )
        if item is None:
            raise _no_project(project_id)
        self._table.put_new(unfinished_item(project_id, int(self._now_s())))
        for entry in self._entries(project_id):
            account = self._table.changed(account_changes.archival(entry.id))
            if account is not None:
                self._follow(entry, account)
        return project_from(item)

    # ------------------------------------------------------------ service accounts
    def create_service_account(
        self, project_id: str, name: str, *, limits: Limits = _NO_LIMITS, with_key: bool = True
    ) -> tuple[ServiceAccount, NewKey | None]:
        """A new service account, and its first key unless it is to have none yet.

        Raises:
            NotFound: there is no such project.
            InvalidRequest: the project is archived.
        """
        now_s = self._now_s()
        account = ServiceAccount(new_id("svc_acct_", now_s), project_id, name, int(now_s))
        key = new_key("api", name=name, now_s=now_s, project_id=project_id, expires_at=limits.expires_at)
        writes = [put_new(service_account_item(account)), *(_birth(key, limits, account.id) if with_key else ())]
        self._create_in(project_id, *writes)
        return account, key if with_key else None

    def service_account(self, project_id: str, account_id: str) -> ServiceAccount:
        """The service account; raises `NotFound`."""
        item = self._table.get(place(service_accounts_of(project_id), account_id))
        if item is None or "deleted_at" in item:
            raise _no_service_account(account_id)
        return service_account_from(item)

    def service_accounts(self, project_id: str, after: str | None = None) -> Iterator[ServiceAccount]:
        """The service accounts of a project in order of their ids, behind `after`."""
        for chunk in self._table.chunks(service_accounts_of(project_id), after=after):
            yield from (service_account_from(item) for item in chunk if "deleted_at" not in item)

    def rename_service_account(self, project_id: str, account_id: str, name: str) -> ServiceAccount:
        """The service account with its new name; raises `NotFound`."""
        item = self._table.changed(
            {
                "Key": place(service_accounts_of(project_id), account_id),
                "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(deleted_at)",
                "UpdateExpression": "SET #name = :name",
                "ExpressionAttributeNames": {"#name": "name"},
                "ExpressionAttributeValues": {":name": {"S": name}},
            }
        )
        if item is None:
            raise _no_service_account(account_id)
        return service_account_from(item)

    def delete_service_account(self, project_id: str, account_id: str) -> None:
        """Delete a service account with all of its keys; raises `NotFound`.

        It is marked first, so that it gets no more keys, and removed last, so that a repeated call finds it.
        """
        place_of_account = place(service_accounts_of(project_id), account_id)
        if self._mark_deleted(place_of_account) is None:
            raise _no_service_account(account_id)
        for entry in self._entries(project_id):
            if entry.service_account_id == account_id:
                with suppress(NotFound):  # deleted and forgotten by somebody else in the meantime
                    self.delete(entry.id)
        self._table.remove(place_of_account)

    # ------------------------------------------------------------ keys
    def create_key(
        self,
        kind: KeyKind,
        *,
        name: str,
        project_id: str = DEFAULT_PROJECT,
        limits: Limits = _NO_LIMITS,
        value: str | None = None,
        service_account_id: str | None = None,
    ) -> NewKey:
        """A new key, of this `value` or a random one. An admin key belongs to no project and has no account.

        Raises:
            NotFound: there is no such project, or no such service account in it.
            InvalidRequest: the project is archived, the value is another key's, or an admin key was given limits.
        """
        # A new table has no project: the first key of the operator's tools brings the default one.
        if kind == "admin" or project_id == DEFAULT_PROJECT:
            self._table.put_new(project_item(Project(DEFAULT_PROJECT, "Default project", int(self._now_s()))))
        if kind == "admin":
            if replace(limits, expires_at=None) != _NO_LIMITS:
                raise InvalidRequest("An admin key has no limits but 'expires_at'.", param="limits")
            return self.create_admin_key(name, expires_at=limits.expires_at, value=value)
        key = new_key(
            kind,
            name=name,
            now_s=self._now_s(),
            project_id=project_id,
            value=value,
            expires_at=limits.expires_at,
        )
        self._create_in(project_id, *_birth(key, limits, service_account_id), owner=service_account_id)
        return key

    def key(self, key_id: str, *, project_id: str | None = None) -> ProjectKey:
        """A project's key with its status and limits; raises `NotFound`, also where it is another project's."""
        account = self._table.get(account_key(key_id))
        if account is None or project_id not in {None, account["project_id"]["S"]}:
            raise no_key(key_id)
        entry = self._entry(key_id, account)
        if entry is None or entry.deleted:
            raise no_key(key_id)
        return next(self._with_accounts([entry]))

    def keys(self, project_id: str, after: str | None = None) -> Iterator[ProjectKey]:
        """The keys of a project that were not deleted, in order of their ids, behind `after`."""
        for chunk in self._table.chunks(keys_of(project_id), after=after):
            yield from self._with_accounts([entry for entry in map(entry_from, chunk) if not entry.deleted])

    def all_key_ids(self) -> Iterator[str]:
        """The ids of all keys with an account, those of archived projects and deleted ones with open holds too."""
        for project in self.projects():
            for chunk in self._table.chunks(keys_of(project.id)):
                yield from (item["sk"]["S"] for item in chunk)

    def disable(self, key_id: str) -> ProjectKey:
        """Refuse a key until it is enabled again."""
        return self.change(key_id, status="disabled")

    def enable(self, key_id: str) -> ProjectKey:
        """Let a disabled key be used again."""
        return self.change(key_id, status="active")

    def change(self, key_id: str, *, status: KeyStatus) -> ProjectKey:
        """Change a key's status.

        Raises:
            NotFound: there is no such key.
            InvalidRequest: its project is archived.
        """
        return self._change(key_id, status, lambda _: (None, None))

    def edit_limits(
        self, key_id: str, edit: Callable[[Limits], Limits], *, status: KeyStatus | None = None
    ) -> ProjectKey:
        """Change some limits of a key, and leave the others as they are at that moment; raises as `change`.

        `edit` is called again where the limits change in between.
        """
        return self._change(key_id, status, lambda key: (edit(key.limits), key.version))

    def _change(
        self,
        key_id: str,
        status: KeyStatus | None,
        wanted: Callable[[ProjectKey], tuple[Limits | None, int | None]],
    ) -> ProjectKey:
        """`wanted` are the new limits, and the version of the account for which they are meant."""
        for _ in range(_MAX_TRIES):
            key = self.key(key_id)
            if key.status == "deleted":
                raise no_key(key_id)
            if key.status == "archived":
                raise _archived(self.project(key.entry.project_id))
            limits, version = wanted(key)
            account = self._table.changed(account_changes.change(key_id, status=status, limits=limits, version=version))
            if account is not None:
                self._follow(key.entry, account)
                return project_key(key.entry, key.owner, account)
        raise MeteringUnavailable("The key is being changed by others at the moment; try again.")

    def delete(self, key_id: str) -> None:
        """End a key for good. Its account stays until its open holds are settled; raises `NotFound`."""
        account = self._table.changed(account_changes.deletion(key_id))
        entry = None if account is None else self._entry(key_id, account)
        if entry is None:
            raise no_key(key_id)
        self._table.remove(record_key(entry.sha256))
        self._mark_deleted(place(keys_of(entry.project_id), key_id))

    def forget_deleted(self, key_id: str) -> bool:
        """Remove what is left of a deleted key without open holds; whether there is nothing left of it."""
        account = self._table.get(account_key(key_id))
        entry = None if account is None else self._entry(key_id, account)
        if entry is None:
            return True
        try:
            self._table.transact(
                ("Delete", account_changes.removal(key_id)),
                ("Delete", {"Key": place(keys_of(entry.project_id), key_id)}),
                ("Delete", {"Key": record_key(entry.sha256)}),
            )
        except Refused:
            return False
        return True

    # ------------------------------------------------------------ parts
    def _create_in(self, project_id: str, *writes: tuple[str, dict[str, Any]], owner: str | None = None) -> None:
        """Make writes that need a project in use, and in it the service account `owner`, if one is named."""
        checks = [
            condition_check(place(PROJECTS, project_id), "attribute_exists(pk) AND attribute_not_exists(archived_at)")
        ]
        if owner is not None:
            there = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"
            checks.append(condition_check(place(service_accounts_of(project_id), owner), there))
        try:
            self._table.transact(*checks, *writes)
        except Refused as refused:
            if 0 in refused.at:
                raise _archived(self.project(project_id)) from refused
            if owner is not None and 1 in refused.at:
                raise _no_service_account(owner) from refused
            raise known_value() from refused

    def _mark_deleted(self, key: dict[str, Any]) -> dict[str, Any] | None:
        return self._table.changed(
            {
                "Key": key,
                "ConditionExpression": "attribute_exists(pk)",
                "UpdateExpression": "SET deleted_at = if_not_exists(deleted_at, :now)",
                "ExpressionAttributeValues": {":now": {"N": str(int(self._now_s()))}},
            }
        )

    def _entry(self, key_id: str, account: dict[str, Any]) -> KeyEntry | None:
        item = self._table.get(place(keys_of(account["project_id"]["S"]), key_id))
        return None if item is None else entry_from(item)

    def _entries(self, project_id: str) -> Iterator[KeyEntry]:
        for chunk in self._table.chunks(keys_of(project_id)):
            yield from (entry for entry in map(entry_from, chunk) if not entry.deleted)

    def _items(self, keys: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in self._table.get_each(keys)}

    def _with_accounts(self, entries: list[KeyEntry]) -> Iterator[ProjectKey]:
        accounts = self._items(account_key(entry.id) for entry in entries)
        owners = {
            (service_accounts_of(entry.project_id), entry.service_account_id)
            for entry in entries
            if entry.service_account_id is not None
        }
        found = self._items(place(*owner) for owner in owners)
        for entry in entries:
            account = accounts.get((f"ACCOUNT#{entry.id}", "0"))
            owner = found.get((service_accounts_of(entry.project_id), entry.service_account_id or ""))
            if account is not None:  # else it was deleted and forgotten in the meantime
                yield project_key(entry, None if owner is None else service_account_from(owner), account)

    def _follow(self, entry: KeyEntry, account_item: dict[str, Any]) -> None:
        """Let a key's record say what its account says."""
        account = account_from(account_item)
        status: KeyStatus = "active" if account.status == "active" else "disabled"
        expires_at = account.limits.expires_at
        self._table.changed(record_change(entry.sha256, status=status, expires_at=expires_at, version=account.version))


def _birth(key: NewKey, limits: Limits, service_account_id: str | None) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The three items of a project's new key."""
    account = new_account_item(key.record.id, limits) | {"project_id": {"S": key.record.project_id}}
    items = (record_item(key.record), account, entry_item(key.record, service_account_id))
    return tuple(put_new(item) for item in items)


def _no_project(project_id: str) -> NotFound:
    return NotFound(f"No project has the id '{project_id[:100]}'.", param="project_id")


def _no_service_account(account_id: str) -> NotFound:
    message = f"The project has no service account with the id '{account_id[:100]}'."
    return NotFound(message, param="service_account_id")


def _archived(project: Project) -> InvalidRequest:
    message = f"The project '{project.id}' is archived: it and its keys cannot be used or changed."
    return InvalidRequest(message, param="project_id", code="project_archived")
