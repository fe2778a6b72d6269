"""The caller's identity: what the authorizer put into the event, checked again in the function.

A request that reached the function directly, or by a route without the authorizer, has no identity and gets a 401.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.errors import KeyNotUsable, NotAuthenticated, PermissionDenied
from audio_gateway.metering.unusable_key import NOT_USABLE, expired

NO_KEY = (
    "You didn't provide an API key. Provide it in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)

_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of an API key, by the ids that the authorizer put into the event."""

    key_id: str
    project_id: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class AdminCaller:
    """The holder of an admin key of an organisation."""

    key_id: str
    organization_id: str


def api_caller(event: Mapping[str, Any]) -> Caller:
    """The holder of an API key.

    Raises:
        NotAuthenticated: the event has no identity.
        KeyNotUsable: the key has expired.
        PermissionDenied: it is an admin key.
    """
    key_id, project_id, organization_id, kind = _identity(event)
    if kind != "api":
        message = "This endpoint takes an API key; admin keys are for /v1/organization only. Send the key of a project."
        raise PermissionDenied(message)
    return Caller(key_id, project_id, organization_id)


def admin_caller(event: Mapping[str, Any]) -> AdminCaller:
    """The holder of an admin key.

    Raises:
        NotAuthenticated: the event has no identity.
        KeyNotUsable: the key has expired.
        PermissionDenied: it is an API key.
    """
    key_id, _, organization_id, kind = _identity(event)
    if kind != "admin":
        raise PermissionDenied("This endpoint takes an admin key, not the API key of a project. Send an admin key.")
    return AdminCaller(key_id, organization_id)


def _identity(event: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Key, project, organisation and kind of key."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    key_id, project_id, organization_id, kind = (
        _text(context.get(name)) for name in ("key_id", "project_id", "organization_id", "kind")
    )
    if not (key_id and project_id and organization_id and kind):
        raise NotAuthenticated(NO_KEY)
    # API Gateway caches the authorizer's response, and a key may expire in the meantime.
    expires_at = _text(context.get("expires_at"))
    why = expired(int(expires_at), int(time.time())) if _SECONDS.fullmatch(expires_at) else None
    if why is not None:
        raise KeyNotUsable(NOT_USABLE.format(why))
    return key_id, project_id, organization_id, kind


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
