"""The operations of the admin API: projects, service accounts, keys."""

from __future__ import annotations

from typing import Final

from reference.openapi.build import Schema
from reference.openapi.operations import READING, json_answer, json_body, page_parameters, parameter, refusals

_READING: Final = (*READING, 503)
_WRITING: Final = (*_READING, 415)
_ADMIN: Final[list[Schema]] = [{"adminKey": []}]

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
        "include_archived", "query", "Whether to list archived projects as well.", type="boolean", default=False
    )
    return {
        "/organization/projects": {
            "get": _list("listProjects", "List projects", "ProjectList", "A project is a tenant.", archived),
            "post": _post("createProject", "Create a project", "ProjectRequest", "Project", "It has no keys yet."),
        },
        _PROJECT: {
            "get": _get("retrieveProject", "Describe a project", "Project", _PROJECT),
            "post": _post(
                "updateProject", "Rename a project", "ProjectUpdateRequest", "Project", "Ids never change.", _PROJECT
            ),
        },
        _PROJECT + "/archive": {
            "post": _operation(
                "archiveProject",
                "Archive a project",
                "For good: it gets no more keys, and all that it has are refused. Its open jobs are cancelled within "
                "two minutes, and cost what was done of them; its uploads are removed, and its webhooks are sent "
                "nothing more. A form for an upload that was given out before works for its 15 minutes, and what it "
                "brings is removed. What its callers have used stays in the ledger. Where the project has so many keys "
                "that the call times out, repeat it. The project `default` cannot be archived.",
                json_answer("The project.", "Project"),
                _WRITING,
                _ids(_PROJECT),
            )
        },
    }


def _service_account_paths() -> dict[str, Schema]:
    what = "A service account is a program that calls, and owns its keys."
    partition = _PROJECT + "/service_accounts"
    return {
        partition: {
            "get": _list("listServiceAccounts", "List service accounts", "ServiceAccountList", what, path=partition),
            "post": _post(
                "createServiceAccount",
                "Create a service account with a key",
                "ServiceAccountRequest",
                "NewServiceAccount",
                f"{what} The answer shows the key's value, this once: only its hash is kept.",
                partition,
            ),
        },
        _ACCOUNT: {
            "get": _get("retrieveServiceAccount", "Describe a service account", "ServiceAccount", _ACCOUNT),
            "post": _post(
                "updateServiceAccount",
                "Rename a service account",
                "ServiceAccountUpdateRequest",
                "ServiceAccount",
                "Its keys keep their names.",
                _ACCOUNT,
            ),
            "delete": _delete(
                "deleteServiceAccount",
                "Delete a service account",
                "With all of its keys.",
                _ACCOUNT,
            ),
        },
        _ACCOUNT + "/api_keys": {
            "post": _post(
                "createKey",
                "Create a key",
                "KeyRequest",
                "NewKey",
                "One more key of a service account. The answer shows its value, this once.",
                _ACCOUNT,
            )
        },
    }


def _key_paths() -> dict[str, Schema]:
    partition = _PROJECT + "/api_keys"
    access = parameter(
        "owner_project_access",
        "query",
        "`active`: none of an archived project. `inactive`: only such.",
        enum=["any", "active", "inactive"],
        default="any",
    )
    return {
        partition: {
            "get": _list(
                "listKeys", "List the keys of a project", "ProjectKeyList", "Of all owners.", access, path=partition
            )
        },
        _KEY: {
            "get": _get("retrieveKey", "Describe a key", "ProjectKey", _KEY),
            "post": _post(
                "updateKey",
                "Change a key",
                "KeyUpdateRequest",
                "ProjectKey",
                "Also while it is in use: what it has used stays counted. What costs money heeds the change at once, "
                "the rest within a minute. What is left out stays as it is.",
                _KEY,
            ),
            "delete": _delete(
                "deleteKey",
                "Delete a key",
                "For good. What costs money is refused at once, the rest within a minute. Requests that are running "
                "are still settled.",
                _KEY,
            ),
        },
    }


def _admin_key_paths() -> dict[str, Schema]:
    order = parameter("order", "query", "The order by time of creation.", enum=["asc", "desc"], default="asc")
    return {
        "/organization/admin_api_keys": {
            "get": _list(
                "listAdminKeys", "List admin keys", "AdminKeyList", "They administer, and call no model.", order
            ),
            "post": _post(
                "createAdminKey",
                "Create an admin key",
                "AdminKeyRequest",
                "NewAdminKey",
                "The answer shows its value, this once.",
            ),
        },
        _ADMIN_KEY: {
            "get": _get("retrieveAdminKey", "Describe an admin key", "AdminKey", _ADMIN_KEY),
            "delete": _delete(
                "deleteAdminKey",
                "Delete an admin key",
                "For good, within a minute. The last one that can be used stays (`last_admin_key`).",
                _ADMIN_KEY,
            ),
        },
    }


# ---------------------------------------------------------------- parts of operations
_IT: Final = {
    "Project": "The project.",
    "ServiceAccount": "The service account.",
    "NewServiceAccount": "The service account, and its key.",
    "NewKey": "The key.",
    "ProjectKey": "The key.",
    "AdminKey": "The admin key.",
    "NewAdminKey": "The admin key.",
}


def _operation(
    operation_id: str,
    summary: str,
    description: str,
    answer: Schema,
    statuses: tuple[int, ...],
    parameters: list[Schema],
) -> Schema:
    found = {"parameters": parameters} if parameters else {}
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": f"{description} Needs an admin key.",
        "security": _ADMIN,
        **found,
        "responses": {"200": answer, **refusals(statuses)},
    }


def _get(operation_id: str, summary: str, name: str, path: str) -> Schema:
    return _operation(
        operation_id,
        summary,
        f"Returns {_IT[name][0].lower()}{_IT[name][1:]}",
        json_answer(_IT[name], name),
        _READING,
        _ids(path),
    )


def _list(operation_id: str, summary: str, name: str, description: str, *more: Schema, path: str = "") -> Schema:
    parameters = [*_ids(path), *page_parameters(), *more]
    ordered = f"{description} Oldest first."
    return _operation(operation_id, summary, ordered, json_answer("A page.", name), _READING, parameters)


def _post(operation_id: str, summary: str, request: str, name: str, description: str, path: str = "") -> Schema:
    found = _operation(operation_id, summary, description, json_answer(_IT[name], name), _WRITING, _ids(path))
    return {**found, "requestBody": json_body(request)}


def _delete(operation_id: str, summary: str, description: str, path: str) -> Schema:
    return _operation(
        operation_id, summary, description, json_answer("It was deleted.", "Deleted"), _READING, _ids(path)
    )


def _ids(path: str) -> list[Schema]:
    what = {"project_id": "project", "service_account_id": "service account", "key_id": "key"}
    return [parameter(name, "path", f"The id of the {what[name]}.") for name in what if f"{{{name}}}" in path]
