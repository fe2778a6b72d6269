"""Jobs in DynamoDB: one item each, changed only by conditional updates, so every step can be repeated.

pk  JOBS#<project id>      sk  <job id>
ttl                        DynamoDB removes the item some time after `expires_at`; readers check that themselves

pk  OPEN_JOBS              sk  <job id>      from before the job exists until its end is settled and published
project_id, created_at, ttl
asked_at                   when its end was last requested, because its work had stopped (use_cases/jobs/orphaned.py)
cancel_asked               an operator wants it cancelled: the next sweep does that

The job's item counts the done chunks while the job runs, so any process that ends the job knows its price.

done                       the numbers of the tasks that are done
parts                      the numbers of the other chunks that are done, where a task has several
answers                    the number of all these chunks: an end is decided for exactly so many
by_<model>                 how much of them the model did, in the unit of the plan's spans
in_vain                    unbilled cost in micro-dollars that the key's account is to count

A write costs one unit for each KB of the item, which has some 600 bytes, 30 for each model and 3 for each number in a
set. 10,000 chunks in 375 tasks and 40 lanes are 375 and at most 40 x 26 numbers: 5 KB in all. Counting a job of 375
chunks takes some 550 units.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Item, Update, attributes, item_key
from audio_gateway.catalog.line_items import line_items_from, line_items_text
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import FINAL, Answered, Job, JobError, JobRef, Status
from audio_gateway.jobs.plan import DoneChunk, JobPlan
from audio_gateway.metering.account import HeldJob, Hold, MeteredRequest
from audio_gateway.metering.account_item import hold_from_text, hold_text

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_OPEN_JOBS: Final = "OPEN_JOBS"
_BY: Final = "by_"
_IS_OPEN: Final = "created_at > :zero"


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job whose end is not complete. Times are Unix seconds; `stop_requested_at` is 0 for never.

    `cancel_requested` says that an operator wants it cancelled.
    """

    id: str
    project_id: str
    created_at: int
    stop_requested_at: int = 0
    cancel_requested: bool = False

    @property
    def ref(self) -> JobRef:
        """The job's name."""
        return JobRef(self.project_id, self.id)


