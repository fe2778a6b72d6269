"""What may happen, one event after the other, and strategies that think of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from hypothesis import strategies as st

from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.metering.limits import Limits
from tests.unit.money.calls import Kind
from tests.unit.money.network import KINDS, OUTAGES, Fault, Faults
from tests.unit.money.world import TURNS, World

T = TypeVar("T")


@dataclass(frozen=True)
class Event:
    """Something happens. `faults` are those that it meets on its way."""

    faults: Faults

    def happen(self, world: World) -> None:
        """Let it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Admit(Event):
    """A request is admitted by one of two processes, or refused; it may be too late for an answer.

    It is ended at once, as `EndRequest` says, meeting the faults `later`; or it stays open.
    """

    process: int
    characters: int
    in_time: bool = True
    later: Faults = ()
    how: str | None = None

    def happen(self, world: World) -> None:
        open_before = len(world.requests)
        with world.under(self.faults):
            world.admit(self.process, self.characters, in_time=self.in_time)
        if self.how is not None and len(world.requests) > open_before:
            with world.under(self.later):
                world.end_request(world.requests[-1], self.how)


@dataclass(frozen=True)
class Poll(Event):
    """So many polls wait for jobs, one after the other; they end, or their function dies."""

    process: int
    size: int
    ends: bool

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            for _ in range(self.size):
                world.poll(self.process, ends=self.ends)


@dataclass(frozen=True)
class Upload(Event):
    """Some uploads are announced; they are used, or never."""

    process: int
    size: int
    count: int
    used: bool

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            for _ in range(self.count):
                world.announce_upload(self.process, self.size, used=self.used)


@dataclass(frozen=True)
class EndRequest(Event):
    """An open request is answered by the model `how`, has `failed`, or failed after an unbilled call (`in vain`).

    It is `rescued` if the call of one provider was unbilled and another one answered.
    """

    which: int
    how: str

    def happen(self, world: World) -> None:
        if world.requests:
            with world.under(self.faults):
                world.end_request(_chosen(world.requests, self.which), self.how)


@dataclass(frozen=True)
class MakeCall(Event):
    """A call is made, whose answer is sent as it is made, or when it is complete. So many items of it are made.

    It ends `then`, meeting the faults `later`; or it goes on.
    """

    process: int
    kind: Kind
    characters: int
    streamed: bool
    items: int
    later: Faults = ()
    then: str | None = None

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            call = world.call(self.process, self.kind, self.characters, streamed=self.streamed)
            attempt = world.running(call)
            if attempt is not None:
                world.go_on(attempt, self.items)
        with world.under(self.later):
            world.end_attempt(world.running(call), self.then)


@dataclass(frozen=True)
class RepeatCall(Event):
    """A call is made once more, as an SDK does, or with its key; as `MakeCall` says."""

    which: int
    process: int
    streamed: bool
    items: int
    later: Faults = ()
    then: str | None = None

    def happen(self, world: World) -> None:
        calls = [call for call in world.calls if world.may_be_repeated(call)]
        if not calls:
            return
        call = _chosen(calls, self.which)
        with world.under(self.faults):
            attempt = world.attempt(self.process, call, streamed=self.streamed)
            if attempt is not None:
                world.go_on(attempt, self.items)
        with world.under(self.later):
            world.end_attempt(attempt, self.then)


@dataclass(frozen=True)
class EndAttempt(Event):
    """An attempt that runs ends: it `finishes`, its provider `fails`, its caller `leaves`, or its process `dies`."""

    which: int
    then: str

    def happen(self, world: World) -> None:
        if world.attempts:
            with world.under(self.faults):
                world.end_attempt(_chosen(world.attempts, self.which), self.then)


@dataclass(frozen=True)
class SettleAgain(Event):
    """One of two processes settles once more what was paid."""

    which: int
    process: int

    def happen(self, world: World) -> None:
        if world.truth.paid:
            with world.under(self.faults):
                world.settle_again(self.process, _chosen(tuple(world.truth.paid), self.which))


@dataclass(frozen=True)
class Burst(Event):
    """So many requests at once, while all admissions are in doubt; they end as `EndRequest` says, or stay `open`."""

    size: int
    how: str

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            world.burst(0, self.size, self.how)


@dataclass(frozen=True)
class Start(Event):
    """A job of so many parts is begun, of a recording where that is 0. `faults` are those of its first call.

    Some of its steps are done, which meet those `later`; and it is ended `then`, if at all.
    """

    process: int
    parts: int
    steps: int
    later: Faults
    then: str | None

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            job_id = world.start(self.process, self.parts)
        with world.under(self.later):
            world.work(job_id, self.steps)
        if self.then is not None:
            world.end_job(job_id, self.then, 0)


