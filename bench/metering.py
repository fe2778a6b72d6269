"""Measures the cost of metering per request: our processor time compared with the bare calls, and DynamoDB's calls and
write units.

The bare calls are those of the meter, recorded and repeated on the same client. So the difference is our own work:
expressions, ids, sizes, limits. No network is involved.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.dynamodb import CALLER, FakeDynamoDb, account_item, answered_in_process, work
from bench.table import ResultRow, ResultTable, save

OPEN_HOLDS = (0, 10, 50)
ROUNDS = 500
LIMIT_MS = 0.5
NOW_MS = 1_796_083_140_000


class RecordingClient:
    """A client that records each call, so that it can be repeated."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.recorded: list[tuple[str, dict[str, Any]]] = []

    def update_item(self, **arguments: Any) -> Any:
        self.recorded.append(("update_item", arguments))
        return self._client.update_item(**arguments)

    def put_item(self, **arguments: Any) -> Any:
        self.recorded.append(("put_item", arguments))
        return self._client.put_item(**arguments)


def client_of(table: FakeDynamoDb) -> Any:
    from audio_gateway.aws.dynamodb import dynamodb_client

    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    client = dynamodb_client()
    answered_in_process(client, table)
    return client


def processor_time() -> ResultTable:
    columns = ["bare", "ours", "added", "limit"]
    table = ResultTable("metering, ms of processor time a request (admit and settle; median)", columns)
    for open_holds in OPEN_HOLDS:
        bare, ours = (1000 * each for each in measured(open_holds))
        table.add(ResultRow(f"{open_holds} open holds", [bare, ours, ours - bare, LIMIT_MS]))
    return table


def measured(open_holds: int) -> tuple[float, float]:
    """Return the median seconds of the bare calls and of the meter."""
    from audio_gateway.metering.meter import DynamoMeter

    client = client_of(FakeDynamoDb(account_item(NOW_MS, open_holds + 1)))
    meter = DynamoMeter(client, "table", now_ms=lambda: NOW_MS)
    recorded = one_request(open_holds)[1]
    numbers = iter(range(10**6, 10**7))

    def metered() -> None:
        asked = work(next(numbers))
        meter.settle(meter.admit(CALLER, asked).hold, asked)

    def bare() -> None:
        for name, arguments in recorded:
            getattr(client, name)(**arguments)

    metered()  # reads the account's limits, once per process
    spent: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):  # alternating, so that a busy machine slows both
        for times, run in zip(spent, (bare, metered), strict=True):
            times.append(processor_seconds(run))
    return statistics.median(spent[0]), statistics.median(spent[1])


def processor_seconds(run: Callable[[], None]) -> float:
    started = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - started) / 1e9


def one_request(open_holds: int) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    """Return the number of calls that a request makes before the provider is called, and all its calls."""
    from audio_gateway.metering.meter import DynamoMeter

    recorder = RecordingClient(client_of(FakeDynamoDb(account_item(NOW_MS, open_holds + 1))))
    meter = DynamoMeter(recorder, "table", now_ms=lambda: NOW_MS)  # type: ignore[arg-type] # it has the methods that a meter calls
    meter.admit(CALLER, work(1_000))  # reads the account's limits, once per process
    recorder.recorded.clear()
    asked = work(1_001)
    admission = meter.admit(CALLER, asked)
    before = len(recorder.recorded)
    meter.settle(admission.hold, asked)
    return before, recorder.recorded


def writes() -> ResultTable:
    """Count DynamoDB's calls and write units: one per started KB, of the larger of the item before and after."""
    columns = ["before", "after", "admit", "row", "release", "units"]
    table = ResultTable("metering, DynamoDB calls before and after the provider, and write units a request", columns)
    for open_holds in OPEN_HOLDS:
        before, recorded = one_request(open_holds)
        # With the request's own hold the account is largest: after the admission and before the release.
        account = units(account_item(NOW_MS, open_holds + 1))
        row = units(next(arguments["Item"] for name, arguments in recorded if name == "put_item"))
        after = len(recorded) - before
        table.add(ResultRow(f"{open_holds} open holds", [before, after, account, row, account, 2 * account + row]))
    return table


def units(item: dict[str, Any]) -> int:
    return -(-sum(len(name.encode()) + size_of(value) for name, value in item.items()) // 1024)


def size_of(value: dict[str, Any]) -> int:
    """Return the bytes of an attribute's value as AWS counts them ("DynamoDB item sizes and formats")."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return -(-len(content.strip("0")) // 2) + 1  # two digits per byte, without leading and trailing zeros
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in content.items())
    raise ValueError(f"no size for {kind}")


if __name__ == "__main__":
    save("metering", [processor_time(), writes()])
