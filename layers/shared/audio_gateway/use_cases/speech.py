"""Text to speech: find the model and the voice, hold the price, ask a provider, return the requested format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.catalog.adapters import spec_of
from audio_gateway.catalog.models import Catalog, Endpoint, Model
from audio_gateway.deadline import Deadline
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
from audio_gateway.use_cases.speech_parts import PartsAhead, TextParts
from audio_gateway.use_cases.time_limits import check_file_fits, check_speech_fits

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
    `cached` says that the speech comes from the cache; `length` is then the size of the file in bytes. `to_keep` is
    the key under which to cache the whole file; None if it is not cached.
    """

    reservation: Reservation
    model: Model
    chunks: Iterator[bytes]
    ignored: frozenset[str]
    stopwatch: Stopwatch
    cached: bool = False
    length: int | None = None
    to_keep: Sound | None = None


@dataclass(frozen=True, slots=True)
class _SpeechPlan:
    voice: str
    ask_for: SpeechFormat
    provider_speed: float
    instructions: str | None
    ignored: frozenset[str]
    parts: TextParts


@dataclass(frozen=True, slots=True)
class Speaking:
    """What speaking works with."""

    catalog: Catalog
    providers: AdapterFactory
    billing: Billing
    cache: SpeechCache


def speak(
    request: SpeechRequest, context: RequestContext, deps: Speaking, *, most_streamed_bytes: int | None
) -> SpeechAnswer:
    """Have the text spoken by the model, or by the first of its fallbacks that can, unless it is in the cache.

    A text that is longer than the model takes is spoken in parts. `most_streamed_bytes` is the room for the file in a
    response that is sent while it is made; None if it is sent as a whole. Nothing is held after an error. All but
    `ProviderError` are raised before any provider is asked.

    Raises:
        UnknownModel, InvalidRequest: the request is wrong; the latter names the field.
        WorkTooLong: only a job can do it.
        ProviderError: no model answered.
        GatewayError: as `Billing.reserve`.
    """
    catalog, providers = deps.catalog, deps.providers
    model = catalog.model_for(request.model, "speech")
    able = candidates(
        model, "speech", catalog, lambda m: _plan(request, m, catalog, providers, soon=most_streamed_bytes is not None)
    )
    stopwatch = Stopwatch()
    # Before the reservation, because the price depends on it. The whole file, because it may be gone afterwards.
    known = (
        None
        if model.cache is None
        else deps.cache.find(_sound(request, able[0], context), max_age_s=model.cache.seconds)
    )
    if known is not None:
        reservation = deps.billing.reserve_cached(context, model, len(request.text))
        return SpeechAnswer(
            reservation, model, iter((known,)), able[0].plan.ignored, stopwatch, cached=True, length=len(known)
        )
    check_speech_fits(request.text, request.speed, model, context.deadline)
    if most_streamed_bytes is not None:
        check_file_fits(request.text, request.speed, request.format, most_streamed_bytes)
    reservation = deps.billing.reserve(context, "speech", model, tuple(c.model for c in able), len(request.text))
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
    return candidates(
        model, "speech", catalog, lambda m: _plan_for(request, m, catalog, providers, TextParts(request.text))
    )


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


def _plan(
    request: SpeechRequest, model: Model, catalog: Catalog, providers: AdapterFactory, *, soon: bool
) -> _SpeechPlan:
    return _plan_for(request, model, catalog, providers, TextParts.of(request.text, model, soon=soon))


def _plan_for(
    request: SpeechRequest, model: Model, catalog: Catalog, providers: AdapterFactory, parts: TextParts
) -> _SpeechPlan:
    ignored = ignored_options(["instructions"] if request.instructions else [], model, "speech", catalog)
    provider_speed = request.speed if "speed" in model.capabilities else 1.0
    is_encoded_again = provider_speed != request.speed or not parts.is_single
    return _SpeechPlan(
        voice=_voice(request.voice, model, providers),
        ask_for=_format(request.format, model, is_encoded_again=is_encoded_again),
        provider_speed=provider_speed,
        instructions=None if "instructions" in ignored else request.instructions,
        ignored=ignored,
        parts=parts,
    )


def _format(wanted: SpeechFormat, model: Model, *, is_encoded_again: bool) -> SpeechFormat:
    if wanted in model.formats and not is_encoded_again:
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
    from audio_gateway.audio.join_stream import joined

    model, plan, provider = candidate.model, candidate.plan, candidate.model.provider.id
    adapter = providers(model.provider)
    if not isinstance(adapter, SpeechAdapter):
        raise ConfigurationError(f"The adapter of provider '{provider}' does not speak (model '{model.id}')")

    def ask(text: str, deadline: Deadline) -> Iterator[AudioChunk]:
        call = SynthesisCall(
            model=model.upstream,
            text=text,
            voice=plan.voice,
            format=plan.ask_for,
            deadline=deadline,
            instructions=plan.instructions,
            speed=plan.provider_speed,
            request_id=context.request_id,
        )
        yield from adapter.synthesize(call)

    def start(part: Callable[[], Iterator[AudioChunk]]) -> Iterator[AudioChunk]:
        return timed(part(), provider=provider, deadline=context.work_deadline, stopwatch=stopwatch)

    with PartsAhead(plan.parts, ask, context.work_deadline) as ahead:
        parts = (partial(start, part) for part in ahead.starts())
        try:
            yield from joined(parts, wanted=request.format, speed=request.speed / plan.provider_speed)
        except InvalidAudio as error:
            message = f"The provider '{provider}' did not return audio in the format that it was asked for."
            raise ProviderBadAnswer(message, provider=provider) from error
