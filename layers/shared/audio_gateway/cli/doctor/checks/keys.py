"""Keys and webhook endpoints through the API. These calls need the least common rights."""

from __future__ import annotations

from typing import Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup
from audio_gateway.cli.doctor.context import CheckContext

_UNUSED_URL: Final = "https://1.1.1.1/"
"""A public address that needs no DNS. The endpoint gets events of cancelled jobs only and is deleted immediately."""

_NOT_USABLE: Final = 401


def _key_create(context: CheckContext) -> str:
    return f"{context.new_key().id}, through the admin API"


def _key_disable(context: CheckContext) -> str:
    """An unused key is not in any cache, so it is refused immediately after it is disabled."""
    key = context.new_key()
    path = f"/organization/projects/{key.project_id}/api_keys/{key.id}"
    shown = context.admin("POST", path, json={"status": "disabled"}).json()
    if shown["status"] != "disabled":
        raise CheckFailed(f"POST {path} answered with the status {shown['status']}", context.stack.logs_of("admin"))
    answer = context.api.call("GET", "/models", key.value)
    if answer.status != _NOT_USABLE:
        raise CheckFailed(f"{answer.summary()}; a disabled key must get 401", context.stack.logs_of("authorizer"))
    return "refused immediately"


def _webhooks(context: CheckContext) -> str:
    url = _UNUSED_URL if context.stack.local else f"{context.api.base_url}/models"
    body = {"name": "audio-gateway doctor", "url": url, "event_types": ["audio.job.cancelled"]}
    made = context.call("POST", "/webhook_endpoints", "webhooks", json=body).json()
    path = f"/webhook_endpoints/{made['id']}"
    gone: list[bool] = []

    def remove() -> None:
        if not gone:
            context.delete(path, "webhooks")

    context.on_clean_up(f"webhook endpoint {made['id']}", remove)
    listed = context.call("GET", "/webhook_endpoints", "webhooks").json()["data"]
    if made["id"] not in {each["id"] for each in listed}:
        raise CheckFailed(
            "GET /webhook_endpoints does not list the endpoint just created", context.stack.logs_of("webhooks")
        )
    context.delete(path, "webhooks")
    gone.append(True)
    return "created, listed, deleted"


KEYS: Final = CheckGroup(
    "Keys and webhooks",
    (
        Check("key-create", "the admin API creates keys with limits", _key_create),
        Check("key-disable", "a disabled key is refused", _key_disable),
        Check("webhooks", "webhook endpoints can be created, listed and deleted", _webhooks),
    ),
)
