"""Who calls: what the authorizer said, checked again in the function.

A function that is invoked directly, or through a route without the authorizer, has no identity and answers 401.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audio_gateway.errors import NotAuthenticated, PermissionDenied

NO_KEY = (
    "You didn't provide an API key. Provide it in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of an API key, by the ids that the authorizer put into the event."""

    key_id: str
    project_id: str
    organization_id: str


def api_caller(event: Mapping[str, Any]) -> Caller:
    """The holder of an API key; raises `NotAuthenticated`, or `PermissionDenied` for an admin key."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    key_id, project_id, organization_id, kind = (
        _text(context.get(name)) for name in ("key_id", "project_id", "organization_id", "kind")
    )
    if not (key_id and project_id and organization_id and kind):
        raise NotAuthenticated(NO_KEY)
    if kind != "api":
        message = "This endpoint takes an API key; an admin key is for /v1/organization only. Use a key of a project."
        raise PermissionDenied(message)
    return Caller(key_id, project_id, organization_id)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
