"""Parsing and formatting of times."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.cli.failures import UsageError
from audio_gateway.cli.output import audio_text, dollars, duration_text
from audio_gateway.cli.times import Period, parse_month, parse_time

NOW = int(datetime(2026, 11, 21, 13, 30, 15, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11", "2026-11-01T00:00:00"),
        ("2026-11-21", "2026-11-21T00:00:00"),
        ("2026-11-21T10", "2026-11-21T10:00:00"),
        ("2026-11-21T10:30", "2026-11-21T10:30:00"),
        ("2026-11-21T10:30:05Z", "2026-11-21T10:30:05"),
        (str(NOW), "2026-11-21T13:30:15"),
        ("7d", "2026-11-14T13:30:15"),
        ("12h", "2026-11-21T01:30:15"),
        ("30m", "2026-11-21T13:00:15"),
        ("999999d", "1970-01-01T00:00:00"),
    ],
)
def test_a_time_is_parsed(text: str, meant: str) -> None:
    found = parse_time("--from", text, NOW, ahead=False)
    assert f"{datetime.fromtimestamp(found, UTC):%Y-%m-%dT%H:%M:%S}" == meant


def test_a_span_may_count_forwards() -> None:
    assert parse_time("--expires", "1d", NOW, ahead=True) == NOW + 86_400


@pytest.mark.parametrize("text", ["", "now", "2026", "2026-02-30", "-7d", "7w", "1e9", "12345678", "2026-11-21 10:30"])
def test_an_invalid_time_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(UsageError, match="--from"):
        parse_time("--from", text, NOW, ahead=False)


def test_the_default_period_is_the_current_month_up_to_now() -> None:
    start_ms, end_ms = Period().between(NOW * 1000 + 999)
    assert start_ms == datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000
    assert end_ms == (NOW + 1) * 1000


def test_a_period_never_ends_in_the_future() -> None:
    assert Period(end="2027-01").between(NOW * 1000)[1] == (NOW + 1) * 1000


@given(st.dates(date(1, 1, 1), date(9998, 12, 31)))
def test_months_follow_each_other_without_a_gap(at: date) -> None:
    now_s = 253_402_000_000  # the year 9999
    start, end = parse_month(f"{at.year:04d}-{at.month:02d}", now_s)
    assert start <= datetime(at.year, at.month, at.day, tzinfo=UTC).timestamp() < end
    following = datetime.fromtimestamp(end, UTC)
    assert (following.day, following.hour) == (1, 0)
    assert (following.year, following.month) in {(at.year, at.month + 1), (at.year + 1, 1)}


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_dollars_are_exact(microusd: int) -> None:
    text = dollars(microusd)
    whole, _, rest = text.lstrip("-").partition(".")
    assert len(rest) == 6
    assert (int(whole) * 1_000_000 + int(rest)) * (-1 if text.startswith("-") else 1) == microusd


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h")],
)
def test_format_of_a_duration(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text


def test_format_of_a_length_of_audio() -> None:
    assert audio_text(3_723_500) == "1:02:03.500"
