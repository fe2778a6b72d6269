"""Text to speech: find the model and the voice, hold the price, ask a provider, return the requested format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.models import Catalog, Endpoint, Model
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

# What to ask for when a provider does not have the wanted format: lossless formats first.
_PREFERENCE: tuple[SpeechFormat, ...] = ("pcm", "wav", "flac", "opus", "aac", "mp3")


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What the caller asked for. `speed` is 0.25 to 4.0, where 1.0 changes nothing; `text` is not blank."""

    model: str
    text: str
    voice: str
    format: SpeechFormat
    speed: float = 1.0
    instructions: str | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that answers it."""
        return "speech"


@dataclass(frozen=True, slots=True)
class SpeechAnswer:
    """The speech, and the model that made it. The provider has begun to answer; `chunks` joined are one file.

    The caller of `speak` ends the `reservation`: it settles it just before the answer goes out, or releases it.
    `cached` says that the speech comes from the cache. `to_keep` is the key under which to cache the whole file; None
    if it is not cached.
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
    request: SpeechRequest,
    context: RequestContext,
    *,
    catalog: Catalog,
    providers: AdapterFactory,
    billing: Billing,
    cache: SpeechCache,
) -> SpeechAnswer:
    """Have the text spoken by the model, or by the first of its fallbacks that can, unless it is in the cache.

    Nothing is held after an error. All but `ProviderError` are raised before any provider is asked.

    Raises:
        UnknownModel, InvalidRequest: the request is wrong; the latter names the field.
        WorkTooLong: only a job can do it.
        ProviderError: no model answered.
        GatewayError: as `Billing.reserve`.
    """
    model = catalog.model_for(request.model, "speech")
    able = candidates(model, "speech", catalog, lambda m: _plan(request, m, catalog, providers))
    stopwatch = Stopwatch()
    # Before the reservation, because the price depends on it. The whole file, because it may be gone afterwards.
    known = (
        None if model.cache is None else cache.find(_sound(request, able[0], context), max_age_s=model.cache.seconds)
    )
    if known is not None:
        reservation = billing.reserve_cached(context, model, len(request.text))
        return SpeechAnswer(reservation, model, iter((known,)), able[0].plan.ignored, stopwatch, cached=True)
    check_speech_fits(request.text, request.speed, model, context.deadline)
    reservation = billing.reserve(context, "speech", model, tuple(c.model for c in able), len(request.text))
    with reservation.released_on_error():
        ask = partial(_synthesize, request, context, providers=providers, stopwatch=stopwatch)
        served, chunks = first_successful(able, ask, context.work_deadline, reservation.failed)
    to_keep = None if served.model.cache is None else _sound(request, served, context)
    return SpeechAnswer(reservation, served.model, chunks, served.plan.ignored, stopwatch, to_keep=to_keep)


def able_to_speak(
    request: SpeechRequest, *, catalog: Catalog, providers: AdapterFactory
) -> tuple[Candidate[_SpeechPlan], ...]:
    """The model and its fallbacks that can do what is asked for, whatever the length. Raises as `speak`."""
    model = catalog.model_for(request.model, "speech")
    return candidates(model, "speech", catalog, lambda m: _plan_without_length(request, m, catalog, providers))


def speak_part(
    request: SpeechRequest,
    context: RequestContext,
    able: tuple[Candidate[_SpeechPlan], ...],
    providers: AdapterFactory,
    on_failure: OnFailure,
) -> tuple[Model, bytes]:
    """Have one part of a long text spoken by the first model that completes it. Nothing is charged.

    `on_failure` is called for each model that failed. Raises `ProviderError`.
    """
    stopwatch = Stopwatch()
    fitting = tuple(c for c in able if c.model.max_characters is None or len(request.text) <= c.model.max_characters)

    def whole_of(candidate: Candidate[_SpeechPlan]) -> Iterator[bytes]:
        yield b"".join(_synthesize(request, context, candidate, providers, stopwatch))

    served, whole = first_successful(fitting, whole_of, context.deadline, on_failure)
    return served.model, next(whole)


