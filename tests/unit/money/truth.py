"""What must be true of the money, whatever happened: known from what was answered, not from what the gateway counted.

It hears of every write as it takes effect, and keeps what is wrong in `broken`: an error that is raised inside a call
of AWS may be caught by the code that is tested.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from audio_gateway.metering.account import Hold, month_of
from audio_gateway.metering.account_item import account_key, hold_from_text
from audio_gateway.metering.ledger import LedgerRow, row_from
from audio_gateway.metering.limits import Limits
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.s3 import FakeS3

COST: Final = 10
"""What the provider takes for a character, whichever model answers."""
MOST_HOLDS: Final = 300
MOST_JOBS: Final = 100
MOST_WAITS: Final = 20
MOST_PENDING: Final = 1_000
"""Bytes of uploads."""
_ROUNDING: Final = 2
UNPAID: Final = frozenset({"abandoned", "failed", "repeated"})
PRICES: Final = {"talker": 20, "spare": 10}
"""Micro-dollars of a character, and of 25 milliseconds of audio."""


@dataclass(frozen=True)
class End:
    """What was decided about a job once and for all."""

    status: str
    work: tuple[Any, ...] | None
    unbilled: int


@dataclass
class Truth:
    """Of one key. Requests are by their ids, money is in micro-dollars."""

    table: FakeDynamoDB
    bucket: FakeS3
    limits: Limits = field(default_factory=Limits)
    calm: bool = True
    """Whether nothing has ever gone wrong."""
    intact: bool = True
    """Whether every call has had its effect, once, and its answer, whatever others did in between."""
    answered: dict[str, int] = field(default_factory=dict)
    """What must be paid: the answer went out."""
    doubtful: dict[str, int] = field(default_factory=dict)
    """What may be paid: the process died, or could write nothing down, when the answer was to go out."""
    unbilled: dict[str, int] = field(default_factory=dict)
    """What providers have taken for requests for nothing: others have answered them, or none has."""
    held: dict[str, Hold] = field(default_factory=dict)
    """The latest hold of each request that ever had one."""
    thrown_away: set[str] = field(default_factory=set)
    """Jobs that their caller wanted to delete."""
    ends: dict[str, End] = field(default_factory=dict)
    most_unbilled: dict[str, int] = field(default_factory=dict)
    """Micro-dollars that providers cost for nothing, by job: the most of all its ends."""
    rows: dict[str, LedgerRow] = field(default_factory=dict)
    """By their sort keys."""
    paid: dict[str, LedgerRow] = field(default_factory=dict)
    committed: Counter[str] = field(default_factory=Counter)
    open_jobs: set[str] = field(default_factory=set)
    waits: int = 0
    broken: list[str] = field(default_factory=list)
    _deleted: set[str] = field(default_factory=set)
    _texts: dict[str, str] = field(default_factory=dict)

    def asked(self, part_id: str) -> None:
        """A part of a job reaches a provider: while the job is open, its whole price is held."""
        job_id = part_id.rpartition("_")[0]
        job = self.table.get_item(Key={"pk": {"S": "JOBS#default"}, "sk": {"S": job_id}}).get("Item", {})
        is_open = bool(job) and "completed_ms" not in job
        if job_id not in self.held or (is_open and job_id not in self.account()["holds"]["M"]):
            self.broken.append(f"{part_id} reaches a provider, and nothing is held for it")
        elif is_open and self.held[job_id].work.price_microusd < self._price_of_all(job_id):
            self.broken.append(f"{part_id} reaches a provider, and too little is held: {self.held[job_id]}")

    # ------------------------------------------------------------ after each write
    def wrote(self, name: str, key: Any) -> None:
        """Something of this name has changed."""
        if name.startswith("ACCOUNT#") and key["sk"]["S"] == "uploads":
            self._uploads_changed()
        elif name.startswith("ACCOUNT#"):
            self._account_changed()
        elif name.startswith("LEDGER#"):
            self._row_written(key)
        elif name.startswith("JOBS#"):
            self._job_changed(key)

    def _account_changed(self) -> None:
        item = self.account()
        for request_id, text in item["holds"]["M"].items():
            if request_id not in self.held:
                self._admitted(hold_from_text("key_1", request_id, text["S"]), set(item["holds"]["M"]))
            if self._texts.get(request_id) != text["S"]:
                self._texts[request_id] = text["S"]
                self.held[request_id] = hold_from_text("key_1", request_id, text["S"])
        months = committed_of(item)
        budget = self.limits.monthly_budget_microusd
        for month, money in months.items():
            before = self.committed[month]
            if money < 0 or (budget is not None and budget < money > before):
                self.broken.append(f"{money} of {budget} are spent or held in {month}, {before} before")
        if len(item["holds"]["M"]) > MOST_HOLDS:
            self.broken.append(f"{len(item['holds']['M'])} holds are open")
        jobs = {request_id for request_id in item["holds"]["M"] if request_id.startswith("job_")}
        if self.open_jobs < jobs and len(jobs) > (self.limits.concurrent_jobs or MOST_JOBS):
            self.broken.append(f"{len(jobs)} jobs are open")
        if jobs != set(item.get("open_jobs", {"SS": ()})["SS"]):
            self.broken.append(f"{jobs} are open, and {item.get('open_jobs')} counted")
        self.open_jobs = jobs
        waits = len(item.get("waits", {"SS": ()})["SS"])
        if self.waits < waits > (self.limits.concurrent_requests or MOST_WAITS):
            self.broken.append(f"{waits} polls wait")
        self.waits = waits
        self.committed = months

    def _admitted(self, hold: Hold, open_now: set[str]) -> None:
        """What is free to the key has not yet cost the operator its budget."""
        over = (cost for request_id, cost in self.unbilled.items() if self._is_of(request_id, hold.month, open_now))
        budget, taken = self.limits.monthly_budget_microusd, sum(over)
        if budget is not None and taken and taken >= budget:
            self.broken.append(f"{hold} is admitted, and {taken} of {budget} were taken for nothing")

    def _is_of(self, request_id: str, month: str, open_now: set[str]) -> bool:
        return request_id not in open_now and self.held[request_id].month == month

    def _uploads_changed(self) -> None:
        """The sums of pending uploads are those of the uploads, whatever was interrupted, and within the limit."""
        sizes = [size for size, _ in self._uploads()]
        item = self._uploads_item()
        sums = tuple(int(item.get(name, {"N": "0"})["N"]) for name in ("pending_bytes", "pending_files"))
        if sums != (sum(sizes), len(sizes)) or sum(sizes) > MOST_PENDING:
            self.broken.append(f"uploads of {sizes} bytes are pending, and {sums} counted")

    def pending_bytes(self, now_ms: int) -> int:
        """Bytes of uploads whose time is not over."""
        return sum(size for size, until_s in self._uploads() if until_s >= now_ms // 1000)

    def _uploads(self) -> list[tuple[int, int]]:
        """Bytes, and until when they count."""
        texts = (value["S"].split() for name, value in self._uploads_item().items() if name.startswith("upload_"))
        return [(int(size), int(until_s)) for until_s, size in texts]

    def _uploads_item(self) -> dict[str, Any]:
        return dict(self.table.get_item(Key=account_key("key_1") | {"sk": {"S": "uploads"}}).get("Item", {}))

    def _row_written(self, key: Any) -> None:
        item = self.table.get_item(Key={name: key[name] for name in ("pk", "sk")}).get("Item")
        place = key["sk"]["S"]
        row = None if item is None else row_from(item)
        if row is None or self.rows.setdefault(place, row) != row:
            self.broken.append(f"{self.rows.get(place)} has become {row}")
            return
        if row.outcome in UNPAID:
            return
        if row.request_id not in self.held:
            self.broken.append(f"nothing was held for {row}")
        if self.paid.setdefault(row.request_id, row) != row:
            self.broken.append(f"one more row than {self.paid[row.request_id]}: {row}")

    def _job_changed(self, key: Any) -> None:
        item = self.table.get_item(Key={name: key[name] for name in ("pk", "sk")}).get("Item")
        job_id = key["sk"]["S"]
        if job_id not in self.held:
            self.broken.append(f"there is the job {job_id}, and nothing was held for it before")
        if item is None:
            self._deleted.add(job_id)  # and may be created once more, late
        if item is None or "completed_ms" not in item:
            return
        work = tuple(json.loads(item["work"]["S"])) if "work" in item else None
        end = End(item["status"]["S"], work, _number(item, "in_vain"))
        before = self.ends.get(job_id)
        # A deleted job that is created once more, by a write that arrives late, ends once more: for what it cost then.
        self.most_unbilled[job_id] = max(end.unbilled, self.most_unbilled.get(job_id, 0))
        if before is None:
            self._check_end(job_id, end)
        if before is None or (job_id in self._deleted and not before.work):
            self.ends[job_id] = end
        elif before != end and (job_id not in self._deleted or end.work):
            self.broken.append(f"the end of {job_id} was {before}, and is now {end}")

    def _check_end(self, job_id: str, end: End) -> None:
        """A job costs the parts that were done, each as its model does; a rounding more or less for each."""
        price = 0 if end.work is None else int(end.work[3])
        done = self._price_of_parts(job_id)
        exact = end.status == "succeeded" or self.calm
        if price > done + _ROUNDING or (exact and price < done - _ROUNDING):
            self.broken.append(f"{job_id} {end.status} for {price}, and what was done of it costs {done}")

    def _price_of_parts(self, job_id: str) -> float:
        """Of those that were done."""
        price = 0.0
        for number, units in enumerate(self._units_of_parts(job_id)):
            if (reported := self.bucket.objects.get(f"jobs/default/{job_id}/done/{number}")) is not None:
                price += units * PRICES[json.loads(reported)["model"]]
        return price

    def _price_of_all(self, job_id: str) -> float:
        """Of all parts, done by the dearest model."""
        return sum(self._units_of_parts(job_id)) * max(PRICES.values())

    def _units_of_parts(self, job_id: str) -> list[float]:
        """How long each part of a job is, in what `PRICES` are for."""
        files, folder = self.bucket.objects, f"jobs/default/{job_id}/"
        plan = json.loads(files.get(folder + "plan.json", b'{"pieces": []}'))
        scale = 1 if json.loads(files.get(folder + "order.json", b"{}")).get("kind") == "speech" else 1 / 16 / 25
        return [(end - start - overlap) * scale for start, end, overlap in plan["pieces"]]

    # ------------------------------------------------------------ after each step
    def check(self) -> None:
        """The laws that hold at every moment."""
        assert not self.broken, self.broken
        item = self.account()
        holds = {request_id: self.held[request_id] for request_id in item["holds"]["M"]}
        expected: Counter[str] = Counter()
        for hold in holds.values():
            expected[hold.month] += hold.work.price_microusd
        for request_id, row in self.paid.items():
            if request_id not in holds:
                expected[self.held[request_id].month] += row.price_microusd
        committed = committed_of(item)
        assert +committed == +expected, f"the account says {dict(committed)}, ledger and open holds {dict(expected)}"
        for row in self.rows.values():
            self._check_price(row)
        self._check_unbilled(item)

    def _check_unbilled(self, account: dict[str, Any]) -> None:
        """The account counts what requests cost for nothing, and no more than that and what jobs say."""
        least: Counter[str] = Counter()
        for row in self.rows.values():
            if row.request_id.startswith("req_") and row.request_id not in account["holds"]["M"]:
                least[self.held[row.request_id].month] += row.unbilled_cost_microusd
        most = least.copy()
        for job_id, unbilled in self.most_unbilled.items():
            most[self.held[job_id].month] += unbilled
        counted = unbilled_cost_from(account)
        assert least <= counted <= most, f"{dict(counted)} were taken for nothing: {dict(least)} to {dict(most)}"

    def _check_price(self, row: LedgerRow) -> None:
        """Nobody pays for nothing, or another price."""
        if row.price_microusd == 0:
            return
        assert row.request_id in self.paid, f"{row} is of what costs nothing"
        assert month_of(row.at_ms) == self.held[row.request_id].month, f"{row} is not in the month that pays"
        allowed = {self.answered.get(row.request_id), self.doubtful.get(row.request_id)}
        if row.request_id in self.ends:
            allowed.add(self.price_of(row.request_id))
        assert row.price_microusd in allowed, f"{row} costs what is none of {allowed}"

    def price_of(self, job_id: str) -> int | None:
        """What a job that is over costs; None for nothing."""
        end = self.ends[job_id]
        return None if end.work is None else int(end.work[3])

    # ------------------------------------------------------------ when all is quiet
    def check_at_rest(self) -> None:
        """The laws that hold once everything was tried again and swept."""
        self.check()
        assert not self.account()["holds"]["M"], f"still held: {self.account()['holds']}"
        due = dict(self.answered)
        due |= {job_id: price for job_id in self.ends if (price := self.price_of(job_id)) is not None}
        for request_id, price in due.items():
            row = self.paid.get(request_id)
            assert row is not None, f"{request_id} is not charged"
            assert row.price_microusd == price, f"{request_id} costs {price}: {row}"
            assert request_id not in self.ends or self._is_fetchable(request_id), f"nothing is left of {request_id}"
        lost = sum(row.unbilled_cost_microusd for row in self.rows.values())
        counted = sum(unbilled_cost_from(self.account()).values())
        assert counted >= lost or not self.intact, f"{lost} were taken for nothing, and {counted} counted"
        reported = {row.request_id: row.unbilled_cost_microusd for row in self.rows.values()}
        for request_id, cost in self.unbilled.items():
            assert reported.get(request_id, 0) == cost, f"{request_id} has cost {cost} for nothing: {reported}"
        for key in self.bucket.objects:
            assert not key.startswith("unsettled/") or key.rpartition("/")[2] in self.paid, f"not settled: {key}"
        open_jobs: Any = {":pk": {"S": "OPEN_JOBS"}}
        left = self.table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=open_jobs)["Items"]
        assert not left, f"still open: {left}"

    def _is_fetchable(self, job_id: str) -> bool:
        """Whether there is something to be had for the price of a job."""
        results = {f"jobs/default/{job_id}/{name}" for name in ("result", "partial")}
        return job_id in self.thrown_away or not results.isdisjoint(self.bucket.objects)

    def living_waits(self, now_ms: int) -> int:
        """How many places of polls are taken by such as may still be waiting."""
        waits = self.account().get("waits", {"SS": ()})["SS"]
        return sum(int(wait.partition("_")[0]) >= now_ms // 1000 for wait in waits)

    def account(self) -> dict[str, Any]:
        """The account as it is."""
        return dict(self.table.get_item(Key=account_key("key_1"))["Item"])


def committed_of(account: dict[str, Any]) -> Counter[str]:
    """What an account says is spent and held, by month."""
    return _months_of("m", account)


def unbilled_cost_from(account: dict[str, Any]) -> Counter[str]:
    """What an account says that providers took for nothing, by month."""
    return _months_of("f", account)


def _months_of(letter: str, account: dict[str, Any]) -> Counter[str]:
    months = (name for name in account if name[0] == letter and name[1:].isdecimal())
    return Counter({name[1:]: _number(account, name) for name in months})


def _number(item: dict[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
