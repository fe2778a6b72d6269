"""POST /audio/speech (contract section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response

from audio_gateway.api.app import call_of, caller_of, create_app, facts_of, known_model
from audio_gateway.api.fields import Fields
from audio_gateway.api.json_body import read_object
from audio_gateway.api.money import charged
from audio_gateway.api.replay import begin_run, replayed, respond
from audio_gateway.api.results import ResultStore
from audio_gateway.api.sse import EVENT_STREAM_HEADERS, EVENT_STREAM_TYPE, event_stream, speech_events
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import CONTENT_TYPES, SPEECH_FORMATS, SpeechFormat
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import InvalidRequest
from audio_gateway.replay.idempotency import Answer, Idempotency
from audio_gateway.replay.speech_cache import SpeechCaches
from audio_gateway.use_cases.ask import Providers
from audio_gateway.use_cases.reserve import Till
from audio_gateway.use_cases.speech import SpeechAnswer, SpeechOrder, speak

MAX_CHARACTERS: Final = 4096
MIN_SPEED: Final = 0.25
MAX_SPEED: Final = 4.0


def speech_app(
    *,
    catalog: Catalog,
    providers: Providers,
    till: Till,
    idempotency: Idempotency,
    caches: SpeechCaches,
    results: ResultStore,
) -> FastAPI:
    """The app of the speech function."""
    app = create_app("speech")

    @app.post("/audio/speech")
    async def create_speech(request: Request) -> Response:
        caller = caller_of(request)
        facts = facts_of(request)
        body = read_object(request.headers.get("content-type"), await request.body())
        order, stream_format = read_order(body)
        facts.model = known_model(order.model, catalog)
        with begin_run(request, caller, idempotency, order, stream_format) as run:
            if run.earlier is not None:
                return respond(replayed(run.earlier), results, caller)
            facts.characters = len(order.text)
            cache = caches.of(caller.organization_id)
            call = call_of(request, caller)
            spoken = speak(order, call, catalog=catalog, providers=providers, till=till, cache=cache)
            facts.model, facts.ignored, facts.cached = spoken.model.id, tuple(sorted(spoken.ignored)), spoken.cached
            with charged(spoken.reservation, spoken.model, facts):
                audio = with_true_sizes(order.format, b"".join(spoken.chunks))
                facts.provider_ms = None if spoken.cached else spoken.stopwatch.ms
                answer = _answer(audio, order.format, stream_format, spoken)
                response = respond(answer, results, caller)
                run.keep(answer, spoken.reservation.admission.hold)
            if spoken.to_keep is not None:
                cache.keep(spoken.to_keep, audio)
            return response

    return app


def read_order(body: Mapping[str, Any]) -> tuple[SpeechOrder, str]:
    """The order and its `stream_format`; raises `InvalidRequest` naming the first field that is wrong."""
    fields = Fields(body)
    order = SpeechOrder(
        model=fields.text("model", required=True),
        text=_speakable(fields.text("input", required=True, max_characters=MAX_CHARACTERS)),
        voice=_voice(fields.take("voice")),
        format=fields.choice("response_format", SPEECH_FORMATS, default="mp3"),
        speed=fields.number("speed", low=MIN_SPEED, high=MAX_SPEED, default=1.0),
        instructions=fields.text("instructions", max_characters=MAX_CHARACTERS) or None,
    )
    stream_format = fields.choice("stream_format", ("audio", "sse"), default="audio")
    fields.refuse_the_rest()
    return order, stream_format


def _speakable(text: str) -> str:
    if not text.strip():
        raise InvalidRequest("'input' is empty; send the text to be spoken.", param="input")
    return text


def _voice(value: Any) -> str:
    """A name, or an object with exactly the key `id`."""
    if isinstance(value, dict) and set(value) == {"id"}:
        value = value["id"]
    if not isinstance(value, str) or not value:
        raise InvalidRequest('\'voice\' is required: the name of a voice, or {"id": "…"}.', param="voice")
    return Fields({"voice": value}).text("voice")


def _answer(audio: bytes, speech_format: SpeechFormat, stream_format: str, spoken: SpeechAnswer) -> Answer:
    headers = {"x-audio-gateway-model": spoken.model.id}
    if spoken.cached:
        headers["x-audio-gateway-cached"] = "true"
    if stream_format == "sse":
        headers |= {**EVENT_STREAM_HEADERS, "content-type": EVENT_STREAM_TYPE}
        audio = event_stream(speech_events(audio))
    else:
        headers["content-type"] = CONTENT_TYPES[speech_format]
    return Answer(headers, audio, tuple(sorted(spoken.ignored)))
