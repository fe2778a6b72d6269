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

JOB = {"project_id": "default", "job_id": "job_0"}
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
    """One execution of `JOB`. `prepared` is what its first step returns.

    `events` counts the events of its history; `given_up` lists the tasks whose failure was caught.
    """

    definition: Mapping[str, Any]
    function: Function
    clock: Clock
    random: random.Random
    prepared: Mapping[str, Any]
    events: int = 0
    status: str = "RUNNING"
    given_up: list[int] = field(default_factory=list)

    def run(self) -> Step:
        self.events += 1  # ExecutionStarted
        try:
            yield from self._machine(self.definition, {**JOB, "prepared": self.prepared})
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
            kinds = {"Task": self._task, "Map": self._map, "Pass": self._pass, "Choice": self._choice}
            chosen = yield from kinds[state["Type"]](state, data)
            self.events += 1  # …StateExited
            if "Result" in state:
                data = {**data, _key_of(state["ResultPath"]): state["Result"]}
            name = chosen or state.get("Next")

    def _task(self, state: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        tries: dict[int | None, int] = {}
        resource, event = _invocation(state, data)
        while True:
            self.events += 3  # Scheduled, Started, and Succeeded or Failed
            error = yield from self.function(resource, event)
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
        items = _at(data, state["ItemsPath"])
        width = state.get("MaxConcurrency") or len(items) or 1
        queue = list(reversed(items))
        failed: list[bool] = []
        workers = [self.clock.start(self._worker(state, data, queue, failed)) for _ in range(width)]
        yield from workers
        if failed:
            return self._caught(state, data, "States.TaskFailed")
        self.events += 1  # MapStateSucceeded
        return None

    def _worker(self, state: Mapping[str, Any], data: Mapping[str, Any], queue: list[Any], failed: list[bool]) -> Step:
        while queue:
            self.events += 2  # MapIterationStarted, and -Succeeded or -Failed
            try:
                item = _selected(state["ItemSelector"], data, queue.pop())
                yield from self._machine(state["ItemProcessor"], item)
            except Failed:
                failed.append(True)

    def _pass(self, state: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        if "Result" not in state:
            self.given_up.append(data["number"])
        yield 0

    def _choice(self, state: Mapping[str, Any], data: Mapping[str, Any]) -> Step:
        yield 0
        chosen = (rule["Next"] for rule in state["Choices"] if _at(data, rule["Variable"]) == rule["StringEquals"])
        return next(chosen, state["Default"])

    def _caught(self, state: Mapping[str, Any], _data: Mapping[str, Any], error: str) -> str:
        for catcher in state.get("Catch", ()):
            if matches(catcher, error):
                return str(catcher["Next"])
        raise Failed


def _invocation(state: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[str, Any]:
    """The function of a task, and its input."""
    wanted = _selected(state["Parameters"], data) if "Parameters" in state else data
    if state["Resource"].endswith(":states:::lambda:invoke"):
        return wanted["FunctionName"], wanted["Payload"]
    return state["Resource"], wanted


def _selected(template: Mapping[str, Any], data: Mapping[str, Any], item: Any = None) -> dict[str, Any]:
    """An `ItemSelector` or `Parameters`, filled in. Each of its values is a path, or has paths inside."""

    def value_of(wanted: Any) -> Any:
        if isinstance(wanted, Mapping):
            return _selected(wanted, data, item)
        return item if wanted == "$$.Map.Item.Value" else _at(data, wanted)

    return {name.removesuffix(".$"): value_of(wanted) for name, wanted in template.items()}


def _at(data: Any, path: str) -> Any:
    for part in path.removeprefix("$.").split("."):
        data = data[part]
    return data


def _key_of(path: str) -> str:
    return path.removeprefix("$.")


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
