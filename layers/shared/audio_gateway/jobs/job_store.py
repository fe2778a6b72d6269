"""Jobs in DynamoDB: one item each, changed only by conditional updates, so that every step may be repeated.

pk  JOBS#<project id>      sk  <job id>
ttl                        DynamoDB removes the item some time after `expires_at`; readers look at that themselves

pk  OPEN_JOBS              sk  <job id>      from before there is the job until its end is settled and told
project_id, created_at, ttl
asked_at                   when its end was last asked for, because its work had stopped (use_cases/jobs/orphaned.py)
cancel_asked               an operator wants it cancelled: the next sweep has that done

What is answered of a job is counted in its item, while it runs and no longer: so whoever ends it knows what it costs.

done                       the numbers of the tasks that are done
parts                      the numbers of other chunks that are, where a task has several
answers                    how many chunks that is in all: an end is decided for so many of them
by_<model>                 how much the model did of them, in the unit of the plan's places
in_vain                    micro-dollars that providers took for nothing, as far as the key's account is to count it

A write costs a unit for each KB of the item: some 600 bytes, 30 for each model, and 3 for each number in a set. There
are, of 10,000 chunks in 375 tasks and 40 lanes, 375 and at most 40 x 26 numbers: 5 KB in all. A job of 375 chunks takes
some 550 units for its counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.aws.table import Table
from audio_gateway.catalog.line_items import line_items_from, line_items_text
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import FINAL, Answered, Job, JobError, Status
from audio_gateway.jobs.plan import DoneChunk, JobPlan
from audio_gateway.metering.account import HeldJob, Hold, MeteredRequest
from audio_gateway.metering.account_item import hold_from_text, hold_text

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_OPEN_JOBS: Final = "OPEN_JOBS"
_OPEN: Final = "#status IN (:queued, :running)"
_OPEN_VALUES: Final = {":queued": {"S": "queued"}, ":running": {"S": "running"}}
_BY: Final = "by_"


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job about which something is left to be done. Times are unix seconds; `asked_at` is 0 for never.

    `cancel_asked` says that an operator wants it cancelled.
    """

    id: str
    project_id: str
    created_at: int
    asked_at: int = 0
    cancel_asked: bool = False


