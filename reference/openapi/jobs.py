"""The operations on jobs, their objects, and the answers of requests that become one."""

from __future__ import annotations

from typing import Final

from audio_gateway.api.job_content import LAST_HOP, MOST_TRANSCODED_BYTES
from audio_gateway.api.job_serializers import LONGEST_WAIT_S
from audio_gateway.catalog.models import ENDPOINTS
from audio_gateway.jobs.job import JOB_KEPT_SECONDS, STATUSES
from audio_gateway.metering.limits import DEFAULT_WAITS
from audio_gateway.transcripts.render import GRANULARITIES
from reference.openapi.build import (
    Schema,
    complete,
    constant,
    integer,
    or_null,
    page_of,
    record,
    reference,
    text,
    words,
)
from reference.openapi.operations import READING, json_answer, named, ok, page_parameters, parameter, refusals

_READING: Final = (*READING, 503)
_JOB: Final = "/audio/jobs/{job_id}"
_DAYS: Final = JOB_KEPT_SECONDS // 86_400


def becomes_a_job() -> dict[str, Schema]:
    """The answers, by status, of a request that becomes a job."""
    return {
        "202": {
            **json_answer("With `background`: the job that does the work.", "Job"),
            "headers": named("location", "x-audio-gateway-job", "x-audio-gateway-ignored", "x-audio-gateway-replayed"),
        },
        "303": {
            "description": "The work takes longer than an answer may. It is a job now, and `location` waits for its "
            "result: the SDKs follow by themselves, with the key, and return what the call would have returned. curl "
            "does with `-L`. Or the answer is too big for Lambda, and `location` holds it for 15 minutes.",
            "content": {"application/json": {"schema": reference("Redirect")}},
            "headers": named("location", "x-audio-gateway-job", "x-audio-gateway-ignored", "x-audio-gateway-replayed"),
        },
    }


def job_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    which = parameter("job_id", "path", "The id of the job.")
    as_json = {"application/json": {"schema": reference("Job")}}
    deleted = ok(
        "The job was deleted. If it was not over yet, the header says what was charged for the part that was done.",
        {"application/json": {"schema": reference("DeletedJob")}},
        "x-audio-gateway-cost-usd",
    )
    cancelled = ok("The job, cancelled, and what it costs.", as_json, "x-audio-gateway-cost-usd")
    return {
        "/audio/jobs": {
            "get": {
                "operationId": "listJobs",
                "summary": "List jobs",
                "description": f"Lists the jobs of the key's project, newest first. A job is kept for {_DAYS} days.",
                "parameters": [*page_parameters("jobs")],
                "responses": {"200": json_answer("A page of jobs.", "JobList"), **refusals(_READING)},
            }
        },
        _JOB: {
            "get": {
                "operationId": "retrieveJob",
                "summary": "Describe a job",
                "description": "Returns the job with its status and progress.",
                "parameters": [which],
                "responses": {"200": json_answer("The job.", "Job"), **refusals(_READING)},
            },
            "delete": {
                "operationId": "deleteJob",
                "summary": "Delete a job",
                "description": "Deletes the job, its result, and the input that came with the request. A job that "
                "is not over is cancelled first: what was done is charged, and nothing is kept. An upload that it "
                "read stays.",
                "parameters": [which],
                "responses": {"200": deleted, **refusals(_READING)},
            },
        },
        f"{_JOB}/cancel": {
            "post": {
                "operationId": "cancelJob",
                "summary": "Cancel a job",
                "description": "Starts no more work. The parts that were answered are charged, as `usage` says, "
                "and can be fetched as its partial result; where there are none, `usage` is null and nothing is kept. "
                "Cancelling it again changes nothing, and tells no webhook again; a job that has succeeded or failed "
                "is a 409.",
                "parameters": [which],
                "responses": {"200": cancelled, **refusals((*_READING, 409))},
            }
        },
        f"{_JOB}/content": {"get": _content(which)},
    }


