"""The benchmarks run: what they give to the functions is what these need."""

from __future__ import annotations

import pytest

from bench import handlers

pytestmark = pytest.mark.slow


def test_cold_starts_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "COLD_ROUNDS", 1)
    measured = {row.name for row in handlers.cold().rows}
    assert set(handlers.COLD_LIMITS) < measured
