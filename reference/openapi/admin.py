"""The operations of the admin API: projects, service accounts, keys."""

from __future__ import annotations

from typing import Final

from reference.openapi.build import Schema
from reference.openapi.operations import (
    READING,
    admin_operation,
    json_answer,
    json_body,
    page_parameters,
    parameter,
)

_READING: Final = (*READING, 503)
_WRITING: Final = (*_READING, 415)

_PROJECT: Final = "/organization/projects/{project_id}"
_ACCOUNT: Final = _PROJECT + "/service_accounts/{service_account_id}"
_KEY: Final = _PROJECT + "/api_keys/{key_id}"
_ADMIN_KEY: Final = "/organization/admin_api_keys/{key_id}"


def admin_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    return {**_project_paths(), **_service_account_paths(), **_key_paths(), **_admin_key_paths()}


# ---------------------------------------------------------------- operations
def _project_paths() -> dict[str, Schema]:
    archived = parameter(
        "include_archived", "query", "Whether to include archived projects.", type="boolean", default=False
    )
    return {
        "/organization/projects": {
            "get": _list("listProjects", "List projects", "ProjectList", "the projects", archived),
            "post": _post(
                "createProject",
                "Create a project",
                "ProjectRequest",
                "Project",
                "Creates a project, that is, a tenant. A new project has no keys.",
            ),
        },
        _PROJECT: {
            "get": _get("retrieveProject", "Retrieve a project", "Project", _PROJECT),
            "post": _post(
                "updateProject",
                "Rename a project",
                "ProjectUpdateRequest",
                "Project",
                "Changes the name of the project. Its id stays the same.",
                _PROJECT,
            ),
        },
        _PROJECT + "/archive": {
            "post": admin_operation(
                "archiveProject",
                "Archive a project",
                "Permanently archives the project: all of its keys are refused, and it gets no new ones. Within two "
                "minutes, its open jobs are cancelled and their completed work is charged. Its uploads are removed, "
                "and its webhooks receive no more events. An upload form that was issued before still works for its 15 "
                "minutes, but the uploaded file is removed. The ledger keeps the project's usage. If the project has "
                "so many keys that the call times out, repeat it. The project `default` cannot be archived.",
                json_answer("The project.", "Project"),
                _WRITING,
                _ids(_PROJECT),
            )
        },
    }


def _service_account_paths() -> dict[str, Schema]:
    what = "A service account is a program that calls the API; it owns its keys."
    partition = _PROJECT + "/service_accounts"
    return {
        partition: {
            "get": _list(
                "listServiceAccounts",
                "List service accounts",
                "ServiceAccountList",
                "the service accounts of the project",
                path=partition,
            ),
            "post": _post(
                "createServiceAccount",
                "Create a service account with a key",
                "ServiceAccountRequest",
                "NewServiceAccount",
                f"Creates a service account with a key. {what} The value of the key is returned only once, in this "
                "response: the gateway stores only its hash.",
                partition,
            ),
        },
        _ACCOUNT: {
            "get": _get("retrieveServiceAccount", "Retrieve a service account", "ServiceAccount", _ACCOUNT),
            "post": _post(
                "updateServiceAccount",
                "Rename a service account",
                "ServiceAccountUpdateRequest",
                "ServiceAccount",
                "Changes the name of the service account. Its keys keep their names.",
                _ACCOUNT,
            ),
            "delete": _delete(
                "deleteServiceAccount",
                "Delete a service account",
                "Permanently deletes the service account and all of its keys.",
                _ACCOUNT,
            ),
        },
        _ACCOUNT + "/api_keys": {
            "post": _post(
                "createKey",
                "Create a key",
                "KeyRequest",
                "NewKey",
                "Creates another key for a service account. Its value is returned only once, in this response.",
                _ACCOUNT,
            )
        },
    }


def _key_paths() -> dict[str, Schema]:
    partition = _PROJECT + "/api_keys"
    access = parameter(
        "owner_project_access",
        "query",
        "`active` omits the keys of an archived project; `inactive` lists only those.",
        enum=["any", "active", "inactive"],
        default="any",
    )
    return {
        partition: {
            "get": _list(
                "listKeys",
                "List the keys of a project",
                "ProjectKeyList",
                "all keys of the project",
                access,
                path=partition,
            )
        },
        _KEY: {
            "get": _get("retrieveKey", "Retrieve a key", "ProjectKey", _KEY),
            "post": _post(
                "updateKey",
                "Update a key",
                "KeyUpdateRequest",
                "ProjectKey",
                "Changes the given fields, even while the key is in use; its usage so far still counts. The change "
                "applies immediately to requests that cost money, and within a minute to all others.",
                _KEY,
            ),
            "delete": _delete(
                "deleteKey",
                "Delete a key",
                "Permanently deletes the key. Requests that cost money are refused immediately, all others within a "
                "minute. Running requests are still settled.",
                _KEY,
            ),
        },
    }


def _admin_key_paths() -> dict[str, Schema]:
    order = parameter("order", "query", "The order by creation time.", enum=["asc", "desc"], default="asc")
    return {
        "/organization/admin_api_keys": {
            "get": _list(
                "listAdminKeys",
                "List admin keys",
                "AdminKeyList",
                "the admin keys",
                order,
            ),
            "post": _post(
                "createAdminKey",
                "Create an admin key",
                "AdminKeyRequest",
                "NewAdminKey",
                "Creates a key that administers the gateway and cannot call models. Its value is returned only once, "
                "in this response.",
            ),
        },
        _ADMIN_KEY: {
            "get": _get("retrieveAdminKey", "Retrieve an admin key", "AdminKey", _ADMIN_KEY),
            "delete": _delete(
                "deleteAdminKey",
                "Delete an admin key",
                "Permanently deletes the admin key, effective within a minute. The last usable admin key cannot be "
                "deleted (`last_admin_key`).",
                _ADMIN_KEY,
            ),
        },
    }


# ---------------------------------------------------------------- parts of operations
_IT: Final = {
    "Project": "The project.",
    "ServiceAccount": "The service account.",
    "NewServiceAccount": "The service account and its key.",
    "NewKey": "The new key.",
    "ProjectKey": "The key.",
    "AdminKey": "The admin key.",
    "NewAdminKey": "The new admin key.",
}


def _get(operation_id: str, summary: str, name: str, path: str) -> Schema:
    return admin_operation(
        operation_id,
        summary,
        f"Returns {_IT[name][0].lower()}{_IT[name][1:]}",
        json_answer(_IT[name], name),
        _READING,
        _ids(path),
    )


def _list(operation_id: str, summary: str, name: str, items: str, *more: Schema, path: str = "") -> Schema:
    parameters = [*_ids(path), *page_parameters(), *more]
    description = f"Lists {items}, oldest first."
    return admin_operation(
        operation_id, summary, description, json_answer("A page of the list.", name), _READING, parameters
    )


def _post(operation_id: str, summary: str, request: str, name: str, description: str, path: str = "") -> Schema:
    found = admin_operation(operation_id, summary, description, json_answer(_IT[name], name), _WRITING, _ids(path))
    return {**found, "requestBody": json_body(request)}


def _delete(operation_id: str, summary: str, description: str, path: str) -> Schema:
    deleted = json_answer("The deletion is confirmed.", "Deleted")
    return admin_operation(operation_id, summary, description, deleted, _READING, _ids(path))


def _ids(path: str) -> list[Schema]:
    what = {"project_id": "project", "service_account_id": "service account", "key_id": "key"}
    return [parameter(name, "path", f"The id of the {what[name]}.") for name in what if f"{{{name}}}" in path]
