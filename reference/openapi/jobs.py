"""The operations on jobs, their objects, and the responses to requests that become a job."""

from __future__ import annotations

from typing import Final

from audio_gateway.api.content_request import LAST_HOP
from audio_gateway.api.idempotency import MAX_BUFFERED_BYTES, MAX_STREAMED_BYTES
from audio_gateway.api.job_serializers import LONGEST_WAIT_S
from audio_gateway.api.job_speech import MOST_TRANSCODED_BYTES
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
_LARGEST: Final = (
    f"{MAX_STREAMED_BYTES / 1_000_000:g} MB, or {MAX_BUFFERED_BYTES / 1_000_000:g} MB of audio where responses are not "
    "streamed"
)


def becomes_a_job() -> dict[str, Schema]:
    """The responses, by status, to a request that becomes a job."""
    headers = named("location", "x-audio-gateway-job", "x-audio-gateway-ignored", "x-audio-gateway-replayed")
    return {
        "202": {**json_answer("The job, if the request has `background`.", "Job"), "headers": headers},
        "303": _redirect(
            "The work would take longer than a response may, so it has become a job; `location` waits for its result. "
            "The SDKs follow the redirect automatically, with the key, and return what the call would have returned; "
            f"curl does so with `-L`. Or the result is too large for a response ({_LARGEST}); `location` serves it for "
            "15 minutes.",
            headers,
        ),
    }


def _redirect(description: str, headers: Schema) -> Schema:
    content = {"application/json": {"schema": reference("Redirect")}}
    return {"description": description, "content": content, "headers": headers}


# ---------------------------------------------------------------- operations
def job_paths() -> dict[str, Schema]:
    """The operations, by path and method."""
    job_id = parameter("job_id", "path", "The id of the job.")
    return {
        "/audio/jobs": {"get": _list()},
        _JOB: {"get": _retrieve(job_id), "delete": _delete(job_id)},
        f"{_JOB}/cancel": {"post": _cancel(job_id)},
        f"{_JOB}/content": {"get": _content(job_id)},
    }


def _list() -> Schema:
    return {
        "operationId": "listJobs",
        "summary": "List jobs",
        "description": f"Lists the jobs of the key's project, newest first. Jobs are kept for {_DAYS} days.",
        "parameters": [*page_parameters("jobs")],
        "responses": {"200": json_answer("A page of jobs.", "JobList"), **refusals(_READING)},
    }


def _retrieve(job_id: Schema) -> Schema:
    return {
        "operationId": "retrieveJob",
        "summary": "Retrieve a job",
        "description": "Returns the job with its status and progress.",
        "parameters": [job_id],
        "responses": {"200": json_answer("The job.", "Job"), **refusals(_READING)},
    }


def _delete(job_id: Schema) -> Schema:
    deleted = ok(
        "The job was deleted. If it had not ended, `x-audio-gateway-cost-usd` is the charge for the completed work.",
        {"application/json": {"schema": reference("DeletedJob")}},
        "x-audio-gateway-cost-usd",
    )
    return {
        "operationId": "deleteJob",
        "summary": "Delete a job",
        "description": "Deletes the job, its result and any input that was sent with the request. A job that has not "
        "ended is cancelled first: its completed work is charged, but nothing is kept. Uploads that the job used are "
        "not deleted.",
        "parameters": [job_id],
        "responses": {"200": deleted, **refusals(_READING)},
    }


def _cancel(job_id: Schema) -> Schema:
    cancelled = ok(
        "The cancelled job. `x-audio-gateway-cost-usd` is its cost.",
        {"application/json": {"schema": reference("Job")}},
        "x-audio-gateway-cost-usd",
    )
    return {
        "operationId": "cancelJob",
        "summary": "Cancel a job",
        "description": "Stops the job from starting more work. Completed parts are charged, as `usage` reports, and "
        "can be fetched as a partial result. If no part is complete, `usage` is null and nothing is kept. Cancelling "
        "the job again changes nothing and sends no webhook. A job that has succeeded or failed cannot be cancelled "
        "(409).",
        "parameters": [job_id],
        "responses": {"200": cancelled, **refusals((*_READING, 409))},
    }


