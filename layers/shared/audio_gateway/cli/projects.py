"""`projects`: create, list, rename and archive projects."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from audio_gateway.cli.command import command
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.names import Name, validated_name
from audio_gateway.cli.output import Column, Output, TableView, Yes, confirm, time_text
from audio_gateway.identity.directory_items import Project

projects = typer.Typer(help="Projects, which are isolated tenants.", no_args_is_help=True)

ProjectId = Annotated[str, typer.Argument(metavar="PROJECT_ID", help="From `projects list`.")]


@command(projects, "create")
def create(gateway: Gateway, output: Output, *, name: Name) -> None:
    """Create a project."""
    name = validated_name(name)
    project = gateway.directory.create_project(name)
    step = f"`keys create --project {project.id} --name NAME` creates a key for it."
    output.done(_data(project), f"Created {project.id} '{project.name}'. {step}")


@command(projects, "list")
def list_projects(gateway: Gateway, output: Output) -> None:
    """List the projects."""
    found = list(gateway.directory.projects())
    sheet = TableView(
        f"Projects of {gateway.target.label}",
        [Column("id", no_wrap=True), *map(Column, ("name", "status", "created"))],
        [(project.id, project.name, _status(project), time_text(project.created_at)) for project in found],
        empty="There are no projects. The first key creates the default one; `projects create --name NAME` adds more.",
    )
    output.show({"object": "list", "data": [_data(project) for project in found]}, sheet)


@command(projects, "rename")
def rename(gateway: Gateway, output: Output, *, project_id: ProjectId, name: Name) -> None:
    """Rename a project."""
    name = validated_name(name)
    project = gateway.directory.rename_project(project_id, name)
    output.done(_data(project), f"{project.id} is now called '{project.name}'.")


@command(projects, "archive")
def archive(gateway: Gateway, output: Output, *, project_id: ProjectId, yes: Yes = False) -> None:
    """Archive a project with its keys. This cannot be undone.

    All its keys are refused, and no more can be created. Its usage stays in the ledger.
    """
    project = gateway.directory.project(project_id)
    confirm(
        f"Archive {project.id} '{project.name}' of {gateway.target.label}, with its keys? This cannot be undone.",
        yes=yes,
    )
    project = gateway.directory.archive_project(project_id)
    output.done(_data(project), f"{project.id} '{project.name}' is archived.")


def _data(project: Project) -> dict[str, Any]:
    """Return the documented JSON object."""
    return {
        "object": "project",
        "id": project.id,
        "name": project.name,
        "status": _status(project),
        "created_at": project.created_at,
        "archived_at": project.archived_at,
    }


def _status(project: Project) -> str:
    return "active" if project.archived_at is None else "archived"
