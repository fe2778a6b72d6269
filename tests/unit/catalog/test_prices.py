"""Dollars in, micro-dollars kept, dollars out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.load import build_catalog
from audio_gateway.catalog.prices import EXACT, caller_prices, format_usd, parse_percent, parse_share, parse_usd


@pytest.mark.parametrize(
    ("usd", "microusd"),
    [("0", 0), ("0.00", 0), ("15.00", 15_000_000), ("0.006", 6000), ("0.000001", 1), ("0.0060000000", 6000)],
)
def test_dollars_are_read_to_the_micro_dollar(usd: str, microusd: int) -> None:
    assert parse_usd(usd) == microusd


@pytest.mark.parametrize(
    "usd", ["", "-1", "+1", ".5", "5.", "1e3", "1,5", " 1", "1\n", "$1", "1000000", "inf", "0.0000001", None]
)
def test_anything_else_is_no_amount(usd: Any) -> None:
    with pytest.raises(ValueError, match="is "):
        parse_usd(usd)


@given(st.integers(0, 10**12 - 1))
def test_every_amount_comes_back_as_it_was(microusd: int) -> None:
    assert parse_usd(format_usd(Decimal(microusd) / 1_000_000)) == microusd


@pytest.mark.parametrize(("amount", "shown"), [("15.00", "15"), ("0.0060", "0.006"), ("0", "0"), ("1E+2", "100")])
def test_amounts_are_shown_without_an_exponent_and_without_zeros_at_the_end(amount: str, shown: str) -> None:
    assert format_usd(Decimal(amount)) == shown


@pytest.mark.parametrize(("written", "kept"), [(20, "20"), (12.5, "12.5"), ("12.50", "12.50"), (0, "0")])
def test_a_percentage_may_be_a_number_or_a_string(written: Any, kept: str) -> None:
    assert parse_percent(written) == kept


def priced(**fields: Any) -> dict[str, str]:
    entry = {"id": "m", "provider": "p", "endpoints": ["transcriptions"]} | fields
    providers = {"p": {"adapter": "openai", "base_url": "https://h"}}
    return caller_prices(build_catalog({"providers": providers, "models": [entry]}, "test").models["m"])


def test_what_the_caller_sees_is_what_he_pays_with_the_markup() -> None:
    assert priced(price={"usd_per_minute": "0.006"}) == {"usd_per_minute": "0.006"}
    assert priced(price={"usd_per_minute": "0.006"}, markup_percent="12.5") == {"usd_per_minute": "0.00675"}


def test_a_model_of_both_kinds_shows_both_prices_and_free_is_zero() -> None:
    both = {"usd_per_minute": "0", "usd_per_million_characters": "15.00"}
    shown = priced(endpoints=["speech", "translations"], price=both, markup_percent=20)
    assert shown == {"usd_per_million_characters": "18", "usd_per_minute": "0"}


@given(st.integers(0, 10**12 - 1), st.decimals(0, "999999.999999999999", places=12))
def test_a_marked_up_price_is_exact(microusd: int, percent: Decimal) -> None:
    usd = f"{microusd // 10**6}.{microusd % 10**6:06}"
    shown = priced(price={"usd_per_minute": usd}, markup_percent=f"{percent:f}")["usd_per_minute"]
    whole, _, fraction = shown.partition(".")
    shown_scaled = int(whole) * 10**20 + int(fraction.ljust(20, "0"))
    assert shown_scaled == microusd * (100 * 10**12 + int(percent.scaleb(12)))


def test_a_number_is_refused_with_the_string_to_write() -> None:
    for number in (0.006, 15):
        with pytest.raises(ValueError, match=f'is the number {number}; write it as a string: "{number}"'):
            parse_usd(number)


def test_a_long_text_is_shown_in_short() -> None:
    with pytest.raises(ValueError, match=f"^{'x' * 30!r} is not an amount"):
        parse_usd("x" * 31)


@pytest.mark.parametrize(("value", "text"), [(20, "20"), (12.5, "12.5"), ("12.50", "12.50"), ("0", "0"), (0, "0")])
def test_a_percentage_is_a_number_or_a_string(value: Any, text: str) -> None:
    assert parse_percent(value) == text


@pytest.mark.parametrize("value", [-1, "-1", "1e3", "", "x", None, [], float("nan"), float("inf"), 1e30])
def test_anything_else_is_no_percentage(value: Any) -> None:
    for parse in (parse_percent, parse_share):
        with pytest.raises(ValueError, match="is not a percentage"):
            parse(value)


@pytest.mark.parametrize("value", [0, 99.999, 100, "100", "100.0"])
def test_a_share_is_at_most_all(value: Any) -> None:
    assert parse_share(value) == f"{value}"


@pytest.mark.parametrize("value", [100.001, 101, "150"])
def test_a_share_of_more_than_all_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=f"is {value}: a share of the price is at most 100 percent"):
        parse_share(value)


def test_products_of_prices_are_exact() -> None:
    """A price, an amount, a markup and a share have 12, 12, 18 and 15 digits at most."""
    assert EXACT.prec >= 12 + 12 + 18 + 15
