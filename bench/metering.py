"""What metering costs a request: our own processor time beside the bare calls, and DynamoDB's calls and write units.

The bare calls are those that the meter makes, recorded and made again on the same client, so that the difference is
what we do around them: expressions, ids, sizes, limits. Nothing goes over a network.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.dynamodb import CALLER, OneAccount, account_item, answered_in_process, work
from bench.table import Row, Table, save

OPEN_HOLDS = (0, 10, 50)
ROUNDS = 500
LIMIT_MS = 0.5
NOW_MS = 1_796_083_140_000


class Recorder:
    """A client that remembers each call, to make it again."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.recorded: list[tuple[str, dict[str, Any]]] = []

    def update_item(self, **arguments: Any) -> Any:
        self.recorded.append(("update_item", arguments))
        return self._client.update_item(**arguments)

    def put_item(self, **arguments: Any) -> Any:
        self.recorded.append(("put_item", arguments))
        return self._client.put_item(**arguments)


def client_of(table: OneAccount) -> Any:
    from audio_gateway.aws.dynamodb import dynamodb_client

    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    client = dynamodb_client()
    answered_in_process(client, table)
    return client


def processor_time() -> Table:
    columns = ["bare", "ours", "added", "limit"]
    table = Table("metering, ms of processor time a request (admit and settle; median)", columns)
    for open_holds in OPEN_HOLDS:
        bare, ours = (1000 * each for each in measured(open_holds))
        table.add(Row(f"{open_holds} open holds", [bare, ours, ours - bare, LIMIT_MS]))
    return table


def measured(open_holds: int) -> tuple[float, float]:
    """Median seconds of the bare calls and of the meter."""
    from audio_gateway.metering.meter import DynamoMeter

    client = client_of(OneAccount(account_item(NOW_MS, open_holds + 1)))
    meter = DynamoMeter(client, "table", now_ms=lambda: NOW_MS)
    recorded = one_request(open_holds)[1]
    numbers = iter(range(10**6, 10**7))

    def metered() -> None:
        asked = work(next(numbers))
        meter.settle(meter.admit(CALLER, asked).hold, asked)

    def bare() -> None:
        for name, arguments in recorded:
            getattr(client, name)(**arguments)

    metered()  # learns the account's limits, once per process
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
    """How many calls a request makes before the provider is asked, and all of its calls."""
    from audio_gateway.metering.meter import DynamoMeter

    recorder = Recorder(client_of(OneAccount(account_item(NOW_MS, open_holds + 1))))
    meter = DynamoMeter(recorder, "table", now_ms=lambda: NOW_MS)  # type: ignore[arg-type] # it has what a meter calls
    meter.admit(CALLER, work(1_000))  # learns the account's limits, once per process
    recorder.recorded.clear()
    asked = work(1_001)
    admission = meter.admit(CALLER, asked)
    before = len(recorder.recorded)
    meter.settle(admission.hold, asked)
    return before, recorder.recorded


def writes() -> Table:
    """DynamoDB's calls, and its write units: one for each begun KB, of an update's larger item before and after."""
    columns = ["before", "after", "admit", "row", "release", "units"]
    table = Table("metering, DynamoDB calls before and after the provider, and write units a request", columns)
    for open_holds in OPEN_HOLDS:
        before, recorded = one_request(open_holds)
        # With the request's own hold the account is at its largest: after the admission, and before the release.
        account = units(account_item(NOW_MS, open_holds + 1))
        row = units(next(arguments["Item"] for name, arguments in recorded if name == "put_item"))
        after = len(recorded) - before
        table.add(Row(f"{open_holds} open holds", [before, after, account, row, account, 2 * account + row]))
    return table


def units(item: dict[str, Any]) -> int:
    return -(-sum(len(name.encode()) + size_of(value) for name, value in item.items()) // 1024)


def size_of(value: dict[str, Any]) -> int:
    """Bytes of an attribute's value as AWS counts them ("DynamoDB item sizes and formats")."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return -(-len(content.strip("0")) // 2) + 1  # two digits in a byte, without zeros at the ends
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in content.items())
    raise ValueError(f"no size for {kind}")


if __name__ == "__main__":
    save("metering", [processor_time(), writes()])
