"""Minutes, months and what is left of a key's windows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.metering.account import (
    HeldJob,
    Hold,
    MeteredRequest,
    Payer,
    Usage,
    Window,
    minute_of,
    month_of,
    seconds_to_next_minute,
    windows_of,
)
from audio_gateway.metering.limits import Limits

moments = st.datetimes(datetime(2020, 1, 1), datetime(2099, 12, 31)).map(  # noqa: DTZ001 - UTC is given next
    lambda at: int(at.replace(tzinfo=UTC).timestamp() * 1000)
)


def hold(at_ms: int, request_id: str = "job_1") -> Hold:
    work = MeteredRequest(request_id, "speech", "m", "characters", 1, 2, 3)
    return Hold(Payer("key_1", "default"), work, at_ms, at_ms // 1000 + 60)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "month"),
    [
        ("2026-11-30T23:59:59.999", "202611"),
        ("2026-12-01T00:00:00", "202612"),
        ("2026-12-31T23:59:59.999", "202612"),
        ("2027-01-01T00:00:00", "202701"),
    ],
)
def test_a_month_is_one_of_utc(at: str, month: str) -> None:
    assert (month_of(ms(at)), hold(ms(at)).month) == (month, month)


@pytest.mark.parametrize(
    ("admitted", "ended", "stamp"),
    [
        ("2026-11-30T10:00:00", "2026-11-30T12:00:00", "2026-11-30T12:00:00"),
        ("2026-11-30T10:00:00.123", "2026-11-30T09:00:00", "2026-11-30T10:00:00.123"),  # a clock that went back
        ("2026-11-30T23:00:00", "2026-12-01T01:00:00", "2026-11-30T23:59:59.999"),
        ("2026-11-30T23:59:59.999", "2026-12-01T00:00:00", "2026-11-30T23:59:59.999"),
        ("2026-12-31T23:00:00", "2027-02-01T01:00:00", "2026-12-31T23:59:59.999"),
        ("2024-02-01T00:00:00", "2024-03-01T00:00:00", "2024-02-29T23:59:59.999"),
        ("2026-01-31T00:30:15", "2026-03-01T00:00:00", "2026-01-31T23:59:59.999"),
    ],
)
def test_the_row_of_a_job_is_stamped_with_its_end_within_the_month_that_pays(
    admitted: str, ended: str, stamp: str
) -> None:
    assert hold(ms(admitted)).stamp(ms(ended)) == ms(stamp)


@given(moments, st.integers(-(10**9), 10**10))
def test_a_stamp_is_within_the_month_of_the_hold(at_ms: int, later_ms: int) -> None:
    stamp = hold(at_ms).stamp(at_ms + later_ms)
    assert month_of(stamp) == month_of(at_ms)
    assert stamp >= at_ms


@pytest.mark.parametrize(("request_id", "job"), [("job_1", True), ("req_1", False), ("a_job_1", False)])
def test_a_job_is_known_by_its_id(request_id: str, job: bool) -> None:
    assert hold(0, request_id).is_job is job


@pytest.mark.parametrize(
    ("at_ms", "minute", "left_s"), [(0, 0, 60), (999, 0, 60), (1_000, 0, 59), (59_999, 0, 1), (60_000, 1, 60)]
)
def test_minutes_are_those_of_the_clock(at_ms: int, minute: int, left_s: int) -> None:
    assert (minute_of(at_ms), seconds_to_next_minute(at_ms)) == (minute, left_s)


def test_what_is_left_of_each_window() -> None:
    limits = Limits(requests_per_minute=10, characters_per_minute=1000, audio_ms_per_minute=61_999)
    assert windows_of(limits, Usage(requests=3, characters=1200, audio_ms=999), 45_000) == {
        "requests": Window(10, 7, 15),
        "characters": Window(1000, 0, 15),
        "audio-seconds": Window(61, 61, 15),
    }
    assert windows_of(Limits(audio_ms_per_minute=2_000), Usage(audio_ms=1_001), 0) == {
        "audio-seconds": Window(2, 0, 60)
    }
    assert windows_of(Limits(requests_per_minute=1), Usage(requests=1), 0) == {"requests": Window(1, 0, 60)}
    assert windows_of(Limits(), Usage(1, 2, 3), 0) == {}


def test_nothing_is_used_of_a_new_key() -> None:
    assert Usage() == Usage(0, 0, 0, 0, 0, 0, 0, 0)


def test_the_unbilled_cost_is_zero_unless_it_is_given() -> None:
    work = MeteredRequest("req_1", "speech", "m", "characters", 1, 2, 3)
    assert (work.unbilled_cost_microusd, HeldJob(None, work).unbilled_cost_microusd) == (0, 0)
