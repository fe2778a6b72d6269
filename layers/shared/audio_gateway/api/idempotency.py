"""Repeated requests, with or without an Idempotency-Key, and the delivery of responses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Final, Protocol

from fastapi import Request, Response

from audio_gateway.api.http.app import call_of, received_ms_of, request_log_of
from audio_gateway.api.http.identity import Caller
from audio_gateway.api.http.redirects import JSON, link_note, to_link
from audio_gateway.api.job_serializers import JOB_HEADER, job_answer
from audio_gateway.deadline import Deadline
from audio_gateway.fingerprint import fingerprint
from audio_gateway.idempotency.idempotency import ApiResponse, Idempotency, Run, StoredResult, key_hash
from audio_gateway.idempotency.repetition import CallAttempt, Repetitions
from audio_gateway.jobs.job import Job
from audio_gateway.spool import Spool
from audio_gateway.storage.results import ResultStore

MAX_BUFFERED_BYTES: Final = 4_500_000
"""The most bytes of audio in a response. Lambda sends at most 6 MB, a quarter of which base64 takes
(docs/architecture.md, "Limits")."""

MAX_STREAMED_BYTES: Final = 200_000_000
"""The most bytes of a streamed response (Lambda's quota is 200 MB, headers included)."""

# Text is sent through Lambda as a JSON string, in which a line break or a quotation mark takes two bytes.
_MAX_PAYLOAD_BYTES: Final = 6_291_456 - 32_768  # leaves room for the headers
_MOST_ESCAPED: Final = 6  # the most bytes of one character: a control character
_TEXT_TYPES: Final = ("text/", "application/json")

_COUNT: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_REPLAYED: Final = {"x-audio-gateway-replayed": "true"}


class IdempotencyDependencies(Protocol):
    """What finding an earlier response needs."""

    @property
    def idempotency(self) -> Idempotency:
        """For requests with an Idempotency-Key."""
        ...

    @property
    def repetitions(self) -> Repetitions:
        """For requests without one."""
        ...

    @property
    def results(self) -> ResultStore:
        """Large responses."""
        ...


def begin_run(
    request: Request,
    caller: Caller,
    deps: IdempotencyDependencies,
    *content: object,
    background: bool,
    as_stream: bool = False,
) -> Run:
    """Claim the request's Idempotency-Key for the `content` of the request; without one, find what an SDK repeats.

    The run's `earlier` is the response to the same request before, which costs nothing. With `background`, a request
    that became a job is answered with the job itself. `as_stream` says that its time is that of a stream.

    Raises:
        InvalidRequest: the header is not a valid key.
        AlreadyRunning, IdempotencyKeyReused, IdempotencyUnavailable, MeteringUnavailable: see `Idempotency.begin`.
        AlreadyRunning, StorageUnavailable, MeteringUnavailable: see `Repetitions.begin`.
    """
    request_log = request_log_of(request)
    key_sha256 = key_hash(request.headers.getlist("idempotency-key"))
    run: Run
    if key_sha256 is None:
        run = _repeatable(request, caller, deps, content, background=background)
    else:
        run = deps.idempotency.begin(
            project_id=caller.project_id,
            key_sha256=key_sha256,
            fingerprint=fingerprint(request_log.endpoint, *content),
            request_id=request_log.request_id,
            deadline=call_of(request, caller, as_stream=as_stream).deadline,
        )
    if run.earlier is not None:
        request_log.replayed, request_log.ignored = True, run.earlier.ignored
        if not _is_job(run.earlier):  # the response with a job's result states its cost
            request_log.price_microusd = 0
    return run


def _repeatable(
    request: Request, caller: Caller, deps: IdempotencyDependencies, content: tuple[object, ...], *, background: bool
) -> Run:
    request_log, retries = request_log_of(request), _retries(request)

    def attempt() -> CallAttempt:
        sha256 = fingerprint(request_log.endpoint, *content)
        return CallAttempt(
            caller.key_id, sha256, request_log.request_id, received_ms_of(request), retries or 0, expires_s=0
        )

    run = deps.repetitions.begin(attempt, retries=retries, project_id=caller.project_id)
    if isinstance(run.found, Job):
        run.earlier = job_answer(run.found, (), background=background)
    elif run.found is not None:
        link = deps.results.link(run.found.key)
        headers = {**JSON, "x-audio-gateway-model": run.found.model, "location": link}
        run.earlier = ApiResponse(headers, link_note(link), status=303)
    return run


def _retries(request: Request) -> int | None:
    """How often an official SDK has sent the call before, by its header; None for other clients."""
    count = request.headers.get("x-stainless-retry-count", "")
    return int(count) if _COUNT.fullmatch(count) else None


def _is_job(answer: ApiResponse) -> bool:
    return JOB_HEADER in answer.headers


def as_replay(answer: ApiResponse) -> ApiResponse:
    """An earlier response, with the header that marks it as a replay."""
    return replace(answer, headers={**answer.headers, **_REPLAYED})


def respond(answer: ApiResponse, results: ResultStore, project_id: str, *, is_streamed: bool) -> Response:
    """The response itself, or a redirect to the bucket if it is too large to be sent."""
    return deliver(answer, results, project_id, is_streamed=is_streamed)[0]


def deliver(
    answer: ApiResponse, results: ResultStore, project_id: str, *, is_streamed: bool
) -> tuple[Response, str | None]:
    """As `respond`, with the response's key in the bucket if it is stored there."""
    body, content_type = answer.body, answer.headers.get("content-type", "")
    if isinstance(body, Spool):
        key = results.put_pieces(body.pieces(), content_type, project_id=project_id)
    elif len(body) <= MAX_STREAMED_BYTES if is_streamed else _fits(body, content_type):
        return Response(body, answer.status, dict(answer.headers)), None
    else:
        key = results.put(body, content_type, project_id=project_id)
    headers = {name: value for name, value in answer.headers.items() if name != "content-type"}
    return to_link(results.link(key), headers), key


def remember(run: Run, key: str | None, model_id: str, deadline: Deadline) -> None:
    """Let another try of the call find a charged response in the bucket, if it is there and there is time left."""
    if key is not None and not deadline.passed:
        run.remember(StoredResult(key, model_id))


def _fits(body: bytes, content_type: str) -> bool:
    if not content_type.startswith(_TEXT_TYPES):
        return len(body) <= MAX_BUFFERED_BYTES
    if len(body) * _MOST_ESCAPED <= _MAX_PAYLOAD_BYTES:
        return True
    return len(body) <= _MAX_PAYLOAD_BYTES and len(_as_payload(body)) <= _MAX_PAYLOAD_BYTES


def _as_payload(body: bytes) -> bytes:
    return json.dumps(body.decode(), ensure_ascii=False).encode()
