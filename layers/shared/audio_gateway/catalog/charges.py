"""The charge for a request: integer micro-dollars, rounded up once.

The price depends only on the measured amount, never on what the caller or the provider declares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from audio_gateway.catalog.line_items import LineItem, Unit
from audio_gateway.catalog.models import Model


@dataclass(frozen=True, slots=True)
class Charge:
    """Micro-dollars: the operator's cost at the provider, and the caller's price, which `item` explains."""

    cost_microusd: int
    price_microusd: int
    item: LineItem


def charge_for_characters(model: Model, characters: int) -> Charge:
    """The charge for speech of so many Unicode code points."""
    per_million = model.price.microusd_per_million_characters
    if per_million is None:
        raise ValueError(f"model '{model.id}' has no price for characters")
    return _charge(LineItem(model.id, characters, characters, per_million, model.markup_percent), "characters")


def charge_for_cached_characters(model: Model, characters: int) -> Charge:
    """The charge for cached speech of so many code points: a share of its price, and no cost."""
    per_million = model.price.microusd_per_million_characters
    if per_million is None or model.cache is None:
        raise ValueError(f"model '{model.id}' has no price for speech from its cache")
    item = LineItem(model.id, characters, characters, per_million, model.markup_percent, model.cache.price_percent)
    return Charge(0, item.price_microusd("characters"), item)


def charge_for_audio(model: Model, duration_ms: int) -> Charge:
    """The charge for so many milliseconds of audio, after the model's minimum and rounding."""
    per_minute = model.price.microusd_per_minute
    if per_minute is None:
        raise ValueError(f"model '{model.id}' has no price for minutes")
    billed = billed_ms(model, duration_ms)
    return _charge(LineItem(model.id, duration_ms, billed, per_minute, model.markup_percent), "audio_ms")


def billed_ms(model: Model, duration_ms: int) -> int:
    """The billed milliseconds: at least the minimum, rounded up to whole steps."""
    ms = max(duration_ms, round(model.minimum_seconds * 1000))
    step = round(model.rounding_seconds * 1000)
    return -(-ms // step) * step if step else ms


def _charge(item: LineItem, unit: Unit) -> Charge:
    """The cost is the price in the catalogue without the markup."""
    cost = replace(item, markup_percent="0").price_microusd(unit)
    return Charge(cost, item.price_microusd(unit), item)
