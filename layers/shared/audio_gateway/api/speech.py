"""POST /audio/speech (contract section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.app import body_of, call_of, caller_of, create_app, facts_of, known_model
from audio_gateway.api.background import Beginning
from audio_gateway.api.fields import Fields
from audio_gateway.api.json_body import read_object
from audio_gateway.api.money import charged
from audio_gateway.api.replay import begin_run, deliver, remember, replayed, respond
from audio_gateway.api.results import ResultStore
from audio_gateway.api.speech_answers import speech_answer
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import InvalidRequest, WorkTooLong
from audio_gateway.replay.idempotency import Idempotency
from audio_gateway.replay.repetition import Repetitions
from audio_gateway.replay.speech_cache import LONGEST_KEEP_S, SpeechCaches
from audio_gateway.text.visible import is_visible
from audio_gateway.use_cases.ask import Providers
from audio_gateway.use_cases.job_order import JobOrder
from audio_gateway.use_cases.reserve import Till
from audio_gateway.use_cases.speech import SpeechAnswer, SpeechOrder, able_to_speak, speak
from audio_gateway.use_cases.start_job import JobDesk

MAX_CHARACTERS: Final = 4096
MAX_BACKGROUND_CHARACTERS: Final = 1_000_000
MIN_SPEED: Final = 0.25
MAX_SPEED: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechApi:
    """What the function works with; jobs are begun at the `desk`."""

    catalog: Catalog
    providers: Providers
    till: Till
    idempotency: Idempotency
    repetitions: Repetitions
    caches: SpeechCaches
    results: ResultStore
    desk: JobDesk


def speech_app(using: SpeechApi) -> FastAPI:
    """The app of the speech function."""
    app = create_app("speech")
    catalog, providers, results = using.catalog, using.providers, using.results
    begin = Beginning(using.desk, catalog, providers)

    @app.post("/audio/speech")
    async def create_speech(request: Request) -> Response:
        caller = caller_of(request)
        facts = facts_of(request)
        body = read_object(request.headers.get("content-type"), await body_of(request))
        asked = read_order(body)
        order, as_events = asked.order, asked.stream_format == "sse"
        facts.model = facts.requested_model = known_model(order.model, catalog)
        with begin_run(request, caller, using, *asked.what, background=asked.background) as run:
            if run.earlier is not None:
                return respond(replayed(run.earlier), results, caller.project_id)
            facts.characters = len(order.text)
            cache = using.caches.of(caller.organization_id)
            call = call_of(request, caller)
            spoken: SpeechAnswer | None = None
            with suppress(WorkTooLong):
                if not asked.background:
                    spoken = speak(order, call, catalog=catalog, providers=providers, till=using.till, cache=cache)
            if spoken is None:
                able = able_to_speak(order, catalog=catalog, providers=providers)
                job = JobOrder(order, ignored=tuple(sorted(able[0].plan.ignored)), as_events=as_events)
                return begin.job(request, run, job, background=asked.background)
            facts.model, facts.ignored, facts.cached = spoken.model.id, tuple(sorted(spoken.ignored)), spoken.cached
            with charged(spoken.reservation, spoken.model, facts):
                audio = with_true_sizes(order.format, b"".join(spoken.chunks))
                facts.provider_ms = None if spoken.cached else spoken.stopwatch.ms
                answer = speech_answer(
                    audio,
                    order.format,
                    as_events=as_events,
                    model_id=spoken.model.id,
                    ignored=facts.ignored,
                    cached=spoken.cached,
                )
                response, stored = deliver(answer, results, caller.project_id)
                spoken.reservation.keep_time(spoken.model)
                run.keep(answer, spoken.reservation.admission.hold)
            remember(run, stored, spoken.model.id, call.deadline)
            if spoken.to_keep is not None and call.deadline.remaining_s() >= LONGEST_KEEP_S:
                cache.keep(spoken.to_keep, audio)
            return response

    return app


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What a caller asks for, and how it is to be answered."""

    order: SpeechOrder
    stream_format: str
    background: bool

    @property
    def what(self) -> tuple[object, ...]:
        """All of it, for the fingerprint; a request without `background` has that of before there was one."""
        asked: tuple[object, ...] = (self.order, self.stream_format)
        return (*asked, "background") if self.background else asked


def read_order(body: Mapping[str, Any]) -> SpeechRequest:
    """The request; raises `InvalidRequest` naming the first field that is wrong."""
    fields = Fields(body)
    background = fields.flag("background")
    order = SpeechOrder(
        model=fields.text("model", required=True),
        text=_speakable(fields.text("input", required=True), background=background),
        voice=_voice(fields.take("voice")),
        format=fields.choice("response_format", SPEECH_FORMATS, default="mp3"),
        speed=fields.number("speed", low=MIN_SPEED, high=MAX_SPEED, default=1.0),
        instructions=fields.text("instructions", max_characters=MAX_CHARACTERS) or None,
    )
    stream_format = fields.choice("stream_format", ("audio", "sse"), default="audio")
    fields.refuse_the_rest()
    return SpeechRequest(order, stream_format, background)


def _speakable(text: str, *, background: bool) -> str:
    if not is_visible(text):
        raise InvalidRequest("'input' is empty; send the text to be spoken.", param="input")
    if len(text) > (MAX_BACKGROUND_CHARACTERS if background else MAX_CHARACTERS):
        message = f"'input' has {len(text)} characters; at most "
        if background:
            message += f"{MAX_BACKGROUND_CHARACTERS} are allowed. Send it in parts."
        else:
            message += (
                f"{MAX_CHARACTERS} are spoken at once. Send it with background=true, which takes up to "
                f"{MAX_BACKGROUND_CHARACTERS}, or in parts."
            )
        raise InvalidRequest(message, param="input", code="string_above_max_length")
    return text


def _voice(value: Any) -> str:
    """A name, or an object with exactly the key `id`."""
    if isinstance(value, dict) and set(value) == {"id"}:
        value = value["id"]
    if not isinstance(value, str) or not value:
        raise InvalidRequest('\'voice\' is required: the name of a voice, or {"id": "…"}.', param="voice")
    return Fields({"voice": value}).text("voice")
