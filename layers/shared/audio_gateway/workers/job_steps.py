"""The steps of a job as functions that the state machine calls. Their input and output are ids and numbers.

A failure is stored among the job's files as its caller will see it, then raised under a name that tells the state
machine what to do: retry soon (`Retryable`), retry after a longer wait (`Throttled`), or give up (`Permanent`). It has
no message, because a provider's message may quote the caller, and an execution's history is kept for months.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Final

from audio_gateway import errors as e
from audio_gateway.api.http.errors import answer_for
from audio_gateway.deadline import Deadline
from audio_gateway.jobs.job import JobError, JobRef
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.telemetry import count_provider_call, failed_json, log_unexpected, logger
from audio_gateway.use_cases.fallback import FailedAttempt
from audio_gateway.use_cases.jobs.cancel import cancel_unless_over
from audio_gateway.use_cases.jobs.chunk import ChunkWork, work_on_chunks
from audio_gateway.use_cases.jobs.chunk_files import error_file
from audio_gateway.use_cases.jobs.kinds.registry import KindName, kind_of, load_kinds
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, UNKNOWN, JobEnding, fail_job, merge_job
from audio_gateway.use_cases.jobs.prepare import Preparation, plan_of, prepare_job
from audio_gateway.use_cases.jobs.request import request_of

Handler = Callable[[Mapping[str, Any], Any], Any]

_MARGIN_S: Final = 10.0  # to record the outcome of a step before the platform ends it
_ERROR: Final = "error.json"
_FORBIDDEN: Final = 403


NOT_STARTED: Final = (
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
"""Step Functions' names for errors of Lambda itself: no step has run, so none has stored a reason."""

DIED: Final = ("Sandbox.Timedout", "States.Timeout", "Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory")
"""Step Functions' names for the end of a function that ran out of time or memory."""

TOO_MUCH: Final = JobError(
    message="The audio file could not be read within the limits of time and memory. Export it again, for example as "
    "mp3, or send it in parts.",
    code="input_too_long",
    status=400,
    kind="invalid_request_error",
    retry=False,
)
"""The error of a recording that killed the function which read it. It is not tried again."""

TOO_BUSY: Final = JobError(
    message="The service was too busy to start this work for hours. Try again later.",
    code="service_busy",
    status=503,
    kind="service_unavailable_error",
)


class Retryable(Exception):
    """Another try may succeed in a second."""


class Throttled(Exception):
    """A service asked for fewer calls."""


class Permanent(Exception):
    """Another try would fail, too."""


_LATER: Final = (e.ProviderRateLimited, e.RateLimitReached)
_AGAIN: Final = (
    e.ProviderUnavailable,
    e.ProviderTimedOut,
    e.ProviderBadAnswer,
    e.ProviderKeyUnreadable,  # perhaps only for a moment
    e.StorageUnavailable,
    e.MeteringUnavailable,
    e.AlreadyRunning,
)


def prepare_handler(deps: Preparation) -> Handler:
    """`{project_id, job_id}` → `{kind: "speech", lanes: [[0, 2], [1, 3]]}`, see `PreparedJob`."""
    load_kinds()

    def work(event: Mapping[str, Any], deadline: Deadline, _failed: list[FailedAttempt]) -> dict[str, Any]:
        return asdict(prepare_job(_job_of(event), deadline, deps=deps))

    return _step("prepare", work, deps.files, lambda _event: _ERROR)


def chunk_handler(deps: ChunkWork, kind: KindName) -> Handler:
    """`{project_id, job_id, number}` of a job of this kind → nothing."""
    load_kinds(kind)

    def work(event: Mapping[str, Any], deadline: Deadline, failed: list[FailedAttempt]) -> None:
        work_on_chunks(_job_of(event), event["number"], deadline, deps=deps, failed=failed)

    return _step("chunk", work, deps.files, lambda event: error_file(event["number"]))


def merge_handler(deps: JobEnding) -> Handler:
    """`{project_id, job_id}` → nothing."""
    load_kinds()

    def work(event: Mapping[str, Any], deadline: Deadline, _failed: list[FailedAttempt]) -> None:
        merge_job(_job_of(event), deadline, deps=deps)

    return _step("merge", work, deps.files, lambda _event: _ERROR)


