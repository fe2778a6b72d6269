"""Settling money starts in every paid function, and brings nothing that only reports and the directory need."""

from __future__ import annotations

import subprocess
import sys

import pytest

ELSEWHERE = {"identity.directory_items", "identity.keys", "usage.buckets", "usage.totals", "usage.watermark"}
PROGRAM = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*(name.removeprefix("audio_gateway.") for name in sys.modules))
"""


@pytest.mark.parametrize("module", ["wiring.job_starting", "wiring.job_ending"])
def test_a_function_that_may_write_late_rows_imports_neither_directory_nor_aggregates(module: str) -> None:
    command = [sys.executable, "-c", PROGRAM, f"audio_gateway.{module}"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "metering.late_rows" in loaded
    assert ELSEWHERE.isdisjoint(loaded)
