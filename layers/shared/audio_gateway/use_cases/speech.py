"""Text to speech: find the model and the voice, let it speak, give the format that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.errors import ConfigurationError, InvalidAudio, InvalidRequest, ProviderBadAnswer
from audio_gateway.providers.port import AudioChunk, SpeechAdapter, SynthesisCall, VoiceLister
from audio_gateway.storage.speech_cache import Sound, SpeechCache
from audio_gateway.use_cases.fallback import (
    AdapterFactory,
    Candidate,
    OnFailure,
    Stopwatch,
    candidates,
    first_successful,
    timed,
)
from audio_gateway.use_cases.options import ignored_options
from audio_gateway.use_cases.reservation import Billing, RequestContext, Reservation
from audio_gateway.use_cases.time_limits import check_speech_fits

# What to ask for when a provider does not have the wanted format: the lossless ones first.
_PREFERENCE: tuple[SpeechFormat, ...] = ("pcm", "wav", "flac", "opus", "aac", "mp3")


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What the caller asked for. `speed` is 0.25 to 4.0, 1.0 for as it is; `text` is not blank."""

    model: str
    text: str
    voice: str
    format: SpeechFormat
    speed: float = 1.0
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class SpeechAnswer:
    """The speech, and who gave it. The provider has begun to answer; `chunks` joined are one file.

    Whoever takes it ends the `reservation`: settles it just before the answer goes out, or releases it. `cached` says
    that it was made before. `to_keep` is under what the whole file is to be kept for the next one, if it is.
    """

    reservation: Reservation
    model: Model
    chunks: Iterator[bytes]
    ignored: frozenset[str]
    stopwatch: Stopwatch
    cached: bool = False
    to_keep: Sound | None = None


@dataclass(frozen=True, slots=True)
class _SpeechPlan:
    voice: str
    ask_for: SpeechFormat
    provider_speed: float
    instructions: str | None
    ignored: frozenset[str]


def speak(
    order: SpeechRequest,
    context: RequestContext,
    *,
    catalog: Catalog,
    providers: AdapterFactory,
    billing: Billing,
    cache: SpeechCache,
) -> SpeechAnswer:
    """Have the text spoken by the model, or by the first of its fallbacks that can, unless it was spoken before.

    Raises `UnknownModel`, `InvalidRequest` naming the field or what `Billing.reserve` raises, all before any provider
    is asked, or `ProviderError`; nothing is held after any of them. `WorkTooLong` would fit into a job.
    """
    model = catalog.model_for(order.model, "speech")
    able = candidates(model, "speech", catalog, lambda m: _plan(order, m, catalog, providers))
    stopwatch = Stopwatch()
    # Before the reservation, which must have its price; the whole file, so that it cannot be gone afterwards.
    known = None if model.cache is None else cache.find(_sound(order, able[0], context), max_age_s=model.cache.seconds)
    if known is not None:
        reservation = billing.reserve_cached(context, model, len(order.text))
        return SpeechAnswer(reservation, model, iter((known,)), able[0].plan.ignored, stopwatch, cached=True)
    check_speech_fits(order.text, order.speed, model, context.deadline)
    reservation = billing.reserve(context, "speech", model, tuple(c.model for c in able), len(order.text))
    with reservation.released_on_error():
        ask = partial(_synthesize, order, context, providers=providers, stopwatch=stopwatch)
        served, chunks = first_successful(able, ask, context.deadline, reservation.failed)
    to_keep = None if served.model.cache is None else _sound(order, served, context)
    return SpeechAnswer(reservation, served.model, chunks, served.plan.ignored, stopwatch, to_keep=to_keep)


def able_to_speak(
    order: SpeechRequest, *, catalog: Catalog, providers: AdapterFactory
) -> tuple[Candidate[_SpeechPlan], ...]:
    """The model and its fallbacks that can speak as is asked for, whatever the length. Raises as `speak` does."""
    model = catalog.model_for(order.model, "speech")
    return candidates(model, "speech", catalog, lambda m: _manner(order, m, catalog, providers))


def speak_part(
    order: SpeechRequest,
    context: RequestContext,
    able: tuple[Candidate[_SpeechPlan], ...],
    providers: AdapterFactory,
    on_failure: OnFailure,
) -> tuple[Model, bytes]:
    """Have one part of a long text spoken, whole: by the first model that does so to the end. Nothing is charged.

    `on_failure` is told of those who did not do it. Raises `ProviderError`.
    """
    stopwatch = Stopwatch()
    fitting = tuple(c for c in able if c.model.max_characters is None or len(order.text) <= c.model.max_characters)

    def whole_of(candidate: Candidate[_SpeechPlan]) -> Iterator[bytes]:
        yield b"".join(_synthesize(order, context, candidate, providers, stopwatch))

    served, whole = first_successful(fitting, whole_of, context.deadline, on_failure)
    return served.model, next(whole)