def end_handler(deps: JobEnding) -> Handler:
    """`{project_id, job_id}` of a job that was cancelled, or one of whose other steps has failed → nothing.

    `error` in the event is Step Functions' name of the failure. `interrupted` means that nothing has failed: the work
    was stopped from outside. `cancelled` means that it was stopped because an operator wants the job cancelled.
    """
    load_kinds()

    def work(event: Mapping[str, Any], deadline: Deadline, _failed: list[FailedAttempt]) -> None:
        if event.get("cancelled"):
            cancel_unless_over(_job_of(event), deadline, deps=deps)
            return
        error = INTERRUPTED if event.get("interrupted") else _stored_error(event, deps.files)
        fail_job(_job_of(event), error, deadline, deps=deps)

    return _step("end", work, deps.files, None)


def _stored_error(event: Mapping[str, Any], files: JobFiles) -> JobError:
    if event.get("error") in NOT_STARTED:
        return TOO_BUSY
    if event.get("error") in DIED:
        return _error_of_death(_job_of(event), files)
    stored = files.get_json(_job_of(event), _ERROR)
    return UNKNOWN if stored is None else JobError(**stored)


def _error_of_death(job: JobRef, files: JobFiles) -> JobError:
    """The error of a step that died. Until the plan exists, it was reading the audio."""
    with suppress(e.StorageUnavailable):  # for example, because the job has just been deleted
        job_request = request_of(files, job)
        audio_field = kind_of(job_request.endpoint).audio_field(job_request.request)
        if audio_field is not None and plan_of(files, job) is None:
            return replace(TOO_MUCH, param=audio_field)
    return UNKNOWN


def job_error(error: Exception, reference: str) -> JobError:
    """An error as the job's caller sees it: the one that the synchronous call would have returned."""
    answer = answer_for(error, reference)
    body = json.loads(answer.body)["error"]
    return JobError(
        message=body["message"],
        code=body["code"],
        # The key that fetches the result is valid; the one that started the job is not.
        status=_FORBIDDEN if isinstance(error, e.KeyNotUsable) else answer.status,
        kind=body["type"],
        param=body["param"],
        retry=answer.headers.get("x-should-retry") != "false",
    )


def _step(
    name: str,
    work: Callable[[Mapping[str, Any], Deadline, list[FailedAttempt]], Any],
    files: JobFiles,
    error_file: Callable[[Mapping[str, Any]], str] | None,
) -> Handler:
    def handle(event: Mapping[str, Any], context: Any) -> Any:
        started = time.perf_counter()
        deadline = Deadline.after(context.get_remaining_time_in_millis() / 1000 - _MARGIN_S)
        failure: Exception | None = None
        failed: list[FailedAttempt] = []
        try:
            return work(event, deadline, failed)
        except Exception as error:  # noqa: BLE001 - raised again under another name
            failure = error
            if not isinstance(error, e.GatewayError) or isinstance(error, e.ConfigurationError):
                log_unexpected(error, event["job_id"])
            if error_file is not None:
                with suppress(e.StorageUnavailable):
                    files.put_json(_job_of(event), error_file(event), asdict(job_error(error, event["job_id"])))
            raise _for_the_state_machine(error) from None
        finally:
            _report(name, event, started, failure, failed)

    return handle


def _for_the_state_machine(error: Exception) -> Exception:
    name = type(error).__name__
    if isinstance(error, _LATER):
        return Throttled(name)
    if isinstance(error, _AGAIN) or not isinstance(error, e.GatewayError | MemoryError):
        return Retryable(name)
    return Permanent(name)


def _job_of(event: Mapping[str, Any]) -> JobRef:
    return JobRef(event["project_id"], event["job_id"])


def _report(
    name: str, event: Mapping[str, Any], started: float, failure: Exception | None, failed: Sequence[FailedAttempt]
) -> None:
    fields = {
        "step": name,
        "job_id": event["job_id"],
        "project_id": event["project_id"],
        "number": event.get("number"),
        "elapsed_ms": round((time.perf_counter() - started) * 1000, 2),
        "error": None if failure is None else type(failure).__name__,
        "failed": failed_json(failed) or None,
    }
    logger().info("job step", extra={name: value for name, value in fields.items() if value is not None})
    if name == "chunk" and (failure is None or isinstance(failure, e.ProviderError)):
        count_provider_call(None if failure is None else type(failure).__name__, failed)
