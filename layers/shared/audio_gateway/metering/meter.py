"""The meter on DynamoDB: one conditional write to admit, two idempotent ones to settle (ADR 0012).

Settling is the ledger row first and then the account, without a transaction: transactions on an item that every request
of a key writes conflict with each other. A crash between the two leaves a hold whose row exists, and the sweeper only
has to release it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.clock import now_ms
from audio_gateway.errors import (
    AlreadyRunning,
    BudgetReached,
    LimitReached,
    MeteringUnavailable,
    PermissionDenied,
    RateLimitReached,
    TooMuchAtOnce,
)
from audio_gateway.metering.account import Admission, Caller, Hold, Work, seconds_to_next_minute, windows_of
from audio_gateway.metering.account_item import (
    Account,
    account_from,
    hold_text,
    key_not_usable,
    refusal_of,
    stale_names,
    usage_from,
)
from audio_gateway.metering.account_updates import (
    MAX_OPEN_HOLDS,
    Release,
    admission_update,
    is_guarded,
    most_at_once,
)
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.ledger import LedgerRow, failed_row, row_for
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limits import Limits, usd
from audio_gateway.metering.refusals import DELETED
from audio_gateway.metering.releases import Releases

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

REQUEST_HOLD_SECONDS: Final = 60
"""How long a hold lives: longer than a function that answers requests may run, and its last write be under way."""

_UNKNOWN: Final = Account("active", 0, Limits())  # no account has version 0: the first admission learns the real one
_MAX_LEARNING: Final = 3


class DynamoMeter:
    """Accounts and ledger in one table. `now_ms` is the clock; accounts' limits are remembered between invocations."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        hold_seconds: int = REQUEST_HOLD_SECONDS,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._accounts = AccountWriter(client, table)
        self._releases = Releases(self._accounts, now_ms)
        self._ledger = LedgerStore(client, table)
        self._hold_seconds = hold_seconds
        self._now_ms = now_ms
        self._known: dict[str, Account] = {}
        self._stale: dict[str, tuple[str, ...]] = {}
        self._sent_twice: set[str] = set()

    def admit(self, caller: Caller, work: Work, *, at_ms: int | None = None) -> Admission:
        """See `Meter.admit`. One write; a second one where the limits were changed since this process saw them."""
        now_ms = self._now_ms() if at_ms is None else at_ms
        hold = Hold(caller, work, now_ms, now_ms // 1000 + self._hold_seconds)
        for _ in range(_MAX_LEARNING):
            account = self._known.get(caller.key_id, _UNKNOWN)
            if _key_refuses(account, work, now_ms) is not None:
                # What is remembered may be out of date in the key's disfavour: ask the item.
                self._known.pop(caller.key_id, None)
                account = _UNKNOWN
            update = admission_update(hold, account)
            admitted, item, twice = self._accounts.update(update, returns="ALL_NEW")
            if not admitted:
                admitted = self._learn(hold, account, item)
            if admitted:
                if twice and not hold.is_job:  # whose releases are all guarded
                    self._sent_twice.add(work.request_id)
                self._stale[caller.key_id] = stale_names(item, now_ms)
                return Admission(hold, windows_of(account.limits, usage_from(item, now_ms), now_ms))
        raise MeteringUnavailable("The account of the key is being changed; try again.")

    def _learn(self, hold: Hold, account: Account, item: dict[str, Any]) -> bool:
        """What the refused item tells: True if the hold is in it after all, False to ask again with what it says.

        Raises the reason if the limits were the right ones and still refused.
        """
        if not item:
            raise key_not_usable(DELETED)
        running = item["holds"]["M"].get(hold.work.request_id)
        if running == {"S": hold_text(hold)}:
            return True  # the client library repeated a write whose answer was lost, and the first had taken effect
        if running is not None:
            raise AlreadyRunning("This request was delivered twice and is being worked on.", retry_after_s=1)
        if is_guarded(item, hold):
            raise AlreadyRunning("This request was delivered twice and has ended.", retry_after_s=1)
        current = account_from(item)
        self._known[hold.caller.key_id] = current
        denial = _key_refuses(current, hold.work, hold.admitted_ms)
        if denial is not None:
            raise denial
        refusal = _reason(hold, current.limits, item) if current == account else None
        if refusal is not None:
            refusal.windows = windows_of(account.limits, usage_from(item, hold.admitted_ms), hold.admitted_ms)
            raise refusal
        return False

    def settle(self, hold: Hold, work: Work, *, late: Callable[[], bool] = lambda: False) -> None:
        """See `Meter.settle`."""
        self._settle(hold, row_for(hold, work, "answered"), late)

    def fail(self, hold: Hold, model: str, cost_microusd: int, *, late: Callable[[], bool] = lambda: False) -> None:
        """See `Meter.fail`."""
        self._settle(hold, failed_row(hold, model, cost_microusd), late)

    def _settle(self, hold: Hold, row: LedgerRow, late: Callable[[], bool]) -> None:
        row = self._ledger.put(row)
        release = self._release_of(hold, row.price_microusd)
        if late():
            self._releases.remember(release)
            return
        # The row is what counts: its price, should another one have been there, and the sweeper finds it otherwise.
        with suppress(MeteringUnavailable):
            self._send(release)

    def release(self, hold: Hold) -> None:
        """See `Meter.release`."""
        self._send(self._release_of(hold, 0))

    def _release_of(self, hold: Hold, spent_microusd: int) -> Release:
        twice = hold.work.request_id in self._sent_twice
        self._sent_twice.discard(hold.work.request_id)
        return Release(hold, spent_microusd, guarded=twice)

    def _send(self, release: Release) -> None:
        self._releases.send(release, self._stale.pop(release.hold.caller.key_id, ()))


def _key_refuses(account: Account, work: Work, now_ms: int) -> PermissionDenied | None:
    """The refusal of a key that may not do the work at all, whatever its counters say."""
    limits, refusal = account.limits, refusal_of(account, now_ms)
    if refusal is not None:
        return refusal
    if limits.models is not None and work.model not in limits.models:
        allowed = ", ".join(limits.models)
        message = f"The API key may not use the model '{work.model}'. It may use: {allowed}."
        return PermissionDenied(message, param="model", code="model_not_found")
    return None


def _reason(hold: Hold, limits: Limits, item: dict[str, Any]) -> LimitReached | None:
    """Which limit refused, read from the item as it was at that moment: no second read, no race."""
    work, used = hold.work, usage_from(item, hold.admitted_ms)
    wait = seconds_to_next_minute(hold.admitted_ms)
    characters = work.amount if work.unit == "characters" else 0
    audio_ms = work.amount if work.unit == "audio_ms" else 0
    budget = limits.monthly_budget_microusd
    if budget is not None and used.committed_microusd + work.price_microusd > budget:
        message = (
            f"This request costs ${usd(work.price_microusd)}, and ${usd(used.committed_microusd)} of the key's "
            f"${usd(budget)} for {hold.month[:4]}-{hold.month[4:]} are spent or held."
        )
        return BudgetReached(message, limit="monthly_budget_usd")
    if used.open_holds >= most_at_once(limits):
        if limits.concurrent_requests is not None and limits.concurrent_requests <= MAX_OPEN_HOLDS:
            message = f"The key may run {limits.concurrent_requests} requests at once; wait for one to end."
        else:
            message = (
                f"{MAX_OPEN_HOLDS} requests and jobs of the key are open, the most that one key may have at once; wait "
                "for one to end, or use another key."
            )
        return RateLimitReached(message, limit="concurrent_requests", retry_after_s=1)
    for limit, cap, spent, wanted in (
        ("requests_per_minute", limits.requests_per_minute, used.requests, 1),
        ("characters_per_minute", limits.characters_per_minute, used.characters, characters),
        ("audio_seconds_per_minute", limits.audio_ms_per_minute, used.audio_ms, audio_ms),
    ):
        if cap is not None and spent + wanted > cap:
            what = limit.replace("_", " ")
            unit = 1000 if limit == "audio_seconds_per_minute" else 1
            if wanted > cap:
                message = f"The key has {cap / unit:g} {what}; this request alone takes {wanted / unit:g}."
                return TooMuchAtOnce(f"{message} Send it in smaller parts.", limit=limit)
            message = f"Limit of {what} reached: {spent / unit:g} of {cap / unit:g} used, {wanted / unit:g} asked for."
            return RateLimitReached(message, limit=limit, retry_after_s=wait)
    return None
