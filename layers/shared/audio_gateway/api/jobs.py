"""GET /audio/jobs, GET and DELETE /audio/jobs/{id}, POST …/cancel and GET …/content."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from audio_gateway.api.admin.pages import Asked
from audio_gateway.api.app import caller_of, create_app, deadline_of, facts_of
from audio_gateway.api.identity import Caller
from audio_gateway.api.job_content import Content, ContentRequest, JobContent
from audio_gateway.api.job_shapes import job_shape
from audio_gateway.api.job_wait import Place, Waiting, Waits, wait_for
from audio_gateway.api.models import json_response
from audio_gateway.api.parameters import Parameters
from audio_gateway.api.results import ResultStore
from audio_gateway.api.writers import WriterOf
from audio_gateway.errors import Conflict, InvalidRequest, NotFound
from audio_gateway.jobs.job import Job, is_job_id
from audio_gateway.use_cases.end_job import Stopping, cancel_job, delete_job
from audio_gateway.use_cases.start_job import JobDesk


def jobs_app(
    *, stopping: Stopping, results: ResultStore, waits: Waits, writer_of: WriterOf, poll_s: float = 0.5
) -> FastAPI:
    """The app of the jobs function; `poll_s` is how often a job that is waited for is looked at."""
    app = create_app("jobs")
    desk = stopping.desk
    contents = JobContent(desk.store, desk.files, results)

    @app.get("/audio/jobs")
    async def list_jobs(request: Request) -> Response:
        caller = caller_of(request)
        asked = Asked.of(request)
        if asked.after is not None and not is_job_id(asked.after):
            raise InvalidRequest("'after' must be the id of a job, the last of the page before.", param="after")
        now_s = desk.now_ms() // 1000
        found = desk.store.newest(caller.project_id, now_s, after=asked.after, limit=asked.limit + 1)
        shown = [job_shape(job) for job in found[: asked.limit]]
        return json_response(
            {
                "object": "list",
                "data": shown,
                "first_id": shown[0]["id"] if shown else None,
                "last_id": shown[-1]["id"] if shown else None,
                "has_more": len(found) > asked.limit,
            }
        )

    @app.get("/audio/jobs/{job_id}")
    async def retrieve(request: Request, job_id: str) -> Response:
        caller = caller_of(request)
        _no_parameters(request)
        return json_response(job_shape(_job_of(caller, job_id, desk)))

    @app.delete("/audio/jobs/{job_id}")
    async def delete(request: Request, job_id: str) -> Response:
        caller = writer_of(request)
        _no_parameters(request)
        found = _job_of(caller, job_id, desk)
        ended = delete_job(found, using=stopping)
        if not found.is_final:
            facts_of(request).price_microusd = _price(ended)
        return json_response({"id": job_id, "object": "audio.job.deleted", "deleted": True})

    @app.post("/audio/jobs/{job_id}/cancel")
    async def cancel(request: Request, job_id: str) -> Response:
        caller = writer_of(request)
        _no_parameters(request)
        job = cancel_job(_job_of(caller, job_id, desk), using=stopping)
        if job.status != "cancelled":
            message = f"The job '{job_id}' has {job.status}: there is nothing to cancel. DELETE removes its result."
            raise Conflict(message, code="job_not_cancellable")
        facts_of(request).price_microusd = _price(job)
        return json_response(job_shape(job))

    @app.get("/audio/jobs/{job_id}/content")
    async def content(request: Request, job_id: str) -> Response:
        place = Place(waits, caller_of(request).key_id)
        return _content(request, job_id, desk, contents, place, poll_s)

    return app


def _content(
    request: Request, job_id: str, desk: JobDesk, contents: JobContent, place: Place, poll_s: float
) -> Response:
    caller = caller_of(request)
    asked = ContentRequest.of(request)
    facts, deadline = facts_of(request), deadline_of(request)

    def look() -> Job:
        job = _job_of(caller, job_id, desk)
        facts.model = job.model
        return job

    def read(job: Job) -> Content:
        found = contents.of(job, asked, deadline)
        if job.work is not None:
            facts.price_microusd = job.work.price_microusd
        return found

    answer = wait_for(job_id, look, read, asked, Waiting(deadline, poll_s, place))
    facts.ignored, facts.error = answer.ignored, answer.error
    return answer.response


def _job_of(caller: Caller, job_id: str, desk: JobDesk) -> Job:
    """The caller's project's job; raises `NotFound`, for a job of another project as for none."""
    job = desk.store.get(caller.project_id, job_id, desk.now_ms() // 1000) if is_job_id(job_id) else None
    if job is None:
        message = f"There is no job '{job_id[:100]}' in this project; it may have been deleted, or its time has passed."
        raise NotFound(message, param="job_id", code="job_not_found")
    return job


def _price(job: Job) -> int:
    return 0 if job.work is None else job.work.price_microusd


def _no_parameters(request: Request) -> None:
    Parameters(request.query_params.multi_items()).refuse_the_rest()
