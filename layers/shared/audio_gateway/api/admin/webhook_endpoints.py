"""Webhook endpoints of a project, for operators: list and delete. The webhooks function serves these routes."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.serializers import deleted_json
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.api.webhook_serializers import webhook_endpoint_json
from audio_gateway.identity.directory import Directory
from audio_gateway.webhooks.endpoint_store import WebhookStore

_ALL: Final = "/organization/projects/{project_id}/webhook_endpoints"


def add_webhook_endpoints(app: FastAPI, store: WebhookStore, directory: Directory) -> None:
    """Add the routes."""

    @app.get(_ALL)
    async def list_endpoints(request: Request, project_id: str) -> Response:
        query = PageQuery.of(request)
        project = directory.projects.get(project_id)
        return json_response(
            page_of(map(webhook_endpoint_json, store.of_project(project.id, query.after)), query.limit)
        )

    @app.delete(_ALL + "/{endpoint_id}")
    async def delete(project_id: str, endpoint_id: str) -> Response:
        endpoint = store.get(directory.projects.get(project_id).id, endpoint_id)
        store.delete(endpoint)
        return json_response(deleted_json("webhook_endpoint", endpoint.id))
