"""The updates of an account that requests, jobs and the sweeper make: each is one conditional UpdateItem.

All of them may be repeated, delivered twice, or arrive late. An expression has at most 4,096 bytes, so long lists are
processed in portions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.aws.update import Update
from audio_gateway.metering.account import Hold, MeteredRequest, minute_of
from audio_gateway.metering.account_item import (
    BACK,
    COUNTERS,
    KEPT_MINUTES,
    LATE,
    OPEN_JOBS,
    Account,
    account_key,
    hold_text,
)
from audio_gateway.metering.lateness import CLOCKS_DIFFER_S, LATE_WRITE_S
from audio_gateway.metering.open_accounts import LISTED, list_of

MAX_RELEASES: Final = 20
"""The most holds that one update releases."""

# A process whose clock is ahead removes a guard sooner.
_GUARD_S: Final = LATE_WRITE_S + CLOCKS_DIFFER_S
# A step of a job checks that the job goes on before it admits, and its client is patient: 40 s until its last try.
_GUARD_S_OF_JOBS: Final = _GUARD_S + 50


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a hold: what of it is spent, in micro-dollars, and the unbilled cost.

    `guarded`: its admission may arrive after this release. It would hold the price again, and the sweeper would find
    the row and treat the hold as not yet released. So the account refuses the admission as long as it may arrive.

    `given_back`: the job of the hold was unknown, and nothing was charged. The account remembers that for a day, so a
    late settlement can still charge (`late_charge`), and only once.
    """

    hold: Hold
    spent_microusd: int
    guarded: bool = False
    given_back: bool = False
    unbilled_cost_microusd: int = 0


def admission_update(hold: Hold, account: Account) -> Update:
    """The update that admits a hold if every limit of `account` allows it, and fails if `account` is outdated."""
    work, limits = hold.work, account.limits
    minute = minute_of(hold.admitted_ms)
    update = _for_a_request(hold.caller.key_id, account, minute)
    update.name("#hold", work.request_id)
    update.require("attribute_not_exists(holds.#hold)")
    update.name("#late", LATE + work.request_id)
    update.require("attribute_not_exists(#late)")
    update.count(f"c{minute}", _counted(work, "characters"), limits.characters_per_minute)
    update.count(f"a{minute}", _counted(work, "audio_ms"), limits.audio_ms_per_minute)
    update.count(f"m{hold.month}", work.price_microusd, limits.monthly_budget_microusd)
    if limits.monthly_budget_microusd is not None:
        update.require_less(f"f{hold.month}", "budget", limits.monthly_budget_microusd)
    update.require("size(holds) < :concurrent", concurrent=limits.most_at_once)
    if hold.is_job:
        update.require_fewer(OPEN_JOBS, "jobs", limits.most_jobs)
        update.add_to_set(OPEN_JOBS, "job", [work.request_id])
    update.set("holds.#hold", hold_text(hold))
    update.set_if_absent(LISTED, list_of(hold.caller.key_id))  # the index is written only if it is absent
    return update


def visit_update(key_id: str, account: Account, at_ms: int) -> Update:
    """The update that counts a free request, which holds nothing, if `requests_per_minute` allows it."""
    return _for_a_request(key_id, account, minute_of(at_ms))


def correction_update(present: Hold, wanted: Hold, account: Account, at_ms: int) -> Update:
    """The update that replaces a hold by a larger one of the same request.

    Only the difference is admitted, against the budget of the hold's month and the running minute. It fails if
    `account` is outdated. If nothing is added, it only checks that the hold exists.
    """
    limits, minute = account.limits, minute_of(at_ms)
    update = Update(account_key(wanted.caller.key_id))
    update.name("#hold", wanted.work.request_id)
    update.require("holds.#hold = :present", present=hold_text(present))
    update.set("holds.#hold", hold_text(wanted))
    if wanted == present:
        return update
    update.require("version = :version", version=account.version)
    for letter, unit, cap in (
        ("c", "characters", limits.characters_per_minute),
        ("a", "audio_ms", limits.audio_ms_per_minute),
    ):
        whole = _counted(wanted.work, unit)
        more = whole - _counted(present.work, unit)
        # A part that was counted in another minute does not allow more than a minute's whole limit.
        room = more - 1 if cap is not None and whole > cap else cap
        update.count(f"{letter}{minute}", more, room if more > 0 else None)
    price = wanted.work.price_microusd - present.work.price_microusd
    update.count(f"m{wanted.month}", price, limits.monthly_budget_microusd if price > 0 else None)
    return update


