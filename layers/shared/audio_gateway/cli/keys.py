"""`keys`: create, list, show, limit, rotate, disable, enable, delete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Final

import typer

from audio_gateway.cli.command import command
from audio_gateway.cli.failures import Failed, WrongUse
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.key_data import Key, key_cells, key_data, key_lines, used_data
from audio_gateway.cli.known_models import remark_unknown_models
from audio_gateway.cli.limits import NONE, LimitOptions, limits_text
from audio_gateway.cli.moments import moment
from audio_gateway.cli.names import Name, checked
from audio_gateway.cli.output import Column, Output, Sheet, Yes, confirm, moment_text, remark
from audio_gateway.errors import NotFound
from audio_gateway.identity.directory_items import DEFAULT_PROJECT, AdminKey, ProjectKey
from audio_gateway.metering.limits import Limits

keys = typer.Typer(help="API keys and their limits.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="As `keys list` shows it.")]
OnlyProject = Annotated[str | None, typer.Option("--project", metavar="ID", help="Only of this project.")]
Project = Annotated[str, typer.Option("--project", metavar="ID", help="Whose key it is.")]
Overlap = Annotated[
    str, typer.Option(metavar="SPAN", help="How long the old key can still be used, such as 12h; none for not at all.")
]
Admin = Annotated[bool, typer.Option("--admin", help="A key for the admin API, which has no limits but --expires.")]
Admins = Annotated[bool, typer.Option("--admin", help="The keys for the admin API instead.")]

_COLUMNS: Final = (
    Column("id", whole=True), Column("name"), Column("status"), Column("created", whole=True),
    Column("last used", whole=True), Column("project", spare=True), Column("key", spare=True),
    Column("limits", spare=True),
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
    """Create a key and show its value, this once.

    The value is all that is on stdout; only its hash is kept.
    """
    wanted = limits.on_top_of(Limits(), gateway.now_s)
    if admin and wanted != Limits(expires_at=wanted.expires_at):
        raise WrongUse("An admin key has no limits but --expires.")
    if admin and project != DEFAULT_PROJECT:
        raise WrongUse("An admin key belongs to no project: leave out --project.")
    name = checked(name)
    remark_unknown_models(wanted)
    directory = gateway.directory
    if admin:
        key = directory.admin_keys.create(name, expires_at=wanted.expires_at)
    else:
        key = directory.api_keys.create(name, project_id=project, limits=wanted)
    if output.as_json:
        output.data({**key_data(_found(gateway, key.record.id), gateway.now_s), "value": key.value})
        return
    remark(f"Created {'admin key ' if admin else ''}{key.record.id} '{name}'; limits: {limits_text(wanted)}.")
    remark("This is its value, which nobody can see again:")
    typer.echo(key.value)


@command(keys, "list")
def list_keys(gateway: Gateway, output: Output, *, project: OnlyProject = None, admin: Admins = False) -> None:
    """List the keys of all projects, or of one."""
    if admin and project is not None:
        raise WrongUse("Admin keys belong to no project: leave out --project or --admin.")
    now_s = gateway.now_s
    found: list[Key] = list(gateway.directory.admin_keys.list() if admin else _keys(gateway, project))
    sheet = Sheet(
        f"{'Admin keys' if admin else 'Keys'} of {gateway.deployment.called}",
        _COLUMNS,
        [key_cells(key, now_s) for key in found],
        empty="There is none. `keys create --name NAME` makes one.",
    )
    output.show({"object": "list", "data": [key_data(key, now_s) for key in found]}, sheet)


@command(keys, "show")
def show(gateway: Gateway, output: Output, *, key_id: KeyId) -> None:
    """Show one key, its limits, and what is used of them."""
    from audio_gateway.metering.account_store import AccountStore

    key = _found(gateway, key_id)
    data, usage = key_data(key, gateway.now_s), None
    if isinstance(key, ProjectKey):
        found = AccountStore(gateway.deployment.client, gateway.deployment.table).get(key_id, gateway.now_ms)
        if found is not None:  # else it was deleted a moment ago
            usage = found[1]
            data["used"] = used_data(usage)
    lines = key_lines(key, usage, gateway.now_s)
    output.show(data, Sheet(f"Key of {gateway.deployment.called}", [Column("", whole=True), Column("")], lines))


@command(keys, "limit")
def limit(gateway: Gateway, limits: LimitOptions, output: Output, *, key_id: KeyId) -> None:
    """Change limits of a key, also while it is in use.

    Those that are not named stay as they are; `none` takes one away. What is used already stays counted.
    """
    if not limits.given:
        raise WrongUse("Name a limit to change, such as --monthly-budget-usd 25, or --monthly-budget-usd none.")
    now_s = gateway.now_s
    _check_has_account(gateway, key_id)
    key = gateway.directory.api_keys.edit_limits(key_id, lambda present: limits.on_top_of(present, now_s))
    remark_unknown_models(limits.on_top_of(Limits(), now_s))
    output.done(key_data(key, now_s), f"{_named(key)} has these limits now: {limits_text(key.limits)}.")


@command(keys, "rotate")
def rotate(gateway: Gateway, output: Output, *, key_id: KeyId, overlap: Overlap = _DAY) -> None:
    """Replace a key by a new one with the same name and limits, and show its value, this once.

    The old key can be used for another day, or as long as --overlap says. What it has used stays its own: the new one
    begins its monthly budget anew.
    """
    old = _check_has_account(gateway, key_id)
    if old.status != "active":
        raise Failed(f"{_named(old)} is {old.status}, and has nobody who needs another one.")
    ends_at = None if overlap == NONE else moment("--overlap", overlap, gateway.now_s, ahead=True)
    entry, directory = old.entry, gateway.directory
    new = directory.api_keys.create(
        name=entry.name, project_id=entry.project_id, limits=old.limits,
        service_account_id=entry.service_account_id,
    )  # fmt: skip
    if ends_at is None:
        directory.api_keys.disable(key_id)
    else:
        directory.api_keys.edit_limits(
            key_id, lambda limits: replace(limits, expires_at=min(limits.expires_at or ends_at, ends_at))
        )
    if output.as_json:
        found = key_data(_found(gateway, new.record.id), gateway.now_s)
        output.data({**found, "value": new.value, "replaces": key_id})
        return
    until = "is refused from now on" if ends_at is None else f"can be used until {moment_text(ends_at)} UTC"
    remark(f"Created {new.record.id} '{entry.name}'. {key_id} {until}; `keys delete {key_id}` removes it.")
    remark("This is the new key's value, which nobody can see again:")
    typer.echo(new.value)


@command(keys, "disable")
def disable(gateway: Gateway, output: Output, *, key_id: KeyId) -> None:
    """Refuse a key until it is enabled again.

    What costs money is refused at once, the rest within a minute.
    """
    _check_has_account(gateway, key_id)
    key = gateway.directory.api_keys.disable(key_id)
    output.done(key_data(key, gateway.now_s), f"{_named(key)} is disabled. `keys enable {key_id}` takes that back.")


@command(keys, "enable")
def enable(gateway: Gateway, output: Output, *, key_id: KeyId) -> None:
    """Let a disabled key be used again.

    API Gateway may remember the refusal for a minute.
    """
    _check_has_account(gateway, key_id)
    key = gateway.directory.api_keys.enable(key_id)
    output.done(key_data(key, gateway.now_s), f"{_named(key)} is enabled.")


@command(keys, "delete")
def delete(gateway: Gateway, output: Output, *, key_id: KeyId, yes: Yes = False) -> None:
    """Delete a key for good.

    Its rows in the ledger stay, and requests that are running are still settled.
    """
    key = _found(gateway, key_id)
    confirm(f"Delete {_named(key)} of {gateway.deployment.called} for good?", yes=yes)
    if isinstance(key, AdminKey):
        gateway.directory.admin_keys.delete(key_id)
    else:
        gateway.directory.api_keys.delete(key_id)
    output.done({"object": "key", "id": key_id, "deleted": True}, f"{_named(key)} is deleted.")


def _keys(gateway: Gateway, project_id: str | None) -> Iterator[ProjectKey]:
    if project_id is not None:
        yield from gateway.directory.api_keys.list(gateway.directory.projects.get(project_id).id)
        return
    for project in gateway.directory.projects.list():
        yield from gateway.directory.api_keys.list(project.id)


def _found(gateway: Gateway, key_id: str) -> Key:
    """The key of either kind; raises `NotFound`."""
    try:
        return gateway.directory.api_keys.get(key_id)
    except NotFound:
        with suppress(NotFound):
            return gateway.directory.admin_keys.get(key_id)
        raise


def _check_has_account(gateway: Gateway, key_id: str) -> ProjectKey:
    key = _found(gateway, key_id)
    if isinstance(key, AdminKey):
        step = "`keys create --admin` makes another one."
        raise Failed(f"{key_id} is an admin key: it has no limits and is not disabled, only deleted. {step}")
    return key


def _named(key: Key) -> str:
    entry = key if isinstance(key, AdminKey) else key.entry
    return f"{entry.id} '{entry.name}'"
