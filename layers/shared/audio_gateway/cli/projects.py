"""`projects`: create, list, rename, archive."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from audio_gateway.cli.command import command
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.names import Name, checked
from audio_gateway.cli.output import Column, Output, Sheet, Yes, confirm, moment_text
from audio_gateway.identity.directory_items import Project

projects = typer.Typer(help="Projects: tenants that share nothing with each other.", no_args_is_help=True)

ProjectId = Annotated[str, typer.Argument(metavar="PROJECT_ID", help="As `projects list` shows it.")]


@command(projects, "create")
def create(gateway: Gateway, output: Output, *, name: Name) -> None:
    """Create a project."""
    name = checked(name)
    project = gateway.directory.projects.create(name)
    step = f"`keys create --project {project.id} --name NAME` gives it a key."
    output.done(_data(project), f"Created {project.id} '{project.name}'. {step}")


@command(projects, "list")
def list_projects(gateway: Gateway, output: Output) -> None:
    """List the projects."""
    found = list(gateway.directory.projects.list())
    sheet = Sheet(
        f"Projects of {gateway.deployment.called}",
        [Column("id", whole=True), *map(Column, ("name", "status", "created"))],
        [(project.id, project.name, _status(project), moment_text(project.created_at)) for project in found],
        empty="There is none yet: the first key makes the default one, `projects create --name NAME` any other.",
    )
    output.show({"object": "list", "data": [_data(project) for project in found]}, sheet)


@command(projects, "rename")
def rename(gateway: Gateway, output: Output, *, project_id: ProjectId, name: Name) -> None:
    """Give a project another name."""
    name = checked(name)
    project = gateway.directory.projects.rename(project_id, name)
    output.done(_data(project), f"{project.id} is called '{project.name}' now.")


@command(projects, "archive")
def archive(gateway: Gateway, output: Output, *, project_id: ProjectId, yes: Yes = False) -> None:
    """End a project for good, with its keys.

    All of its keys are refused, and it gets no more. What it has used stays in the ledger.
    """
    project = gateway.directory.projects.get(project_id)
    confirm(f"Archive {project.id} '{project.name}' of {gateway.deployment.called} for good, with its keys?", yes=yes)
    project = gateway.directory.archive_project(project_id)
    output.done(_data(project), f"{project.id} '{project.name}' is archived.")


def _data(project: Project) -> dict[str, Any]:
    """The documented object."""
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
