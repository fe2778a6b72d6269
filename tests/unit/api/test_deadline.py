"""Deadlines count from the moment at which the platform received the request."""

from __future__ import annotations

import time
from typing import Any

import pytest

from audio_gateway.api.http.request_scope import _deadline, _received_ms
from audio_gateway.deadline import BUFFERED_LIMIT_S


def event(spent_s: float, **context: Any) -> dict[str, Any]:
    return {"requestContext": {"requestTimeEpoch": int((time.time() - spent_s) * 1000), **context}}


def test_the_time_before_this_process_counts() -> None:
    assert 5 < _deadline(_received_ms(event(10, extendedRequestId="abc=")), None, BUFFERED_LIMIT_S).remaining_s() < 16.6


@pytest.mark.parametrize("context", [{}, {"extendedRequestId": None}])
def test_the_time_that_sam_gives_to_every_request_does_not(context: dict[str, Any]) -> None:
    assert 16.6 < _deadline(_received_ms(event(10, **context)), None, BUFFERED_LIMIT_S).remaining_s() < 26.6


@pytest.mark.parametrize("spent_s", [27, 29, 60])
def test_a_request_that_the_platform_has_given_up_has_no_time_left(spent_s: float) -> None:
    assert _deadline(_received_ms(event(spent_s, extendedRequestId="abc=")), None, BUFFERED_LIMIT_S).passed


def test_the_time_of_a_sample_event_does_not() -> None:
    assert (
        16.6
        < _deadline(_received_ms(event(10_000, extendedRequestId="abc=")), None, BUFFERED_LIMIT_S).remaining_s()
        < 26.6
    )
