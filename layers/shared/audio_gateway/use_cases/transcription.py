"""Speech to text, in its own language or in English: check, measure, hold, ask a provider, normalise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from audio_gateway.audio.measure import measure
from audio_gateway.audio.source import AudioSource
from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.errors import ConfigurationError, ProviderBadAnswer, WorkTooLong
from audio_gateway.providers.port import (
    SegmentDone,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.transcripts.recording_times import on_recording_timeline, placed
from audio_gateway.transcripts.render import Granularity
from audio_gateway.transcripts.transcript import Transcript
from audio_gateway.use_cases.audio_input import (
    Measure,
    NamedFiles,
    measure_audio,
    naming_field,
    plain_audio,
    read_audio,
)
from audio_gateway.use_cases.early_limit_check import EarlyLimitCheck
from audio_gateway.use_cases.fallback import (
    AdapterFactory,
    Candidate,
    OnFailure,
    Stopwatch,
    candidates,
    first_successful,
    timed,
)
from audio_gateway.use_cases.known_voices import measured_voices
from audio_gateway.use_cases.reservation import Billing, RequestContext, Reservation
from audio_gateway.use_cases.time_limits import check_audio_fits
from audio_gateway.use_cases.transcript_checks import check_heard, check_times, without_token_usage
from audio_gateway.use_cases.transcription_options import check_granularities, check_options
from audio_gateway.use_cases.transcription_request import TranscriptionRequest


@dataclass(frozen=True, slots=True)
class TranscriptionAnswer:
    """The transcript, and the model that made it. The provider has begun to answer; the last event is the whole.

    The caller of `transcribe` ends the `reservation`: it settles it just before the answer goes out, or releases it.
    """

    reservation: Reservation
    model: Model
    audio: AudioSource
    events: Iterator[TranscriptEvent]
    ignored: frozenset[str]
    stopwatch: Stopwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionDependencies:
    """What transcribing needs. `files` reads those that requests name."""

    catalog: Catalog
    providers: AdapterFactory
    billing: Billing
    files: NamedFiles
    measure: Measure = measure


def transcribe(
    request: TranscriptionRequest, context: RequestContext, deps: TranscriptionDependencies
) -> TranscriptionAnswer:
    """Have the audio transcribed by the model, or by the first of its fallbacks that can.

    Nothing is held after an error. All but `ProviderError` are raised before any provider is asked.

    Raises:
        WorkTooLong: only a job can do it.
        UnknownModel, InvalidRequest: the request is wrong; the latter names the field.
        ProviderError: no model answered.
        GatewayError: as `Billing.check` and `Billing.reserve`.
    """
    catalog, deadline = deps.catalog, context.deadline
    model = catalog.model_for(request.model, request.endpoint)
    check_granularities(request, model)
    check_options(request, model, catalog)
    limit_check = EarlyLimitCheck(deps.billing, context, request.endpoint, model)
    if request.audio_field != "file":
        limit_check.run()
    voices = measured_voices(request.options.known_speakers)
    data = read_audio(request, model, context.caller.project_id, deadline, deps.files)
    with naming_field(request.audio_field):
        measured = measure_audio(data, model, deadline, deps.measure, limit_check)
        audio = plain_audio(measured, model, deadline, limit_check)
    # The data as they are sent, because limits on bytes are limits on what is sent.
    request = replace(request, data=audio.data, options=replace(request.options, known_speakers=voices))

    def ignored_by(candidate: Model) -> frozenset[str]:
        ignored = check_options(request, candidate, catalog)
        check_audio_fits(audio.duration_ms, candidate, deadline)
        return ignored

    with naming_field(request.audio_field):
        able = candidates(model, request.endpoint, catalog, ignored_by)
    models = tuple(candidate.model for candidate in able)
    reservation = deps.billing.reserve(context, request.endpoint, model, models, audio.duration_ms)
    stopwatch = Stopwatch()
    with reservation.released_on_error():
        if request.upload_id is not None:
            deps.files.used(context.caller.project_id, request.upload_id)
        ask = partial(_ask, request, context, audio, providers=deps.providers, stopwatch=stopwatch)
        served, events = first_successful(able, ask, context.work_deadline, reservation.failed)
    return TranscriptionAnswer(reservation, served.model, audio, events, served.plan, stopwatch)


def measured_ms(request: TranscriptionRequest, context: RequestContext, deps: TranscriptionDependencies) -> int | None:
    """Milliseconds of the audio of a job; None if the audio is elsewhere, or too long to be measured in time.

    Raises:
        UnknownModel: the catalogue has no such model for the endpoint.
        InvalidAudio: the audio cannot be decoded.
        GatewayError: as `Billing.check`, if measuring takes long.
    """
    if request.audio_field != "file":
        return None
    model = deps.catalog.model_for(request.model, request.endpoint)
    limit_check = EarlyLimitCheck(deps.billing, context, request.endpoint, model, as_job=True)
    try:
        with naming_field(request.audio_field):
            return measure_audio(request.data, model, context.deadline, deps.measure, limit_check).duration_ms
    except WorkTooLong:
        return None


def able_to_transcribe(request: TranscriptionRequest, *, catalog: Catalog) -> tuple[Candidate[frozenset[str]], ...]:
    """The model and its fallbacks that can do what is asked for, whatever the length. Raises as `transcribe`."""
    model = catalog.model_for(request.model, request.endpoint)
    check_granularities(request, model)
    return candidates(model, request.endpoint, catalog, lambda m: check_options(request, m, catalog))


def transcribe_part(
    request: TranscriptionRequest,
    context: RequestContext,
    audio: AudioSource,
    able: tuple[Candidate[frozenset[str]], ...],
    providers: AdapterFactory,
    on_failure: OnFailure,
) -> tuple[Model, Transcript]:
    """Have one part of a long recording transcribed by the first model that completes it. Nothing is charged.

    Asks for all times that the model has: they say where the parts are joined, and the transcript may be given in any
    format later. It does not where log probabilities were asked for, which no provider returns together with times.
    `on_failure` is called for each model that failed. Raises `ProviderError`.
    """
    stopwatch = Stopwatch()

    def whole(candidate: Candidate[frozenset[str]]) -> Iterator[Transcript]:
        *_, last = _ask(_with_times(request, candidate.model), context, audio, candidate, providers, stopwatch)
        if isinstance(last, TranscriptDone):
            yield last.transcript

    fitting = tuple(c for c in able if _fits(audio, c.model))
    served, transcripts = first_successful(fitting, whole, context.deadline, on_failure)
    return served.model, next(transcripts)


def _fits(audio: AudioSource, model: Model) -> bool:
    """Whether the model takes audio of this length. Models that do not take so many bytes are left out before."""
    return model.max_seconds is None or audio.duration_ms <= model.max_seconds * 1000


def _with_times(request: TranscriptionRequest, model: Model) -> TranscriptionRequest:
    """The request with every kind of times that the model has."""
    granularities: set[Granularity] = set()
    if "words" in model.capabilities:
        granularities.add("word")
    if "segments" in model.capabilities:
        granularities.add("segment")
    has_probabilities = request.options.logprobs and "logprobs" in model.capabilities
    if request.response_format == "diarized_json" or has_probabilities or not granularities:
        return replace(request, stream=False)
    return replace(request, stream=False, response_format="verbose_json", granularities=frozenset(granularities))


def _ask(
    request: TranscriptionRequest,
    context: RequestContext,
    audio: AudioSource,
    candidate: Candidate[frozenset[str]],
    providers: AdapterFactory,
    stopwatch: Stopwatch,
) -> Iterator[TranscriptEvent]:
    model, ignored = candidate.model, candidate.plan
    adapter = providers(model.provider)
    if not isinstance(adapter, TranscriptionAdapter):
        message = f"The adapter of provider '{model.provider.id}' does not transcribe (model '{model.id}')"
        raise ConfigurationError(message)
    has_segments = "segments" in model.capabilities
    call = TranscriptionCall(
        model=model.upstream,
        audio=audio,
        deadline=context.work_deadline,
        task=request.task,
        options=request.options.without(ignored),
        want_words=request.want_words or (request.want_segments and not has_segments),
        want_segments=request.want_segments and has_segments,
        diarize=request.response_format == "diarized_json",
        stream=request.stream and "streaming" in model.capabilities,
        request_id=context.request_id,
    )
    events = timed(
        adapter.transcribe(call), provider=model.provider.id, deadline=context.work_deadline, stopwatch=stopwatch
    )
    for event in events:
        if isinstance(event, TranscriptDone):
            check_heard(event.transcript, audio, model, context.deadline)
            check_times(event.transcript, request, model)
            counted = event.transcript if call.stream else without_token_usage(event.transcript, model)
            yield TranscriptDone(on_recording_timeline(counted, audio.timeline) if audio.timeline.jumps else counted)
            return
        if isinstance(event, SegmentDone):
            yield replace(event, segment=placed(event.segment, audio.timeline))
        else:
            yield event
    message = f"The provider '{model.provider.id}' stopped before the transcript was complete."
    raise ProviderBadAnswer(message, provider=model.provider.id)
