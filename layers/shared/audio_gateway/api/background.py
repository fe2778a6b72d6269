"""A request that becomes a job: because it asks for that, or because its work takes longer than a response may.

The first gets the job (202), the second is redirected to wait for the result (303). The official SDKs follow the
redirect with the key, and `create(...)` returns what it would have returned immediately.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from audio_gateway.api.http.app import caller_of, deadline_of, request_log_of
from audio_gateway.api.idempotency import as_replay
from audio_gateway.api.job_serializers import job_answer
from audio_gateway.errors import ProviderTimedOut
from audio_gateway.idempotency.idempotency import ApiResponse, Run
from audio_gateway.jobs.job import new_job_id
from audio_gateway.metering.account import Payer
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobStarting, admitted_job, start_job


@dataclass(frozen=True, slots=True)
class JobStarter:
    """Starts jobs for requests."""

    deps: JobStarting

    def start(
        self,
        request: Request,
        run: Run,
        job_request: JobRequest[Any],
        *,
        background: bool,
        audio: bytes | None = None,
        duration_ms: int | None = None,
    ) -> Response:
        """Start a job and answer with it if the caller asked for that (`background`), otherwise with where to wait.

        `audio` came with the request; `duration_ms` is its length if that was measured. Under an Idempotency-Key the
        answer is stored before the job exists, so a repetition never starts another one; without a key the answer is
        the job of another try of the call, if there is one.

        Raises what `admitted_job`, `start_job` and `Run.becomes` raise, `IdempotencyUnavailable`, or `ProviderTimedOut`
        where no time is left to answer with the job. After any of them there is no job and nothing is held.
        """
        caller, request_log = caller_of(request), request_log_of(request)
        job_service, ignored = self.deps.job_service, job_request.ignored
        if deadline_of(request).passed:
            message = "There was no time left to start the work; nothing was done or charged. Send it again."
            provider = self.deps.catalog.model_for(job_request.request.model, job_request.endpoint).provider
            raise ProviderTimedOut(message, provider=provider.id, worked=False)
        request_log.ignored = ignored
        job_id = new_job_id(job_service.now_ms())
        earlier = run.becomes(job_id)
        if earlier is not None:
            request_log.replayed = True
            return _response(as_replay(job_answer(earlier, ignored, background=background)))
        payer = Payer(caller.key_id, caller.project_id)
        with admitted_job(job_request, payer, deps=self.deps, duration_ms=duration_ms, job_id=job_id) as admitted:
            request_log.windows = admitted.admission.windows
            answer = job_answer(admitted.job, ignored, background=background)
            run.keep(answer, admitted.admission.hold)
            start_job(admitted, job_service=job_service, audio=audio)
        return _response(answer)


def _response(answer: ApiResponse) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))
