"""The way of the money: what the answers said that they cost is in the ledger and on the account, once."""

from __future__ import annotations

import time
from typing import Final

from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.visit import Visit, microusd
from audio_gateway.metering.lateness import AHEAD_MS
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.limits import usd

_TRIES: Final = 6
_PAUSE_S: Final = 0.5
_AUDIT: Final = "`make audit` (with the same options) compares all sums; read the log of the function that answered."


def _ledger(visit: Visit) -> str:
    if not visit.charges:
        raise Skip("no call was answered that costs anything")
    wrong = _differences(visit)
    for _ in range(_TRIES):
        if not wrong:
            break
        time.sleep(_PAUSE_S)
        wrong = _differences(visit)
    if wrong:
        raise Red("; ".join(wrong), _AUDIT)
    total = sum(charge.microusd for charge in visit.charges)
    return f"{len(visit.charges)} answers, {len(visit.charges)} rows, ${usd(total)}"


def _differences(visit: Visit) -> list[str]:
    rows = _rows(visit)
    wrong = []
    for charge in visit.charges:
        found = [row.price_microusd for row in rows if row.request_id == charge.request_id]
        if len(found) != 1:
            wrong.append(f"{charge.request_id} has {len(found)} rows in the ledger")
        elif found[0] != charge.microusd:
            wrong.append(f"{charge.request_id} cost ${usd(charge.microusd)}, its row says ${usd(found[0])}")
    return wrong


def _account(visit: Visit) -> str:
    if not visit.charges:
        raise Skip("no call was answered that costs anything")
    rows = sum(row.price_microusd for row in _rows(visit))
    used = visit.call("GET", "/usage", "usage").json()["used"]
    spent = str(used["monthly_budget_usd"])
    if microusd(spent) != rows:
        raise Red(f"GET /usage says ${spent} spent, the ledger ${usd(rows)}", _AUDIT)
    return f"${spent} spent, as in the ledger"


def _rows(visit: Visit) -> list[LedgerRow]:
    now_ms = int(time.time() * 1000)
    rows = visit.gateway.ledger.rows(visit.begun_ms - AHEAD_MS, now_ms + AHEAD_MS)
    return [row for row in rows if row.key_id == visit.key.id]


def _reports(visit: Visit) -> str:
    start = visit.begun_ms // 1000 - 3_600
    for report in ("usage/audio_speeches", "usage/audio_transcriptions", "costs"):
        visit.admin("GET", f"/organization/{report}?start_time={start}")
    return "speeches, transcriptions, costs"


MONEY: Final = Group(
    "Money",
    (
        Check("ledger", "each answer has one row in the ledger, of the price that it named", _ledger, seconds=30),
        Check("account", "the key's account says what the ledger says", _account),
        Check("reports", "usage and costs can be asked for", _reports),
    ),
)
