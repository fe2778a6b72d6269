"""`keys`: create, list, show, limit, rotate, disable, enable and delete API keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Final

import typer

from audio_gateway.cli.command import command
from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.key_data import Key, key_cells, key_data, key_lines, used_data
from audio_gateway.cli.known_models import note_unknown_models
from audio_gateway.cli.limits import NONE, LimitOptions, limits_text
from audio_gateway.cli.names import Name, validated_name
from audio_gateway.cli.output import Column, Output, TableView, Yes, confirm, note, time_text
from audio_gateway.cli.times import parse_time
from audio_gateway.errors import NotFound
from audio_gateway.identity.directory_items import DEFAULT_PROJECT, AdminKey, ProjectKey
from audio_gateway.identity.keys import KeyKind
from audio_gateway.metering.limits import Limits

keys = typer.Typer(help="API keys and their limits.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="From `keys list`.")]
OnlyProject = Annotated[str | None, typer.Option("--project", metavar="ID", help="Only this project.")]
Project = Annotated[str, typer.Option("--project", metavar="ID", help="The project of the key.")]
Overlap = Annotated[
    str,
    typer.Option(metavar="SPAN", help="How long the old key stays valid, such as 12h; 'none' disables it immediately."),
]
Admin = Annotated[bool, typer.Option("--admin", help="Create a key for the admin API. Its only limit is --expires.")]
Admins = Annotated[bool, typer.Option("--admin", help="List the keys for the admin API instead.")]

_COLUMNS: Final = (
    Column("id", no_wrap=True), Column("name"), Column("status"), Column("created", no_wrap=True),
    Column("last used", no_wrap=True), Column("project", optional=True), Column("key", optional=True),
    Column("limits", optional=True),
)  # fmt: skip
_DAY: Final = "24h"


@command(keys, "create")
def create(
    gateway: Gateway,
    limits: LimitOptions,
    output: Output,
    *,
    name: Name,
    project: Project = DEFAULT_PROJECT,
    admin: Admin = False,
) -> None:
    """Create a key and print its value. The value cannot be shown again.

    Only the value goes to stdout. The gateway stores only its hash.
    """
    wanted = limits.on_top_of(Limits(), gateway.now_s)
    if admin and wanted != Limits(expires_at=wanted.expires_at):
        raise UsageError("The only limit of an admin key is --expires. Remove the others.")
    if admin and project != DEFAULT_PROJECT:
        raise UsageError("An admin key belongs to no project: remove --project.")
    kind: KeyKind = "admin" if admin else "api"
    name = validated_name(name)
    note_unknown_models(wanted)
    key = gateway.directory.create_key(kind, name=name, project_id=project, limits=wanted)
    if output.as_json:
        output.data({**key_data(_found(gateway, key.record.id), gateway.now_s), "value": key.value})
        return
    note(f"Created {'admin key ' if admin else ''}{key.record.id} '{name}'; limits: {limits_text(wanted)}.")
    note("Its value, which cannot be shown again:")
    typer.echo(key.value)


@command(keys, "list")
def list_keys(gateway: Gateway, output: Output, *, project: OnlyProject = None, admin: Admins = False) -> None:
    """List the keys of all projects, or of one project."""
    if admin and project is not None:
        raise UsageError("Admin keys belong to no project: remove --project or --admin.")
    now_s = gateway.now_s
    found: list[Key] = list(gateway.directory.admin_keys() if admin else _keys(gateway, project))
    sheet = TableView(
        f"{'Admin keys' if admin else 'Keys'} of {gateway.target.label}",
        _COLUMNS,
        [key_cells(key, now_s) for key in found],
        empty="There are no keys. `keys create --name NAME` creates one.",
    )
    output.show({"object": "list", "data": [key_data(key, now_s) for key in found]}, sheet)


@command(keys, "show")
def show(gateway: Gateway, output: Output, *, key_id: KeyId) -> None:
    """Show a key, its limits and its usage of them."""
    from audio_gateway.metering.account_store import AccountStore

    key = _found(gateway, key_id)
    data, usage = key_data(key, gateway.now_s), None
    if isinstance(key, ProjectKey):
        found = AccountStore(gateway.target.client, gateway.target.table).get(key_id, gateway.now_ms)
        if found is not None:  # otherwise it has just been deleted
            usage = found[1]
            data["used"] = used_data(usage)
    lines = key_lines(key, usage, gateway.now_s)
    output.show(data, TableView(f"Key of {gateway.target.label}", [Column("", no_wrap=True), Column("")], lines))


@command(keys, "limit")
def limit(gateway: Gateway, limits: LimitOptions, output: Output, *, key_id: KeyId) -> None:
    """Change the limits of a key, even while it is in use.

    Limits that are not named stay the same; `none` removes a limit. Past usage still counts.
    """
    if not limits.given:
        raise UsageError("Give at least one limit, such as --monthly-budget-usd 25 or --monthly-budget-usd none.")
    now_s = gateway.now_s
    _check_has_account(gateway, key_id)
    key = gateway.directory.edit_limits(key_id, lambda present: limits.on_top_of(present, now_s))
    note_unknown_models(limits.on_top_of(Limits(), now_s))
    output.done(key_data(key, now_s), f"{_named(key)} now has these limits: {limits_text(key.limits)}.")


@command(keys, "rotate")
def rotate(gateway: Gateway, output: Output, *, key_id: KeyId, overlap: Overlap = _DAY) -> None:
    """Replace a key with a new one of the same name and limits, and print its value.

    The value cannot be shown again. The old key stays valid for 24 hours, or for the time given with --overlap. The new
    key starts with an unused monthly budget.
    """
    old = _check_has_account(gateway, key_id)
    if old.status != "active":
        raise CommandFailed(f"{_named(old)} is {old.status}. Only an active key can be rotated.")
    ends_at = None if overlap == NONE else parse_time("--overlap", overlap, gateway.now_s, ahead=True)
    entry, directory = old.entry, gateway.directory
    new = directory.create_key(
        "api", name=entry.name, project_id=entry.project_id, limits=old.limits,
        service_account_id=entry.service_account_id,
    )  # fmt: skip
    if ends_at is None:
        directory.disable(key_id)
    else:
        directory.edit_limits(
            key_id, lambda limits: replace(limits, expires_at=min(limits.expires_at or ends_at, ends_at))
        )
    if output.as_json:
        found = key_data(_found(gateway, new.record.id), gateway.now_s)
        output.data({**found, "value": new.value, "replaces": key_id})
        return
    until = "is disabled" if ends_at is None else f"stays valid until {time_text(ends_at)} UTC"
    note(f"Created {new.record.id} '{entry.name}'. {key_id} {until}; `keys delete {key_id}` removes it.")
    note("The new key's value, which cannot be shown again:")
    typer.echo(new.value)


@command(keys, "disable")
def disable(gateway: Gateway, output: Output, *, key_id: KeyId) -> None:
    """Disable a key until it is enabled again.

    Requests that cost money are refused immediately, all others within a minute.
    """
    _check_has_account(gateway, key_id)
    key = gateway.directory.disable(key_id)
    output.done(key_data(key, gateway.now_s), f"{_named(key)} is disabled. `keys enable {key_id}` enables it again.")


@command(keys, "enable")
def enable(gateway: Gateway, output: Output, *, key_id: KeyId) -> None:
    """Enable a disabled key.

    API Gateway may cache the refusal for up to a minute.
    """
    _check_has_account(gateway, key_id)
    key = gateway.directory.enable(key_id)
    output.done(key_data(key, gateway.now_s), f"{_named(key)} is enabled.")


@command(keys, "delete")
def delete(gateway: Gateway, output: Output, *, key_id: KeyId, yes: Yes = False) -> None:
    """Delete a key. This cannot be undone.

    Its ledger rows stay, and its running requests are still settled.
    """
    key = _found(gateway, key_id)
    confirm(f"Delete {_named(key)} of {gateway.target.label}? This cannot be undone.", yes=yes)
    if isinstance(key, AdminKey):
        gateway.directory.delete_admin_key(key_id)
    else:
        gateway.directory.delete(key_id)
    output.done({"object": "key", "id": key_id, "deleted": True}, f"{_named(key)} is deleted.")


def _keys(gateway: Gateway, project_id: str | None) -> Iterator[ProjectKey]:
    if project_id is not None:
        yield from gateway.directory.keys(gateway.directory.project(project_id).id)
        return
    for project in gateway.directory.projects():
        yield from gateway.directory.keys(project.id)


def _found(gateway: Gateway, key_id: str) -> Key:
    """Find an API key or an admin key. Raises `NotFound`."""
    try:
        return gateway.directory.key(key_id)
    except NotFound:
        with suppress(NotFound):
            return gateway.directory.admin_key(key_id)
        raise


def _check_has_account(gateway: Gateway, key_id: str) -> ProjectKey:
    key = _found(gateway, key_id)
    if isinstance(key, AdminKey):
        step = "`keys create --admin` creates another one."
        raise CommandFailed(f"{key_id} is an admin key: it can only be shown and deleted. {step}")
    return key


def _named(key: Key) -> str:
    entry = key if isinstance(key, AdminKey) else key.entry
    return f"{entry.id} '{entry.name}'"
