"""The objects of the admin API's requests and responses."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.api.admin.bodies import MAX_EXPIRES_IN, MAX_NAME
from reference.openapi.build import (
    Schema,
    complete,
    constant,
    integer,
    many,
    or_null,
    page_of,
    record,
    reference,
    text,
    words,
)
from reference.openapi.usage import limits_schema


def admin_schemas() -> dict[str, Schema]:
    """All of them, by name."""
    return {**_requests(), **_projects(), **_service_accounts(), **_keys(), **_admin_keys(), "Deleted": _deleted()}


# ---------------------------------------------------------------- requests
def _requests() -> dict[str, Schema]:
    name = text("The display name: one line of visible characters.", minLength=1, maxLength=MAX_NAME)
    expires = integer("Seconds until the key expires; at most one year.", minimum=1, maximum=MAX_EXPIRES_IN)
    limits = {**reference("Limits"), "description": "The limits of the key."}
    scopes = many({"type": "string"}, "Must be empty: keys have limits and no scopes.", maxItems=0)
    key: dict[str, Schema] = {"expires_in_seconds": expires, "limits": limits}
    without_key = {
        "type": "boolean",
        "description": "If true, no key is created; `expires_in_seconds` and `limits` must then be absent.",
        "default": False,
    }
    status = words(["active", "disabled"], "Whether the key can be used.")

    def request(description: str, required: str, fields: dict[str, Schema]) -> Schema:
        return record(description, required, fields, additionalProperties=False)

    return {
        "ProjectRequest": request("A new project.", "name", {"name": name}),
        "ProjectUpdateRequest": request("The fields to change.", "", {"name": name}),
        "ServiceAccountRequest": request(
            "A new service account, with the limits and expiry of its key.",
            "name",
            {"name": name, "create_service_account_only": without_key, **key},
        ),
        "ServiceAccountUpdateRequest": request(
            "The fields to change.", "", {"name": name, "role": words(["member"], "The only role.")}
        ),
        "KeyRequest": request(
            "A new key. Without a name, it gets the name of its service account.",
            "",
            {"name": name, **key, "scopes": scopes},
        ),
        "KeyUpdateRequest": request(
            "The fields to change. Fields and limits that are not given stay unchanged.",
            "",
            {
                "expires_in_seconds": expires,
                "limits": {**reference("LimitsChange"), "description": "The limits to change."},
                "status": status,
                "scopes": scopes,
            },
        ),
        "LimitsChange": _change_of_limits(),
        "AdminKeyRequest": request("A new admin key.", "name", {"name": name, "expires_in_seconds": expires}),
    }


def _change_of_limits() -> Schema:
    """The limits that a request changes, each of which may be null."""
    fields = {name: or_null(schema) for name, schema in limits_schema()["properties"].items()}
    return record("The limits to change; the others stay unchanged. Null removes a limit.", "", fields)


# ---------------------------------------------------------------- answers
_ID: Final = text("The id. Ids sort by creation time.")
_NAME: Final = text("The display name.")
_CREATED: Final = integer("The creation time, in Unix seconds.")
_EXPIRES: Final = or_null(integer("The expiry time, in Unix seconds; null if the key does not expire."))
_REDACTED: Final = text("The first and last characters of the value.")
_LAST_USED: Final = or_null(
    integer("When a request with this key was last admitted (to the minute), in Unix seconds; null if never.")
)
_NEVER_KNOWN: Final = {"type": "null", "description": "Always null: recording it would add cost to each request."}
_LIMITS: Final = {**reference("Limits"), "description": "The limits that are set."}
_VALUE: Final = text("The key itself. It is not shown again.")


def _projects() -> dict[str, Schema]:
    fields = {
        "id": _ID,
        "object": constant("organization.project"),
        "name": _NAME,
        "created_at": _CREATED,
        "archived_at": or_null(integer("When the project was archived, in Unix seconds; null if it is active.")),
        "status": words(["active", "archived"], "Whether the project's keys can be used."),
    }
    return {
        "Project": complete("A tenant. The project `default` always exists.", fields),
        "ProjectList": page_of("Project"),
    }


def _service_accounts() -> dict[str, Schema]:
    fields = {
        "id": _ID,
        "object": constant("organization.project.service_account"),
        "name": _NAME,
        "role": constant("member"),
        "created_at": _CREATED,
    }
    new_key = {
        "id": _ID,
        "object": constant("organization.project.service_account.api_key"),
        "name": _NAME,
        "created_at": _CREATED,
        "expires_at": _EXPIRES,
        "limits": _LIMITS,
        "value": _VALUE,
    }
    api_key = {"oneOf": [reference("NewKey"), {"type": "null"}], "description": "The key; null if none was created."}
    with_key = {**fields, "api_key": api_key}
    return {
        "ServiceAccount": complete("A program that calls the API.", fields),
        "ServiceAccountList": page_of("ServiceAccount"),
        "NewServiceAccount": complete("A service account with its first key.", with_key),
        "NewKey": complete("A new key with its value.", new_key),
    }


def _keys() -> dict[str, Schema]:
    owner = {"id": _ID, "name": _NAME, "role": text("`member`, or `owner` for the operator."), "created_at": _CREATED}
    user = complete("The operator.", {**owner, "email": text("Always empty: the gateway has no users.")})
    key = {
        "id": _ID,
        "object": constant("organization.project.api_key"),
        "name": _NAME,
        "redacted_value": _REDACTED,
        "created_at": _CREATED,
        "last_used_at": _LAST_USED,
        "expires_at": _EXPIRES,
        "owner": {**reference("KeyOwner"), "description": "The owner of the key."},
        "owner_project_access": words(["active", "inactive"], "Whether the project is active."),
        "status": words(["active", "disabled"], "Whether the key can be used."),
        "limits": _LIMITS,
    }
    owners = {
        "type": words(["service_account", "user"], "`user` for a key that was created with the operator's own tools."),
        "service_account": {
            "oneOf": [complete("The service account.", owner), {"type": "null"}],
            "description": "The service account, if it is the owner.",
        },
        "user": user,
    }
    return {
        "ProjectKey": complete("A key of a project, without its value.", key),
        "KeyOwner": record("The owner of a key.", "type", owners),
        "ProjectKeyList": page_of("ProjectKey"),
    }


def _admin_keys() -> dict[str, Schema]:
    fields: dict[str, Any] = {
        "id": _ID,
        "object": constant("organization.admin_api_key"),
        "name": _NAME,
        "redacted_value": _REDACTED,
        "created_at": _CREATED,
        "expires_at": _EXPIRES,
        "last_used_at": _NEVER_KNOWN,
        "owner": {**reference("AdminKeyOwner"), "description": "The owner of the key: always the operator."},
    }
    owner = {
        "type": constant("user"),
        "object": constant("organization.user"),
        "id": _ID,
        "name": _NAME,
        "created_at": _CREATED,
        "role": constant("owner"),
    }
    return {
        "AdminKey": complete("A key for the admin API, without its value.", fields),
        "AdminKeyOwner": complete("The operator. The gateway has no users.", owner),
        "AdminKeyList": page_of("AdminKey"),
        "NewAdminKey": complete("A new admin key with its value.", {**fields, "value": _VALUE}),
    }


def _deleted() -> Schema:
    return complete(
        "Confirms the deletion.",
        {
            "id": _ID,
            "object": text("The type of the deleted object, followed by `.deleted`."),
            "deleted": {"const": True},
        },
    )
