"""Converts dollars of the catalogue to micro-dollars, which everything else uses, and back. Never a float."""

from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext
from typing import Final

from audio_gateway.catalog.models import Model

MICROUSD_PER_USD: Final = 1_000_000
EXACT: Final = Context(prec=60)
"""Enough digits for the product of any price, amount and markup: no intermediate result is rounded."""

_MICRO_DIGITS: Final = 6
_WHOLE: Final = 100
_MAX_SHOWN: Final = 30
_DECIMAL: Final = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,12}))?")


def parse_usd(value: object) -> int:
    """Micro-dollars of a decimal string of dollars: "0.006" is 6000.

    Raises `ValueError` if it is not such a string, or not a whole number of micro-dollars, with what to write instead.
    """
    if isinstance(value, int | float):
        problem = f'is the number {value}; write it as a string: "{value}"'
        raise ValueError(problem)  # noqa: TRY004 - pydantic turns a ValueError into a message, and not a TypeError
    parts = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        problem = 'is not an amount of dollars; write a decimal string below one million, such as "0.006" or "0"'
        raise ValueError(f"{_shown(value)}{problem}")
    whole, fraction = parts[1], (parts[2] or "").rstrip("0")
    if len(fraction) > _MICRO_DIGITS:
        raise ValueError(f'is "{value}": not a whole number of micro-dollars (at most six digits after the point)')
    return int(whole) * MICROUSD_PER_USD + int(fraction.ljust(_MICRO_DIGITS, "0"))


def parse_percent(value: object) -> str:
    """A percentage of zero or more as a plain decimal string: 20, 12.5 and "12.5" are all valid.

    Raises `ValueError` if it is negative, not a number, or has more digits than a price needs.
    """
    text = f"{value}" if isinstance(value, int | float) else value
    if not isinstance(text, str) or _DECIMAL.fullmatch(text) is None:
        problem = 'is not a percentage; write a decimal number of zero or more, such as "20" or "12.5"'
        raise ValueError(f"{_shown(text)}{problem}")
    return text


def parse_share(value: object) -> str:
    """A percentage of at most 100, in the form that `parse_percent` accepts.

    Raises `ValueError` if it is not a percentage, or above 100.
    """
    text = parse_percent(value)
    if Decimal(text) > _WHOLE:
        raise ValueError(f"is {text}: a share of the price is at most 100 percent")
    return text


def _shown(value: object) -> str:
    return f"{value[:_MAX_SHOWN]!r} " if isinstance(value, str) else ""


def format_usd(amount: Decimal) -> str:
    """Dollars as a decimal string, without an exponent or trailing zeros: 0.006, 15, 0."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def caller_prices(model: Model) -> dict[str, str]:
    """The prices for the caller, including the markup: exact decimal dollars, by the catalogue's names of the units."""
    prices = {
        "usd_per_million_characters": model.price.microusd_per_million_characters,
        "usd_per_minute": model.price.microusd_per_minute,
    }
    with localcontext(EXACT):
        factor = 1 + Decimal(model.markup_percent) / 100
        return {
            unit: format_usd(Decimal(microusd) / MICROUSD_PER_USD * factor)
            for unit, microusd in prices.items()
            if microusd is not None
        }
