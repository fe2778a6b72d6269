"""Jobs in DynamoDB: one item each, changed only by conditional updates, so that every step may be repeated.

pk  JOBS#<project id>      sk  <job id>
ttl                        DynamoDB removes the item some time after `expires_at`; readers look at that themselves

pk  OPEN_JOBS              sk  <job id>      from before there is the job until its end is settled and told
project_id, created_at, ttl
asked_at                   when its end was last asked for, because its work had stopped (use_cases/lost_jobs.py)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import Job, JobError, Status
from audio_gateway.metering.account import HeldJob, Hold, Work
from audio_gateway.metering.account_item import hold_from_text, hold_text
from audio_gateway.metering.table import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

_OPEN_JOBS: Final = "OPEN_JOBS"
_OPEN: Final = "#status IN (:queued, :running)"
_OPEN_VALUES: Final = {":queued": {"S": "queued"}, ":running": {"S": "running"}}


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job about which something is left to be done. Times are unix seconds; `asked_at` is 0 for never."""

    id: str
    project_id: str
    created_at: int
    asked_at: int = 0


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
        return HeldJob(job.completed_ms, job.work)

    def newest(self, project_id: str, now_s: int, *, after: str | None, limit: int) -> list[Job]:
        """At most `limit` of the project's jobs, newest first, those before `after` where it is given."""
        items = self._table.query(f"JOBS#{project_id}", newest_first=True, after=after, page=limit)
        return list(islice((_job(item) for item in items if int(item["expires_at"]["N"]) > now_s), limit))

    def intend(self, job: Job, hold: Hold) -> bool:
        """Write down the hold that is about to be admitted, in place of any before it; False if the job is over."""
        values = {**_OPEN_VALUES, ":hold": {"S": hold_text(hold)}}
        return self._change(job, "SET #hold = :hold", _OPEN, values, {"#hold": "hold"})

    def begin(self, job: Job, *, total: int) -> bool:
        """Queued becomes running, with so many chunks; False if the job is over. Safe to repeat."""
        values = {**_OPEN_VALUES, ":total": {"N": str(total)}}
        return self._change(job, "SET #status = :running, #total = :total", _OPEN, values, {"#total": "total"})

    def chunk_done(self, job: Job, number: int) -> bool:
        """Count a chunk as completed, once however often it is said; False if the job is over: the work can stop."""
        return self._change(
            job,
            "ADD #done :number",
            "#status = :running",
            {":running": {"S": "running"}, ":number": {"NS": [str(number)]}},
            {"#done": "done"},
        )

    def finish(
        self,
        job: Job,
        status: Status,
        *,
        at_ms: int,
        work: Work | None = None,
        error: JobError | None = None,
        partial: bool = False,
    ) -> Job:
        """Make an open job final; the job as it is afterwards: whoever came first has decided.

        `at_ms` is the moment, which stamps the ledger row. A job that is gone comes back unchanged.
        """
        values: dict[str, Any] = {**_OPEN_VALUES, ":final": {"S": status}, ":at": {"N": str(at_ms)}}
        sets = ["#status = :final", "completed_ms = :at"]
        if work is not None:
            sets.append("#work = :work")
            values[":work"] = {"S": _work_text(work)}
        if error is not None:
            sets.append("#error = :error")
            values[":error"] = {"S": json.dumps(asdict(error), ensure_ascii=False)}
        if partial:
            sets.append("#partial = :true")
            values[":true"] = {"BOOL": True}
        names = {"#error": "error"} if error is not None else {}
        names |= {"#partial": "partial"} if partial else {}
        names |= {"#work": "work"} if work is not None else {}
        self._change(job, "SET " + ", ".join(sets), _OPEN, values, names)
        item = self._table.get(_key(job.project_id, job.id))
        return job if item is None else _job(item)

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
        for item in self._table.query(_OPEN_JOBS):
            asked_at = int(item["asked_at"]["N"]) if "asked_at" in item else 0
            yield OpenJob(item["sk"]["S"], item["project_id"]["S"], int(item["created_at"]["N"]), asked_at)

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
        completed=len(item["done"]["NS"]) if "done" in item else 0,
        completed_ms=number("completed_ms"),
        work=_work_from(item, job_id) if "work" in item else None,
        hold=hold_from_text(item["key_id"]["S"], job_id, item["hold"]["S"]) if "hold" in item else None,
        error=JobError(**json.loads(item["error"]["S"])) if "error" in item else None,
        partial="partial" in item,
        upload_id=item["upload_id"]["S"] if "upload_id" in item else None,
    )


def _work_text(work: Work) -> str:
    done = [work.model, work.unit, work.amount, work.price_microusd, work.cost_microusd]
    return json.dumps(done, separators=(",", ":"), ensure_ascii=False)


def _work_from(item: dict[str, Any], job_id: str) -> Work:
    model, unit, amount, price, cost = json.loads(item["work"]["S"])
    return Work(job_id, item["endpoint"]["S"], model, unit, amount, price, cost)
