"""Figures of CloudWatch over the last minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from audio_gateway.cli.doctor.stack import Stack

LOOKED_AT: Final = timedelta(minutes=20)
"""Two rounds of whatever comes every five minutes, and the minutes that metrics are late."""


def total(stack: Stack, namespace: str, name: str, dimensions: Mapping[str, str]) -> float | None:
    """The sum over the last minutes; None where nothing was measured."""
    found = _points(stack, namespace, name, dimensions, "Sum")
    return sum(found) if found else None


def highest(stack: Stack, namespace: str, name: str, dimensions: Mapping[str, str]) -> float | None:
    """The highest value of the last minutes; None where nothing was measured."""
    return max(_points(stack, namespace, name, dimensions, "Maximum"), default=None)


def _points(stack: Stack, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> list[float]:
    now = datetime.now(UTC)
    answer = stack.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - LOOKED_AT,
        EndTime=now,
        Period=60,
        Statistics=[statistic],
    )
    return [float(point[statistic]) for point in answer["Datapoints"]]