def job_schemas() -> dict[str, Schema]:
    """The objects, by name."""
    error = {
        "code": or_null(text("As of an error.")),
        "message": text("What happened, and to which part."),
        "param": or_null(text("The field at fault.")),
        "type": text("As of an error."),
    }
    progress = {"completed": integer("Parts that are done."), "total": integer("All parts; 0 until it is known.")}
    usage = [
        record("Speech.", "type characters", {"type": constant("characters"), "characters": integer("Spoken.")}),
        reference("DurationUsage"),
        {"type": "null"},
    ]
    job: dict[str, Schema] = {
        "id": text("Its id. Ids sort by creation."),
        "object": constant("audio.job"),
        "endpoint": words(ENDPOINTS, "What was called."),
        "model": text("The model that was asked for."),
        "status": words(STATUSES, "Where it stands; the last three are for good."),
        "progress": complete("How far it is.", progress),
        "created_at": integer("When it was created, in unix seconds."),
        "completed_at": or_null(integer("When it was over, in unix seconds.")),
        "expires_at": integer("When it and its result are removed, in unix seconds."),
        "usage": {"oneOf": usage, "description": "What was done and is charged; null for nothing."},
        "cost_usd": or_null(text("What it costs, in dollars: a plain decimal number; null until it is over.")),
        "error": {"oneOf": [complete("Why it failed.", error), {"type": "null"}], "description": "Of a failed job."},
    }
    gone: dict[str, Schema] = {
        "id": text("Its id."),
        "object": constant("audio.job.deleted"),
        "deleted": constant(value=True),
    }
    return {
        "Job": complete("Work that goes on after its request was answered.", job),
        "JobList": page_of("Job"),
        "DeletedJob": complete("Confirms the deletion.", gone),
    }


def _content(which: Schema) -> Schema:
    asked = [
        which,
        parameter(
            "wait",
            "query",
            f"How many seconds to wait for the result; at most {LONGEST_WAIT_S} are waited. As many polls of a key "
            f"wait at once as it has `concurrent_requests`, {DEFAULT_WAITS} without that limit: the next is a 429 that "
            "says when to come back.",
            type="integer",
            minimum=0,
            default=LONGEST_WAIT_S,
        ),
        parameter(
            "hop",
            "query",
            "Counts the redirects of one wait; set by the gateway.",
            type="integer",
            minimum=0,
            maximum=LAST_HOP,
            default=0,
        ),
        parameter(
            "partial",
            "query",
            "Return what a failed or cancelled job has done.",
            type="boolean",
            default=False,
        ),
        parameter("response_format", "query", "The format of the result. Default: the one in the request."),
        parameter(
            "timestamp_granularities[]",
            "query",
            "What to give the times of, as in a transcription.",
            type="array",
            items={"type": "string", "enum": list(GRANULARITIES)},
        ),
        parameter("stream", "query", "Answer with server-sent events; of a transcript only.", type="boolean"),
        parameter("stream_format", "query", "As in the request; of speech only.", enum=["audio", "sse"]),
    ]
    return {
        "operationId": "retrieveJobContent",
        "summary": "Fetch a job's result",
        "description": "Returns exactly what the call would have answered directly. Speech in another format than "
        f"that of the request is available up to {MOST_TRANSCODED_BYTES / 1_000_000:g} MB. A failed job answers with "
        "the error that the call would have had, a cancelled one with a 409. With `partial`, both return what was "
        "done, if anything was; just after a cancellation that is a 409 with `retry-after`.",
        "parameters": asked,
        "responses": {
            "200": ok(
                "The result.",
                {"*/*": {"schema": {"type": "string", "description": "As the endpoint of the job answers."}}},
                "x-audio-gateway-model",
                "x-audio-gateway-ignored",
                "x-audio-gateway-cost-usd",
            ),
            "303": {
                "description": "It is not over: `location` goes on waiting. Or the result is too big for Lambda, and "
                "`location` holds it for 15 minutes.",
                "content": {"application/json": {"schema": reference("Redirect")}},
                "headers": named("location"),
            },
            **refusals((*_READING, 409, 504)),
        },
    }
