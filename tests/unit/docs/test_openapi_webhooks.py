"""The OpenAPI document matches the webhook endpoints: the fields of their bodies, and their responses."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.api.active_key import active_caller
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.webhooks import WebhookDependencies, webhooks_app
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account_item import new_account_item
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.limits import Limits
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.items import DeliveryAttempt
from audio_gateway.webhooks.rate_limit import RateLimitStore
from audio_gateway.webhooks.sender import DeliveryOutcome
from audio_gateway.webhooks.webhook import EVENT_TYPES
from tests.fakes.gateway import ADMIN_CALLER, API_CALLER, Answer, call, event, json_event
from tests.unit.docs.test_openapi import SCHEMAS, SPEC, fits
from tests.unit.metering.tables import TABLE

# An address of this machine. It is allowed by name, so no test looks a host up over the network.
ALLOW = AllowedHosts.parse("127.0.0.1:9")
EXAMPLES: dict[str, Any] = {
    "name": "program",
    "url": "http://127.0.0.1:9/hook",
    "event_types": [EVENT_TYPES[0]],
    "event_type": EVENT_TYPES[0],
    "status": "enabled",
    "keep_old_secret_active_for_24_hours": True,
}
OPERATIONS = [(method, path) for path, methods in SPEC["paths"].items() for method in methods if "/webhook_" in path]


def fields_of(path: str, method: str) -> dict[str, Any] | None:
    body = SPEC["paths"][path][method].get("requestBody")
    if body is None:
        return None
    found: dict[str, Any] = SCHEMAS[body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
    return found


class Hooks:
    """The function, with one endpoint that has a delivery."""

    def __init__(self, client: Any) -> None:
        client.put_item(TableName=TABLE, Item=new_account_item(API_CALLER["key_id"], Limits()))
        store, directory = WebhookStore(client, TABLE), Directory(client, TABLE)
        directory.admin_keys.create(name="n")  # brings the default project
        deps = WebhookDependencies(
            store=store,
            directory=directory,
            rate_limits=RateLimitStore(client, TABLE),
            writer_of=active_caller(AccountStore(client, TABLE)),
            allow=ALLOW,
            post=lambda *_: DeliveryOutcome(200),
        )
        self._handler = lambda_handler(webhooks_app(deps), "webhooks")
        examples = {name: EXAMPLES[name] for name in ("name", "url", "event_types")}
        made = call(self._handler, json_event("/webhook_endpoints", examples))
        assert made.status == 200, made.body
        self._id = made.json["id"]
        at = made.json["created_at"]
        store.log(
            store.get("default", self._id),
            DeliveryAttempt("whd_1", "evt_1", EVENT_TYPES[0], "job_1", 1, at, None, "timeout", at),
        )

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        aim = path.replace("{webhook_endpoint_id}", self._id).replace("{project_id}", "default")
        caller = ADMIN_CALLER if path.startswith("/organization") else API_CALLER
        documented = fields_of(path, method)
        if documented is None:
            return call(self._handler, event(method.upper(), aim, authorizer=caller))
        new = {"url": "http://127.0.0.1:9/other"} if path == "/webhook_endpoints" else {}
        return call(self._handler, json_event(aim, {n: EXAMPLES[n] for n in documented["properties"]} | new | more))


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