class JobStore:
    """The jobs of all projects. Every method raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def create(self, job: Job) -> None:
        """Write a new, open job. Safe to repeat: an existing job stays unchanged."""
        self._table.put_if_absent(_open_item(job))
        self._table.put_if_absent(_item(job))

    def get(self, project_id: str, job_id: str, now_s: int) -> Job | None:
        """The job; None if the project has no job with this id, or the job has expired."""
        item = self._table.get(_key(project_id, job_id))
        if item is None or int(item["expires_at"]["N"]) <= now_s:
            return None
        return _job(item)

    def of_hold(self, hold: Hold) -> HeldJob | None:
        """See `HeldJobs.of_hold`."""
        item = self._table.get(_key(hold.caller.project_id, hold.work.request_id))
        if item is None:
            return None
        job = _job(item)
        return HeldJob(job.completed_ms, job.work, job.unbilled_cost_microusd)

    def newest(self, project_id: str, now_s: int, *, after: str | None, limit: int) -> list[Job]:
        """Up to `limit` of the project's jobs, newest first; only those older than `after` if it is given."""
        items = self._table.query(f"JOBS#{project_id}", newest_first=True, after=after, page_items=limit)
        return list(islice((_job(item) for item in items if int(item["expires_at"]["N"]) > now_s), limit))

    def record_hold(self, job: Job, hold: Hold) -> bool:
        """Record the hold that is about to be admitted, in place of the one in `job`. False if the job is over.

        Raises `StorageUnavailable` also if another run of the step has recorded its own hold meanwhile: the next try
        finds that one.
        """
        text = hold_text(hold)
        update = _update_of_open(job).set("#hold", text)
        if job.hold is None:
            update.require("attribute_not_exists(#hold)")
        else:
            update.require("#hold = :known", known=hold_text(job.hold))
        if self._table.update_if(update) is not None:
            return True
        item = self._table.get(_key(job.project_id, job.id))
        if item is None or item["status"]["S"] in FINAL:
            return False
        if item.get("hold") == {"S": text}:  # by the first try of this write, whose answer was lost
            return True
        raise StorageUnavailable("The price of the job is being held by another run of this step. Try again.")

    def start(self, job: Job, plan: JobPlan) -> bool:
        """Queued becomes running, with a plan; False if the job is over. Safe to repeat."""
        update = _update_of_open(job).set("#status", "running")
        update.set("#total", plan.tasks).set("#units", plan.units).set("#amount", plan.amount)
        return self._table.update_if(update) is not None

    def count_chunk(self, job: Job, chunk: DoneChunk) -> bool:
        """Count a chunk. Safe to repeat: it is counted once. False if it is not counted because the job is over."""
        update = Update(_key(job.project_id, job.id)).require(
            "#status = :running AND NOT contains(#done, :task) AND NOT contains(#parts, :number)",
            running="running",
            task=chunk.task,
            number=chunk.number,
        )
        if chunk.rest is None:
            update.add_to_set("#parts", "new", [chunk.number])
        else:
            update.add_to_set("#done", "new", [chunk.task])
        update.add("#answers", 1).name("#by", _BY + chunk.model).add("#by", chunk.units)
        if chunk.rest:
            update.remove_from_set("#parts", "rest", chunk.rest)
        if self._table.update_if(update) is not None:
            return True
        item = self._table.get(_key(job.project_id, job.id))
        answered = Answered() if item is None else _answered(item)
        return chunk.task in answered.tasks or chunk.number in answered.chunks

    def add_unbilled_cost(self, job: Job, cost_microusd: int) -> None:
        """Count the cost of unbilled work while the job runs. `finish` counts what is in progress at its end.

        A write whose response is lost may count twice.
        """
        update = Update(_key(job.project_id, job.id)).require("#status = :running", running="running")
        self._table.update_if(update.add("in_vain", cost_microusd))

    def finish(  # noqa: PLR0913 - one write decides all of it
        self,
        job: Job,
        status: Status,
        *,
        at_ms: int,
        work: MeteredRequest | None = None,
        error: JobError | None = None,
        partial: bool = False,
        unbilled_cost_microusd: int = 0,
    ) -> Job | None:
        """Make an open job final; returns the job as it is afterwards, None if it was deleted. The first end counts.

        `at_ms` is the time of the end, which stamps the ledger row. The job stays open if more chunks are counted by
        now than in `job`, because `work` does not include them. `unbilled_cost_microusd` is added to the cost counted
        so far.
        """
        update = _update_of_open(job).set("#status", status).set("completed_ms", at_ms)
        if job.answered.count:
            update.require("answers = :answers", answers=job.answered.count)
        else:
            update.require("attribute_not_exists(answers)")
        if work is not None:
            update.set("#work", _work_text(work)).set("line_items", line_items_text(work.items))
        if error is not None:
            update.set("#error", json.dumps(asdict(error), ensure_ascii=False))
        if partial:
            update.set("#partial", value=True)
        if unbilled_cost_microusd:
            update.count("in_vain", unbilled_cost_microusd)
        self._table.update_if(update)
        item = self._table.get(_key(job.project_id, job.id))
        return None if item is None else _job(item)

    def delete(self, job: Job) -> bool:
        """Delete a job that is over; False if it is not over, or does not exist."""
        return self._table.delete_if(_key(job.project_id, job.id), Condition("completed_ms > :zero", zero=0))

    def close(self, job_id: str) -> None:
        """Take a job off the list of open jobs: it is over, settled and published, or deleted. Safe to repeat."""
        self._table.delete_if(_open_key(job_id), Condition(_IS_OPEN, zero=0))

    def open_jobs(self) -> Iterator[OpenJob]:
        """The open jobs of all projects, oldest first."""
        yield from map(_open_job, self._table.query(_OPEN_JOBS))

    def open_job(self, job_id: str) -> OpenJob | None:
        """An open job; None for one that is closed."""
        item = self._table.get(_open_key(job_id))
        return None if item is None else _open_job(item)

    def request_cancel(self, job_id: str) -> bool:
        """Ask the next sweep to cancel a job; False if the job is not open. Safe to repeat."""
        update = Update(_open_key(job_id)).require(_IS_OPEN, zero=0).set("cancel_asked", value=True)
        return self._table.update_if(update) is not None

    def claim(self, job: OpenJob, now_s: int) -> bool:
        """Record that the job's end is requested now; False if it was closed, or another process has requested it."""
        update = Update(_open_key(job.id)).require(_IS_OPEN, zero=0)
        update.require("(attribute_not_exists(asked_at) OR asked_at = :before)", before=job.stop_requested_at)
        return self._table.update_if(update.set("asked_at", now_s)) is not None


