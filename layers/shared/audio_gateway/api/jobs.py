"""GET /audio/jobs, GET and DELETE /audio/jobs/{id}, POST …/cancel and GET …/content."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from audio_gateway.api.active_key import WriterOf
from audio_gateway.api.content_request import ContentRequest
from audio_gateway.api.http.app import caller_of, create_app, deadline_of, request_log_of
from audio_gateway.api.http.identity import Caller
from audio_gateway.api.http.pages import PageQuery
from audio_gateway.api.http.parameters import Parameters
from audio_gateway.api.http.responses import json_response
from audio_gateway.api.job_content import ContentResponse, JobContent
from audio_gateway.api.job_serializers import job_json
from audio_gateway.api.job_wait import PollPlace, PollPlaces, Waiting, wait_for
from audio_gateway.errors import Conflict, InvalidRequest, NotFound
from audio_gateway.jobs.job import Job, is_job_id
from audio_gateway.storage.results import ResultStore
from audio_gateway.use_cases.jobs.cancel import JobStopping, cancel_job, delete_job
from audio_gateway.use_cases.jobs.start import JobService


def jobs_app(
    *, stopping: JobStopping, results: ResultStore, waits: PollPlaces, writer_of: WriterOf, poll_s: float = 0.5
) -> FastAPI:
    """The app of the jobs function; `poll_s` is how often a request that waits for a job reads it."""
    app = create_app("jobs", caller="api")
    job_service = stopping.job_service
    contents = JobContent(job_service.store, job_service.files, results)

    @app.get("/audio/jobs")
    async def list_jobs(request: Request) -> Response:
        caller = caller_of(request)
        query = PageQuery.of(request)
        if query.after is not None and not is_job_id(query.after):
            raise InvalidRequest("'after' must be the id of a job: the last one of the previous page.", param="after")
        now_s = job_service.now_ms() // 1000
        found = job_service.store.newest(caller.project_id, now_s, after=query.after, limit=query.limit + 1)
        shown = [job_json(job) for job in found[: query.limit]]
        return json_response(
            {
                "object": "list",
                "data": shown,
                "first_id": shown[0]["id"] if shown else None,
                "last_id": shown[-1]["id"] if shown else None,
                "has_more": len(found) > query.limit,
            }
        )

    @app.get("/audio/jobs/{job_id}")
    async def retrieve(request: Request, job_id: str) -> Response:
        caller = caller_of(request)
        _no_parameters(request)
        return json_response(job_json(_job_of(caller, job_id, job_service)))

    @app.delete("/audio/jobs/{job_id}")
    async def delete(request: Request, job_id: str) -> Response:
        caller = writer_of(request)
        _no_parameters(request)
        found = _job_of(caller, job_id, job_service)
        ended = delete_job(found, deps=stopping)
        if not found.is_final:
            request_log_of(request).price_microusd = _price(ended)
        return json_response({"id": job_id, "object": "audio.job.deleted", "deleted": True})

    @app.post("/audio/jobs/{job_id}/cancel")
    async def cancel(request: Request, job_id: str) -> Response:
        caller = writer_of(request)
        _no_parameters(request)
        job = cancel_job(_job_of(caller, job_id, job_service), deps=stopping)
        if job.status != "cancelled":
            message = f"The job '{job_id}' has already {job.status} and cannot be cancelled. DELETE removes its result."
            raise Conflict(message, code="job_not_cancellable")
        request_log_of(request).price_microusd = _price(job)
        return json_response(job_json(job))

    @app.get("/audio/jobs/{job_id}/content")
    async def content(request: Request, job_id: str) -> Response:
        place = PollPlace(waits, caller_of(request).key_id)
        return _content(request, job_id, job_service, contents, place, poll_s)

    return app


def _content(
    request: Request, job_id: str, job_service: JobService, contents: JobContent, place: PollPlace, poll_s: float
) -> Response:
    caller = caller_of(request)
    query = ContentRequest.of(request)
    request_log, deadline = request_log_of(request), deadline_of(request)

    def load() -> Job:
        job = _job_of(caller, job_id, job_service)
        request_log.model = job.model
        return job

    def read(job: Job) -> ContentResponse:
        found = contents.of(job, query, request)
        if job.work is not None:
            request_log.price_microusd = job.work.price_microusd
        return found

    answer = wait_for(job_id, load, read, query, Waiting(deadline, poll_s, place))
    request_log.ignored, request_log.error = answer.ignored, answer.error
    return answer.response


def _job_of(caller: Caller, job_id: str, job_service: JobService) -> Job:
    """The job of the caller's project. Raises `NotFound`, also for a job of another project."""
    job = job_service.store.get(caller.project_id, job_id, job_service.now_ms() // 1000) if is_job_id(job_id) else None
    if job is None:
        message = f"There is no job '{job_id[:100]}' in this project; it may have been deleted or have expired."
        raise NotFound(message, param="job_id", code="job_not_found")
    return job


def _price(job: Job) -> int:
    return 0 if job.work is None else job.work.price_microusd


def _no_parameters(request: Request) -> None:
    Parameters(request.query_params.multi_items()).refuse_the_rest()
