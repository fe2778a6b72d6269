"""Why an account refuses a request, read from the item that refused it: no second read, no race."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from audio_gateway.errors import BudgetReached, LimitReached, PermissionDenied, RateLimitReached, TooMuchAtOnce
from audio_gateway.metering.account import Hold, MeteredRequest, Usage, month_of, seconds_to_next_minute, windows_of
from audio_gateway.metering.account_item import OPEN_JOBS, Account, refusal_of, usage_from
from audio_gateway.metering.limits import MAX_OPEN_HOLDS, Limits, usd


@dataclass(frozen=True, slots=True)
class Demand:
    """What an account must allow: requests of the minute of `at_ms`, and for `work` more than is held for it.

    `price_microusd` and `amount` are what is added to the hold, and `month` pays. `places` is how many more requests or
    jobs would be open. `is_least`: the work may turn out larger when it is measured.
    """

    at_ms: int
    requests: int = 0
    places: int = 0
    month: str = ""
    work: MeteredRequest | None = None
    price_microusd: int = 0
    amount: int = 0
    is_job: bool = False
    is_least: bool = False

    @classmethod
    def admission(cls, hold: Hold) -> Self:
        """A place for a request or a job, and its whole price."""
        work = hold.work
        return cls(hold.admitted_ms, 1, 1, hold.month, work, work.price_microusd, work.amount, hold.is_job)

    @classmethod
    def at_least(cls, hold: Hold) -> Self:
        """An admission of work that has not been measured."""
        return replace(cls.admission(hold), is_least=True)

    @classmethod
    def visit(cls, at_ms: int) -> Self:
        """A request that holds nothing."""
        return cls(at_ms, 1, month=month_of(at_ms))

    @classmethod
    def correction(cls, present: Hold, wanted: Hold, at_ms: int) -> Self:
        """The rest of a price that is held in part."""
        work, held = wanted.work, present.work
        price, amount = work.price_microusd - held.price_microusd, work.amount - held.amount
        return cls(at_ms, 0, 0, wanted.month, work, price, amount)

    def of_unit(self, unit: str) -> tuple[int, int]:
        """How much is added, and how much it is in all."""
        return (self.amount, self.work.amount) if self.work is not None and self.work.unit == unit else (0, 0)


def key_refuses(account: Account, work: MeteredRequest | None, now_ms: int) -> PermissionDenied | None:
    """Why a key may not do the work of the requested model at all, whatever its counters say."""
    limits, refused = account.limits, refusal_of(account, now_ms)
    if refused is not None:
        return refused
    if work is None or limits.models is None:
        return None
    if {work.model, *work.aliases}.isdisjoint(limits.models):
        allowed = ", ".join(limits.models)
        message = f"The API key may not use the model '{work.model}'. It may use: {allowed}."
        return PermissionDenied(message, param="model", code="model_not_found")
    return None


def refusal(demand: Demand, limits: Limits, item: dict[str, Any]) -> LimitReached | None:
    """The error of the limit that refuses, if one does, with what is left of the minute."""
    used = usage_from(item, demand.at_ms)
    refused = _budget(demand, limits, item) or _places(demand, limits, item) or _minute(demand, limits, used)
    if refused is not None:
        refused.windows = windows_of(limits, used, demand.at_ms)
    return refused


def _budget(demand: Demand, limits: Limits, item: dict[str, Any]) -> LimitReached | None:
    budget = limits.monthly_budget_microusd
    if budget is None or demand.work is None or demand.price_microusd < 0:
        return None
    month = f"{demand.month[:4]}-{demand.month[4:]}"
    taken = int(item.get(f"f{demand.month}", {"N": "0"})["N"])
    if demand.places and 0 < taken >= budget:
        message = (
            "Failed requests of the key, which are free to it, have cost the operator as much as the key's whole "
            f"budget of ${usd(budget)} for {month}. No more requests are accepted in this month unless the operator "
            "raises the budget."
        )
        return BudgetReached(message, limit="monthly_budget_usd")
    committed = int(item.get(f"m{demand.month}", {"N": "0"})["N"])
    if committed + demand.price_microusd <= budget:
        return None
    others = committed - (demand.work.price_microusd - demand.price_microusd)
    message = (
        f"This request costs {_least(demand)}${usd(demand.work.price_microusd)}, and ${usd(others)} of the key's "
        f"${usd(budget)} for {month} are spent or held."
    )
    return BudgetReached(message, limit="monthly_budget_usd")


def _least(demand: Demand) -> str:
    return "at least " if demand.is_least else ""


def _places(demand: Demand, limits: Limits, item: dict[str, Any]) -> LimitReached | None:
    if not demand.places:
        return None
    if len(item["holds"]["M"]) >= limits.most_at_once:
        if limits.concurrent_requests is not None and limits.concurrent_requests <= MAX_OPEN_HOLDS:
            message = f"The key may run {limits.concurrent_requests} requests at the same time. Wait for one to end."
        else:
            message = (
                f"{MAX_OPEN_HOLDS} requests and jobs of the key are open, the most that a key may have. Wait for one "
                "to end, or use another key."
            )
        return RateLimitReached(message, limit="concurrent_requests", retry_after_s=1)
    if demand.is_job and len(item.get(OPEN_JOBS, {"SS": ()})["SS"]) >= limits.most_jobs:
        message = (
            f"The key has {limits.most_jobs} open jobs, the most that it may have (concurrent_jobs). Wait for one to "
            "end, or cancel one."
        )
        return RateLimitReached(message, limit="concurrent_jobs", retry_after_s=1)
    return None


def _minute(demand: Demand, limits: Limits, used: Usage) -> LimitReached | None:
    for limit, cap, spent, (wanted, whole) in (
        ("requests_per_minute", limits.requests_per_minute, used.requests, (demand.requests, demand.requests)),
        ("characters_per_minute", limits.characters_per_minute, used.characters, demand.of_unit("characters")),
        ("audio_seconds_per_minute", limits.audio_ms_per_minute, used.audio_ms, demand.of_unit("audio_ms")),
    ):
        if cap is None or wanted < 0 or max(spent + wanted, whole) <= cap:
            continue
        unit_name = limit.replace("_", " ")
        unit = 1000 if limit == "audio_seconds_per_minute" else 1
        if whole > cap:
            message = f"The key may use {cap / unit:g} {unit_name}; this request alone needs {whole / unit:g}."
            return TooMuchAtOnce(f"{message} Send it in smaller parts.", limit=limit)
        requested = f"{_least(demand)}{wanted / unit:g} requested"
        message = f"Limit of {unit_name} reached: {spent / unit:g} of {cap / unit:g} used, {requested}."
        return RateLimitReached(message, limit=limit, retry_after_s=seconds_to_next_minute(demand.at_ms))
    return None
