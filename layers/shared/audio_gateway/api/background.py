"""A request that becomes a job: because it says so, or because its work does not fit into an answer.

The first is answered with the job (202), the other is sent to wait for the result (303): the official SDKs follow, with
the key, and `create(...)` returns what it would have returned at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from audio_gateway.api.http.app import caller_of, deadline_of, request_log_of
from audio_gateway.api.idempotency import as_replay
from audio_gateway.api.job_serializers import job_answer
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import ProviderTimedOut
from audio_gateway.idempotency.idempotency import ApiResponse, Run
from audio_gateway.jobs.job import Job, new_job_id
from audio_gateway.metering.account import Admission, Payer
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, start_job
from audio_gateway.use_cases.speech import SpeechRequest


@dataclass(frozen=True, slots=True)
class JobStarter:
    """What a job is begun with."""

    job_service: JobService
    catalog: Catalog
    providers: AdapterFactory

    def job(
        self,
        request: Request,
        run: Run,
        order: JobRequest,
        *,
        background: bool,
        audio: bytes | None = None,
        duration_ms: int | None = None,
    ) -> Response:
        """Begin a job and answer with it if that was asked for (`background`), otherwise with where to wait for it.

        `audio` came with the request; `duration_ms` is its length if that was measured. Under an Idempotency-Key the
        answer is stored before there is a job, so that a repetition never begins another one; without a key the answer
        is the job of another try of the call, if there is one.

        Raises what `start_job` and `Run.becomes` raise, and `IdempotencyUnavailable`; then there is no job and nothing
        is held. So it is after `ProviderTimedOut`: there is no time left to say that there is one.
        """
        caller, request_log = caller_of(request), request_log_of(request)
        if deadline_of(request).passed:
            message = "There was no time left to begin the work; nothing was done or charged. Send it again."
            provider = self.catalog.model_for(order.what.model, order.endpoint).provider
            raise ProviderTimedOut(message, provider=provider.id, worked=False)
        request_log.ignored = order.ignored
        job_id = new_job_id(self.job_service.now_ms())
        begun = run.becomes(job_id)
        if begun is not None:
            request_log.replayed = True
            return _response(as_replay(job_answer(begun, order.ignored, background=background)))
        answers: list[ApiResponse] = []

        def publish(job: Job, admission: Admission) -> None:
            request_log.windows = admission.windows
            answers.append(job_answer(job, order.ignored, background=background))
            run.keep(answers[0], admission.hold)

        start_job(
            order,
            Payer(caller.key_id, caller.project_id),
            job_service=self.job_service,
            catalog=self.catalog,
            providers=self.providers,
            audio=audio,
            duration_ms=duration_ms,
            upload_id=None if isinstance(order.what, SpeechRequest) else order.what.upload_id,
            job_id=job_id,
            publish=publish,
        )
        (answer,) = answers
        return _response(answer)


def _response(answer: ApiResponse) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))
