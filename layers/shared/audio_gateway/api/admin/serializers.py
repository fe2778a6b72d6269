"""The objects of the admin API as OpenAI's SDKs know them, with `limits` and `status` in addition."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.identity.directory_items import AdminKey, Project, ProjectKey, ServiceAccount
from audio_gateway.identity.keys import NewKey
from audio_gateway.metering.limits import Limits

# A deployment has no users. Keys that no service account owns belong to the operator.
_OPERATOR: Final = {"id": "user-operator", "name": "operator", "role": "owner"}


def project_json(project: Project) -> dict[str, Any]:
    """`organization.project`."""
    return {
        "id": project.id,
        "object": "organization.project",
        "name": project.name,
        "created_at": project.created_at,
        "archived_at": project.archived_at,
        "status": _status(project),
    }


def service_account_json(account: ServiceAccount) -> dict[str, Any]:
    """`organization.project.service_account`."""
    return {
        "id": account.id,
        "object": "organization.project.service_account",
        "name": account.name,
        "role": "member",
        "created_at": account.created_at,
    }


def new_key_json(key: NewKey, limits: Limits) -> dict[str, Any]:
    """`organization.project.service_account.api_key`: the only response that shows the key."""
    return {
        "id": key.record.id,
        "object": "organization.project.service_account.api_key",
        "name": key.record.name,
        "created_at": key.record.created_at,
        "expires_at": key.record.expires_at,
        "limits": limits.to_api(),
        "value": key.value,
    }


def api_key_json(key: ProjectKey, project: Project) -> dict[str, Any]:
    """`organization.project.api_key`. `last_used_at` is precise to the minute (metering/account_item.py)."""
    entry = key.entry
    return {
        "id": entry.id,
        "object": "organization.project.api_key",
        "name": entry.name,
        "redacted_value": entry.redacted,
        "created_at": entry.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.limits.expires_at,
        "owner": _owner(key),
        "owner_project_access": "active" if _status(project) == "active" else "inactive",
        "status": "active" if key.status == "active" else "disabled",
        "limits": key.limits.to_api(),
    }


def admin_key_json(key: AdminKey) -> dict[str, Any]:
    """`organization.admin_api_key`. `last_used_at` is not recorded: that would cost a write per request."""
    return {
        "id": key.id,
        "object": "organization.admin_api_key",
        "name": key.name,
        "redacted_value": key.redacted,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": None,
        "owner": {"type": "user", "object": "organization.user", "created_at": key.created_at, **_OPERATOR},
    }


def deleted_json(kind: str, item_id: str) -> dict[str, Any]:
    """The response to the deletion of an object of this kind."""
    return {"id": item_id, "object": f"{kind}.deleted", "deleted": True}


def _owner(key: ProjectKey) -> dict[str, Any]:
    if key.entry.service_account_id is None:
        return {"type": "user", "user": {"email": "", "created_at": key.entry.created_at, **_OPERATOR}}
    account = key.owner
    if account is None:  # it is being deleted, and its keys with it
        return {"type": "service_account", "service_account": None}
    owner = service_account_json(account)
    return {"type": "service_account", "service_account": {name: owner[name] for name in _OWNER_FIELDS}}


_OWNER_FIELDS: Final = ("id", "name", "role", "created_at")


def _status(project: Project) -> str:
    return "active" if project.archived_at is None else "archived"
