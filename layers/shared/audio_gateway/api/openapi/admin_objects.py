"""The objects of the admin API's requests and answers."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.api.admin.bodies import MAX_EXPIRES_IN, MAX_NAME
from audio_gateway.api.openapi.build import Schema, constant, integer, many, or_null, record, reference, text, words


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
            "What to change. `limits` replace all that the key has, its `expires_at` among them.",
            "",
            {**key, "status": status, "scopes": scopes},
        ),
        "AdminKeyRequest": request("A new admin key.", "name", {"name": name, "expires_in_seconds": expires}),
    }


# ---------------------------------------------------------------- answers
_ID: Final = text("Its id. Ids sort by creation.")
_NAME: Final = text("For people.")
_CREATED: Final = integer("When it was created, in unix seconds.")
_EXPIRES: Final = or_null(integer("When it ends, in unix seconds; null if it does not."))
_REDACTED: Final = text("The first and last characters of its value.")
_NEVER_KNOWN: Final = {"type": "null", "description": "Not recorded: each request would have to pay for it."}
_LIMITS: Final = {**reference("Limits"), "description": "Those that are set."}
_VALUE: Final = text("The key itself, shown this once.")


def _object(description: str, fields: dict[str, Schema]) -> Schema:
    """An object whose fields are always there."""
    return record(description, " ".join(fields), fields)


def _listed(name: str) -> Schema:
    return _object(
        "A page of a list.",
        {
            "object": constant("list"),
            "data": many(reference(name), "In order."),
            "first_id": or_null(text("The id of the first one.")),
            "last_id": or_null(text("The id of the last one: what to send as `after` to get the next page.")),
            "has_more": {"type": "boolean", "description": "Whether there is a next page."},
        },
    )


def _projects() -> dict[str, Schema]:
    fields = {
        "id": _ID,
        "object": constant("organization.project"),
        "name": _NAME,
        "created_at": _CREATED,
        "archived_at": or_null(integer("When it was archived, in unix seconds.")),
        "status": words(["active", "archived"], "Whether its keys may be used."),
    }
    return {"Project": _object("A tenant. `default` always exists.", fields), "ProjectList": _listed("Project")}


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
        "ServiceAccount": _object("A program that calls.", fields),
        "ServiceAccountList": _listed("ServiceAccount"),
        "NewServiceAccount": _object("A service account with its first key.", with_key),
        "NewKey": _object("A key at its birth.", new_key),
    }


def _keys() -> dict[str, Schema]:
    owner = {"id": _ID, "name": _NAME, "role": text("`member`, or `owner` of the operator."), "created_at": _CREATED}
    user = _object("The operator.", {**owner, "email": text("Empty: there are no users here.")})
    key = {
        "id": _ID,
        "object": constant("organization.project.api_key"),
        "name": _NAME,
        "redacted_value": _REDACTED,
        "created_at": _CREATED,
        "last_used_at": _NEVER_KNOWN,
        "expires_at": _EXPIRES,
        "owner": {**reference("KeyOwner"), "description": "Whose key it is."},
        "owner_project_access": words(["active", "inactive"], "Whether the project is in use."),
        "status": words(["active", "disabled"], "Whether the key may be used."),
        "limits": _LIMITS,
    }
    owners = {
        "type": words(["service_account", "user"], "`user` for a key that the operator's own tools have created."),
        "service_account": {"oneOf": [_object("The service account.", owner), {"type": "null"}]},
        "user": user,
    }
    return {
        "ProjectKey": _object("A key of a project, without its value.", key),
        "KeyOwner": record("Whose key it is.", "type", owners),
        "ProjectKeyList": _listed("ProjectKey"),
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
        "AdminKey": _object("A key for the admin API, without its value.", fields),
        "AdminKeyOwner": _object("The operator: there are no users here.", owner),
        "AdminKeyList": _listed("AdminKey"),
        "NewAdminKey": _object("An admin key at its birth.", {**fields, "value": _VALUE}),
    }


def _deleted() -> Schema:
    return _object(
        "What is no more.",
        {
            "id": _ID,
            "object": text("The kind of thing that it was, and `.deleted`."),
            "deleted": {"const": True},
        },
    )