def _content(job_id: Schema) -> Schema:
    result = "The result, as the endpoint of the job returns it."
    return {
        "operationId": "retrieveJobContent",
        "summary": "Retrieve a job's result",
        "description": "Returns exactly what the call would have returned directly, piece by piece. Speech "
        "can be fetched in any format, not only in the requested one, if the response has the time and room for it "
        f"({MAX_STREAMED_BYTES / 1_000_000:g} MB; "
        f"{MOST_TRANSCODED_BYTES / 1_000_000:g} MB of the stored file where the deployment does not stream "
        "responses). A failed job returns the error that the call would have returned; a cancelled job returns a 409. "
        "With `partial`, both return the completed parts, if there are any; just after a cancellation, that is a 409 "
        "with `retry-after`.",
        "parameters": [job_id, *_waiting(), *_rendering()],
        "responses": {
            "200": ok(
                "The result.",
                {"*/*": {"schema": {"type": "string", "description": result}}},
                "x-audio-gateway-model",
                "x-audio-gateway-ignored",
                "x-audio-gateway-cost-usd",
            ),
            "303": _redirect(
                "The job has not ended; `location` continues to wait. Or the result is too large for a response "
                f"({_LARGEST}); `location` serves it for 15 minutes.",
                named("location"),
            ),
            **refusals((*_READING, 409, 504)),
        },
    }


def _waiting() -> tuple[Schema, ...]:
    """The parameters for how long to wait, and for what."""
    wait = parameter(
        "wait",
        "query",
        f"How many seconds to wait for the result; more than {LONGEST_WAIT_S} count as {LONGEST_WAIT_S}. A key may "
        f"have as many polls waiting at the same time as its `concurrent_requests` ({DEFAULT_WAITS} without that "
        "limit). A further poll gets a 429 with `retry-after`.",
        type="integer",
        minimum=0,
        default=LONGEST_WAIT_S,
    )
    hop = parameter(
        "hop",
        "query",
        "Counts the redirects of one wait. Set by the gateway.",
        type="integer",
        minimum=0,
        maximum=LAST_HOP,
        default=0,
    )
    partial = parameter(
        "partial",
        "query",
        "Whether to return the completed parts of a failed or cancelled job.",
        type="boolean",
        default=False,
    )
    return wait, hop, partial


def _rendering() -> tuple[Schema, ...]:
    """The parameters for the form of the result."""
    granularities = parameter(
        "timestamp_granularities[]",
        "query",
        "The timestamps to include, as for a transcription.",
        type="array",
        items={"type": "string", "enum": list(GRANULARITIES)},
    )
    return (
        parameter("response_format", "query", "The format of the result. Default: the format in the request."),
        granularities,
        parameter(
            "stream", "query", "Whether to send server-sent events. Only for transcription jobs.", type="boolean"
        ),
        parameter("stream_format", "query", "As in the request. Only for speech jobs.", enum=["audio", "sse"]),
    )


# ---------------------------------------------------------------- objects
def job_schemas() -> dict[str, Schema]:
    """The objects, by name."""
    gone: dict[str, Schema] = {
        "id": text("The id of the job."),
        "object": constant("audio.job.deleted"),
        "deleted": constant(value=True),
    }
    return {
        "Job": complete("Work that continues after the response to its request.", _job()),
        "JobList": page_of("Job"),
        "DeletedJob": complete("Confirms the deletion.", gone),
    }


def _job() -> dict[str, Schema]:
    progress = {
        "completed": integer("The number of completed parts."),
        "total": integer("The number of all parts; 0 until it is known."),
    }
    spoken = {"type": constant("characters"), "characters": integer("The number of spoken characters.")}
    usage = [record("Usage of speech.", "type characters", spoken), reference("DurationUsage"), {"type": "null"}]
    error = {
        "code": or_null(text("The name of the error, as in an error response.")),
        "message": text("What went wrong, and in which part."),
        "param": or_null(text("The request field that caused the error.")),
        "type": text("The kind of error, as in an error response."),
    }
    return {
        "id": text("The id of the job. Ids sort by creation time."),
        "object": constant("audio.job"),
        "endpoint": words(ENDPOINTS, "The endpoint that was called."),
        "model": text("The id of the requested model."),
        "status": words(STATUSES, "The status of the job. The last three are final."),
        "progress": complete("The progress of the job.", progress),
        "created_at": integer("When the job was created, in Unix seconds."),
        "completed_at": or_null(integer("When the job ended, in Unix seconds; null until then.")),
        "expires_at": integer("When the job and its result will be removed, in Unix seconds."),
        "usage": {"oneOf": usage, "description": "The work that is charged; null if there is none."},
        "cost_usd": or_null(text("The cost in dollars, as a plain decimal number; null until the job ends.")),
        "error": {
            "oneOf": [complete("The error.", error), {"type": "null"}],
            "description": "Why the job failed; null if it did not.",
        },
    }
