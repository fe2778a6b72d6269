"""Recent CloudWatch metrics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from audio_gateway.cli.doctor.stack import InspectedStack

WINDOW: Final = timedelta(minutes=20)
"""Covers at least two runs of a five-minute schedule, plus the delay of metrics."""


def total(stack: InspectedStack, namespace: str, name: str, dimensions: Mapping[str, str]) -> float | None:
    """Return the sum over `WINDOW`, or None if there are no data points."""
    found = _points(stack, namespace, name, dimensions, "Sum")
    return sum(found) if found else None


def highest(stack: InspectedStack, namespace: str, name: str, dimensions: Mapping[str, str]) -> float | None:
    """Return the highest value in `WINDOW`, or None if there are no data points."""
    return max(_points(stack, namespace, name, dimensions, "Maximum"), default=None)


def _points(
    stack: InspectedStack, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str
) -> list[float]:
    now = datetime.now(UTC)
    answer = stack.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - WINDOW,
        EndTime=now,
        Period=60,
        Statistics=[statistic],
    )
    return [float(point[statistic]) for point in answer["Datapoints"]]