def _sound(order: SpeechRequest, candidate: Candidate[_SpeechPlan], context: RequestContext) -> Sound:
    """What the caller would hear from the candidate."""
    model, plan = candidate.model, candidate.plan
    is_shared = model.cache is not None and model.cache.shared
    return Sound(
        adapter=model.provider.adapter,
        provider=model.provider.id,
        base_url=model.provider.base_url,
        upstream=model.upstream,
        voice=plan.voice,
        text=order.text,
        instructions=plan.instructions,
        format=order.format,
        speed=order.speed,
        provider_format=plan.ask_for,
        provider_speed=plan.provider_speed,
        project_id=None if is_shared else context.caller.project_id,
    )


def _plan(order: SpeechRequest, model: Model, catalog: Catalog, providers: AdapterFactory) -> _SpeechPlan:
    if model.max_characters is not None and len(order.text) > model.max_characters:
        message = f"'input' has {len(order.text)} characters; the model '{model.id}' takes {model.max_characters}."
        message += " Send it with background=true, or in parts."
        raise InvalidRequest(message, param="input", code="string_above_max_length")
    return _manner(order, model, catalog, providers)


def _manner(order: SpeechRequest, model: Model, catalog: Catalog, providers: AdapterFactory) -> _SpeechPlan:
    ignored = ignored_options(["instructions"] if order.instructions else [], model, "speech", catalog)
    provider_speed = order.speed if "speed" in model.capabilities else 1.0
    return _SpeechPlan(
        voice=_voice(order.voice, model, providers),
        ask_for=_format(order.format, model, stretched=provider_speed != order.speed),
        provider_speed=provider_speed,
        instructions=None if "instructions" in ignored else order.instructions,
        ignored=ignored,
    )


def _format(wanted: SpeechFormat, model: Model, *, stretched: bool) -> SpeechFormat:
    if wanted in model.formats and not stretched:
        return wanted
    return next(known for known in _PREFERENCE if known in model.formats)


def _voice(name: str, model: Model, providers: AdapterFactory) -> str:
    """The provider's own name of the voice; raises `InvalidRequest` for one that nobody knows."""
    if model.voices is None:
        return name
    if name in model.voices:
        return model.voices[name]
    if not model.own_voices_only and _is_providers_own(name, model, providers):
        return name
    known = ", ".join(f"'{voice}'" for voice in model.voices)
    message = (
        f"The model '{model.id}' has no voice '{name[:100]}'. Voices: {known}; "
        f"GET /v1/audio/voices?model={model.id} lists all."
    )
    raise InvalidRequest(message, param="voice", code="invalid_value")


def _is_providers_own(name: str, model: Model, providers: AdapterFactory) -> bool:
    """Whether the provider knows the name itself: the catalogue maps a name to it, or the provider says so."""
    if name in (model.voices or {}).values():
        return True
    if not model.provider.lists_voices:
        return False
    provider = providers(model.provider)
    return isinstance(provider, VoiceLister) and provider.find_voice(name) is not None


def _synthesize(
    order: SpeechRequest,
    context: RequestContext,
    candidate: Candidate[_SpeechPlan],
    providers: AdapterFactory,
    stopwatch: Stopwatch,
) -> Iterator[bytes]:
    from audio_gateway.audio.transcode import transcode

    model, plan = candidate.model, candidate.plan
    provider = providers(model.provider)
    if not isinstance(provider, SpeechAdapter):
        raise ConfigurationError(f"The adapter of provider '{model.provider.id}' does not speak (model '{model.id}')")
    request = SynthesisCall(
        model=model.upstream,
        text=order.text,
        voice=plan.voice,
        format=plan.ask_for,
        deadline=context.deadline,
        instructions=plan.instructions,
        speed=plan.provider_speed,
        request_id=context.request_id,
    )
    chunks = timed(
        provider.synthesize(request), provider=model.provider.id, deadline=context.deadline, stopwatch=stopwatch
    )
    try:
        first = next(chunks, AudioChunk(b"", plan.ask_for))
        yield from transcode(
            _bytes_of(first, chunks),
            declared=first.format,
            sample_rate=first.sample_rate,
            wanted=order.format,
            speed=order.speed / plan.provider_speed,
        )
    except InvalidAudio as error:
        message = f"The provider '{model.provider.id}' did not answer with the audio that it was asked for."
        raise ProviderBadAnswer(message, provider=model.provider.id) from error


def _bytes_of(first: AudioChunk, rest: Iterator[AudioChunk]) -> Iterator[bytes]:
    yield first.data
    for chunk in rest:
        yield chunk.data
