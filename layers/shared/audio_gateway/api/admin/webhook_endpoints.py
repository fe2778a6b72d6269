"""Webhook endpoints of a project, as operators see them: list and delete. The webhooks function serves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.serializers import deleted_shape
from audio_gateway.api.http.app import admin_of
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.identity.directory import Directory
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.webhook import WebhookEndpoint

_ALL: Final = "/organization/projects/{project_id}/webhook_endpoints"


def add_webhook_endpoints(
    app: FastAPI, store: WebhookStore, directory: Directory, shape: Callable[[WebhookEndpoint], dict[str, Any]]
) -> None:
    """Add the routes; `shape` is what everybody sees of an endpoint."""

    @app.get(_ALL)
    async def list_endpoints(request: Request, project_id: str) -> Response:
        admin_of(request)
        asked = PageQuery.of(request)
        project = directory.projects.get(project_id)
        return json_response(page_of(map(shape, store.of_project(project.id, asked.after)), asked.limit))

    @app.delete(_ALL + "/{endpoint_id}")
    async def delete(request: Request, project_id: str, endpoint_id: str) -> Response:
        admin_of(request)
        endpoint = store.get(directory.projects.get(project_id).id, endpoint_id)
        store.delete(endpoint)
        return json_response(deleted_shape("webhook_endpoint", endpoint.id))
