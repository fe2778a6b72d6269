"""`jobs`: list, show and cancel the jobs of all projects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.command import command
from audio_gateway.cli.failures import CommandFailed
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.output import (
    Column,
    Output,
    TableView,
    Yes,
    audio_text,
    confirm,
    dollars,
    duration_text,
    time_text,
)
from audio_gateway.errors import NotFound
from audio_gateway.jobs.job import Job, is_job_id
from audio_gateway.jobs.job_store import JobStore, OpenJob

jobs = typer.Typer(help="Jobs of all projects.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="From `jobs list`.")]
OnlyProject = Annotated[str | None, typer.Option("--project", metavar="ID", help="Only this project.")]
All = Annotated[bool, typer.Option("--all", help="All jobs of the last seven days, newest first.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="With --all: the most jobs of each project.")]

_COLUMNS: Final = (
    Column("job", no_wrap=True),
    Column("status"),
    Column("age", "right"),
    Column("project"),
    Column("key"),
    Column("model"),
    Column("progress", "right"),
    Column("error"),
)
_UNKNOWN: Final = "unknown"  # listed as open, but the job's item is missing: its start or its deletion crashed


@dataclass(frozen=True, slots=True)
class _JobEntry:
    """A job and its entry in the list of open jobs. Either may be missing."""

    id: str
    project_id: str
    created_at: int
    job: Job | None
    open: OpenJob | None


@command(jobs, "list")
def list_jobs(
    gateway: Gateway, output: Output, *, project: OnlyProject = None, all_jobs: All = False, limit: Limit = 100
) -> None:
    """List the jobs that have not ended, oldest first.

    A job much older than the length of its audio is stuck: cancel it, or inspect its Step Functions execution, which
    has the same id.
    """
    if project is not None:
        gateway.directory.projects.get(project)
    store, now_s = _store(gateway), gateway.now_s
    found = list(_recent(gateway, store, project, limit) if all_jobs else _open(store, project, now_s))
    names = gateway.key_names() if found and not output.as_json else {}
    title = f"{'Jobs' if all_jobs else 'Open jobs'} of {gateway.target.label}"
    empty = "There are no jobs." if all_jobs else "There are no open jobs."
    sheet = TableView(title, _COLUMNS, [_cells(each, names, now_s) for each in found], empty=empty)
    output.show({"object": "list", "data": [_data(each, now_s) for each in found]}, sheet)


@command(jobs, "show")
def show(gateway: Gateway, output: Output, *, job_id: JobId) -> None:
    """Show a job. Its text, audio and result are not shown."""
    found = _find(gateway, job_id)
    lines = _lines(found, gateway.now_s)
    output.show(_data(found, gateway.now_s), TableView(job_id, (Column(""), Column("")), lines))


@command(jobs, "cancel")
def cancel(gateway: Gateway, output: Output, *, job_id: JobId, yes: Yes = False) -> None:
    """Cancel a job that has not ended.

    The sweeper cancels it within two minutes. The work done by then is charged and kept as a partial result, and the
    project's webhooks are notified.
    """
    found = _find(gateway, job_id)
    if found.open is None or (found.job is not None and found.job.is_final):
        status = _UNKNOWN if found.job is None else found.job.status
        raise CommandFailed(f"The job {job_id} cannot be cancelled: it has ended ({status}).")
    confirm(f"Cancel {job_id} of {found.project_id} ({gateway.target.label})?", yes=yes)
    if not _store(gateway).request_cancel(job_id):
        raise CommandFailed(f"The job {job_id} cannot be cancelled: it has just ended.")
    output.done(
        _data(_find(gateway, job_id), gateway.now_s),
        f"The next sweep will cancel {job_id}, within two minutes.",
    )


def _store(gateway: Gateway) -> JobStore:
    return JobStore(gateway.target.client, gateway.target.table)


def _open(store: JobStore, project: str | None, now_s: int) -> Iterator[_JobEntry]:
    for each in store.open_jobs():
        if project in {None, each.project_id}:
            job = store.get(each.project_id, each.id, now_s)
            yield _JobEntry(each.id, each.project_id, each.created_at, job, each)


def _recent(gateway: Gateway, store: JobStore, project: str | None, limit: int) -> Iterator[_JobEntry]:
    is_open = {each.id: each for each in store.open_jobs()}
    of_projects = [project] if project is not None else [each.id for each in gateway.directory.projects.list()]
    found = [job for each in of_projects for job in store.newest(each, gateway.now_s, after=None, limit=limit)]
    for job in sorted(found, key=lambda job: job.id, reverse=True):
        yield _JobEntry(job.id, job.project_id, job.created_at, job, is_open.get(job.id))


def _find(gateway: Gateway, job_id: str) -> _JobEntry:
    """Find a job in any project. Raises `NotFound`."""
    store, now_s = _store(gateway), gateway.now_s
    if is_job_id(job_id):
        is_open = store.open_job(job_id)
        projects = (
            [is_open.project_id] if is_open is not None else (each.id for each in gateway.directory.projects.list())
        )
        for project_id in projects:
            job = store.get(project_id, job_id, now_s)
            if job is not None:
                return _JobEntry(job_id, project_id, job.created_at, job, is_open)
        if is_open is not None:
            return _JobEntry(job_id, is_open.project_id, is_open.created_at, None, is_open)
    message = f"No project has a job '{job_id[:100]}'. Jobs are kept for seven days, unless they are deleted earlier."
    raise NotFound(message, param="job_id")


def _data(found: _JobEntry, now_s: int) -> dict[str, Any]:
    """Return the documented JSON object."""
    job, is_open = found.job, found.open
    error = None if job is None or job.error is None else {"code": job.error.code, "message": job.error.message}
    ended_at = None if job is None or job.completed_ms is None else job.completed_ms // 1000
    return {
        "object": "job",
        "id": found.id,
        "project_id": found.project_id,
        "key_id": None if job is None else job.key_id,
        "endpoint": None if job is None else job.endpoint,
        "model": None if job is None else job.model,
        "status": _UNKNOWN if job is None else job.status,
        "progress": {"completed": 0 if job is None else job.completed, "total": 0 if job is None else job.total},
        "created_at": found.created_at,
        "age_seconds": max(0, (ended_at or now_s) - found.created_at),
        "completed_at": ended_at,
        "open": is_open is not None,
        "cancel_asked": is_open is not None and is_open.cancel_requested,
        "held_usd": None if job is None or job.hold is None else dollars(job.hold.work.price_microusd),
        "price_usd": None if job is None or job.work is None else dollars(job.work.price_microusd),
        "error": error,
    }


def _cells(found: _JobEntry, names: dict[str, str], now_s: int) -> tuple[str, ...]:
    data, job = _data(found, now_s), found.job
    return (
        found.id,
        _status(data),
        duration_text(data["age_seconds"]),
        found.project_id,
        "" if job is None else f"{job.key_id} {names.get(job.key_id, '(deleted)')}",
        data["model"] or "",
        _progress(data),
        "" if data["error"] is None else f"{data['error']['code'] or 'error'}: {data['error']['message']}",
    )


def _lines(found: _JobEntry, now_s: int) -> list[tuple[str, str]]:
    data, job = _data(found, now_s), found.job
    lines = [(name, str(data[name])) for name in ("id", "project_id", "key_id", "endpoint", "model") if data[name]]
    lines += [("status", _status(data)), ("progress", _progress(data)), ("age", duration_text(data["age_seconds"]))]
    lines.append(("created", time_text(found.created_at)))
    if data["completed_at"] is not None:
        lines.append(("ended", time_text(data["completed_at"])))
    if job is not None and job.work is not None:
        done = audio_text(job.work.amount) if job.work.unit == "audio_ms" else f"{job.work.amount:,} characters"
        lines.append(("done", done))
    lines += [(label, data[name]) for label, name in (("held $", "held_usd"), ("price $", "price_usd")) if data[name]]
    if data["error"] is not None:
        lines.append(("error", f"{data['error']['code'] or ''} {data['error']['message']}".strip()))
    return lines


def _status(data: dict[str, Any]) -> str:
    if data["cancel_asked"] and data["status"] in {"queued", "running", _UNKNOWN}:
        return f"{data['status']}, being cancelled"
    is_over = data["status"] in {"succeeded", "failed", "cancelled"}
    return f"{data['status']}, being settled" if is_over and data["open"] else str(data["status"])


def _progress(data: dict[str, Any]) -> str:
    completed, total = data["progress"]["completed"], data["progress"]["total"]
    return f"{completed} of {total}" if total else ""
