"""The account as one DynamoDB item.

    pk  ACCOUNT#<key id>      sk  0        (room for the shards of a hot key)
    status, version, limits                what the operator set; `version` counts the changes
    r<minute> c<minute> a<minute>          requests, characters and audio milliseconds of a clock minute
    m<month>                               micro-dollars spent and held in a UTC month
    f<month>                               micro-dollars that providers charged in it for failures, free to the caller
    holds                                  open requests and jobs: id → a short text
    open_jobs                              the ids of those that are jobs: see `account_updates`
    waits                                  polls that wait for jobs: see `waiting_polls`
    late_<id>                              until when the admission of a request that has ended may arrive again
    listed_in                              the list of the accounts that may have open holds: see `open_accounts`
    back_<id>                              a job's hold that was returned unpaid, as its text: see `account_updates`

Everything that an admission checks is in this one item, so one conditional update decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.errors import KeyNotUsable
from audio_gateway.metering.account import JOB_PREFIX, Hold, MeteredRequest, Payer, Usage, minute_of, month_of
from audio_gateway.metering.limits import Limits, limits_from_stored
from audio_gateway.metering.unusable_key import ARCHIVED, DELETED, DISABLED, NOT_USABLE, expired

COUNTERS: Final = ("r", "c", "a")
"""Of requests, characters and milliseconds of audio. A letter and the number of a minute name an attribute."""
KEPT_MINUTES: Final = 2
"""The minute before the running one is kept, as another machine's clock may still be in it."""
LATE: Final = "late_"
BACK: Final = "back_"
WAITS: Final = "waits"
OPEN_JOBS: Final = "open_jobs"
"""A set beside the map of holds: a condition can count all members of either, but not some of them."""

MAX_STALE: Final = 40
"""The most obsolete attributes that one update removes. Its expression stays far below 4,096 bytes, and it removes more
than one update can leave behind."""

_DAY_S: Final = 24 * 3600


_WHY: Final = {"archived": ARCHIVED, "deleted": DELETED}


@dataclass(frozen=True, slots=True)
class Account:
    """What the operator set for a key, as of `version`."""

    status: str
    version: int
    limits: Limits


def refusal_of(account: Account, now_ms: int) -> KeyNotUsable | None:
    """Why a key cannot be used at this moment, whatever its counters say; None if it can."""
    if account.status != "active":
        return _not_usable(_WHY.get(account.status, DISABLED))
    why = expired(account.limits.expires_at, now_ms // 1000)
    return None if why is None else _not_usable(why)


def no_account() -> KeyNotUsable:
    """The refusal of a key without an account."""
    return _not_usable(DELETED)


def _not_usable(why: str) -> KeyNotUsable:
    return KeyNotUsable(NOT_USABLE.format(why))


def account_key(key_id: str) -> dict[str, Any]:
    """The primary key of an account."""
    return {"pk": {"S": f"ACCOUNT#{key_id}"}, "sk": {"S": "0"}}


def account_from(item: dict[str, Any]) -> Account:
    """The operator's part of an item."""
    limits = limits_from_stored(json.loads(item["limits"]["S"]))
    return Account(item["status"]["S"], int(item["version"]["N"]), limits)


def last_used_s(item: dict[str, Any]) -> int | None:
    """The beginning of the minute in which a request was last admitted, in Unix seconds; None if there was none.

    The counter of that minute shows it; no request writes anything for it.
    """
    minutes = _minutes_with_requests(item)
    return max(minutes) * 60 if minutes else None


def _minutes_with_requests(item: dict[str, Any]) -> list[int]:
    return [int(name[1:]) for name in item if name[0] == "r" and name[1:].isdecimal()]


def new_account_item(key_id: str, limits: Limits) -> dict[str, Any]:
    """The item of a new key."""
    return account_key(key_id) | {
        "status": {"S": "active"},
        "version": {"N": "1"},
        "limits": {"S": limits_text(limits)},
        "holds": {"M": {}},
    }


def limits_text(limits: Limits) -> str:
    """Limits as an account stores them."""
    return json.dumps(limits.to_api(), separators=(",", ":"))


def usage_from(item: dict[str, Any], now_ms: int) -> Usage:
    """The usage of the running windows."""
    minute, month = minute_of(now_ms), month_of(now_ms)

    def number(name: str) -> int:
        return int(item.get(name, {"N": "0"})["N"])

    return Usage(
        requests=number(f"r{minute}"),
        characters=number(f"c{minute}"),
        audio_ms=number(f"a{minute}"),
        committed_microusd=number(f"m{month}"),
        unbilled_cost_microusd=number(f"f{month}"),
        open_holds=len(item["holds"]["M"]),
        open_jobs=sum(hold_id.startswith(JOB_PREFIX) for hold_id in item["holds"]["M"]),
    )


def holds_from(item: dict[str, Any]) -> list[Hold]:
    """All open holds of an item."""
    key_id = item["pk"]["S"].removeprefix("ACCOUNT#")
    return [hold_from_text(key_id, hold_id, value["S"]) for hold_id, value in item["holds"]["M"].items()]


def hold_of(item: dict[str, Any], key_id: str, hold_id: str) -> Hold | None:
    """One open hold of an item, None if it has none of this id."""
    text = item["holds"]["M"].get(hold_id) if item else None
    return None if text is None else hold_from_text(key_id, hold_id, text["S"])


def closed_jobs(item: dict[str, Any]) -> set[str]:
    """Jobs in the set of open ones without a hold: earlier versions released them, and did not know of the set."""
    return set(item.get(OPEN_JOBS, {"SS": ()})["SS"]).difference(item["holds"]["M"])


def hold_text(hold: Hold) -> str:
    """A hold as a short text: each open one makes every write of its account more expensive (a unit per KB)."""
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
    work = MeteredRequest(hold_id, endpoint, model, unit, amount, price, cost)
    return Hold(Payer(key_id, project_id), work, admitted_ms, expires_s)


def given_back_from(item: dict[str, Any], now_ms: int) -> list[Hold]:
    """The holds of jobs that were returned within the last day, and whose settlement may still come."""
    key_id = item["pk"]["S"].removeprefix("ACCOUNT#")
    marks = ((name.removeprefix(BACK), value["S"]) for name, value in item.items() if name.startswith(BACK))
    holds = (hold_from_text(key_id, hold_id, text) for hold_id, text in marks)
    return [hold for hold in holds if hold.expires_s + _DAY_S >= now_ms // 1000]


def stale_names(item: dict[str, Any], now_ms: int) -> tuple[str, ...]:
    """The oldest obsolete attributes, at most `MAX_STALE`.

    They are counters of minutes that no clock can be in, guards against admissions that cannot arrive any more, and
    marks of holds whose settlement cannot come any more. The newest counter of requests is kept: it says when the key
    was last used.
    """
    newest = f"r{max(_minutes_with_requests(item), default=0)}"
    over_s = ((_over_s(name, value), name) for name, value in item.items() if name != newest)
    stale = sorted((at_s, name) for at_s, name in over_s if at_s is not None and at_s < now_ms // 1000)
    return tuple(name for _, name in stale[:MAX_STALE])


def _over_s(name: str, value: dict[str, Any]) -> int | None:
    """When an attribute becomes obsolete, in Unix seconds; None for never."""
    if name[0] in COUNTERS and name[1:].isdecimal():
        return (int(name[1:]) + KEPT_MINUTES) * 60 - 1
    if name.startswith(LATE):
        return int(value["N"])
    if name.startswith(BACK):
        return hold_from_text("", "", value["S"]).expires_s + _DAY_S
    return None
