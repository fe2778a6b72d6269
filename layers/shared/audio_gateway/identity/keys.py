"""API keys: how they are made, hashed and described. Imports little, as the authorizer needs this module."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final, Literal

from audio_gateway.metering.unusable_key import DISABLED, expired

KeyKind = Literal["api", "admin"]
KeyStatus = Literal["active", "disabled"]

ORGANIZATION: Final = "org-default"
"""The only organisation of a deployment."""

_PREFIXES: Final[dict[KeyKind, str]] = {"api": "sk-", "admin": "sk-admin-"}
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is stored of a key. The key itself is not stored: `sha256` (hex) finds it, `redacted` is for people.

    Times are Unix seconds; `expires_at` is None for a key that never expires.
    """

    sha256: str
    id: str
    kind: KeyKind
    name: str
    organization_id: str
    project_id: str
    status: KeyStatus
    redacted: str
    created_at: int
    expires_at: int | None = None

    def refusal_at(self, now_s: int) -> str | None:
        """Why the key cannot be used, as a sentence; None if it can."""
        if self.status != "active":
            return DISABLED
        return expired(self.expires_at, now_s)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key. Only here does its `value` exist outside of its owner's hands."""

    value: str
    record: KeyRecord


def hash_key(value: str) -> str:
    """SHA-256 in hex. A key has 256 bits of entropy, so it withstands guessing without a slow hash."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def new_key(
    kind: KeyKind,
    *,
    name: str,
    now_s: float,
    project_id: str = "default",
    value: str | None = None,
    expires_at: int | None = None,
) -> NewKey:
    """A new, active key of 256 random bits, or of the given `value`."""
    value = value or _PREFIXES[kind] + secrets.token_urlsafe(_SECRET_BYTES)
    record = KeyRecord(
        sha256=hash_key(value),
        id=new_id("key_", now_s),
        kind=kind,
        name=name,
        organization_id=ORGANIZATION,
        project_id=project_id,
        status="active",
        redacted=redact(value),
        created_at=int(now_s),
        expires_at=expires_at,
    )
    return NewKey(value, record)


def new_id(prefix: str, now_s: float) -> str:
    """The prefix and 24 hex digits: the time in milliseconds, which sorts ids by creation, and 48 random bits."""
    return f"{prefix}{int(now_s * 1000):012x}{secrets.token_hex(6)}"


def redact(value: str) -> str:
    """The first and last characters of a key, for lists and messages; nothing of a short one."""
    return f"{value[:8]}…{value[-4:]}" if len(value) >= len("sk-admin-") + _SECRET_BYTES else "…"
