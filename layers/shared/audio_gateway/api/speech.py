"""POST /audio/speech (contract section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.background import JobStarter
from audio_gateway.api.delivery import AnswerStream, Sale, delivered, replayed
from audio_gateway.api.http.app import body_of, call_of, caller_of, create_app, note_model
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.json_body import read_object
from audio_gateway.api.http.streamed import End, Items, items_of, response_of, sending_of
from audio_gateway.api.idempotency import begin_run
from audio_gateway.api.speech_responses import most_audio_bytes, speech_answer
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import InvalidRequest, WorkTooLong
from audio_gateway.idempotency.idempotency import Idempotency, Run
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.spool import Spool
from audio_gateway.storage.results import ResultStore
from audio_gateway.storage.speech_cache import LONGEST_CACHE_WRITE_S, SpeechCache, SpeechCaches
from audio_gateway.text.visible import is_visible
from audio_gateway.use_cases.fallback import AdapterFactory
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting
from audio_gateway.use_cases.reservation import Billing
from audio_gateway.use_cases.speech import Speaking, SpeechAnswer, SpeechRequest, able_to_speak, speak

MOST_BUFFERED_CHARACTERS: Final = 4096
"""The longest text of a direct call whose response is sent in one piece."""

MOST_CHARACTERS: Final = 1_000_000
"""The longest text of a job, and of a direct call whose response is streamed."""

MAX_INSTRUCTIONS: Final = 4096
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
    starter = JobStarter(JobStarting(deps.job_service, deps.catalog, deps.providers))

    @app.post("/audio/speech")
    async def create_speech(request: Request) -> Response:
        body = await body_of(request)
        document = read_object(request.headers.get("content-type"), body)
        parsed = read_speech(document, is_streamed=sending_of(request).is_streamed)
        note_model(request, parsed.request.model, deps.catalog)
        items = _items(request, parsed, deps, starter)
        return response_of(request, items, as_events=parsed.as_events and not parsed.background)

    return app


def _items(request: Request, parsed: SpeechBody, deps: SpeechDependencies, starter: JobStarter) -> Items:
    """The response to a request for speech: the speech, an earlier response, or the job that the request became."""
    caller, sending, speech = caller_of(request), sending_of(request), parsed.request
    with begin_run(request, caller, deps, *parsed.content, background=parsed.background, as_stream=True) as run:
        if run.earlier is not None:
            yield from replayed(run.earlier, deps.results, caller.project_id, sending)
            return
        sending.request_log.characters = len(speech.text)
        cache = deps.caches.of(caller.organization_id)
        room = most_audio_bytes(as_events=parsed.as_events) if sending.is_streamed else None
        spoken: SpeechAnswer | None = None
        with suppress(WorkTooLong):
            if not parsed.background:
                speaking = Speaking(deps.catalog, deps.providers, deps.billing, cache)
                call = call_of(request, caller, as_stream=True, is_paid=run.is_paid)
                spoken = speak(speech, call, speaking, most_streamed_bytes=room)
        if spoken is None:
            able = able_to_speak(speech, catalog=deps.catalog, providers=deps.providers)
            job = JobRequest(speech, ignored=tuple(sorted(able[0].plan.ignored)), as_events=parsed.as_events)
            yield from items_of(starter.start(request, run, job, background=parsed.background))
            return
        yield from _spoken_items(request, parsed, spoken, run, deps, cache)


def _spoken_items(
    request: Request, parsed: SpeechBody, spoken: SpeechAnswer, run: Run, deps: SpeechDependencies, cache: SpeechCache
) -> Items:
    sending, project_id = sending_of(request), caller_of(request).project_id
    request_log, speech_format = sending.request_log, parsed.request.format
    request_log.model, request_log.cached = spoken.model.id, spoken.cached
    request_log.ignored = tuple(sorted(spoken.ignored))

    with Spool() as copy:
        audio = spoken.chunks if spoken.to_keep is None else copy.copying(spoken.chunks)

        def make() -> AnswerStream:
            answer = speech_answer(
                audio if sending.is_streamed else (with_true_sizes(speech_format, b"".join(audio)),),
                speech_format,
                as_events=parsed.as_events,
                model_id=spoken.model.id,
                ignored=request_log.ignored,
                cached=spoken.cached,
            )
            return answer if parsed.as_events else replace(answer, length=spoken.length)

        stopwatch = None if spoken.cached else spoken.stopwatch
        sale = Sale(run, spoken.reservation, spoken.model, deps.results, project_id, stopwatch)
        yield from delivered(make, sale, sending)
        if spoken.to_keep is not None and sending.stream_deadline.remaining_s() >= LONGEST_CACHE_WRITE_S:
            yield End()
            cache.keep(spoken.to_keep, with_true_sizes(speech_format, copy.content()))


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


def read_speech(body: Mapping[str, Any], *, is_streamed: bool = False) -> SpeechBody:
    """Read the request. Raises `InvalidRequest`, naming the first field that is wrong.

    `is_streamed`: the response is sent while the text is spoken, so the text may be long.
    """
    fields = BodyFields(body)
    background = fields.flag("background")
    request = SpeechRequest(
        model=fields.text("model", required=True),
        text=_speakable(fields.text("input", required=True), in_parts=background or is_streamed),
        voice=_voice(fields.pop("voice")),
        format=fields.choice("response_format", SPEECH_FORMATS, default="mp3"),
        speed=fields.number("speed", low=MIN_SPEED, high=MAX_SPEED, default=1.0),
        instructions=fields.text("instructions", max_characters=MAX_INSTRUCTIONS) or None,
    )
    stream_format = fields.choice("stream_format", ("audio", "sse"), default="audio")
    fields.refuse_the_rest()
    return SpeechBody(request, stream_format, background)


def _speakable(text: str, *, in_parts: bool) -> str:
    if not is_visible(text):
        raise InvalidRequest("'input' is empty or has no visible characters; send the text to speak.", param="input")
    if len(text) > (MOST_CHARACTERS if in_parts else MOST_BUFFERED_CHARACTERS):
        message = f"'input' has {len(text):,} characters, more than the "
        if in_parts:
            message += f"{MOST_CHARACTERS:,} allowed. Send it in parts."
        else:
            message += (
                f"{MOST_BUFFERED_CHARACTERS:,} allowed in a direct call without streaming. Send it with "
                f"background=true, which allows up to {MOST_CHARACTERS:,}, or in parts."
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
