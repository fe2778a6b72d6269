"""Keys of a project: list, retrieve, change, delete. Service accounts create them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.bodies import Catalogue, change_of_limits, fields_of, refuse_scopes
from audio_gateway.api.admin.serializers import api_key_json, deleted_json
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.keys import KeyStatus

_PATH: Final = "/organization/projects/{project_id}/api_keys"


def add_api_keys(app: FastAPI, directory: Directory, now_s: Callable[[], float], catalog: Catalogue) -> None:
    """Add the routes; `now_s` is the clock in Unix seconds."""

    @app.get(_PATH)
    async def list_keys(request: Request, project_id: str) -> Response:
        query = PageQuery.of(request, owner_project_access=("any", "active", "inactive"))
        project = directory.projects.get(project_id)
        keys = (api_key_json(key, project) for key in directory.api_keys.list(project_id, query.after))
        access = query.choices["owner_project_access"]
        shown = (key for key in keys if access in {"any", key["owner_project_access"]})
        return json_response(page_of(shown, query.limit))

    @app.get(_PATH + "/{key_id}")
    async def retrieve(project_id: str, key_id: str) -> Response:
        project = directory.projects.get(project_id)
        return json_response(api_key_json(directory.api_keys.get(key_id, project_id=project_id), project))

    @app.post(_PATH + "/{key_id}")
    async def update(request: Request, project_id: str, key_id: str) -> Response:
        fields = await fields_of(request)
        change, status = change_of_limits(fields, now_s(), catalog), _status_of(fields)
        refuse_scopes(fields)
        fields.refuse_the_rest()
        project = directory.projects.get(project_id)
        key = directory.api_keys.get(key_id, project_id=project_id)
        if change is not None:
            key = directory.api_keys.edit_limits(key_id, change, status=status)
        elif status is not None:
            key = directory.api_keys.set_status(key_id, status=status)
        return json_response(api_key_json(key, project))

    @app.delete(_PATH + "/{key_id}")
    async def delete(project_id: str, key_id: str) -> Response:
        directory.api_keys.delete(directory.api_keys.get(key_id, project_id=project_id).entry.id)
        return json_response(deleted_json("organization.project.api_key", key_id))


def _status_of(fields: BodyFields) -> KeyStatus | None:
    chosen = fields.choice("status", ("active", "disabled"), default="")
    return cast("KeyStatus", chosen) if chosen else None
