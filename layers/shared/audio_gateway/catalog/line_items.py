"""The inputs of a price, kept with it: a reader of a ledger row can compute the price again.

    price = ceil(billed_amount x unit price x (1 + markup / 100) x price percent / 100 / units)

in micro-dollars, rounded up once. `units` is the quantity of the unit price: 1,000,000 characters, or the 60,000
milliseconds of a minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Final, Literal

from audio_gateway.catalog.prices import EXACT

Unit = Literal["characters", "audio_ms"]

UNITS_PRICED: Final[dict[Unit, int]] = {"characters": 1_000_000, "audio_ms": 60_000}
"""The quantity to which a unit price of the catalogue applies."""

_ALL: Final = "100"


@dataclass(frozen=True, slots=True)
class LineItem:
    """The part of a charge that one model served.

    `amount` was measured; `billed_amount` is the amount after the model's minimum and rounding. The unit price is that
    of the catalogue, before the markup. `price_percent` is the share of it that is charged, less than 100 for cached
    speech. Percentages are decimal strings, as in the catalogue.
    """

    model: str
    amount: int
    billed_amount: int
    unit_price_microusd: int
    markup_percent: str
    price_percent: str = _ALL

    def price_microusd(self, unit: Unit) -> int:
        """The price for the caller."""
        with localcontext(EXACT):
            factor = (1 + Decimal(self.markup_percent) / 100) * (Decimal(self.price_percent) / 100)
            exact = Decimal(self.unit_price_microusd) * self.billed_amount * factor / UNITS_PRICED[unit]
            return int(exact.to_integral_value(ROUND_CEILING))


def line_items_text(items: Iterable[LineItem]) -> str:
    """The items in their stored form: compact, because they add to the size of a ledger row."""
    data = [
        [each.model, each.amount, each.billed_amount, each.unit_price_microusd, each.markup_percent, each.price_percent]
        for each in items
    ]
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def line_items_from(text: str) -> tuple[LineItem, ...]:
    """The items that `line_items_text` wrote."""
    return tuple(LineItem(*each) for each in json.loads(text))
