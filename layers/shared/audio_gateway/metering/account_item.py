"""The account as one DynamoDB item, and the expressions that change it.

    pk  ACCOUNT#<key id>      sk  0        (room for the shards of a hot key)
    status, version, limits                what the operator set; `version` counts the changes
    r<minute> c<minute> a<minute>          requests, characters and audio milliseconds of a clock minute
    m<month>                               micro-dollars spent and held in a UTC month
    holds                                  open requests: id → a short text
    late_<id>                              a request that ended and whose admission may arrive again: until when

Everything that an admission looks at lies in this one item, so that one conditional update decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.metering.account import Caller, Hold, Usage, Work, minute_of, month_of
from audio_gateway.metering.limits import Limits, limits_from_api

# The minute before the running one is kept: another machine's clock may still be in it.
_KEPT_MINUTES: Final = 2
_COUNTERS: Final = ("r", "c", "a")
# Far longer than a write can be under way whose sender has hung up, and so short that few of them are kept at once.
_LATE_SECONDS: Final = 30
_LATE: Final = "late_"


@dataclass(frozen=True, slots=True)
class Account:
    """What the operator set for a key, as of `version`."""

    status: str
    version: int
    limits: Limits


def account_key(key_id: str) -> dict[str, Any]:
    """The primary key of an account."""
    return {"pk": {"S": f"ACCOUNT#{key_id}"}, "sk": {"S": "0"}}


def account_from(item: dict[str, Any]) -> Account:
    """The operator's part of an item."""
    limits = limits_from_api(json.loads(item["limits"]["S"]))
    return Account(item["status"]["S"], int(item["version"]["N"]), limits)


def last_used_s(item: dict[str, Any]) -> int | None:
    """The beginning of the minute in which a request was last admitted, in unix seconds; None if there was none.

    The counter of that minute is what says so: no request writes anything for it.
    """
    minutes = _minutes_with_requests(item)
    return max(minutes) * 60 if minutes else None


def _minutes_with_requests(item: dict[str, Any]) -> list[int]:
    return [int(name[1:]) for name in item if name[0] == "r" and name[1:].isdecimal()]


def new_account_item(key_id: str, limits: Limits) -> dict[str, Any]:
    """The item of a key that has used nothing yet."""
    return account_key(key_id) | {
        "status": {"S": "active"},
        "version": {"N": "1"},
        "limits": {"S": limits_text(limits)},
        "holds": {"M": {}},
    }


def limits_text(limits: Limits) -> str:
    """Limits as an account keeps them."""
    return json.dumps(limits.to_api(), separators=(",", ":"))


def usage_from(item: dict[str, Any], now_ms: int) -> Usage:
    """What the item says of the running windows."""
    minute, month = minute_of(now_ms), month_of(now_ms)

    def number(name: str) -> int:
        return int(item.get(name, {"N": "0"})["N"])

    return Usage(
        requests=number(f"r{minute}"),
        characters=number(f"c{minute}"),
        audio_ms=number(f"a{minute}"),
        committed_microusd=number(f"m{month}"),
        open_holds=len(item["holds"]["M"]),
    )


def holds_from(item: dict[str, Any]) -> list[Hold]:
    """All open holds of an item."""
    key_id = item["pk"]["S"].removeprefix("ACCOUNT#")
    return [hold_from_text(key_id, hold_id, value["S"]) for hold_id, value in item["holds"]["M"].items()]


def hold_text(hold: Hold) -> str:
    """A hold as a short text: each open one makes every write of its account dearer (a unit per KB)."""
    work = hold.work
    return json.dumps(
        [
            hold.admitted_ms, hold.expires_s, hold.caller.project_id, work.endpoint, work.model, work.unit,
            work.amount, work.price_microusd, work.cost_microusd,
        ],
        separators=(",", ":"),
        ensure_ascii=False,
    )  # fmt: skip


def hold_from_text(key_id: str, hold_id: str, text: str) -> Hold:
    """The hold that `hold_text` wrote."""
    admitted_ms, expires_s, project_id, endpoint, model, unit, amount, price, cost = json.loads(text)
    work = Work(hold_id, endpoint, model, unit, amount, price, cost)
    return Hold(Caller(key_id, project_id), work, admitted_ms, expires_s)


