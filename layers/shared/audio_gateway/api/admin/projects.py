"""Projects: create, list, retrieve, rename, archive."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.bodies import fields_of, name_of, refuse_fields
from audio_gateway.api.admin.serializers import project_json
from audio_gateway.api.http.pages import PageQuery, page_of
from audio_gateway.api.http.responses import json_response
from audio_gateway.identity.directory import Directory


def add_projects(app: FastAPI, directory: Directory) -> None:
    """Add the routes."""

    @app.post("/organization/projects")
    async def create(request: Request) -> Response:
        fields = await fields_of(request)
        name = name_of(fields, required=True)
        fields.refuse_the_rest()
        return json_response(project_json(directory.projects.create(name)))

    @app.get("/organization/projects")
    async def list_projects(request: Request) -> Response:
        query = PageQuery.of(request, include_archived=("false", "true"))
        archived_too = query.choices["include_archived"] == "true"
        projects = directory.projects.list(query.after)
        shown = (project for project in projects if archived_too or project.archived_at is None)
        return json_response(page_of(map(project_json, shown), query.limit))

    @app.get("/organization/projects/{project_id}")
    async def retrieve(project_id: str) -> Response:
        return json_response(project_json(directory.projects.get(project_id)))

    @app.post("/organization/projects/{project_id}")
    async def update(request: Request, project_id: str) -> Response:
        fields = await fields_of(request)
        name = name_of(fields, required=False)
        fields.refuse_the_rest()
        project = directory.projects.rename(project_id, name) if name else directory.projects.get(project_id)
        return json_response(project_json(project))

    @app.post("/organization/projects/{project_id}/archive")
    async def archive(request: Request, project_id: str) -> Response:
        await refuse_fields(request)
        return json_response(project_json(directory.archive_project(project_id)))
