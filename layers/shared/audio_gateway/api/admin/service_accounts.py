"""Service accounts of a project and their keys: create, list, retrieve, rename, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.bodies import Catalogue, fields_of, limits_with_expiry, name_of, refuse_scopes
from audio_gateway.api.admin.serializers import deleted_json, new_key_json, service_account_json
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.errors import InvalidRequest
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.limits import Limits

_PATH: Final = "/organization/projects/{project_id}/service_accounts"
_ONE: Final = _PATH + "/{service_account_id}"


def add_service_accounts(app: FastAPI, directory: Directory, now_s: Callable[[], float], catalog: Catalogue) -> None:
    """Add the routes; `now_s` is the clock in Unix seconds."""
    _add_creation(app, directory, now_s, catalog)
    _add_reads(app, directory)
    _add_changes(app, directory)
    _add_keys(app, directory, now_s, catalog)


def _add_creation(app: FastAPI, directory: Directory, now_s: Callable[[], float], catalog: Catalogue) -> None:
    @app.post(_PATH)
    async def create(request: Request, project_id: str) -> Response:
        fields = await fields_of(request)
        name = name_of(fields, required=True)
        without_key = fields.flag("create_service_account_only")
        limits = limits_with_expiry(fields, now_s(), catalog)
        fields.refuse_the_rest()
        if without_key and limits != Limits():
            message = (
                "'create_service_account_only' is true, so no key is created that could have 'limits' or expire; "
                "remove 'limits' and 'expires_in_seconds'."
            )
            raise InvalidRequest(message, param="create_service_account_only")
        account, key = directory.service_accounts.create(project_id, name, limits=limits, with_key=not without_key)
        shown = None if key is None else new_key_json(key, limits)
        return json_response({**service_account_json(account), "api_key": shown})


def _add_reads(app: FastAPI, directory: Directory) -> None:
    @app.get(_PATH)
    async def list_accounts(request: Request, project_id: str) -> Response:
        query = PageQuery.of(request)
        project = directory.projects.get(project_id)
        accounts = directory.service_accounts.list(project.id, query.after)
        return json_response(page_of(map(service_account_json, accounts), query.limit))

    @app.get(_ONE)
    async def retrieve(project_id: str, service_account_id: str) -> Response:
        return json_response(service_account_json(directory.service_accounts.get(project_id, service_account_id)))


def _add_changes(app: FastAPI, directory: Directory) -> None:
    @app.post(_ONE)
    async def update(request: Request, project_id: str, service_account_id: str) -> Response:
        fields = await fields_of(request)
        name = name_of(fields, required=False)
        fields.choice("role", ("member",), default="member")  # the only one: keys have limits and no roles
        fields.refuse_the_rest()
        if name:
            account = directory.service_accounts.rename(project_id, service_account_id, name)
        else:
            account = directory.service_accounts.get(project_id, service_account_id)
        return json_response(service_account_json(account))

    @app.delete(_ONE)
    async def delete(project_id: str, service_account_id: str) -> Response:
        directory.service_accounts.delete(project_id, service_account_id)
        return json_response(deleted_json("organization.project.service_account", service_account_id))


def _add_keys(app: FastAPI, directory: Directory, now_s: Callable[[], float], catalog: Catalogue) -> None:
    @app.post(_ONE + "/api_keys")
    async def create_key(request: Request, project_id: str, service_account_id: str) -> Response:
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
        return json_response(new_key_json(key, limits))
