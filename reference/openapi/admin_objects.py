"""The objects of the admin API's requests and answers."""

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
    name = text("For people: one line of characters that can be seen.", minLength=1, maxLength=MAX_NAME)
    expires = integer("Seconds from now after which the key ends.", minimum=1, maximum=MAX_EXPIRES_IN)
    limits = {**reference("Limits"), "description": "What it may use; nothing that is absent is limited."}
    scopes = many({"type": "string"}, "Keys have limits here and no scopes: only an empty list is taken.", maxItems=0)
    key: dict[str, Schema] = {"expires_in_seconds": expires, "limits": limits}
    without_key = {
        "type": "boolean",
        "description": "Create no key; then there can be no expiry and no limits either.",
        "default": False,
    }
    status = words(["active", "disabled"], "Whether the key may be used.")

    def request(description: str, required: str, fields: dict[str, Schema]) -> Schema:
        return record(description, required, fields, additionalProperties=False)

    return {
        "ProjectRequest": request("A new project.", "name", {"name": name}),
        "ProjectUpdateRequest": request("What to change.", "", {"name": name}),
        "ServiceAccountRequest": request(
            "A new service account, and the limits and the end of its key.",
            "name",
            {"name": name, "create_service_account_only": without_key, **key},
        ),
        "ServiceAccountUpdateRequest": request(
            "What to change.", "", {"name": name, "role": words(["member"], "The only one that there is.")}
        ),
        "KeyRequest": request(
            "A new key. Without a name it has that of its service account.", "", {"name": name, **key, "scopes": scopes}
        ),
        "KeyUpdateRequest": request(
            "What to change. What is not named stays as it is, each of the limits too.",
            "",
            {"expires_in_seconds": expires, "limits": reference("LimitsChange"), "status": status, "scopes": scopes},
        ),
        "LimitsChange": _change_of_limits(),
        "AdminKeyRequest": request("A new admin key.", "name", {"name": name, "expires_in_seconds": expires}),
    }


def _change_of_limits() -> Schema:
    """The limits that a change names, each of which may be null."""
    fields = {name: or_null(schema) for name, schema in limits_schema()["properties"].items()}
    return record("Limits to be changed: those that are named, and no others. Null takes one away.", "", fields)


# ---------------------------------------------------------------- answers
_ID: Final = text("Its id. Ids sort by creation.")
_NAME: Final = text("For people.")
_CREATED: Final = integer("When it was created, in unix seconds.")
_EXPIRES: Final = or_null(integer("When it ends, in unix seconds; null if it does not."))
_REDACTED: Final = text("The first and last characters of its value.")
_LAST_USED: Final = or_null(integer("When a request of its was last admitted, to the minute; null if none was."))
_NEVER_KNOWN: Final = {"type": "null", "description": "Not recorded: each request would have to pay for it."}
_LIMITS: Final = {**reference("Limits"), "description": "Those that are set."}
_VALUE: Final = text("The key itself, shown this once.")


def _projects() -> dict[str, Schema]:
    fields = {
        "id": _ID,
        "object": constant("organization.project"),
        "name": _NAME,
        "created_at": _CREATED,
        "archived_at": or_null(integer("When it was archived, in unix seconds.")),
        "status": words(["active", "archived"], "Whether its keys may be used."),
    }
    return {"Project": complete("A tenant. `default` always exists.", fields), "ProjectList": page_of("Project")}


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
    with_key = {**fields, "api_key": {"oneOf": [reference("NewKey"), {"type": "null"}]}}
    return {
        "ServiceAccount": complete("A program that calls.", fields),
        "ServiceAccountList": page_of("ServiceAccount"),
        "NewServiceAccount": complete("A service account with its first key.", with_key),
        "NewKey": complete("A new key, with its value.", new_key),
    }


def _keys() -> dict[str, Schema]:
    owner = {"id": _ID, "name": _NAME, "role": text("`member`, or `owner` of the operator."), "created_at": _CREATED}
    user = complete("The operator.", {**owner, "email": text("Empty: there are no users here.")})
    key = {
        "id": _ID,
        "object": constant("organization.project.api_key"),
        "name": _NAME,
        "redacted_value": _REDACTED,
        "created_at": _CREATED,
        "last_used_at": _LAST_USED,
        "expires_at": _EXPIRES,
        "owner": {**reference("KeyOwner"), "description": "Whose key it is."},
        "owner_project_access": words(["active", "inactive"], "Whether the project is in use."),
        "status": words(["active", "disabled"], "Whether the key may be used."),
        "limits": _LIMITS,
    }
    owners = {
        "type": words(["service_account", "user"], "`user` for a key that the operator's own tools have created."),
        "service_account": {"oneOf": [complete("The service account.", owner), {"type": "null"}]},
        "user": user,
    }
    return {
        "ProjectKey": complete("A key of a project, without its value.", key),
        "KeyOwner": record("Whose key it is.", "type", owners),
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
        "owner": reference("AdminKeyOwner"),
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
        "AdminKeyOwner": complete("The operator: there are no users here.", owner),
        "AdminKeyList": page_of("AdminKey"),
        "NewAdminKey": complete("A new admin key, with its value.", {**fields, "value": _VALUE}),
    }


def _deleted() -> Schema:
    return complete(
        "Confirms the deletion.",
        {
            "id": _ID,
            "object": text("The kind of thing that it was, and `.deleted`."),
            "deleted": {"const": True},
        },
    )