@dataclass(frozen=True)
class Work(Event):
    """Some steps of a job are done, while so many of the two models are `down`. Then it is ended, if at all."""

    which: int
    steps: int
    down: int
    unheard: bool
    then: str | None

    def happen(self, world: World) -> None:
        if not world.jobs:
            return
        job_id = _chosen(world.jobs, self.which)
        world.provider.down = set(("up-talker", "up-spare")[: self.down])
        with world.under(self.faults):
            world.work(job_id, self.steps, unheard=self.unheard)
        world.provider.down = set()
        if self.then is not None:
            world.end_job(job_id, self.then, 0)


@dataclass(frozen=True)
class EndJob(Event):
    """A job ends before its time."""

    which: int
    how: str
    process: int

    def happen(self, world: World) -> None:
        if world.jobs:
            with world.under(self.faults):
                world.end_job(_chosen(world.jobs, self.which), self.how, self.process)


@dataclass(frozen=True)
class Sweep(Event):
    """The sweeper has its turn, and the function that ends lost jobs."""

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            world.sweep()
            world.find_orphaned_jobs()
            while world.asked_to_end:
                world.interrupt(world.asked_to_end.pop())


@dataclass(frozen=True)
class RollUp(Event):
    """The roll-up has its turn, and the operator looks at reports and audit."""

    def happen(self, world: World) -> None:
        with world.under(self.faults):
            world.roll_up()
        world.check_reports()


@dataclass(frozen=True)
class Limit(Event):
    """The operator changes the key's limits."""

    budget: int | None
    at_once: int | None
    jobs: int | None = None

    def happen(self, world: World) -> None:
        limits = Limits(
            monthly_budget_microusd=self.budget, concurrent_requests=self.at_once, concurrent_jobs=self.jobs
        )
        world.limit(limits)


@dataclass(frozen=True)
class Wait(Event):
    """Time passes, and the sweeper has its turn afterwards, if it is not late."""

    seconds: int
    sweep: bool

    def happen(self, world: World) -> None:
        world.wait(self.seconds * 1000)
        if self.sweep:
            world.sweep()


@dataclass(frozen=True)
class Arrive(Event):
    """Of the calls that are under way, the oldest takes effect."""

    def happen(self, world: World) -> None:
        world.network.arrive(1)


def _chosen(among: Sequence[T], which: int) -> T:
    """Counted from the latest."""
    return among[-1 - which % len(among)]


# ------------------------------------------------------------ strategies
_process = st.integers(0, 1)
_which = st.integers(0, 2)
_of_money = st.sampled_from(("account", "ledger", "pending settlements"))
_of_jobs = st.sampled_from(("job", "open jobs", "machine"))
_nth = st.sampled_from((0, 0, 1, 2))
_befalls = st.sampled_from(KINDS)
_turns = st.sampled_from(TURNS)
_outages = st.builds(
    Fault, st.sampled_from(("account", "pending settlements", "table", "bucket")), st.none(), st.sampled_from(OUTAGES)
)
_one_call = st.builds(Fault, _of_money | _of_jobs, _nth, _befalls | _turns)
_any_call = st.builds(Fault, st.just("all"), st.integers(0, 30), _befalls | _turns)
_settling = st.builds(
    Fault,
    st.sampled_from(("account", "pending settlements", "pending settlements", "ledger")),
    st.integers(0, 1),
    _befalls,
)
_fault = st.one_of(_settling, _one_call, _any_call, _outages)
_faults: st.SearchStrategy[Faults] = st.lists(_fault, max_size=2).map(tuple)
_while_admitting: st.SearchStrategy[Faults] = st.tuples(
    st.builds(Fault, st.just("account"), st.none(), st.sampled_from(OUTAGES))
)
_while_settling: st.SearchStrategy[Faults] = st.tuples(_settling)
_none: st.SearchStrategy[Faults] = st.just(())
_steps = st.sampled_from((0, 1, 2, 6, 6, 6))
_ends = st.sampled_from(("cancel", "delete", "give up", "abort", "operator"))
_then = st.sampled_from((None, None, "delete", "delete", "cancel"))
_ways = st.sampled_from(("talker", "spare", "failed", "in vain", "rescued"))
_waits = st.sampled_from((10, 31, 100, 1_800, JOB_HOLD_SECONDS + 1))

