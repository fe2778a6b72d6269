"""Where the gateway is at work: processes over AWS in memory, a key, a clock, and faults on the way of every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from audio_gateway.aws.update import item_key
from audio_gateway.errors import GatewayError, MeteringUnavailable
from audio_gateway.identity.directory_items import Project, keys_of, project_item
from audio_gateway.metering.account import Payer, month_of
from audio_gateway.metering.account_item import new_account_item
from audio_gateway.metering.limits import Limits
from tests.unit.money.network import KINDS, Died, Faults, Network
from tests.unit.money.processes import Process, Provider
from tests.unit.money.truth import MOST_HOLDS, MOST_JOBS, Truth, committed_of, unbilled_cost_from

START_MS: Final = 1_796_082_600_000  # 2026-11-30T23:50:00Z: hour, day and month turn while jobs run
DAY_MS: Final = 86_400_000
CALLER: Final = Payer("key_1", "default")
STEPS: Final = 2
"""The process that runs the steps of jobs; the two before it are the API's."""
SCHEDULES: Final = 3
"""The process that schedules call."""

_LONGEST_MS: Final = 2 * DAY_MS  # a job is forgotten after seven


class Stage:
    """What all that happens has in common. Each action is one of a process, which may die of it."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.network = Network(self.clock)
        self.truth = Truth(self.network.table, self.network.bucket)
        self.network.wrote, self.network.between = self.truth.wrote, self._turn_of_another
        self.provider = Provider(self.truth.asked)
        self.asked_to_end: list[str] = []
        self.processes = [self._process() for _ in range(4)]
        self._count = 0
        table = self.network.table
        table.put_item(Item=project_item(Project("default", "Default", START_MS // 1000)))
        table.put_item(Item=item_key(keys_of("default"), CALLER.key_id))
        table.put_item(Item=new_account_item(CALLER.key_id, Limits()))

    def clock(self) -> int:
        """Unix milliseconds."""
        return self.now_ms

    def _process(self) -> Process:
        return Process(self.network, self.provider, self.clock, lambda job: self.asked_to_end.append(job.id))

    def wait(self, ms: int) -> None:
        """Time passes, and what was under way arrives; nobody waits so long that jobs are forgotten."""
        self.pass_time(min(ms, START_MS + _LONGEST_MS - self.now_ms))

    def pass_time(self, ms: int) -> None:
        """The same, for as long as it takes."""
        self.now_ms += ms
        self.network.arrive()

    def limit(self, limits: Limits) -> None:
        """The operator changes the key's limits."""
        item = self.truth.account()
        changed = new_account_item(CALLER.key_id, limits)["limits"]
        version = {"N": str(int(item["version"]["N"]) + 1)}
        self.network.table.put_item(Item=item | {"limits": changed, "version": version})
        self.truth.limits = limits

    @contextmanager
    def under(self, faults: Faults) -> Iterator[None]:
        """The faults happen to the calls of all that is done in the block."""
        before = self.network.plan(faults)
        self.truth.calm = self.truth.calm and not faults
        self.truth.intact = self.truth.intact and all(fault.what not in KINDS for fault in faults)
        try:
            yield
        finally:
            self.network.resume(before)

    def act(self, number: int, action: Callable[[Process], object]) -> bool:
        """What a process does; whether it came to its end. One that died is replaced by another."""
        try:
            action(self.processes[number])
        except Died:
            self.processes[number] = self._process()
            self.network.dead = False
            return False
        except MeteringUnavailable as error:
            if not self.network.disturbed:
                raise AssertionError("nothing has happened for which this may fail") from error
            return False
        except GatewayError:
            return False
        return True

    def fits(self, price: int, *, is_job: bool = False) -> bool:
        """Whether the key's limits allow it now."""
        account, limits = self.truth.account(), self.truth.limits
        jobs = [request_id for request_id in account["holds"]["M"] if request_id.startswith("job_")]
        if is_job and len(jobs) >= (limits.concurrent_jobs or MOST_JOBS):
            return False
        budget, month = limits.monthly_budget_microusd, month_of(self.now_ms)
        return len(account["holds"]["M"]) < min(limits.concurrent_requests or MOST_HOLDS, MOST_HOLDS) and (
            budget is None
            or (committed_of(account)[month] + price <= budget and unbilled_cost_from(account)[month] < max(budget, 1))
        )

    def next_number(self) -> int:
        """Of a request or job."""
        self._count += 1
        return self._count

    def _turn_of_another(self, what: str) -> None:
        raise NotImplementedError
