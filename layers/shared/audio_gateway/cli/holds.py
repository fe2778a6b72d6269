"""`holds`: lists the money held for running requests and jobs."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.output import Column, Output, TableView, audio_text, dollars, duration_text
from audio_gateway.errors import NotFound
from audio_gateway.metering.account import Hold
from audio_gateway.metering.account_item import account_key, holds_from

Key = Annotated[str | None, typer.Option(metavar="KEY_ID", help="Only this key.")]

_MILLISECONDS: Final = 1_000
_COLUMNS: Final = (
    Column("key", no_wrap=True),
    Column("name"),
    Column("request", no_wrap=True),
    Column("endpoint"),
    Column("model"),
    Column("amount", "right"),
    Column("held $", "right", no_wrap=True),
    Column("age", "right"),
    Column("expires", "right"),
)


def holds(gateway: Gateway, output: Output, *, key: Key = None) -> None:
    """List the money held for running requests and jobs.

    The oldest hold comes first. An expired hold is waiting for the sweeper, which runs every minute, or belongs to a
    running job, which keeps its hold until it ends.
    """
    now_s = gateway.now_s
    found = sorted(_holds(gateway, key), key=lambda hold: (hold.admitted_ms, hold.work.request_id))
    expired = sum(_expired(hold, now_s) for hold in found)
    held = dollars(sum(hold.work.price_microusd for hold in found))
    names = gateway.key_names() if found and not output.as_json else {}
    sheet = TableView(
        f"Open holds of {gateway.target.label}",
        _COLUMNS,
        [_cells(hold, names.get(hold.caller.key_id, "(deleted)"), now_s) for hold in found],
        total=(f"{len(found)} open, {expired} expired", *[""] * 5, held, "", ""),
        empty="There are no open holds.",
    )
    data = {
        "object": "holds",
        "data": [_data(hold, now_s) for hold in found],
        "total": {"open": len(found), "expired": expired, "held_usd": held},
    }
    output.show(data, sheet)


def _holds(gateway: Gateway, key_id: str | None) -> list[Hold]:
    key_ids = gateway.directory.all_key_ids() if key_id is None else [key_id]
    accounts = list(gateway.items.get_each(map(account_key, key_ids)))
    if key_id is not None and not accounts:
        raise NotFound(f"No key has the id '{key_id[:100]}'.", param="key_id")
    return [hold for account in accounts for hold in holds_from(account)]


def _data(hold: Hold, now_s: int) -> dict[str, Any]:
    """Return the documented JSON object."""
    work = hold.work
    return {
        "object": "hold",
        "key_id": hold.caller.key_id,
        "project_id": hold.caller.project_id,
        "request_id": work.request_id,
        "endpoint": work.endpoint,
        "model": work.model,
        "unit": work.unit,
        "amount": work.amount,
        "held_usd": dollars(work.price_microusd),
        "admitted_at": hold.admitted_ms // _MILLISECONDS,
        "age_seconds": _age(hold, now_s),
        "expires_at": hold.expires_s,
        "expired": _expired(hold, now_s),
    }


def _cells(hold: Hold, name: str, now_s: int) -> tuple[str, ...]:
    work = hold.work
    return (
        hold.caller.key_id,
        name,
        work.request_id,
        work.endpoint,
        work.model,
        audio_text(work.amount) if work.unit == "audio_ms" else f"{work.amount:,} characters",
        dollars(work.price_microusd),
        duration_text(_age(hold, now_s)),
        "expired" if _expired(hold, now_s) else f"in {duration_text(hold.expires_s - now_s)}",
    )


def _age(hold: Hold, now_s: int) -> int:
    return max(0, now_s - hold.admitted_ms // _MILLISECONDS)


def _expired(hold: Hold, now_s: int) -> bool:
    return hold.expires_s <= now_s
