"""Both webhook functions over a table, with a clock, and queues and an address that record."""

from __future__ import annotations

import socket
from typing import Any, cast

import pytest

from audio_gateway.api.active_key import active_caller
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.webhooks import WebhookDependencies, webhooks_app
from audio_gateway.errors import StorageUnavailable
from audio_gateway.identity.archive import Archive
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account_item import new_account_item
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.limits import Limits
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.use_cases.deliver_webhooks import WebhookDispatcher
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.published_events import PublishedEvents
from audio_gateway.webhooks.queue import message_of
from audio_gateway.webhooks.rate_limit import RateLimitStore
from audio_gateway.webhooks.retry_schedule import Delivery
from audio_gateway.webhooks.sender import DeliveryOutcome
from audio_gateway.webhooks.webhook import EVENT_TYPES
from audio_gateway.workers.webhook_delivery import webhook_delivery_handler
from tests.fakes.gateway import API_CALLER, call, event, json_event
from tests.unit.metering.tables import TABLE

ALL = "/webhook_endpoints"
SUCCEEDED, FAILED, CANCELLED = EVENT_TYPES
URL = "https://hooks.example.com/in?x=1"
STRANGER = API_CALLER | {"project_id": "proj_other"}
NOW = 1_795_000_000.0
GOOD = {"name": "mine", "url": URL, "event_types": [SUCCEEDED, FAILED]}


class Clock:
    def __init__(self) -> None:
        self.s = NOW

    def __call__(self) -> float:
        return self.s


class Queue:
    """Records the messages sent to it, with their delays."""

    def __init__(self) -> None:
        self.sent: list[tuple[Delivery, int]] = []
        self.fails = False

    def send(self, delivery: Delivery, now_s: int) -> None:
        if self.fails:
            raise StorageUnavailable("not now")
        self.sent.append((delivery, delivery.delay_at(now_s)))


class Post:
    """Responds with `outcome`, and records the deliveries."""

    def __init__(self) -> None:
        self.outcome = DeliveryOutcome(200)
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, url: str, body: bytes, headers: Any, /) -> DeliveryOutcome:
        self.sent.append((url, body, dict(headers)))
        return self.outcome


class Gateway:
    """Both functions over one table."""

    def __init__(self, client: Any) -> None:
        self.client, self.clock, self.post = client, Clock(), Post()
        self.queue = cast("Any", Queue())
        self.dead = cast("Any", Queue())
        self.store, self.rate_limits = WebhookStore(client, TABLE), RateLimitStore(client, TABLE)
        self.directory = Directory(client, TABLE, now_s=self.clock)
        deps = WebhookDependencies(
            store=self.store,
            directory=self.directory,
            rate_limits=self.rate_limits,
            writer_of=active_caller(AccountStore(client, TABLE), lambda: int(self.clock.s * 1000)),
            allow=AllowedHosts(),
            post=self.post,
            now_s=self.clock,
        )
        self.handler = lambda_handler(webhooks_app(deps), "webhooks")
        self.dispatcher = WebhookDispatcher(
            store=self.store,
            published_events=PublishedEvents(client, TABLE),
            rate_limits=self.rate_limits,
            is_archived=Archive(client, TABLE).has,
            queue=cast("Any", self.queue),
            dead=cast("Any", self.dead),
            post=self.post,
            now_s=self.clock,
        )
        self.made = 0

    def post_json(self, path: str, body: Any, caller: dict[str, Any] | None = None) -> Any:
        return call(self.handler, json_event(path, body, authorizer=caller))

    def get(self, path: str, caller: dict[str, Any] | None = None, **query: str) -> Any:
        asked = {name: [value] for name, value in query.items()} or None
        return call(self.handler, event("GET", path, authorizer=caller, query=asked))

    def delete(self, path: str, caller: dict[str, Any] | None = None) -> Any:
        return call(self.handler, event("DELETE", path, authorizer=caller))

    def make(self, caller: dict[str, Any] | None = None, **changes: Any) -> Any:
        self.clock.s += 0.01  # ids sort by it
        url = URL + (f"&n={self.made}" if self.made else "")
        self.made += 1
        answer = self.post_json(ALL, GOOD | {"url": url} | changes, caller)
        assert answer.status == 200, answer.body
        return answer.json

    def take(self, *messages: Any) -> list[str]:
        """Pass messages to the delivery function; returns the numbers of those to be repeated."""
        records = [
            {"messageId": str(number), "body": each if isinstance(each, str) else message_of(each)}
            for number, each in enumerate(messages)
        ]
        answer = webhook_delivery_handler(self.dispatcher)({"Records": records}, None)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.fixture
def gateway(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    resolve(monkeypatch, "93.184.216.34")
    dynamodb.put_item(TableName=TABLE, Item=new_account_item(API_CALLER["key_id"], Limits()))
    return Gateway(dynamodb)


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every host name resolve to these addresses."""

    def getaddrinfo(_host: Any, port: Any, **_: Any) -> list[Any]:
        families = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (families[6 if ":" in address else 4], socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
