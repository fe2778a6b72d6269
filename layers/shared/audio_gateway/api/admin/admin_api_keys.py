"""Admin keys: create, list, retrieve, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.bodies import expiry_of, fields_of, name_of
from audio_gateway.api.admin.serializers import admin_key_json, deleted_json
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.identity.directory import Directory

_PATH: Final = "/organization/admin_api_keys"


def add_admin_api_keys(app: FastAPI, directory: Directory, now_s: Callable[[], float]) -> None:
    """Add the routes; `now_s` is the clock in Unix seconds."""

    @app.post(_PATH)
    async def create(request: Request) -> Response:
        fields = await fields_of(request)
        name = name_of(fields, required=True)
        expires_at = expiry_of(fields, now_s())
        fields.refuse_the_rest()
        key = directory.admin_keys.create(name=name, expires_at=expires_at)
        return json_response({**admin_key_json(directory.admin_keys.get(key.record.id)), "value": key.value})

    @app.get(_PATH)
    async def list_keys(request: Request) -> Response:
        query = PageQuery.of(request, order=("asc", "desc"))
        keys = directory.admin_keys.list(query.after, newest_first=query.choices["order"] == "desc")
        return json_response(page_of(map(admin_key_json, keys), query.limit))

    @app.get(_PATH + "/{key_id}")
    async def retrieve(key_id: str) -> Response:
        return json_response(admin_key_json(directory.admin_keys.get(key_id)))

    @app.delete(_PATH + "/{key_id}")
    async def delete(key_id: str) -> Response:
        directory.admin_keys.delete(key_id)
        return json_response(deleted_json("organization.admin_api_key", key_id))