def admission_update(hold: Hold, account: Account) -> dict[str, Any]:
    """The update that admits a hold if every limit of `account` allows it, and fails if `account` is out of date."""
    work, limits = hold.work, account.limits
    minute = minute_of(hold.admitted_ms)
    counted = {"r": 1, "c": work.amount if work.unit == "characters" else 0}
    counted["a"] = work.amount if work.unit == "audio_ms" else 0
    update = _Update(account_key(hold.caller.key_id))
    update.require("#status = :active AND version = :version", {":active": "active", ":version": account.version})
    update.name("#status", "status")
    update.name("#hold", work.request_id)
    update.require("attribute_not_exists(holds.#hold)", {})
    update.name("#late", _LATE + work.request_id)
    update.require("attribute_not_exists(#late)", {})
    caps = {"r": limits.requests_per_minute, "c": limits.characters_per_minute, "a": limits.audio_ms_per_minute}
    for counter, cap in caps.items():
        update.count(f"{counter}{minute}", counted[counter], cap)
    update.count(f"m{hold.month}", work.price_microusd, limits.monthly_budget_microusd)
    if limits.concurrent_requests is not None:
        update.require("size(holds) < :concurrent", {":concurrent": limits.concurrent_requests})
    update.set("holds.#hold", ":hold", hold_text(hold))
    for counter in _COUNTERS:
        update.remove(f"{counter}{minute - _KEPT_MINUTES}")
    return update.arguments()


def release_update(
    hold: Hold,
    spent_microusd: int,
    stale: tuple[str, ...] = (),
    *,
    late_from_ms: int | None = None,
    at_ms: int | None = None,
) -> dict[str, Any]:
    """The update that removes a hold, if it is still there, and leaves in the month what was really spent.

    `at_ms` is the stamp of the ledger row where that is not the moment of admission: its month is the one that pays.

    `late_from_ms`, the moment of the release, is given if the admission was sent twice: the first of the two may arrive
    from now on. It would hold the price again, and the sweeper would find the row and take it for one not yet released.
    """
    update = _Update(account_key(hold.caller.key_id))
    if late_from_ms is not None:
        update.name("#late", _LATE + hold.work.request_id)
        update.set("#late", ":late", late_from_ms // 1000 + _LATE_SECONDS)
    update.name("#hold", hold.work.request_id)
    update.require("attribute_exists(holds.#hold)", {})
    paying = hold.month if at_ms is None else month_of(at_ms)
    if paying == hold.month:
        update.count(f"m{hold.month}", spent_microusd - hold.work.price_microusd, None)
    else:
        update.count(f"m{hold.month}", -hold.work.price_microusd, None)
        update.count(f"m{paying}", spent_microusd, None)
    update.remove("holds.#hold")
    for name in stale:
        update.remove(name)
    return update.arguments()


def stale_counters(item: dict[str, Any], now_ms: int) -> tuple[str, ...]:
    """Names of the windows in an item that no clock can be in any more, and of what nothing can arrive for.

    The newest counter of requests is kept: it says when the key was used last.
    """
    oldest = minute_of(now_ms) - _KEPT_MINUTES + 1
    newest = f"r{max(_minutes_with_requests(item), default=0)}"
    windows = (
        name
        for name in item
        if name[0] in _COUNTERS and name[1:].isdecimal() and int(name[1:]) < oldest and name != newest
    )
    late = (name for name in item if name.startswith(_LATE) and int(item[name]["N"]) < now_ms // 1000)
    return (*windows, *late)


class _Update:
    """Collects the clauses of one UpdateItem."""

    def __init__(self, key: dict[str, Any]) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, str]] = {}
        self._conditions: list[str] = []
        self._clauses: dict[str, list[str]] = {"SET": [], "ADD": [], "REMOVE": []}

    def name(self, placeholder: str, attribute: str) -> None:
        self._names[placeholder] = attribute

    def require(self, condition: str, values: dict[str, int | str]) -> None:
        self._conditions.append(condition)
        for placeholder, value in values.items():
            self._value(placeholder, value)

    def count(self, attribute: str, amount: int, cap: int | None) -> None:
        """Add to a counter, and with a cap only if the sum stays within it: conditions cannot add for themselves."""
        if cap is not None:
            room = cap - amount
            absent = f"attribute_not_exists({attribute})" if room >= 0 else None
            within = f"{attribute} <= :room_{attribute}"
            self.require(f"({absent} OR {within})" if absent else within, {f":room_{attribute}": room})
        if amount:
            self._clauses["ADD"].append(f"{attribute} :add_{attribute}")
            self._value(f":add_{attribute}", amount)

    def set(self, path: str, placeholder: str, value: int | str) -> None:
        self._clauses["SET"].append(f"{path} = {placeholder}")
        self._value(placeholder, value)

    def remove(self, path: str) -> None:
        self._clauses["REMOVE"].append(path)

    def _value(self, placeholder: str, value: int | str) -> None:
        self._values[placeholder] = {"N": str(value)} if isinstance(value, int) else {"S": value}

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "Key": self._key,
            "ConditionExpression": " AND ".join(self._conditions),
            "UpdateExpression": " ".join(
                f"{verb} {', '.join(parts)}" for verb, parts in self._clauses.items() if parts
            ),
            "ExpressionAttributeNames": self._names,
        }
        return found | ({"ExpressionAttributeValues": self._values} if self._values else {})
