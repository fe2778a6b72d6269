"""A simulation of the state machine of jobs: a day of an execution takes some milliseconds.

It counts the events in an execution's history as Step Functions does, and refuses calls as Lambda does when an account
has no environment left. It supports only what the definition uses.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

THROTTLED = "Lambda.TooManyRequestsException"

Step = Generator[Any, Any, Any]
"""Yields seconds to wait, or a process to wait for."""
Function = Callable[[str, Mapping[str, Any]], Step]
"""A Lambda function: its resource and input → the name of its error, or None if it succeeded."""


@dataclass(eq=False)
class Process:
    """A concurrent process, and the processes that wait for its end."""

    step: Step
    over: bool = False
    value: Any = None
    waiting: list[Process] = field(default_factory=list)


class Clock:
    """Runs processes in simulated time, in the order of their due times."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Process]] = []
        self._count = itertools.count()

    def start(self, step: Step) -> Process:
        process = Process(step)
        self._at(self.now, process)
        return process

    def run(self) -> None:
        while self._due:
            self.now, _, process = heapq.heappop(self._due)
            try:
                wanted = next(process.step)
            except StopIteration as end:
                process.over, process.value = True, end.value
                for each in process.waiting:
                    self._at(self.now, each)
                continue
            if not isinstance(wanted, Process):
                self._at(self.now + wanted, process)
            elif wanted.over:
                self._at(self.now, process)
            else:
                wanted.waiting.append(process)

    def _at(self, moment: float, process: Process) -> None:
        heapq.heappush(self._due, (moment, next(self._count), process))


class Account:
    """Lambda in an account with a quota of environments for all functions; further calls are throttled."""

    def __init__(self, quota: int, seconds: float) -> None:
        self._quota, self._seconds, self._busy = quota, seconds, 0
        self.refused = 0

    def call(self, _resource: str, _input: Mapping[str, Any]) -> Step:
        if self._busy >= self._quota:
            self.refused += 1
            return THROTTLED
        self._busy += 1
        yield self._seconds
        self._busy -= 1
        return None


class Failed(Exception):
    """A state failed, and no catcher matched."""


@dataclass
class Execution:
    """One execution. `events` counts the events of its history; `given_up` lists the tasks whose failure was caught."""

    definition: Mapping[str, Any]
    function: Function
    clock: Clock
    random: random.Random
    lanes: list[list[int]]
    events: int = 0
    status: str = "RUNNING"
    given_up: list[int] = field(default_factory=list)

    def run(self) -> Step:
        self.events += 1  # ExecutionStarted
        try:
            yield from self._machine(self.definition, {"prepared": {"lanes": self.lanes}})
            self.status = "SUCCEEDED"
        except Failed:
            self.status = "FAILED"
        self.events += 1  # ExecutionSucceeded, ExecutionFailed

    def _machine(self, machine: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        name = machine["StartAt"]
        while name is not None:
            state = machine["States"][name]
            self.events += 1  # …StateEntered
            if state["Type"] == "Fail":
                raise Failed
            kinds = {"Task": self._task, "Map": self._map, "Pass": self._pass}
            caught = yield from kinds[state["Type"]](state, data)
            self.events += 1  # …StateExited
            name = caught or state.get("Next")

    def _task(self, state: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        tries: dict[int | None, int] = {}
        while True:
            self.events += 3  # LambdaFunctionScheduled, -Started, and -Succeeded or -Failed
            error = yield from self.function(state["Resource"], data)
            if error is None:
                return None
            place = next((i for i, r in enumerate(state["Retry"]) if matches(r, error)), None)
            tried = tries.get(place, 0)
            if place is None or tried >= state["Retry"][place]["MaxAttempts"]:
                return self._caught(state, data, error)
            tries[place] = tried + 1
            yield self._pause(state["Retry"][place], tried)

    def _pause(self, retrier: Mapping[str, Any], tried: int) -> float:
        longest = pause(retrier, tried)
        return self.random.uniform(0, longest) if retrier.get("JitterStrategy") == "FULL" else longest

    def _map(self, state: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        self.events += 1  # MapStateStarted
        items: Any = data
        for part in state["ItemsPath"].removeprefix("$.").split("."):
            items = items[part]
        (key,) = (name.removesuffix(".$") for name, v in state["ItemSelector"].items() if v == "$$.Map.Item.Value")
        width = state.get("MaxConcurrency") or len(items) or 1
        queue = list(reversed(items))
        failed: list[bool] = []
        workers = [
            self.clock.start(self._worker(state["ItemProcessor"], data, key, queue, failed)) for _ in range(width)
        ]
        yield from workers
        if failed:
            return self._caught(state, data, "States.TaskFailed")
        self.events += 1  # MapStateSucceeded
        return None

    def _worker(
        self, machine: Mapping[str, Any], data: Mapping[str, Any], key: str, queue: list[Any], failed: list[bool]
    ) -> Step:
        while queue:
            self.events += 2  # MapIterationStarted, and -Succeeded or -Failed
            try:
                yield from self._machine(machine, {**data, key: queue.pop()})
            except Failed:
                failed.append(True)

    def _pass(self, _state: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        self.given_up.append(data["number"])
        yield 0

    def _caught(self, state: Mapping[str, Any], _data: Mapping[str, Any], error: str) -> str:
        for catcher in state.get("Catch", ()):
            if matches(catcher, error):
                return str(catcher["Next"])
        raise Failed


def matches(rule: Mapping[str, Any], error: str) -> bool:
    """Whether a retrier or a catcher matches an error."""
    return error in rule["ErrorEquals"] or rule["ErrorEquals"] == ["States.ALL"]


def pause(retrier: Mapping[str, Any], tried: int) -> float:
    """The longest pause before the next retry, after `tried` retries."""
    seconds = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried
    return float(min(seconds, retrier.get("MaxDelaySeconds", seconds)))


def run_together(executions: Iterable[Execution], clock: Clock) -> None:
    """Run executions until all of them have ended."""
    for execution in executions:
        clock.start(execution.run())
    clock.run()
