"""Webhook endpoints and events.

An endpoint is a URL of a project that receives events by POST. Requests are signed as in Standard Webhooks 1.0
(https://www.standardwebhooks.com), which the official SDKs' `webhooks.unwrap` verifies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

EventType = Literal["audio.job.succeeded", "audio.job.failed", "audio.job.cancelled"]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
EVENT_OF_STATUS: Final[Mapping[str, EventType]] = {name.rpartition(".")[2]: name for name in EVENT_TYPES}
"""The event of each final status of a job."""

EndpointStatus = Literal["enabled", "disabled"]
ENDPOINT_STATUSES: Final[tuple[EndpointStatus, ...]] = get_args(EndpointStatus)

ID_PREFIX: Final = "webhook_"

MAX_ENDPOINTS: Final = 16
"""Endpoints of a project."""

MAX_UNDELIVERED_EVENTS: Final = 10
"""After this many events in a row that were given up, each after a day of attempts, an endpoint is disabled."""

OLD_SECRET_SECONDS: Final = 24 * 3600
"""How long requests are also signed with the former secret, if its owner asked for that."""

_ID: Final = re.compile(ID_PREFIX + "[0-9a-f]{24}", re.ASCII)
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - all secrets begin with it
_SECRET_BYTES: Final = 32
_EVENT_ID_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An endpoint that receives events of a project. Times are Unix seconds.

    A disabled endpoint is sent nothing. `undelivered` counts the events in a row that were given up. `secret` signs
    every request; `old_secret` does so until `old_secret_until`, to give the receiver time to change over.
    """

    id: str
    project_id: str
    name: str
    url: str
    event_types: tuple[EventType, ...]
    secret: str
    created_at: int
    updated_at: int
    old_secret: str | None = None
    old_secret_until: int = 0
    status: EndpointStatus = "enabled"
    undelivered: int = 0

    def wants(self, event_type: EventType) -> bool:
        """Whether it receives such an event now."""
        return self.status == "enabled" and event_type in self.event_types

    def secrets_at(self, now_s: int) -> tuple[str, ...]:
        """The secrets that sign at this moment, newest first."""
        if self.old_secret is None or now_s >= self.old_secret_until:
            return (self.secret,)
        return (self.secret, self.old_secret)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """The end of a job. `created_at` is when it ended, in Unix seconds."""

    type: EventType
    job_id: str
    created_at: int

    @property
    def id(self) -> str:
        """The same in every attempt to deliver the event: receivers recognise duplicates by it."""
        return "evt_" + hashlib.sha256(f"{self.type} {self.job_id}".encode()).hexdigest()[:_EVENT_ID_DIGITS]

    @property
    def body(self) -> bytes:
        """The body that is sent. It holds ids only: reading more needs a key."""
        return json.dumps(
            {
                "id": self.id,
                "object": "event",
                "type": self.type,
                "created_at": self.created_at,
                "data": {"id": self.job_id},
            }
        ).encode()


def is_endpoint_id(text: str) -> bool:
    """Whether an endpoint may have this id."""
    return _ID.fullmatch(text) is not None


def new_secret() -> str:
    """A signing secret of 256 random bits, as Standard Webhooks writes one."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def secret_hint(secret: str) -> str:
    """Enough of a secret for its owner to recognise it."""
    return f"{_SECRET_PREFIX}…{secret[-4:]}"


def signed_headers(event_id: str, body: bytes, signing: tuple[str, ...], now_s: int) -> dict[str, str]:
    """The headers of Standard Webhooks. The time is that of this attempt: receivers refuse what is five minutes old."""
    signed = f"{event_id}.{now_s}.".encode() + body
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in signing),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
