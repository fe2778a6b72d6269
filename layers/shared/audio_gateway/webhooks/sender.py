"""Sends one POST to a caller's endpoint. `net/guarded_fetch.py` checks the address again each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from audio_gateway.errors import FetchTimedOut, FileUnavailable, InvalidRequest
from audio_gateway.net.guarded_fetch import guarded_connection
from audio_gateway.net.targets import AllowedHosts

TIMEOUT_S: Final = 10.0
"""For the whole exchange."""

_USER_AGENT: Final = "audio-gateway-webhooks"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The status of the response; without one, the reason as a word, and as a sentence for the endpoint's owner."""

    status_code: int | None
    error: str | None = None
    message: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the endpoint received the event. A redirect does not count: it is not followed."""
        return self.status_code is not None and HTTPStatus(200) <= self.status_code < HTTPStatus.MULTIPLE_CHOICES

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants no further attempt."""
        return self.status_code == HTTPStatus.GONE


class WebhookSender:
    """Sends to callers' URLs; `allow` lists the private hosts that tests may reach."""

    def __init__(self, allow: AllowedHosts) -> None:
        self._allow = allow

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], /) -> DeliveryOutcome:
        """Send the event. Only the status of the response is read. Raises nothing, whatever the endpoint does."""
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
