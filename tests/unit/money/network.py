"""Between the gateway's processes and AWS: whatever may happen to a call happens to the one that it is meant for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.s3 import FakeS3
from tests.fakes.step_functions import FakeStepFunctions

Place = Literal[
    "account", "ledger", "pending settlements", "job", "open jobs", "files", "machine", "reports",
    "attempts", "claims", "answers", "table", "bucket", "all",
]  # fmt: skip
"""What a call is about: all but the last three belong to the table, to the bucket, or are the state machine."""

Kind = Literal["refused", "lost", "late", "twice", "once more later", "dies before", "dies after"]
"""What becomes of a call. The last five leave the process in doubt, or none.

    refused            has no effect, and the process is told so at every try
    lost               takes effect, and no answer of any try comes
    late               no answer of any try comes; it takes effect some seconds later
    twice              is tried twice, because the first answer is lost: both arrive
    once more later    is tried twice, because no answer comes: the first arrives some seconds after the second
    dies before        the process is no more
    dies after         the same, and the call takes effect
"""

KINDS: Final[tuple[Kind, ...]] = (
    "refused", "lost", "late", "twice", "once more later", "dies before", "dies after",
)  # fmt: skip
OUTAGES: Final[tuple[Kind, ...]] = ("refused", "lost", "late", "twice", "once more later")
"""What may become of all calls of a time."""
UNDER_WAY_MS: Final = 30_000
"""How long a call may be under way whose sender has given up (docs/metering.md)."""

_READS: Final = frozenset(
    {
        "get_item",
        "batch_get_item",
        "query",
        "get_object",
        "head_object",
        "list_objects_v2",
        "list_executions",
        "describe_execution",
    }
)
_PLACES: Final[tuple[tuple[str, tuple[Place, ...]], ...]] = (
    ("ACCOUNT#", ("account", "table", "all")),
    ("LEDGER#", ("ledger", "table", "all")),
    ("JOBS#", ("job", "table", "all")),
    ("OPEN_JOBS", ("open jobs", "table", "all")),
    ("CALLS#", ("attempts", "table", "all")),
    ("IDEMPOTENCY#", ("claims", "table", "all")),
    ("answers/", ("answers", "bucket", "all")),
    ("unsettled/", ("pending settlements", "bucket", "all")),
    ("jobs/", ("files", "bucket", "all")),
    ("machine", ("machine", "all")),
    ("", ("reports", "table", "all")),
)


class Died(BaseException):
    """The process is gone: nothing in it catches this."""


@dataclass(frozen=True)
class Fault:
    """Something that happens to the `nth` call about a `place`, counted from 0, or to each (None).

    `what` is one of `KINDS`, or what another process does right before the call.
    """

    place: Place
    nth: int | None
    what: str

    def __repr__(self) -> str:
        return f"Fault({self.place!r}, {self.nth}, {self.what!r})"


Faults = Sequence[Fault]


@dataclass(frozen=True)
class _UnderWay:
    until_ms: int
    deliver: Callable[[], Any]


Plan = tuple[list[Fault], dict[str, int], set[Place]]


class Network:
    """The table, the bucket, the state machine and all ways to them.

    `between` is called with what another process shall do right before a call; `wrote` after each call that changed
    something, with the key of the item or the name of the object.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.table, self.bucket, self.machine = FakeDynamoDB(page=1_000), FakeS3(), FakeStepFunctions()
        self.dynamodb: Any = _Client(self, self.table)
        self.s3: Any = _Client(self, self.bucket)
        self.step_functions: Any = _Client(self, self.machine)
        self.between: Callable[[str], None] = lambda _what: None
        self.wrote: Callable[[str, Any], None] = lambda _name, _key: None
        self.invalid: list[str] = []
        self.hit: set[Place] = set()  # what something happened to, since faults were planned for last
        self._clock = clock
        self.dead = False  # whether the process that acts is: no call of it goes out any more
        self._faults: list[Fault] = []
        self._seen: dict[str, int] = {}
        self.under_way: list[_UnderWay] = []

    @property
    def planned(self) -> bool:
        """Whether something is to happen to calls."""
        return bool(self._faults)

    @property
    def disturbed(self) -> bool:
        """Whether something happened to a call since faults were planned for last."""
        return bool(self.hit)

    def plan(self, faults: Sequence[Fault]) -> Plan:
        """What happens to the calls from now on; answers what was planned before, for `resume`."""
        before = self._faults, self._seen, self.hit
        self._faults, self._seen, self.hit = list(faults), {}, set()
        return before

    def resume(self, before: Plan) -> None:
        """What was planned before goes on."""
        self._faults, self._seen, self.hit = before

    def arrive(self, count: int | None = None) -> None:
        """Calls that are under way take effect: so many of the oldest, or those that can be no longer under way."""
        now_ms = self._clock()
        due = [each for each in self.under_way if each.until_ms <= now_ms] if count is None else []
        for each in due if count is None else self.under_way[:count]:
            self.under_way.remove(each)
            each.deliver()

    def call(self, places: tuple[Place, ...], name: str, deliver: Callable[[], Any]) -> Any:
        """Make a call, or what comes of it."""
        if self.dead:
            raise Died
        fault = self._fault_for(places)
        if fault is None:
            return deliver()
        if fault.what not in KINDS:
            self.between(fault.what)
            return deliver()
        self.hit.update(places)
        return self._befall(fault.what, name, deliver)

    def _befall(self, what: str, name: str, deliver: Callable[[], Any]) -> Any:
        self.dead = what in ("dies before", "dies after")
        if what == "dies before":
            raise Died
        changes = name not in _READS
        if changes and what in ("lost", "dies after", "twice"):
            _effect(deliver)
        if changes and what in ("late", "once more later"):
            self.under_way.append(_UnderWay(self._clock() + UNDER_WAY_MS, lambda: _effect(deliver)))
        if what == "dies after":
            raise Died
        if what in ("refused", "lost", "late"):
            raise ClientError({"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {}}, name)  # type: ignore[typeddict-item] # what is read of it
        return _in_doubt(deliver)

    def _fault_for(self, places: tuple[Place, ...]) -> Fault | None:
        now = [(place, self._seen.get(place, 0)) for place in places]
        self._seen |= {place: nth + 1 for place, nth in now}
        return next((each for each in self._faults if (each.place, each.nth) in now or _is_each(each, places)), None)


def _is_each(fault: Fault, places: tuple[Place, ...]) -> bool:
    return fault.nth is None and fault.place in places


class _Client:
    """A client of AWS, each of whose calls takes the network."""

    def __init__(self, network: Network, client: Any) -> None:
        self._network, self._client = network, client

    def get_paginator(self, name: str) -> _Pages:
        return _Pages(getattr(self, name))

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def sent(**arguments: Any) -> Any:
            def deliver() -> Any:
                try:
                    answer = call(**arguments)
                except ClientError as error:
                    if error.response["Error"]["Code"] == "ValidationException":
                        self._network.invalid.append(str(error))
                    raise
                if name not in _READS:
                    self._network.wrote(about, arguments.get("Key") or arguments.get("Item"))
                return answer

            about = _named(arguments)
            places = next(places for start, places in _PLACES if about.startswith(start))
            return self._network.call(places, name, deliver)

        return sent


@dataclass(frozen=True)
class _Pages:
    """The paginator of a call whose answer is one page."""

    call: Callable[..., Any]

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        yield self.call(**arguments)


def _effect(deliver: Callable[[], Any]) -> None:
    """A call whose outcome the process does not see."""
    try:
        deliver()
    except ClientError:
        return


def _in_doubt(deliver: Callable[[], Any]) -> Any:
    """The answer to a call that was sent twice, as the client marks it."""
    try:
        answer = deliver()
    except ClientError as error:
        error.response.setdefault("ResponseMetadata", {})["MayArriveAgain"] = True  # type: ignore[typeddict-unknown-key,typeddict-item] # our own
        raise
    answer.setdefault("ResponseMetadata", {})["MayArriveAgain"] = True
    return answer


def _named(arguments: dict[str, Any]) -> str:
    """The partition, object or machine that a call is about."""
    if "stateMachineArn" in arguments or "executionArn" in arguments:
        return "machine"
    key = arguments.get("Key") or arguments.get("Item") or arguments.get("Prefix")
    if isinstance(key, str):
        return key
    if key is not None:
        return str(key["pk"]["S"])
    if "RequestItems" in arguments:
        ((_, wanted),) = arguments["RequestItems"].items()
        return str(wanted["Keys"][0]["pk"]["S"])
    if "Delete" in arguments:
        return str(arguments["Delete"]["Objects"][0]["Key"])
    return str(arguments["ExpressionAttributeValues"].get(":pk", {"S": "an index"})["S"])
