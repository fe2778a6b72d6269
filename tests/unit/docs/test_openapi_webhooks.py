"""What the document says of webhook endpoints: the fields that their bodies take, and the answers that are given."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.api.app import lambda_handler
from audio_gateway.api.webhooks import webhooks_app
from audio_gateway.jobs.targets import AllowedHosts
from audio_gateway.jobs.webhook_post import Outcome
from audio_gateway.jobs.webhook_store import Attempt, WebhookStore
from audio_gateway.jobs.webhooks import EVENT_TYPES
from tests.fakes.gateway import Answer, call, event, json_event
from tests.unit.docs.test_openapi import SCHEMAS, SPEC, fits
from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["dynamodb"]

# Allowed by name, so that nothing is looked up over the network: an address of this machine.
ALLOW = AllowedHosts.parse("127.0.0.1:9")
EXAMPLES: dict[str, Any] = {
    "name": "program",
    "url": "http://127.0.0.1:9/hook",
    "event_types": [EVENT_TYPES[0]],
    "event_type": EVENT_TYPES[0],
    "keep_old_secret_active_for_24_hours": True,
}
OPERATIONS = [
    (method, path) for path, methods in SPEC["paths"].items() for method in methods if path.startswith("/webhook_")
]


def fields_of(path: str, method: str) -> dict[str, Any] | None:
    body = SPEC["paths"][path][method].get("requestBody")
    if body is None:
        return None
    found: dict[str, Any] = SCHEMAS[body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
    return found


class Hooks:
    """The function with one endpoint that was told of something."""

    def __init__(self, client: Any) -> None:
        store = WebhookStore(client, TABLE)
        app = webhooks_app(store=store, allow=ALLOW, post=lambda *_: Outcome(200))
        self._handler = lambda_handler(app, "webhooks")
        examples = {name: EXAMPLES[name] for name in ("name", "url", "event_types")}
        made = call(self._handler, json_event("/webhook_endpoints", examples))
        assert made.status == 200, made.body
        self._id = made.json["id"]
        at = made.json["created_at"]
        store.log("default", self._id, Attempt("whd_1", "evt_1", EVENT_TYPES[0], "job_1", 1, at, None, "timeout", at))

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        aim = path.replace("{webhook_endpoint_id}", self._id)
        documented = fields_of(path, method)
        if documented is None:
            return call(self._handler, event(method.upper(), aim))
        return call(self._handler, json_event(aim, {n: EXAMPLES[n] for n in documented["properties"]} | more))


@pytest.fixture
def hooks(dynamodb: Any) -> Hooks:
    return Hooks(dynamodb)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_documented(hooks: Hooks, method: str, path: str) -> None:
    answer = hooks.ask(method, path)
    assert answer.status == 200, answer.body
    fits(answer, path, method)


@pytest.mark.parametrize(("method", "path"), [it for it in OPERATIONS if fields_of(it[1], it[0])])
def test_bodies_take_the_documented_fields_and_no_other(hooks: Hooks, method: str, path: str) -> None:
    answer = hooks.ask(method, path, colour="blue")
    assert (answer.status, answer.error["param"]) == (400, "colour")
    for name in (fields_of(path, method) or {})["required"]:
        answer = hooks.ask(method, path, **{name: None})
        assert (answer.status, answer.error["param"]) == (400, name)