def _sound(request: SpeechRequest, candidate: Candidate[_SpeechPlan], context: RequestContext) -> Sound:
    """The cache key of what the candidate would return."""
    model, plan = candidate.model, candidate.plan
    is_shared = model.cache is not None and model.cache.shared
    return Sound(
        adapter=model.provider.adapter,
        provider=model.provider.id,
        base_url=model.provider.base_url,
        upstream=model.upstream,
        voice=plan.voice,
        text=request.text,
        instructions=plan.instructions,
        format=request.format,
        speed=request.speed,
        provider_format=plan.ask_for,
        provider_speed=plan.provider_speed,
        project_id=None if is_shared else context.caller.project_id,
    )


def _plan(request: SpeechRequest, model: Model, catalog: Catalog, providers: AdapterFactory) -> _SpeechPlan:
    if model.max_characters is not None and len(request.text) > model.max_characters:
        message = f"'input' has {len(request.text)} characters; the model '{model.id}' takes {model.max_characters}."
        message += " Send it with background=true, or in parts."
        raise InvalidRequest(message, param="input", code="string_above_max_length")
    return _plan_without_length(request, model, catalog, providers)


def _plan_without_length(
    request: SpeechRequest, model: Model, catalog: Catalog, providers: AdapterFactory
) -> _SpeechPlan:
    ignored = ignored_options(["instructions"] if request.instructions else [], model, "speech", catalog)
    provider_speed = request.speed if "speed" in model.capabilities else 1.0
    return _SpeechPlan(
        voice=_voice(request.voice, model, providers),
        ask_for=_format(request.format, model, stretched=provider_speed != request.speed),
        provider_speed=provider_speed,
        instructions=None if "instructions" in ignored else request.instructions,
        ignored=ignored,
    )


def _format(wanted: SpeechFormat, model: Model, *, stretched: bool) -> SpeechFormat:
    if wanted in model.formats and not stretched:
        return wanted
    return next(known for known in _PREFERENCE if known in model.formats)


def _voice(name: str, model: Model, providers: AdapterFactory) -> str:
    """The provider's name of the voice; raises `InvalidRequest` for one that neither we nor the provider know."""
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
    """Whether the name is one of the provider's: the catalogue maps a voice to it, or the provider lists it."""
    if name in (model.voices or {}).values():
        return True
    if not spec_of(model.provider.adapter).lists_voices:
        return False
    adapter = providers(model.provider)
    return isinstance(adapter, VoiceLister) and adapter.find_voice(model.upstream, name) is not None


def _synthesize(
    request: SpeechRequest,
    context: RequestContext,
    candidate: Candidate[_SpeechPlan],
    providers: AdapterFactory,
    stopwatch: Stopwatch,
) -> Iterator[bytes]:
    from audio_gateway.audio.transcode import transcode

    model, plan = candidate.model, candidate.plan
    adapter = providers(model.provider)
    if not isinstance(adapter, SpeechAdapter):
        raise ConfigurationError(f"The adapter of provider '{model.provider.id}' does not speak (model '{model.id}')")
    call = SynthesisCall(
        model=model.upstream,
        text=request.text,
        voice=plan.voice,
        format=plan.ask_for,
        deadline=context.work_deadline,
        instructions=plan.instructions,
        speed=plan.provider_speed,
        request_id=context.request_id,
    )
    chunks = timed(
        adapter.synthesize(call), provider=model.provider.id, deadline=context.work_deadline, stopwatch=stopwatch
    )
    try:
        first = next(chunks, AudioChunk(b"", plan.ask_for))
        yield from transcode(
            _bytes_of(first, chunks),
            declared=first.format,
            sample_rate=first.sample_rate,
            wanted=request.format,
            speed=request.speed / plan.provider_speed,
        )
    except InvalidAudio as error:
        message = f"The provider '{model.provider.id}' did not return audio in the format that it was asked for."
        raise ProviderBadAnswer(message, provider=model.provider.id) from error


def _bytes_of(first: AudioChunk, rest: Iterator[AudioChunk]) -> Iterator[bytes]:
    yield first.data
    for chunk in rest:
        yield chunk.data
