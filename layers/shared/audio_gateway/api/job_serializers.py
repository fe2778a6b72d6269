"""A job as callers see it, and the URLs of the job and its result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from audio_gateway.api.http.redirects import JSON, job_note
from audio_gateway.idempotency.idempotency import ApiResponse
from audio_gateway.jobs.job import Job
from audio_gateway.metering.limits import usd
from audio_gateway.transcripts.json_bytes import json_bytes

JOB_HEADER: Final = "x-audio-gateway-job"

LONGEST_WAIT_S: Final = 25
"""How long one request waits for a job, in every deployment: without streaming, API Gateway's time limit is 29 s."""

_MS: Final = 1000


def job_json(job: Job) -> dict[str, Any]:
    """The object `audio.job`. Times are Unix seconds.

    `usage` is what was done and is charged, null for nothing; `cost_usd` is the caller's price, null until it is over.
    """
    return {
        "id": job.id,
        "object": "audio.job",
        "endpoint": job.endpoint,
        "model": job.model,
        "status": job.status,
        "progress": {"completed": job.completed, "total": job.total},
        "created_at": job.created_at,
        "completed_at": None if job.completed_ms is None else job.completed_ms // _MS,
        "expires_at": job.expires_at,
        "usage": _usage(job),
        "cost_usd": _cost(job),
        "error": _error(job),
    }


def job_answer(job: Job, ignored: tuple[str, ...], *, background: bool) -> ApiResponse:
    """The response to a request that became this job: the job for `background`, else a redirect to its result."""
    if background:
        headers = {"content-type": "application/json", JOB_HEADER: job.id, "location": job_url(job.id)}
        return ApiResponse(headers, json_bytes(job_json(job)), ignored, 202)
    where = content_url(job.id, (("wait", str(LONGEST_WAIT_S)), ("hop", "1")))
    headers = {**JSON, JOB_HEADER: job.id, "location": where}
    return ApiResponse(headers, job_note(job.id, job_url(job.id), where), ignored, 303)


def job_url(job_id: str) -> str:
    """The path of the job."""
    return f"/v1/audio/jobs/{job_id}"


def content_url(job_id: str, query: Iterable[tuple[str, str]] = ()) -> str:
    """The path of its result, with a query."""
    query = tuple(query)
    return f"{job_url(job_id)}/content" + (f"?{urlencode(query)}" if query else "")


def served_by(job: Job) -> str:
    """The model that did most of a job; until that is known, the one that the caller named."""
    return job.model if job.work is None else job.work.model


def _usage(job: Job) -> dict[str, Any] | None:
    if job.work is None:
        return None
    if job.work.unit == "characters":
        return {"type": "characters", "characters": job.work.amount}
    return {"type": "duration", "seconds": -(-job.work.amount // _MS)}


def _cost(job: Job) -> str | None:
    if not job.is_final:
        return None
    return "0" if job.work is None else usd(job.work.price_microusd)


def _error(job: Job) -> dict[str, Any] | None:
    if job.error is None:
        return None
    return {"code": job.error.code, "message": job.error.message, "param": job.error.param, "type": job.error.kind}
