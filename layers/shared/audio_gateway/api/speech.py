"""POST /audio/speech (contract section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.background import JobStarter
from audio_gateway.api.charging import charged
from audio_gateway.api.http.app import body_of, call_of, caller_of, create_app, deadline_of, note_model, request_log_of
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.json_body import read_object
from audio_gateway.api.idempotency import as_replay, begin_run, deliver, remember, respond
from audio_gateway.api.speech_responses import speech_answer
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import InvalidRequest, WorkTooLong
from audio_gateway.idempotency.idempotency import Idempotency, Run
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.storage.results import ResultStore
from audio_gateway.storage.speech_cache import LONGEST_CACHE_WRITE_S, SpeechCache, SpeechCaches
from audio_gateway.text.visible import is_visible
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting
from audio_gateway.use_cases.reservation import Billing
from audio_gateway.use_cases.speech import SpeechAnswer, SpeechRequest, able_to_speak, speak

MAX_CHARACTERS: Final = 4096
MAX_BACKGROUND_CHARACTERS: Final = 1_000_000
MIN_SPEED: Final = 0.25
MAX_SPEED: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechDependencies:
    """The dependencies of the speech function."""

    catalog: Catalog
    providers: AdapterFactory
    billing: Billing
    idempotency: Idempotency
    repetitions: Repetitions
    caches: SpeechCaches
    results: ResultStore
    job_service: JobService


def speech_app(deps: SpeechDependencies) -> FastAPI:
    """The app of the speech function."""
    app = create_app("speech", caller="api")
    catalog, providers, results = deps.catalog, deps.providers, deps.results
    starter = JobStarter(JobStarting(deps.job_service, catalog, providers))

    @app.post("/audio/speech")
    async def create_speech(request: Request) -> Response:
        caller = caller_of(request)
        request_log = request_log_of(request)
        parsed = read_speech(read_object(request.headers.get("content-type"), await body_of(request)))
        speech = parsed.request
        note_model(request, speech.model, catalog)
        with begin_run(request, caller, deps, *parsed.content, background=parsed.background) as run:
            if run.earlier is not None:
                return respond(as_replay(run.earlier), results, caller.project_id)
            request_log.characters = len(speech.text)
            cache = deps.caches.of(caller.organization_id)
            call = call_of(request, caller)
            spoken: SpeechAnswer | None = None
            with suppress(WorkTooLong):
                if not parsed.background:
                    spoken = speak(
                        speech, call, catalog=catalog, providers=providers, billing=deps.billing, cache=cache
                    )
            if spoken is None:
                able = able_to_speak(speech, catalog=catalog, providers=providers)
                job = JobRequest(speech, ignored=tuple(sorted(able[0].plan.ignored)), as_events=parsed.as_events)
                return starter.start(request, run, job, background=parsed.background)
            return _charged_response(spoken, parsed, request, run, cache, results)

    return app


def _charged_response(
    spoken: SpeechAnswer, parsed: SpeechBody, request: Request, run: Run, cache: SpeechCache, results: ResultStore
) -> Response:
    """The response with the speech, which is charged, kept for repeated requests, and cached."""
    request_log, deadline, speech_format = request_log_of(request), deadline_of(request), parsed.request.format
    request_log.model, request_log.cached = spoken.model.id, spoken.cached
    request_log.ignored = tuple(sorted(spoken.ignored))
    with charged(spoken.reservation, spoken.model, request_log):
        audio = with_true_sizes(speech_format, b"".join(spoken.chunks))
        request_log.provider_ms = None if spoken.cached else spoken.stopwatch.ms
        answer = speech_answer(
            audio,
            speech_format,
            as_events=parsed.as_events,
            model_id=spoken.model.id,
            ignored=request_log.ignored,
            cached=spoken.cached,
        )
        response, stored = deliver(answer, results, caller_of(request).project_id)
        spoken.reservation.keep_time(spoken.model)
        run.keep(answer, spoken.reservation.admission.hold)
    remember(run, stored, spoken.model.id, deadline)
    if spoken.to_keep is not None and deadline.remaining_s() >= LONGEST_CACHE_WRITE_S:
        cache.keep(spoken.to_keep, audio)
    return response


@dataclass(frozen=True, slots=True)
class SpeechBody:
    """A request for speech, and the kind of response."""

    request: SpeechRequest
    stream_format: str
    background: bool

    @property
    def as_events(self) -> bool:
        """Whether the response is a stream of events."""
        return self.stream_format == "sse"

    @property
    def content(self) -> tuple[object, ...]:
        """All of it, for the fingerprint. Without `background` the fingerprint is that of earlier versions."""
        content: tuple[object, ...] = (self.request, self.stream_format)
        return (*content, "background") if self.background else content


def read_speech(body: Mapping[str, Any]) -> SpeechBody:
    """Read the request. Raises `InvalidRequest`, naming the first field that is wrong."""
    fields = BodyFields(body)
    background = fields.flag("background")
    request = SpeechRequest(
        model=fields.text("model", required=True),
        text=_speakable(fields.text("input", required=True), background=background),
        voice=_voice(fields.pop("voice")),
        format=fields.choice("response_format", SPEECH_FORMATS, default="mp3"),
        speed=fields.number("speed", low=MIN_SPEED, high=MAX_SPEED, default=1.0),
        instructions=fields.text("instructions", max_characters=MAX_CHARACTERS) or None,
    )
    stream_format = fields.choice("stream_format", ("audio", "sse"), default="audio")
    fields.refuse_the_rest()
    return SpeechBody(request, stream_format, background)


def _speakable(text: str, *, background: bool) -> str:
    if not is_visible(text):
        raise InvalidRequest("'input' is empty or has no visible characters; send the text to speak.", param="input")
    if len(text) > (MAX_BACKGROUND_CHARACTERS if background else MAX_CHARACTERS):
        message = f"'input' has {len(text):,} characters, more than the "
        if background:
            message += f"{MAX_BACKGROUND_CHARACTERS:,} allowed. Send it in parts."
        else:
            message += (
                f"{MAX_CHARACTERS:,} allowed in a direct call. Send it with background=true, which allows up to "
                f"{MAX_BACKGROUND_CHARACTERS:,}, or in parts."
            )
        raise InvalidRequest(message, param="input", code="string_above_max_length")
    return text


def _voice(value: Any) -> str:
    """A name, or an object with only the key `id`."""
    if isinstance(value, dict) and set(value) == {"id"}:
        value = value["id"]
    if not isinstance(value, str) or not value:
        raise InvalidRequest('\'voice\' is required: the name of a voice, or {"id": "…"}.', param="voice")
    return BodyFields({"voice": value}).text("voice")
