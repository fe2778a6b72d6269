"""The steps of a job as functions that the state machine calls: ids and numbers in and out.

What fails is kept among the job's files as the caller is to read it, and raised under a name that says to the state
machine what to do: `Retryable` soon, `Throttled` after a longer wait, or nothing (`Permanent`). Names only: what a
provider says may quote the caller, and an execution's history is kept for months.
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
from audio_gateway.jobs.job import Job, JobError, job_named
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.telemetry import count_provider_call, log_unexpected, logger, told_of
from audio_gateway.use_cases.fallback import FailedAttempt
from audio_gateway.use_cases.jobs.cancelled import cancel_unless_over
from audio_gateway.use_cases.jobs.chunk import ChunkWork, work_on_chunks
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, UNKNOWN, JobEnding, fail_job, merge_job
from audio_gateway.use_cases.jobs.prepare import Preparation, plan_of, prepare_job
from audio_gateway.use_cases.jobs.request import request_of
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

Handler = Callable[[Mapping[str, Any], Any], Any]

_MARGIN_S: Final = 10.0  # to write down what came of a step before the platform ends it
_ERROR: Final = "error.json"
_FORBIDDEN: Final = 403


NOT_BEGUN: Final = (
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
"""What Step Functions calls an error of Lambda itself: no step has run, and so none has written down why."""

DIED: Final = ("Sandbox.Timedout", "States.Timeout", "Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory")
"""What Step Functions says of a function that was cut off or killed: it had no time or no memory left."""

TOO_MUCH: Final = JobError(
    message="The audio file could not be read: that took more time or memory than there is for it. Export it again, "
    "for example as mp3, or send it in parts.",
    code="input_too_long",
    status=400,
    kind="invalid_request_error",
    retry=False,
)
"""What is said of a recording that a function died of, which is not given a second one."""

TOO_BUSY: Final = JobError(
    message="The service was too busy for hours to work on this. Try again later.",
    code="service_busy",
    status=503,
    kind="service_unavailable_error",
)


class Retryable(Exception):
    """It may be better in a second."""


class Throttled(Exception):
    """Somebody asks us to slow down."""


class Permanent(Exception):
    """Another try would come to the same."""


_LATER: Final = (e.ProviderRateLimited, e.RateLimitReached)
_AGAIN: Final = (
    e.ProviderUnavailable,
    e.ProviderTimedOut,
    e.ProviderBadAnswer,
    e.ProviderKeyUnreadable,  # for a moment, perhaps
    e.StorageUnavailable,
    e.MeteringUnavailable,
    e.AlreadyRunning,
)


def prepare_handler(deps: Preparation) -> Handler:
    """`{project_id, job_id}` → `{lanes: [[0, 2], [1, 3]]}`."""

    def work(event: Mapping[str, Any], deadline: Deadline, _failed: list[FailedAttempt]) -> dict[str, Any]:
        return {"lanes": prepare_job(event["project_id"], event["job_id"], deadline, deps=deps)}

    return _step("prepare", work, deps.files, lambda _event: _ERROR)


def chunk_handler(deps: ChunkWork) -> Handler:
    """`{project_id, job_id, number}` → nothing."""

    def work(event: Mapping[str, Any], deadline: Deadline, failed: list[FailedAttempt]) -> None:
        work_on_chunks(event["project_id"], event["job_id"], event["number"], deadline, deps=deps, failed=failed)

    return _step("chunk", work, deps.files, lambda event: f"failed/{event['number']}")


def merge_handler(deps: JobEnding) -> Handler:
    """`{project_id, job_id}` → nothing."""

    def work(event: Mapping[str, Any], deadline: Deadline, _failed: list[FailedAttempt]) -> None:
        merge_job(event["project_id"], event["job_id"], deadline, deps=deps)

    return _step("merge", work, deps.files, lambda _event: _ERROR)


def end_handler(deps: JobEnding) -> Handler:
    """`{project_id, job_id}` of a job one of whose other steps has failed for good, or that was cancelled → nothing.

    `error` in the event is Step Functions' name of what happened. With `interrupted` nothing has failed: the work was
    stopped from outside. With `cancelled` it was stopped because an operator wants the job cancelled.
    """

    def work(event: Mapping[str, Any], deadline: Deadline, _failed: list[FailedAttempt]) -> None:
        if event.get("cancelled"):
            cancel_unless_over(event["project_id"], event["job_id"], deadline, deps=deps)
            return
        error = INTERRUPTED if event.get("interrupted") else _kept_error(event, deps.files)
        fail_job(event["project_id"], event["job_id"], error, deadline, deps=deps)

    return _step("end", work, deps.files, None)


def _kept_error(event: Mapping[str, Any], files: JobFiles) -> JobError:
    if event.get("error") in NOT_BEGUN:
        return TOO_BUSY
    if event.get("error") in DIED:
        return _of_death(_named(event), files)
    kept = files.get_json(_named(event), _ERROR)
    return UNKNOWN if kept is None else JobError(**kept)


def _of_death(job: Job, files: JobFiles) -> JobError:
    """What is said of a step that died: until there is a plan, it was reading the audio."""
    with suppress(e.StorageUnavailable):  # as where the job has just been deleted
        what = request_of(files, job).what
        if isinstance(what, TranscriptionRequest) and plan_of(files, job) is None:
            return replace(TOO_MUCH, param=what.audio_field)
    return UNKNOWN


def job_error(error: Exception, reference: str) -> JobError:
    """An error as the caller of the job reads it: what the synchronous call would have answered."""
    answer = answer_for(error, reference)
    told = json.loads(answer.body)["error"]
    return JobError(
        message=told["message"],
        code=told["code"],
        # Who fetches the result has a good key: it is that of the order which is not.
        status=_FORBIDDEN if isinstance(error, e.KeyNotUsable) else answer.status,
        kind=told["type"],
        param=told["param"],
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
                    files.put_json(_named(event), error_file(event), asdict(job_error(error, event["job_id"])))
            raise _named_for_the_machine(error) from None
        finally:
            _report(name, event, started, failure, failed)

    return handle


def _named_for_the_machine(error: Exception) -> Exception:
    name = type(error).__name__
    if isinstance(error, _LATER):
        return Throttled(name)
    if isinstance(error, _AGAIN) or not isinstance(error, e.GatewayError | MemoryError):
        return Retryable(name)
    return Permanent(name)


def _named(event: Mapping[str, Any]) -> Job:
    return job_named(event["project_id"], event["job_id"])


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
        "failed": told_of(failed) or None,
    }
    logger().info("job step", extra={name: value for name, value in fields.items() if value is not None})
    if name == "chunk" and (failure is None or isinstance(failure, e.ProviderError)):
        count_provider_call(None if failure is None else type(failure).__name__, failed)
