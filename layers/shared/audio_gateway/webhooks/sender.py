"""One POST to an endpoint of a caller's, through the guard of `remote`: where it leads is checked anew each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from audio_gateway.errors import FetchTimedOut, FileUnavailable, InvalidRequest
from audio_gateway.net.guarded_fetch import guarded_connection
from audio_gateway.net.targets import AllowedHosts

TIMEOUT_S: Final = 10.0
"""For all of an exchange."""

_USER_AGENT: Final = "audio-gateway-webhooks"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What came of it: the status of the answer, or in a word why there was none, and in a sentence for the owner."""

    status_code: int | None
    error: str | None = None
    message: str = ""

    @property
    def taken(self) -> bool:
        """Whether the endpoint has the event. A redirect does not mean that: it is not followed."""
        return self.status_code is not None and HTTPStatus(200) <= self.status_code < HTTPStatus.MULTIPLE_CHOICES

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants no further try."""
        return self.status_code == HTTPStatus.GONE


class WebhookSender:
    """Sends to addresses of callers; `allow` are those that tests may reach."""

    def __init__(self, allow: AllowedHosts) -> None:
        self._allow = allow

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], /) -> DeliveryOutcome:
        """Send it. Of the answer only the status is read; nothing is raised, whatever the endpoint does."""
        own = {"Content-Type": "application/json", "User-Agent": _USER_AGENT, "Connection": "close"}
        try:
            with guarded_connection(url, self._allow, seconds=TIMEOUT_S, param="url") as connection:
                return DeliveryOutcome(connection.request("POST", {**own, **headers}, body).status)
        except FetchTimedOut as error:
            return DeliveryOutcome(None, "timeout", error.message)
        except FileUnavailable as error:
            return DeliveryOutcome(None, "unreachable", error.message)
        except InvalidRequest as error:
            return DeliveryOutcome(None, "address_refused", error.message)
