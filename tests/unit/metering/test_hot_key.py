"""A key that is asked for more than one item can take, second by second: what is answered, and how soon it recovers.

The real meter and sweeper over the fake table, with DynamoDB's 1,000 write units a second for the account; time is
simulated. There is no burst capacity, which would delay it, and no second try, which would hasten it.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from audio_gateway.errors import GatewayError
from audio_gateway.metering.account import MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, holds_from, new_account_item
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS, DynamoMeter
from audio_gateway.metering.sweeper import Sweeper
from audio_gateway.metering.work_outcomes import WorkOutcomes
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.dynamodb_limits import write_units
from tests.fakes.meter import FakeHeldJobs, FakeUnsettled
from tests.unit.metering.tables import TABLE, late_rows

pytestmark = pytest.mark.slow

UNITS_A_SECOND: Final = 1_000
START_MS: Final = 1_795_255_200_000
CALLER: Final = Payer("key_01a22ee5c5a1d146830255fd", "proj_01a22ee5c5a1d146830255fd")


class HotItem(FakeDynamoDB):
    """A table whose account takes so many write units a second; a refused write takes none."""

    def __init__(self) -> None:
        super().__init__(page=1_000)
        self.now_s = 0.0
        self._left, self._filled_s = float(UNITS_A_SECOND), 0.0

    def update_item(self, **arguments: Any) -> Any:
        self._left = min(UNITS_A_SECOND, self._left + (self.now_s - self._filled_s) * UNITS_A_SECOND)
        self._filled_s = self.now_s
        units = write_units(self.account)
        if units > self._left:
            answer: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {}}
            raise ClientError(answer, "UpdateItem")
        self._left -= units
        return super().update_item(**arguments)

    @property
    def account(self) -> dict[str, Any]:
        return dict(self.get_item(Key=account_key(CALLER.key_id))["Item"])


@dataclass
class Seconds:
    """What became of the requests of a stretch of time, and the account at its end."""

    end_s: int
    answered: int = 0
    refused: int = 0
    open_holds: int = 0
    kb: float = 0.0
    refusals: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return (
            f"t={self.end_s:4} s: answered {self.answered:4}, refused {self.refused:4} {sorted(self.refusals)}, "
            f"open holds {self.open_holds:4}, {self.kb:5.1f} KB"
        )


def traffic(schedule: Sequence[tuple[int, int]], life_s: float, *, processes: int = 1) -> Iterator[Seconds]:
    """Ten seconds after ten seconds of requests: `schedule` says for how long, and how many a second."""
    rng = random.Random(1)
    table = HotItem()
    table.put_item(TableName=TABLE, Item=new_account_item(CALLER.key_id, Limits()))
    clock = lambda: START_MS + int(table.now_s * 1000)  # noqa: E731
    meters = [DynamoMeter(table, TABLE, now_ms=clock) for _ in range(processes)]  # type: ignore[arg-type] # stands in
    sweeper = Sweeper(
        table,  # type: ignore[arg-type] # stands in
        TABLE,
        Keys(),
        WorkOutcomes(FakeHeldJobs(), FakeUnsettled()),
        late_rows(table, AllowedLateness(REQUEST_HOLD_SECONDS, 60), clock),
        now_ms=clock,
    )
    numbers = itertools.count()
    events: list[tuple[float, int, str, Any]] = []
    start_s = 0.0
    for seconds, rate in schedule:
        at_s, start_s = start_s, start_s + seconds
        while (at_s := at_s + rng.expovariate(rate)) < start_s:
            heapq.heappush(events, (at_s, next(numbers), "ask", meters[len(events) % processes]))
    for at_s in range(60, int(start_s) + 1, 60):
        heapq.heappush(events, (at_s, next(numbers), "sweep", None))
    now = Seconds(10)
    while events and events[0][0] < start_s:
        table.now_s, number, what, about = heapq.heappop(events)
        while table.now_s >= now.end_s:
            now.open_holds, now.kb = len(holds_from(table.account)), write_units(table.account)
            yield now
            now = Seconds(now.end_s + 10)
        if what == "sweep":
            sweeper.sweep()
        elif what == "end":
            meter, hold = about
            meter.settle(hold, hold.work)
        else:
            work = MeteredRequest(f"req_{number:032x}", "speech", "gpt-4o-mini-tts", "characters", 100, 1500, 1200)
            try:
                hold = about.admit(CALLER, work).hold
            except GatewayError as error:
                now.refused += 1
                now.refusals.add(type(error).__name__)
            else:
                now.answered += 1
                heapq.heappush(events, (table.now_s + life_s, next(numbers), "end", (about, hold)))
    yield now


class Keys:
    def forget_deleted(self, key_id: str) -> bool:
        raise AssertionError(key_id)


# The load falls after 50 and 90 seconds: one second a request, then five, as ordinary speech takes.
SCHEDULES: Final = {
    "80 a second of 1 s": ([(20, 40), (30, 80), (70, 10)], 1.0),
    "32 a second of 5 s": ([(30, 15), (60, 32), (70, 5)], 5.0),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_key_that_was_asked_for_too_much_recovers_within_a_minute(name: str) -> None:
    schedule, life_s = SCHEDULES[name]
    _, (_, many), (_, few_again) = schedule
    falls_s = schedule[0][0] + schedule[1][0]
    seen = list(traffic(schedule, life_s, processes=50))
    peak = [each for each in seen if schedule[0][0] < each.end_s <= falls_s]
    assert sum(each.refused for each in peak) > 0  # or this shows nothing
    assert min(each.answered for each in peak) > 10 * many * 0.6
    assert max(each.open_holds for each in peak) < many * life_s * 1.2
    well = [each for each in seen if each.end_s > falls_s + 60]
    assert well
    assert sum(each.refused for each in well) == 0
    assert max(each.open_holds for each in well) < few_again * life_s * 3


if __name__ == "__main__":
    for name, (schedule, life_s) in SCHEDULES.items():
        for processes in (1, 50):
            print(name, schedule, processes, "processes")
            print(*traffic(schedule, life_s, processes=processes), sep="\n")