def without_closed_jobs(key_id: str, closed: Iterable[str]) -> Update:
    """The update that removes jobs without a hold from the set of open ones."""
    update = Update(account_key(key_id))
    update.require("attribute_exists(pk)")
    update.remove_from_set(OPEN_JOBS, "closed", list(closed))
    return update


def _for_a_request(key_id: str, account: Account, minute: int) -> Update:
    """What every request needs: an active key, and room among the requests of the minute."""
    update = Update(account_key(key_id))
    update.require("#status = :active AND version = :version", active="active", version=account.version)
    update.count(f"r{minute}", 1, account.limits.requests_per_minute)
    for counter in COUNTERS:
        update.remove(f"{counter}{minute - KEPT_MINUTES}")
    return update


def _counted(work: MeteredRequest, unit: str) -> int:
    return work.amount if work.unit == unit else 0


def is_guarded(item: dict[str, Any], hold: Hold) -> bool:
    """Whether an account refuses a hold because it has been released already."""
    return LATE + hold.work.request_id in item


def release_update(releases: Sequence[Release], now_ms: int, stale: Sequence[str] = ()) -> Update:
    """The update that removes holds of one account, if all of them exist unchanged, and keeps what was spent.

    At most `MAX_RELEASES` holds. `stale` attributes are removed with them, see `stale_names`.
    """
    update = Update(account_key(releases[0].hold.caller.key_id))
    counts: Counter[str] = Counter()
    for at, release in enumerate(releases):
        hold, back = release.hold, BACK + release.hold.work.request_id
        update.name(f"#h{at}", hold.work.request_id)
        update.require(f"holds.#h{at} = :h{at}", **{f"h{at}": hold_text(hold)})
        update.remove(f"holds.#h{at}")
        counts[f"m{hold.month}"] += release.spent_microusd - hold.work.price_microusd
        counts[f"f{hold.month}"] += release.unbilled_cost_microusd
        if release.guarded:
            update.name(f"#l{at}", LATE + hold.work.request_id)
            seconds = _GUARD_S_OF_JOBS if hold.is_job else _GUARD_S
            update.set(f"#l{at}", now_ms // 1000 + seconds)
        if release.given_back:
            update.name(f"#b{at}", back)
            update.set(f"#b{at}", hold_text(hold))
        elif hold.is_job:  # it was held again after it had been returned, and is settled now
            update.name(f"#b{at}", back)
            update.remove(f"#b{at}")
    if jobs := [each.hold.work.request_id for each in releases if each.hold.is_job]:
        update.remove_from_set(OPEN_JOBS, "jobs", jobs)
    for counter, amount in counts.items():
        update.count(counter, amount)
    for at, name in enumerate(stale):
        if not update.names_attribute(name):  # an update may change a path only once
            update.name(f"#s{at}", name)
            update.remove(f"#s{at}")
    return update


def stale_removal(key_id: str, stale: Sequence[str]) -> Update:
    """The update that only removes `stale` attributes of an account, see `stale_names`."""
    update = Update(account_key(key_id))
    update.require("attribute_exists(pk)")
    for at, name in enumerate(stale):
        update.name(f"#s{at}", name)
        update.remove(f"#s{at}")
    return update


def was_given_back(item: dict[str, Any], hold: Hold) -> bool:
    """Whether an account says that the hold of a job was returned unpaid."""
    return BACK + hold.work.request_id in item


def late_charge(hold: Hold, spent_microusd: int, unbilled_cost_microusd: int) -> Update:
    """The update that charges a job whose hold was returned unpaid: once, as it removes the mark of the return."""
    update = Update(account_key(hold.caller.key_id))
    update.name("#back", BACK + hold.work.request_id)
    update.require("attribute_exists(#back)")
    update.count(f"m{hold.month}", spent_microusd)
    update.count(f"f{hold.month}", unbilled_cost_microusd)
    update.remove("#back")
    return update
