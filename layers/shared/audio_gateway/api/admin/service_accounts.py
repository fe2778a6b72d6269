"""Service accounts of a project, and the keys that they are given: create, list, retrieve, rename, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.bodies import Catalogue, fields_of, limits_with_expiry, name_of, refuse_scopes
from audio_gateway.api.admin.serializers import deleted_shape, new_key_shape, service_account_shape
from audio_gateway.api.http.app import admin_of
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.errors import InvalidRequest
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.limits import Limits

_PATH: Final = "/organization/projects/{project_id}/service_accounts"


def add_service_accounts(app: FastAPI, directory: Directory, now_s: Callable[[], float], catalog: Catalogue) -> None:
    """Add the routes; `now_s` is the clock in unix seconds."""

    @app.post(_PATH)
    async def create(request: Request, project_id: str) -> Response:
        admin_of(request)
        fields = await fields_of(request)
        name = name_of(fields, required=True)
        without_key = fields.flag("create_service_account_only")
        limits = limits_with_expiry(fields, now_s(), catalog)
        fields.refuse_the_rest()
        if without_key and limits != Limits():
            message = "'create_service_account_only' creates no key that could have limits or expire."
            raise InvalidRequest(message, param="create_service_account_only")
        account, key = directory.service_accounts.create(project_id, name, limits=limits, with_key=not without_key)
        shown = None if key is None else new_key_shape(key, limits)
        return json_response({**service_account_shape(account), "api_key": shown})

    @app.get(_PATH)
    async def list_accounts(request: Request, project_id: str) -> Response:
        admin_of(request)
        asked = PageQuery.of(request)
        project = directory.projects.get(project_id)
        accounts = directory.service_accounts.list(project.id, asked.after)
        return json_response(page_of(map(service_account_shape, accounts), asked.limit))

    @app.get(_PATH + "/{service_account_id}")
    async def retrieve(request: Request, project_id: str, service_account_id: str) -> Response:
        admin_of(request)
        return json_response(service_account_shape(directory.service_accounts.get(project_id, service_account_id)))

    @app.post(_PATH + "/{service_account_id}")
    async def update(request: Request, project_id: str, service_account_id: str) -> Response:
        admin_of(request)
        fields = await fields_of(request)
        name = name_of(fields, required=False)
        fields.choice("role", ("member",), default="member")  # the only one: keys have limits and no roles
        fields.refuse_the_rest()
        if name:
            account = directory.service_accounts.rename(project_id, service_account_id, name)
        else:
            account = directory.service_accounts.get(project_id, service_account_id)
        return json_response(service_account_shape(account))

    @app.delete(_PATH + "/{service_account_id}")
    async def delete(request: Request, project_id: str, service_account_id: str) -> Response:
        admin_of(request)
        directory.service_accounts.delete(project_id, service_account_id)
        return json_response(deleted_shape("organization.project.service_account", service_account_id))

    @app.post(_PATH + "/{service_account_id}/api_keys")
    async def create_key(request: Request, project_id: str, service_account_id: str) -> Response:
        admin_of(request)
        fields = await fields_of(request)
        name = name_of(fields, required=False)
        limits = limits_with_expiry(fields, now_s(), catalog)
        refuse_scopes(fields)
        fields.refuse_the_rest()
        account = directory.service_accounts.get(project_id, service_account_id)
        key = directory.api_keys.create(
            name=name or account.name,
            project_id=project_id,
            limits=limits,
            service_account_id=service_account_id,
        )
        return json_response(new_key_shape(key, limits))
