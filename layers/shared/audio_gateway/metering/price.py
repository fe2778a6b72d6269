"""What a piece of work costs: integer micro-dollars, rounded once and upwards.

The price depends on what was measured, and on nothing that the caller or the provider says about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Final

from audio_gateway.catalog.models import Model
from audio_gateway.catalog.prices import EXACT

_MILLISECONDS_PER_MINUTE: Final = 60_000
_CHARACTERS_PER_UNIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Charge:
    """Micro-dollars: what the provider takes from the operator, and what the operator takes from the caller."""

    cost_microusd: int
    price_microusd: int


FREE: Final = Charge(0, 0)


def charge_for_characters(model: Model, characters: int) -> Charge:
    """The charge for speaking so many Unicode code points."""
    per_million = model.price.microusd_per_million_characters
    if per_million is None:
        raise ValueError(f"model '{model.id}' has no price for characters")
    return _charge(model, Decimal(per_million) * characters, _CHARACTERS_PER_UNIT)


def charge_for_cached_characters(model: Model, characters: int) -> Charge:
    """The charge for giving speech of so many code points again: a share of its price, and nothing to the provider."""
    per_million = model.price.microusd_per_million_characters
    if per_million is None or model.cache is None:
        raise ValueError(f"model '{model.id}' has no price for speech from its cache")
    with localcontext(EXACT):
        share = Decimal(model.cache.price_percent) / 100
        price = Decimal(per_million) * characters * _with_markup(model) * share / _CHARACTERS_PER_UNIT
        return Charge(0, _upwards(price))


def charge_for_audio(model: Model, duration_ms: int) -> Charge:
    """The charge for listening to so many milliseconds, after the model's minimum and rounding."""
    per_minute = model.price.microusd_per_minute
    if per_minute is None:
        raise ValueError(f"model '{model.id}' has no price for minutes")
    return _charge(model, Decimal(per_minute) * billed_ms(model, duration_ms), _MILLISECONDS_PER_MINUTE)


def billed_ms(model: Model, duration_ms: int) -> int:
    """The milliseconds that are charged: at least the minimum, in whole steps, upwards."""
    ms = max(duration_ms, round(model.minimum_seconds * 1000))
    step = round(model.rounding_seconds * 1000)
    return -(-ms // step) * step if step else ms


def _charge(model: Model, units: Decimal, per: int) -> Charge:
    with localcontext(EXACT):
        return Charge(_upwards(units / per), _upwards(units * _with_markup(model) / per))


def _with_markup(model: Model) -> Decimal:
    return 1 + Decimal(model.markup_percent) / 100


def _upwards(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
