"""Money: the cost that each response reported is in the ledger and on the account, exactly once."""

from __future__ import annotations

import time
from typing import Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext, microusd
from audio_gateway.metering.lateness import AHEAD_MS
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.limits import usd

_TRIES: Final = 6
_PAUSE_S: Final = 0.5
_AUDIT: Final = "`make audit` (with the same options) compares all sums. Read the log of the function that answered."


def _ledger(context: CheckContext) -> str:
    if not context.charges:
        raise CheckSkipped("no successful call had a cost")
    wrong = _differences(context)
    for _ in range(_TRIES):
        if not wrong:
            break
        time.sleep(_PAUSE_S)
        wrong = _differences(context)
    if wrong:
        raise CheckFailed("; ".join(wrong), _AUDIT)
    total = sum(charge.microusd for charge in context.charges)
    return f"{len(context.charges)} responses, {len(context.charges)} rows, ${usd(total)}"


def _differences(context: CheckContext) -> list[str]:
    rows = _rows(context)
    wrong = []
    for charge in context.charges:
        found = [row.price_microusd for row in rows if row.request_id == charge.request_id]
        if len(found) != 1:
            wrong.append(f"{charge.request_id} has {len(found)} rows in the ledger")
        elif found[0] != charge.microusd:
            wrong.append(f"{charge.request_id} cost ${usd(charge.microusd)}, its row says ${usd(found[0])}")
    return wrong


def _account(context: CheckContext) -> str:
    if not context.charges:
        raise CheckSkipped("no successful call had a cost")
    rows = sum(row.price_microusd for row in _rows(context))
    used = context.call("GET", "/usage", "usage").json()["used"]
    spent = str(used["monthly_budget_usd"])
    if microusd(spent) != rows:
        raise CheckFailed(f"GET /usage says ${spent} spent, the ledger ${usd(rows)}", _AUDIT)
    return f"${spent} spent, as in the ledger"


def _rows(context: CheckContext) -> list[LedgerRow]:
    now_ms = int(time.time() * 1000)
    rows = context.gateway.ledger.rows(context.started_ms - AHEAD_MS, now_ms + AHEAD_MS)
    return [row for row in rows if row.key_id == context.key.id]


def _reports(context: CheckContext) -> str:
    start = context.started_ms // 1000 - 3_600
    for report in ("usage/audio_speeches", "usage/audio_transcriptions", "costs"):
        context.admin("GET", f"/organization/{report}?start_time={start}")
    return "speeches, transcriptions, costs"


MONEY: Final = CheckGroup(
    "Money",
    (
        Check("ledger", "each response has one ledger row with the reported price", _ledger, seconds=30),
        Check("account", "the key's account matches the ledger", _account),
        Check("reports", "usage and costs reports can be read", _reports),
    ),
)