class JobStore:
    """The jobs of all projects. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def create(self, job: Job) -> None:
        """Write a new job, which is open. Safe to repeat: one that is there stays as it is."""
        self._table.put_new(_open_item(job))
        self._table.put_new(_item(job))

    def get(self, project_id: str, job_id: str, now_s: int) -> Job | None:
        """The job as it is now; None if the project has none of this id, or not any more."""
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
        """At most `limit` of the project's jobs, newest first, those before `after` where it is given."""
        items = self._table.query(f"JOBS#{project_id}", newest_first=True, after=after, page=limit)
        return list(islice((_job(item) for item in items if int(item["expires_at"]["N"]) > now_s), limit))

    def intend(self, job: Job, hold: Hold) -> bool:
        """Write down the hold that is about to be admitted, in place of the one that `job` knows of.

        False if the job is over. Raises `StorageUnavailable` also where another run of the step has written down one of
        its own meanwhile: who tries again finds that one.
        """
        values = {**_OPEN_VALUES, ":hold": {"S": hold_text(hold)}}
        known = "attribute_not_exists(#hold)"
        if job.hold is not None:
            known = "#hold = :known"
            values[":known"] = {"S": hold_text(job.hold)}
        if self._change(job, "SET #hold = :hold", f"{_OPEN} AND {known}", values, {"#hold": "hold"}):
            return True
        item = self._table.get(_key(job.project_id, job.id))
        if item is None or item["status"]["S"] in FINAL:
            return False
        if item.get("hold") == values[":hold"]:  # by the first try of this write, whose answer was lost
            return True
        raise StorageUnavailable("The price of the job is being held by another run of this step. Try again.")

    def begin(self, job: Job, plan: JobPlan) -> bool:
        """Queued becomes running, with a plan; False if the job is over. Safe to repeat."""
        numbers = {"total": plan.tasks, "units": plan.units, "amount": plan.amount}
        values = {**_OPEN_VALUES, **{f":{name}": {"N": str(number)} for name, number in numbers.items()}}
        sets = ", ".join(f"#{name} = :{name}" for name in numbers)
        return self._change(
            job, f"SET #status = :running, {sets}", _OPEN, values, {f"#{name}": name for name in numbers}
        )

    def chunk_done(self, job: Job, chunk: DoneChunk) -> bool:
        """Count a chunk, once however often it is said; False if it is not, as the job was over before."""
        names = {"#done": "done", "#parts": "parts", "#answers": "answers", "#by": _BY + chunk.model}
        values = {
            ":running": {"S": "running"},
            ":task": {"N": str(chunk.task)},
            ":number": {"N": str(chunk.number)},
            ":one": {"N": "1"},
            ":units": {"N": str(chunk.units)},
            ":new": {"NS": [str(chunk.number if chunk.rest is None else chunk.task)]},
        }
        update = f"ADD {'#parts' if chunk.rest is None else '#done'} :new, #answers :one, #by :units"
        if chunk.rest:
            values[":rest"] = {"NS": [str(number) for number in chunk.rest]}
            update += " DELETE #parts :rest"
        once = "#status = :running AND NOT contains(#done, :task) AND NOT contains(#parts, :number)"
        if self._change(job, update, once, values, names):
            return True
        item = self._table.get(_key(job.project_id, job.id))
        answered = Answered() if item is None else _answered(item)
        return chunk.task in answered.tasks or chunk.number in answered.chunks

    def add_unbilled_cost(self, job: Job, cost_microusd: int) -> None:
        """Count what a provider took for nothing, while the job runs: what is under way at its end, `finish` counts.

        A write whose answer is lost may count twice.
        """
        values = {":running": {"S": "running"}, ":cost": {"N": str(cost_microusd)}}
        self._change(job, "ADD in_vain :cost", "#status = :running", values, {})

    def finish(  # noqa: PLR0913 - all that is decided with a job's end
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
        """Make an open job final; the job as it is afterwards, None if it is gone. Whoever came first has decided.

        `at_ms` is the moment, which stamps the ledger row. A job of which more chunks are counted than `job` knows of
        stays open: `work` is of those that it does know. `unbilled_cost_microusd` comes on top of what is counted by
        then.
        """
        values: dict[str, Any] = {**_OPEN_VALUES, ":final": {"S": status}, ":at": {"N": str(at_ms)}}
        known = "attribute_not_exists(answers)"
        if job.answered.count:
            known = "answers = :answers"
            values[":answers"] = {"N": str(job.answered.count)}
        sets = ["#status = :final", "completed_ms = :at"]
        if work is not None:
            sets += ["#work = :work", "line_items = :items"]
            values |= {":work": {"S": _work_text(work)}, ":items": {"S": line_items_text(work.items)}}
        if error is not None:
            sets.append("#error = :error")
            values[":error"] = {"S": json.dumps(asdict(error), ensure_ascii=False)}
        if partial:
            sets.append("#partial = :true")
            values[":true"] = {"BOOL": True}
        names = {"#error": "error"} if error is not None else {}
        names |= {"#partial": "partial"} if partial else {}
        names |= {"#work": "work"} if work is not None else {}
        update = "SET " + ", ".join(sets)
        if unbilled_cost_microusd:
            update += " ADD in_vain :vain"
            values[":vain"] = {"N": str(unbilled_cost_microusd)}
        self._change(job, update, f"{_OPEN} AND {known}", values, names)
        item = self._table.get(_key(job.project_id, job.id))
        return None if item is None else _job(item)

    def delete(self, job: Job) -> bool:
        """Remove a job that is over; False if it is not, or not any more there."""
        return self._table.delete(
            _key(job.project_id, job.id),
            "completed_ms > :zero",
            {":zero": {"N": "0"}},
        )

    def close(self, job_id: str) -> None:
        """Nothing is left to be done about a job: it is over, settled and told, or gone. Safe to repeat."""
        self._table.delete(_open_key(job_id), "created_at > :zero", {":zero": {"N": "0"}})

    def open_jobs(self) -> Iterator[OpenJob]:
        """All jobs that are not closed, oldest first, of all projects."""
        yield from map(_open_job, self._table.query(_OPEN_JOBS))

    def open_job(self, job_id: str) -> OpenJob | None:
        """A job that is not closed; None for one that is."""
        item = self._table.get(_open_key(job_id))
        return None if item is None else _open_job(item)

    def ask_to_cancel(self, job_id: str) -> bool:
        """Have an open job cancelled by the next sweep; False if it is not open, or not any more. Safe to repeat."""
        return self._table.update(
            {
                "Key": _open_key(job_id),
                "UpdateExpression": "SET cancel_asked = :true",
                "ConditionExpression": "created_at > :zero",
                "ExpressionAttributeValues": {":true": {"BOOL": True}, ":zero": {"N": "0"}},
            }
        )

    def claim(self, job: OpenJob, now_s: int) -> bool:
        """Write down that its end is asked for now; False if it was closed, or somebody else has asked."""
        return self._table.update(
            {
                "Key": _open_key(job.id),
                "UpdateExpression": "SET asked_at = :now",
                "ConditionExpression": "created_at > :zero AND (attribute_not_exists(asked_at) OR asked_at = :before)",
                "ExpressionAttributeValues": {
                    ":now": {"N": str(now_s)},
                    ":before": {"N": str(job.asked_at)},
                    ":zero": {"N": "0"},
                },
            }
        )

    def _change(self, job: Job, update: str, condition: str, values: dict[str, Any], names: dict[str, str]) -> bool:
        return self._table.update(
            {
                "Key": _key(job.project_id, job.id),
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#status": "status", **names},
                "ExpressionAttributeValues": values,
            }
        )


def _key(project_id: str, job_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"JOBS#{project_id}"}, "sk": {"S": job_id}}


def _open_key(job_id: str) -> dict[str, Any]:
    return {"pk": {"S": _OPEN_JOBS}, "sk": {"S": job_id}}


def _open_job(item: dict[str, Any]) -> OpenJob:
    asked_at = int(item["asked_at"]["N"]) if "asked_at" in item else 0
    created_at, cancel_asked = int(item["created_at"]["N"]), "cancel_asked" in item
    return OpenJob(item["sk"]["S"], item["project_id"]["S"], created_at, asked_at, cancel_asked)


def _open_item(job: Job) -> dict[str, Any]:
    return _open_key(job.id) | {
        "project_id": {"S": job.project_id},
        "created_at": {"N": str(job.created_at)},
        "ttl": {"N": str(job.expires_at)},
    }


def _item(job: Job) -> dict[str, Any]:
    item = _key(job.project_id, job.id) | {
        "status": {"S": job.status},
        "key_id": {"S": job.key_id},
        "endpoint": {"S": job.endpoint},
        "model": {"S": job.model},
        "created_at": {"N": str(job.created_at)},
        "expires_at": {"N": str(job.expires_at)},
        "ttl": {"N": str(job.expires_at)},
    }
    if job.hold is not None:
        item["hold"] = {"S": hold_text(job.hold)}
    if job.upload_id is not None:
        item["upload_id"] = {"S": job.upload_id}
    return item


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
