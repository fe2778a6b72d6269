"""Projects, service accounts and keys, and the DynamoDB items that store them.

    pk PROJECTS                         sk <project id>          a project
    pk SERVICE_ACCOUNTS#<project id>    sk <account id>          a service account
    pk KEYS#<project id>                sk <key id>              a project's key
    pk ADMIN_KEYS                       sk <key id>              an admin key

Ids sort by creation, so a query lists in that order and an id is a cursor. The entry of a project's key contains what
never changes; its status and limits are those of its account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from audio_gateway.aws.update import Item, Update, attributes, item_key
from audio_gateway.identity.account_changes import AccountStatus
from audio_gateway.identity.key_store import record_key
from audio_gateway.identity.keys import KeyRecord
from audio_gateway.metering.account_item import account_from, last_used_s
from audio_gateway.metering.limits import Limits

DEFAULT_PROJECT: Final = "default"
"""The project that always exists."""

PROJECTS: Final = "PROJECTS"
ADMIN_KEYS: Final = "ADMIN_KEYS"


@dataclass(frozen=True, slots=True)
class Project:
    """A tenant. Times are Unix seconds; `archived_at` is None while it is in use."""

    id: str
    name: str
    created_at: int
    archived_at: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The owner of keys of a project: a program of the tenant, not a person."""

    id: str
    project_id: str
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """The directory entry of a project's key. `deleted` ones are kept until their holds are settled."""

    id: str
    project_id: str
    sha256: str
    name: str
    redacted: str
    created_at: int
    service_account_id: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """A project's key with the current state of its account. Keys made by the operator's tools have no `owner`.

    `last_used_at` is to the minute, None if the key was never used.
    """

    entry: KeyEntry
    owner: ServiceAccount | None
    status: AccountStatus
    version: int
    limits: Limits
    last_used_at: int | None = None


@dataclass(frozen=True, slots=True)
class AdminKey:
    """A key for the admin API. It spends nothing, so it has no account and no limit except `expires_at`."""

    id: str
    sha256: str
    name: str
    redacted: str
    created_at: int
    expires_at: int | None = None


def keys_of(project_id: str) -> str:
    """The partition of a project's keys."""
    return f"KEYS#{project_id}"


def service_accounts_of(project_id: str) -> str:
    """The partition of a project's service accounts."""
    return f"SERVICE_ACCOUNTS#{project_id}"


# ---------------------------------------------------------------- projects
def project_item(project: Project) -> Item:
    """A project that has just been created."""
    return item_key(PROJECTS, project.id) | attributes(name=project.name, created_at=project.created_at)


def project_from(item: dict[str, Any]) -> Project:
    """The project that an item holds."""
    return Project(item["sk"]["S"], item["name"]["S"], int(item["created_at"]["N"]), _number(item, "archived_at"))


# ---------------------------------------------------------------- service accounts
def service_account_item(account: ServiceAccount) -> Item:
    """A service account that has just been created."""
    key = item_key(service_accounts_of(account.project_id), account.id)
    return key | attributes(name=account.name, created_at=account.created_at)


def service_account_from(item: dict[str, Any]) -> ServiceAccount:
    """The service account that an item holds."""
    project_id = item["pk"]["S"].partition("#")[2]
    return ServiceAccount(item["sk"]["S"], project_id, item["name"]["S"], int(item["created_at"]["N"]))


# ---------------------------------------------------------------- keys
def entry_item(record: KeyRecord, service_account_id: str | None) -> Item:
    """The entry of a project's key."""
    key = item_key(keys_of(record.project_id), record.id)
    return key | _described(record) | attributes(service_account_id=service_account_id)


def entry_from(item: dict[str, Any]) -> KeyEntry:
    """The entry that an item holds."""
    return KeyEntry(
        id=item["sk"]["S"],
        project_id=item["pk"]["S"].partition("#")[2],
        sha256=item["sha256"]["S"],
        name=item["name"]["S"],
        redacted=item["redacted"]["S"],
        created_at=int(item["created_at"]["N"]),
        service_account_id=item["service_account_id"]["S"] if "service_account_id" in item else None,
        deleted="deleted_at" in item,
    )


def project_key(entry: KeyEntry, owner: ServiceAccount | None, account_item: dict[str, Any]) -> ProjectKey:
    """An entry together with its account."""
    account = account_from(account_item)
    status, used_s = cast("AccountStatus", account.status), last_used_s(account_item)
    # In its first minute, it cannot have been used before it was made.
    last_used_at = None if used_s is None else max(used_s, entry.created_at)
    return ProjectKey(entry, owner, status, account.version, account.limits, last_used_at)


def record_change(
    sha256: str, *, status: Literal["active", "disabled"], expires_at: int | None, version: int
) -> Update:
    """The update that makes a key's record follow its account, unless it has followed a later version already."""
    update = Update(record_key(sha256)).set("key_status", status).set("followed", version, placeholder="version")
    update.require("attribute_exists(pk) AND (attribute_not_exists(followed) OR followed < :version)")
    return update.remove("expires_at") if expires_at is None else update.set("expires_at", expires_at)


# ---------------------------------------------------------------- admin keys
def admin_key_item(record: KeyRecord) -> Item:
    """The entry of an admin key."""
    return item_key(ADMIN_KEYS, record.id) | _described(record) | attributes(expires_at=record.expires_at)


def admin_key_from(item: dict[str, Any]) -> AdminKey:
    """The admin key that an item holds."""
    return AdminKey(
        id=item["sk"]["S"],
        sha256=item["sha256"]["S"],
        name=item["name"]["S"],
        redacted=item["redacted"]["S"],
        created_at=int(item["created_at"]["N"]),
        expires_at=_number(item, "expires_at"),
    )


def _described(record: KeyRecord) -> Item:
    return attributes(sha256=record.sha256, name=record.name, redacted=record.redacted, created_at=record.created_at)


def _number(item: dict[str, Any], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
