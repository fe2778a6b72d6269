"""Keys and webhook endpoints through the API: the calls with the most unusual rights."""

from __future__ import annotations

from typing import Final

from audio_gateway.cli.doctor.check import Check, Group, Red
from audio_gateway.cli.doctor.visit import Visit

_NOBODY_IS_CALLED: Final = "https://1.1.1.1/"
"""A public address that needs no look-up. The endpoint hears of cancelled jobs only, and is deleted at once."""

_NOT_USABLE: Final = 401


def _key_create(visit: Visit) -> str:
    return f"{visit.new_key().id}, through the admin API"


def _key_disable(visit: Visit) -> str:
    """A key that nobody has used is cached nowhere: so it is refused at once."""
    key = visit.new_key()
    path = f"/organization/projects/{key.project_id}/api_keys/{key.id}"
    shown = visit.admin("POST", path, json={"status": "disabled"}).json()
    if shown["status"] != "disabled":
        raise Red(f"POST {path} answered with the status {shown['status']}", visit.stack.logs_of("admin"))
    answer = visit.api.call("GET", "/models", key.value)
    if answer.status != _NOT_USABLE:
        raise Red(f"{answer.says()}; with a key that is disabled it must be 401", visit.stack.logs_of("authorizer"))
    return "refused at once"


def _webhooks(visit: Visit) -> str:
    url = _NOBODY_IS_CALLED if visit.stack.local else f"{visit.api.base_url}/models"
    body = {"name": "audio-gateway doctor", "url": url, "event_types": ["audio.job.cancelled"]}
    made = visit.call("POST", "/webhook_endpoints", "webhooks", json=body).json()
    path = f"/webhook_endpoints/{made['id']}"
    gone: list[bool] = []

    def remove() -> None:
        if not gone:
            visit.delete(path, "webhooks")

    visit.later(f"webhook endpoint {made['id']}", remove)
    listed = visit.call("GET", "/webhook_endpoints", "webhooks").json()["data"]
    if made["id"] not in {each["id"] for each in listed}:
        raise Red("GET /webhook_endpoints does not list the one that was made", visit.stack.logs_of("webhooks"))
    visit.delete(path, "webhooks")
    gone.append(True)
    return "made, listed, deleted"


KEYS: Final = Group(
    "Keys and webhooks",
    (
        Check("key-create", "the admin API makes keys with limits", _key_create),
        Check("key-disable", "a disabled key is refused", _key_disable),
        Check("webhooks", "webhook endpoints can be made, listed and deleted", _webhooks),
    ),
)
