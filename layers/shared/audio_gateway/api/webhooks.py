"""/webhook_endpoints… and /webhook_event_types, as in OpenAI's SDKs. The log of deliveries is an addition."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, cast

from fastapi import FastAPI, Request, Response

from audio_gateway.api.active_key import WriterOf
from audio_gateway.api.admin.bodies import fields_of, name_of
from audio_gateway.api.admin.webhook_endpoints import add_webhook_endpoints
from audio_gateway.api.http.app import body_of, caller_of, create_app
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.api.webhook_serializers import (
    delivery_json,
    webhook_endpoint_json,
    webhook_endpoint_with_secret_json,
)
from audio_gateway.errors import InvalidRequest
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.keys import new_id
from audio_gateway.net.guarded_fetch import check_url
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.use_cases.deliver_webhooks import SendWebhook, count_test, send_test
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.rate_limit import RateLimitStore
from audio_gateway.webhooks.webhook import (
    ENDPOINT_STATUSES,
    EVENT_TYPES,
    ID_PREFIX,
    EndpointStatus,
    EventType,
    WebhookEndpoint,
    new_secret,
)

_ALL: Final = "/webhook_endpoints"
_ONE: Final = "/webhook_endpoints/{endpoint_id}"


@dataclass(frozen=True, slots=True)
class WebhookDependencies:
    """The dependencies of the webhooks function. `now_s` is the clock in Unix seconds."""

    store: WebhookStore
    directory: Directory
    rate_limits: RateLimitStore
    writer_of: WriterOf
    allow: AllowedHosts
    post: SendWebhook
    now_s: Callable[[], float] = time.time


def webhooks_app(deps: WebhookDependencies) -> FastAPI:
    """The app of the webhooks function."""
    app = create_app("webhooks", caller={"/organization/": "admin", "/webhook_": "api"})
    _add_changes(app, deps)
    _add_reads(app, deps)
    _add_actions(app, deps)
    add_webhook_endpoints(app, deps.store, deps.directory)
    return app


def _add_changes(app: FastAPI, deps: WebhookDependencies) -> None:
    store = deps.store

    @app.post(_ALL)
    async def create(request: Request) -> Response:
        caller = deps.writer_of(request)
        fields = await fields_of(request)
        name, url = name_of(fields, required=True), fields.text("url", required=True)
        types = _types_of(fields)
        if types is None:
            raise _wrong_types()
        fields.refuse_the_rest()
        check_url(url, deps.allow, param="url")
        now = deps.now_s()
        endpoint = WebhookEndpoint(
            id=new_id(ID_PREFIX, now),
            project_id=caller.project_id,
            name=name,
            url=url,
            event_types=types,
            secret=new_secret(),
            created_at=int(now),
            updated_at=int(now),
        )
        store.add(endpoint)
        return json_response(webhook_endpoint_with_secret_json(endpoint))

    @app.post(_ONE)
    async def update(request: Request, endpoint_id: str) -> Response:
        caller = deps.writer_of(request)
        fields = await fields_of(request)
        name, url = name_of(fields, required=False) or None, fields.text("url") or None
        types, status = _types_of(fields), _status_of(fields)
        fields.refuse_the_rest()
        endpoint = store.get(caller.project_id, endpoint_id)
        changed = replace(
            endpoint,
            name=name or endpoint.name,
            url=url or endpoint.url,
            event_types=types or endpoint.event_types,
            status=status or endpoint.status,
        )
        if changed != endpoint:
            if changed.url != endpoint.url:
                check_url(changed.url, deps.allow, param="url")
            endpoint = store.change(
                endpoint, name=name, url=url, event_types=types, status=status, now_s=int(deps.now_s())
            )
        return json_response(webhook_endpoint_json(endpoint))

    @app.delete(_ONE)
    async def delete(request: Request, endpoint_id: str) -> Response:
        endpoint = store.get(deps.writer_of(request).project_id, endpoint_id)
        store.delete(endpoint)
        return json_response({"id": endpoint.id, "object": "webhook_endpoint.deleted", "deleted": True})


def _add_reads(app: FastAPI, deps: WebhookDependencies) -> None:
    store = deps.store

    @app.get("/webhook_event_types")
    async def event_types() -> Response:
        return json_response({"object": "list", "data": list(EVENT_TYPES)})

    @app.get(_ALL)
    async def list_all(request: Request) -> Response:
        caller = caller_of(request)
        query = PageQuery.of(request)
        return json_response(
            page_of(map(webhook_endpoint_json, store.of_project(caller.project_id, query.after)), query.limit)
        )

    @app.get(_ONE)
    async def retrieve(request: Request, endpoint_id: str) -> Response:
        return json_response(webhook_endpoint_json(store.get(caller_of(request).project_id, endpoint_id)))

    @app.get(_ONE + "/deliveries")
    async def deliveries(request: Request, endpoint_id: str) -> Response:
        caller = caller_of(request)
        query = PageQuery.of(request)
        endpoint = store.get(caller.project_id, endpoint_id)
        found = store.attempts(endpoint, int(deps.now_s()), after=query.after, limit=query.limit + 1)
        return json_response(page_of(map(delivery_json, found), query.limit))


def _add_actions(app: FastAPI, deps: WebhookDependencies) -> None:
    store = deps.store

    @app.post(_ONE + "/rotate_secret")
    async def rotate_secret(request: Request, endpoint_id: str) -> Response:
        caller = deps.writer_of(request)
        fields = await fields_of(request) if await body_of(request) else BodyFields({})
        keep_old = fields.flag("keep_old_secret_active_for_24_hours")
        fields.refuse_the_rest()
        endpoint = store.get(caller.project_id, endpoint_id)
        rotated = store.rotate(endpoint, new_secret(), keep_old=keep_old, now_s=int(deps.now_s()))
        return json_response(webhook_endpoint_with_secret_json(rotated))

    @app.post(_ONE + "/test")
    async def test(request: Request, endpoint_id: str) -> Response:
        caller = deps.writer_of(request)
        fields = await fields_of(request)
        event_type = fields.choice("event_type", EVENT_TYPES, default=cast("EventType", ""))
        if not event_type:
            raise InvalidRequest(
                f"'event_type' is required; send one of: {', '.join(EVENT_TYPES)}.", param="event_type"
            )
        fields.refuse_the_rest()
        endpoint = store.get(caller.project_id, endpoint_id)
        count_test(endpoint, rate_limits=deps.rate_limits, now_s=deps.now_s())
        status_code = send_test(endpoint, event_type, post=deps.post, now_s=deps.now_s())
        return json_response(
            {
                "object": "webhook_endpoint.test",
                "webhook_endpoint_id": endpoint.id,
                "event_type": event_type,
                "status_code": status_code,
                "success": True,
            }
        )


def _types_of(fields: BodyFields) -> tuple[EventType, ...] | None:
    """The `event_types`, each once; None if they are absent."""
    given = fields.pop("event_types")
    if given is None:
        return None
    if not isinstance(given, list) or not given:
        raise _wrong_types()
    if any(each not in EVENT_TYPES for each in given):
        raise _wrong_types()
    return tuple(each for each in EVENT_TYPES if each in given)


def _status_of(fields: BodyFields) -> EndpointStatus | None:
    given = fields.choice("status", (*ENDPOINT_STATUSES, ""), default="")
    return next((status for status in ENDPOINT_STATUSES if status == given), None)


def _wrong_types() -> InvalidRequest:
    message = f"'event_types' must be an array of at least one of: {', '.join(EVENT_TYPES)}."
    return InvalidRequest(message, param="event_types", code="invalid_value")
