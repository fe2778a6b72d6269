"""The updates of an account that requests, jobs and the sweeper make: each is one conditional UpdateItem.

All of them may be repeated, delivered twice, or arrive late. An expression has at most 4,096 bytes: whatever there may
be many of is taken in portions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.metering.account import Hold, minute_of
from audio_gateway.metering.account_item import BACK, COUNTERS, KEPT_MINUTES, LATE, Account, account_key, hold_text
from audio_gateway.metering.lag import CLOCKS_DIFFER_S, LATE_WRITE_S
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.open_accounts import LISTED, list_of

MAX_OPEN_HOLDS: Final = 300
"""So many requests and jobs of one key are open at once, whatever its limits say: each adds some 160 bytes to the
account, and every write of it costs a unit for each KB. Without a bound they would fill the 400 KB of an item."""

MAX_RELEASES: Final = 20
"""So many holds are released by one update."""

# For whoever removes a guard by a clock that is ahead, it is over sooner.
_GUARD_S: Final = LATE_WRITE_S + CLOCKS_DIFFER_S
# A step of a job has seen that the job goes on before it admits, and its client is patient: 40 s until its last try.
_GUARD_S_OF_JOBS: Final = _GUARD_S + 50


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a hold: what is really spent of it, in micro-dollars.

    `guarded`: its admission may arrive after this. It would hold the price again, and the sweeper would find the row
    and take it for one not yet released; so the account refuses it for as long as it may come.

    `given_back`: nobody knew of the job that it was held for, and nothing was charged. The account remembers that for a
    day, so that a settlement which comes all the same can charge (`late_charge`), and do so once.
    """

    hold: Hold
    spent_microusd: int
    guarded: bool = False
    given_back: bool = False


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
    update.name("#late", LATE + work.request_id)
    update.require("attribute_not_exists(#late)", {})
    caps = {"r": limits.requests_per_minute, "c": limits.characters_per_minute, "a": limits.audio_ms_per_minute}
    for counter, cap in caps.items():
        update.count(f"{counter}{minute}", counted[counter], cap)
    update.count(f"m{hold.month}", work.price_microusd, limits.monthly_budget_microusd)
    update.require("size(holds) < :concurrent", {":concurrent": most_at_once(limits)})
    update.set("holds.#hold", ":hold", hold_text(hold))
    update.set_if_absent(LISTED, ":list", list_of(hold.caller.key_id))  # no write of the index where it is there
    for counter in COUNTERS:
        update.remove(f"{counter}{minute - KEPT_MINUTES}")
    return update.arguments()


def most_at_once(limits: Limits) -> int:
    """How many requests and jobs of a key may be open at once."""
    return MAX_OPEN_HOLDS if limits.concurrent_requests is None else min(limits.concurrent_requests, MAX_OPEN_HOLDS)


def is_guarded(item: dict[str, Any], hold: Hold) -> bool:
    """Whether an account refuses a hold because it was released already."""
    return LATE + hold.work.request_id in item


def release_update(releases: Sequence[Release], now_ms: int, stale: Sequence[str] = ()) -> dict[str, Any]:
    """The update that removes holds of one account, if all are still there, and leaves in the month what was spent.

    At most `MAX_RELEASES` of them. `stale` are attributes that go with them, see `stale_names`.
    """
    update = _Update(account_key(releases[0].hold.caller.key_id))
    months: dict[str, int] = {}
    for at, release in enumerate(releases):
        hold, back = release.hold, BACK + release.hold.work.request_id
        update.name(f"#h{at}", hold.work.request_id)
        update.require(f"attribute_exists(holds.#h{at})", {})
        update.remove(f"holds.#h{at}")
        months[hold.month] = months.get(hold.month, 0) + release.spent_microusd - hold.work.price_microusd
        if release.guarded:
            update.name(f"#l{at}", LATE + hold.work.request_id)
            seconds = _GUARD_S_OF_JOBS if hold.is_job else _GUARD_S
            update.set(f"#l{at}", f":l{at}", now_ms // 1000 + seconds)
        if release.given_back:
            update.name(f"#b{at}", back)
            update.set(f"#b{at}", f":b{at}", hold_text(hold))
        elif hold.is_job:  # what was held again after it had been given back, and is settled now
            update.name(f"#b{at}", back)
            update.remove(f"#b{at}")
    for month, amount in months.items():
        update.count(f"m{month}", amount, None)
    for at, name in enumerate(stale):
        if not update.names_attribute(name):  # one path may not be changed twice
            update.name(f"#s{at}", name)
            update.remove(f"#s{at}")
    return update.arguments()


def stale_removal(key_id: str, stale: Sequence[str]) -> dict[str, Any]:
    """The update that removes `stale` attributes of an account, see `stale_names`, and nothing else."""
    update = _Update(account_key(key_id))
    update.require("attribute_exists(pk)", {})
    for at, name in enumerate(stale):
        update.name(f"#s{at}", name)
        update.remove(f"#s{at}")
    return update.arguments()


def was_given_back(item: dict[str, Any], hold: Hold) -> bool:
    """Whether an account says that the hold of a job was given back unpaid."""
    return BACK + hold.work.request_id in item


def late_charge(hold: Hold, spent_microusd: int) -> dict[str, Any]:
    """The update that charges a job whose hold was given back unpaid: once, for what says so goes with it."""
    update = _Update(account_key(hold.caller.key_id))
    update.name("#back", BACK + hold.work.request_id)
    update.require("attribute_exists(#back)", {})
    update.count(f"m{hold.month}", spent_microusd, None)
    update.remove("#back")
    return update.arguments()


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

    def names_attribute(self, attribute: str) -> bool:
        return attribute in self._names.values()

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

    def set_if_absent(self, path: str, placeholder: str, value: str) -> None:
        self._clauses["SET"].append(f"{path} = if_not_exists({path}, {placeholder})")
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
