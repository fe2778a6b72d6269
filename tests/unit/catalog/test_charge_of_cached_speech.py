"""Speech from the cache costs a share of its price, rounded once and upwards."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.charges import charge_for_cached_characters, charge_for_characters
from audio_gateway.catalog.models import CacheTerms, Price
from tests.fakes.providers import model

amounts = st.integers(0, 10**12)
percents = st.decimals(0, 100, places=3)


@given(price=amounts, characters=st.integers(0, 4096), percent=percents, markup=st.decimals(0, 900, places=3))
def test_it_is_the_exact_share_rounded_upwards_once(
    price: int, characters: int, percent: object, markup: object
) -> None:
    talker = model(price=Price(price, None), cache=CacheTerms(60, f"{percent}"), markup_percent=f"{markup}")
    exact = Fraction(price * characters, 10**6) * (1 + Fraction(f"{markup}") / 100) * Fraction(f"{percent}") / 100
    charge = charge_for_cached_characters(talker, characters)
    assert (charge.cost_microusd, charge.price_microusd) == (0, ceil(exact))
    assert charge.price_microusd <= charge_for_characters(talker, characters).price_microusd


def test_a_model_without_a_cache_has_no_such_price() -> None:
    with pytest.raises(ValueError, match="no price for speech from its cache"):
        charge_for_cached_characters(model(), 1)
