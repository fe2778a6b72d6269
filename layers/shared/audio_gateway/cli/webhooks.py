"""`webhooks`: list and remove the endpoints of all projects, and listen for events."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.command import command
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.listen import listen
from audio_gateway.cli.output import Column, Output, TableView, Yes, confirm
from audio_gateway.errors import NotFound
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.webhook import WebhookEndpoint

webhooks = typer.Typer(help="Webhook endpoints of all projects, and a local receiver.", no_args_is_help=True)

command(webhooks, "listen")(listen)

EndpointId = Annotated[str, typer.Argument(metavar="ENDPOINT_ID", help="From `webhooks list`.")]
OnlyProject = Annotated[str | None, typer.Option("--project", metavar="ID", help="Only this project.")]

_COLUMNS: Final = (
    Column("id", no_wrap=True),
    Column("project"),
    Column("name"),
    Column("status"),
    Column("given up", "right"),
    Column("url"),
    Column("events"),
)


@command(webhooks, "list")
def list_endpoints(gateway: Gateway, output: Output, *, project: OnlyProject = None) -> None:
    """List webhook endpoints. Those of archived projects are listed too, but get no events."""
    found = _endpoints(gateway, project)
    sheet = TableView(
        f"Webhook endpoints of {gateway.target.label}",
        _COLUMNS,
        [_cells(each) for each in found],
        empty="There are no endpoints.",
    )
    output.show({"object": "list", "data": [_data(each) for each in found]}, sheet)


@command(webhooks, "remove")
def remove(gateway: Gateway, output: Output, *, endpoint_id: EndpointId, yes: Yes = False) -> None:
    """Remove an endpoint. This cannot be undone. Its queued events are dropped."""
    found = next((each for each in _endpoints(gateway, None) if each.id == endpoint_id), None)
    if found is None:
        message = f"No project has a webhook endpoint '{endpoint_id[:100]}'.\n`webhooks list` shows the endpoints."
        raise NotFound(message, param="webhook_endpoint_id")
    confirm(f"Remove {found.id} of {found.project_id}, {found.url} ({gateway.target.label})?", yes=yes)
    _store(gateway).delete(found)
    output.done({"object": "webhook_endpoint", "id": found.id, "deleted": True}, f"{found.id} is removed.")


def _endpoints(gateway: Gateway, project: str | None) -> list[WebhookEndpoint]:
    store = _store(gateway)
    projects = gateway.directory.projects() if project is None else [gateway.directory.project(project)]
    return [endpoint for each in projects for endpoint in store.of_project(each.id)]


def _store(gateway: Gateway) -> WebhookStore:
    return WebhookStore(gateway.target.client, gateway.target.table)


def _data(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Return the documented JSON object."""
    return {
        "object": "webhook_endpoint",
        "id": endpoint.id,
        "project_id": endpoint.project_id,
        "name": endpoint.name,
        "url": endpoint.url,
        "event_types": list(endpoint.event_types),
        "status": endpoint.status,
        "events_given_up": endpoint.undelivered,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def _cells(endpoint: WebhookEndpoint) -> tuple[str, ...]:
    given_up, events = str(endpoint.undelivered), ", ".join(endpoint.event_types)
    return endpoint.id, endpoint.project_id, endpoint.name, endpoint.status, given_up, endpoint.url, events