def _update_of_open(job: Job) -> Update:
    """An update of a job that is not over."""
    update = Update(_key(job.project_id, job.id))
    return update.require("#status IN (:queued, :running)", queued="queued", running="running")


def _key(project_id: str, job_id: str) -> Item:
    return item_key(f"JOBS#{project_id}", job_id)


def _open_key(job_id: str) -> Item:
    return item_key(_OPEN_JOBS, job_id)


def _open_job(item: dict[str, Any]) -> OpenJob:
    stop_requested_at = int(item["asked_at"]["N"]) if "asked_at" in item else 0
    created_at, cancel_requested = int(item["created_at"]["N"]), "cancel_asked" in item
    return OpenJob(item["sk"]["S"], item["project_id"]["S"], created_at, stop_requested_at, cancel_requested)


def _open_item(job: Job) -> Item:
    return _open_key(job.id) | attributes(project_id=job.project_id, created_at=job.created_at, ttl=job.expires_at)


def _item(job: Job) -> Item:
    return _key(job.project_id, job.id) | attributes(
        status=job.status,
        key_id=job.key_id,
        endpoint=job.endpoint,
        model=job.model,
        created_at=job.created_at,
        expires_at=job.expires_at,
        ttl=job.expires_at,
        hold=None if job.hold is None else hold_text(job.hold),
        upload_id=job.upload_id,
    )


def _job(item: dict[str, Any]) -> Job:
    def number(name: str) -> int | None:
        return int(item[name]["N"]) if name in item else None

    job_id = item["sk"]["S"]
    return Job(
        id=job_id,
        project_id=item["pk"]["S"].removeprefix("JOBS#"),
        key_id=item["key_id"]["S"],
        endpoint=item["endpoint"]["S"],
        model=item["model"]["S"],
        status=cast("Status", item["status"]["S"]),
        created_at=int(item["created_at"]["N"]),
        expires_at=int(item["expires_at"]["N"]),
        total=number("total") or 0,
        whole_units=number("units") or 0,
        whole_amount=number("amount") or 0,
        answered=_answered(item),
        completed_ms=number("completed_ms"),
        work=_work_from(item, job_id) if "work" in item else None,
        hold=hold_from_text(item["key_id"]["S"], job_id, item["hold"]["S"]) if "hold" in item else None,
        error=JobError(**json.loads(item["error"]["S"])) if "error" in item else None,
        partial="partial" in item,
        unbilled_cost_microusd=number("in_vain") or 0,
        upload_id=item["upload_id"]["S"] if "upload_id" in item else None,
    )


def _answered(item: dict[str, Any]) -> Answered:
    def numbers(name: str) -> frozenset[int]:
        return frozenset(map(int, item[name]["NS"])) if name in item else frozenset()

    served = {name.removeprefix(_BY): int(value["N"]) for name, value in item.items() if name.startswith(_BY)}
    count = int(item["answers"]["N"]) if "answers" in item else 0
    return Answered(numbers("done"), numbers("parts"), served, count)


def _work_text(work: MeteredRequest) -> str:
    done = [work.model, work.unit, work.amount, work.price_microusd, work.cost_microusd]
    return json.dumps(done, separators=(",", ":"), ensure_ascii=False)


def _work_from(item: dict[str, Any], job_id: str) -> MeteredRequest:
    model, unit, amount, price, cost = json.loads(item["work"]["S"])
    items = line_items_from(item["line_items"]["S"]) if "line_items" in item else ()
    return MeteredRequest(job_id, item["endpoint"]["S"], model, unit, amount, price, cost, items)
