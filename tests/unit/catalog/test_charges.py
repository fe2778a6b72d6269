"""The price of a request: exact, rounded once and upwards, with the minimum, the step and the markup of its model."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.charges import billed_ms, charge_for_audio, charge_for_characters
from audio_gateway.catalog.line_items import LineItem
from audio_gateway.catalog.models import Price
from tests.fakes.providers import model

PRICES = st.integers(0, 10**9)
MARKUPS = st.decimals(0, 900, places=3)
MILLISECONDS = st.integers(0, 60_000)  # what `minimum_seconds` and `rounding_seconds` may be, here in milliseconds


@pytest.mark.parametrize(
    ("heard_ms", "minimum_seconds", "rounding_seconds", "billed"),
    [
        (0, 0.0, 0.0, 0),
        (1, 0.0, 0.0, 1),
        (1234, 0.0, 0.0, 1234),
        (999, 1.0, 0.0, 1000),
        (1000, 1.0, 0.0, 1000),
        (1001, 1.0, 0.0, 1001),
        (1, 0.0, 1.0, 1000),
        (1000, 0.0, 1.0, 1000),
        (1001, 0.0, 1.0, 2000),
        (0, 0.0, 1.0, 0),
        (1, 10.0, 15.0, 15_000),
        (15_001, 10.0, 15.0, 30_000),
        (672, 10.0, 0.0, 10_000),
        (3, 0.0, 0.0019, 4),  # a setting is a whole number of milliseconds: to the nearest
        (1, 0.0019, 0.0, 2),
    ],
)
def test_at_least_the_minimum_is_billed_and_in_whole_steps_upwards(
    heard_ms: int, minimum_seconds: float, rounding_seconds: float, billed: int
) -> None:
    listener = model(minimum_seconds=minimum_seconds, rounding_seconds=rounding_seconds)
    assert billed_ms(listener, heard_ms) == billed


@given(heard_ms=st.integers(0, 10**8), price=PRICES, markup=MARKUPS, minimum=MILLISECONDS, step=MILLISECONDS)
def test_audio_costs_the_exact_price_of_what_is_billed_rounded_upwards_once(
    heard_ms: int, price: int, markup: object, minimum: int, step: int
) -> None:
    listener = model(
        price=Price(None, price),
        markup_percent=f"{markup}",
        minimum_seconds=minimum / 1000,
        rounding_seconds=step / 1000,
    )
    billed = max(heard_ms, minimum)
    if step:
        billed = ceil(Fraction(billed, step)) * step
    assert billed_ms(listener, heard_ms) == billed
    exact = Fraction(price * billed, 60_000)
    marked_up = exact * (1 + Fraction(f"{markup}") / 100)
    charge = charge_for_audio(listener, heard_ms)
    assert (charge.cost_microusd, charge.price_microusd) == (ceil(exact), ceil(marked_up))
    assert charge.item == LineItem("talker", heard_ms, billed, price, f"{markup}")


@given(characters=st.integers(0, 10**7), price=PRICES, markup=MARKUPS)
def test_speech_costs_the_exact_price_of_its_characters_rounded_upwards_once(
    characters: int, price: int, markup: object
) -> None:
    talker = model(price=Price(price, None), markup_percent=f"{markup}", minimum_seconds=9.0, rounding_seconds=9.0)
    exact = Fraction(price * characters, 10**6)
    marked_up = exact * (1 + Fraction(f"{markup}") / 100)
    charge = charge_for_characters(talker, characters)
    assert (charge.cost_microusd, charge.price_microusd) == (ceil(exact), ceil(marked_up))
    assert charge.item == LineItem("talker", characters, characters, price, f"{markup}")


@pytest.mark.parametrize(
    ("charge", "price", "unit"),
    [(charge_for_characters, Price(None, 6000), "characters"), (charge_for_audio, Price(15_000_000, None), "minutes")],
)
def test_what_has_no_price_is_an_error_and_never_free(charge: Any, price: Price, unit: str) -> None:
    with pytest.raises(ValueError, match=f"model 'talker' has no price for {unit}"):
        charge(model(price=price), 1)