_endings = st.sampled_from(("finishes", "finishes", "fails", "leaves", "leaves", "dies"))
_kinds = st.sampled_from(("plain", "sdk", "sdk", "key"))
_of_calls = st.builds(
    Fault,
    st.sampled_from(("ledger", "account", "pending settlements", "answers", "attempts", "claims")),
    st.integers(0, 1),
    _befalls | st.just("another attempt"),
)
_while_called: st.SearchStrategy[Faults] = st.lists(_of_calls, max_size=2).map(tuple)

Events = tuple[st.SearchStrategy[Event], ...]
History = tuple[Event | None, ...]


_bursts = st.builds(Burst, _none, st.sampled_from((3, 3, 100, 310)), _ways | st.just("open"))


def _jobs(
    faults: st.SearchStrategy[Faults], admitting: st.SearchStrategy[Faults], settling: st.SearchStrategy[Faults]
) -> Events:
    down = st.sampled_from((0, 0, 0, 1, 2))
    later = _none | settling | faults
    return (
        st.builds(Start, faults, _process, st.integers(1, 2), _steps, later, _then),
        st.builds(Start, faults, _process, st.just(0), _steps, later, _then),
        st.builds(Start, admitting, _process, st.just(1), st.just(6), _none, _then),
        st.builds(Start, _none, _process, st.just(1), st.just(6), settling, _then),
        st.builds(Work, later, _which, _steps, down, st.booleans(), _then),
        st.builds(EndJob, faults, _which, _ends, _process),
        st.builds(Limit, _none, st.sampled_from((None, 79, 10_000)), st.none(), st.sampled_from((None, 1, 2))),
    )


def _requests(
    faults: st.SearchStrategy[Faults], admitting: st.SearchStrategy[Faults], settling: st.SearchStrategy[Faults]
) -> Events:
    begun, later = _none | admitting | faults, _none | settling | faults
    return (
        st.builds(Admit, begun, _process, st.integers(0, 40), st.booleans(), later, st.none() | _ways),
        st.builds(Admit, admitting, _process, st.integers(0, 40), st.just(value=True), _none, _ways),
        st.builds(EndRequest, faults, _which, _ways),
        st.builds(Upload, begun, _process, st.integers(1, 600), st.integers(1, 3), st.booleans()),
        st.builds(Poll, begun, _process, st.sampled_from((1, 4, 25)), st.booleans()),
        st.builds(SettleAgain, faults, _which, _process),
        st.builds(Limit, _none, st.sampled_from((None, 1_500, 10_000)), st.sampled_from((None, None, 3))),
    )


def _calls(faults: st.SearchStrategy[Faults]) -> Events:
    items, then = st.integers(0, 3), st.none() | _endings
    return (
        st.builds(MakeCall, faults, _process, _kinds, st.integers(0, 40), st.booleans(), items, faults, then),
        st.builds(RepeatCall, faults, _which, _process, st.booleans(), items, faults, then),
        st.builds(RepeatCall, _none, _which, _process, st.just(value=True), items, faults, then),
        st.builds(EndAttempt, faults, _which, _endings),
    )


def _time(faults: st.SearchStrategy[Faults]) -> Events:
    return (
        st.builds(Wait, _none, _waits, st.booleans()),
        st.builds(Sweep, faults),
        st.builds(RollUp, faults),
        st.builds(Arrive, _none),
    )


def _histories(length: int, *events: st.SearchStrategy[Event]) -> st.SearchStrategy[History]:
    """So many of these events; each may be left out, so that an example is shortened at once."""
    return st.tuples(*[st.none() | st.one_of(events)] * length)


JOBS: Final = _histories(10, *_jobs(_faults, _while_admitting, _while_settling), *_time(_faults))
REQUESTS: Final = _histories(10, _bursts, *_requests(_faults, _while_admitting, _while_settling), *_time(_faults))
CALLS: Final = _histories(10, *_calls(_none | _while_called), *_time(_none | _faults))
EVERYTHING: Final = _histories(
    25,
    *_calls(_none | _while_called | _faults),
    *_jobs(_faults, _while_admitting, _while_settling),
    *_requests(_faults, _while_admitting, _while_settling),
    *_time(_faults),
)
CALM: Final = _histories(
    15, *_jobs(_none, _none, _none), *_requests(_none, _none, _none), *_calls(_none), *_time(_none)
)
"""Nothing goes wrong."""


def check(history: History) -> None:
    """Raises `AssertionError` if a law is broken after one of the events, or when all has come to rest."""
    world = World()
    for event in history:
        if event is not None:
            event.happen(world)
            world.check()
    world.come_to_rest()
    world.check_at_rest()
