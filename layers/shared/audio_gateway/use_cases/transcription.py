"""Speech to text, in its language or in English: refuse, measure, let the provider listen, normalise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from audio_gateway.audio.measure import measure
from audio_gateway.audio.rewrite import plainly
from audio_gateway.audio.source import AudioSource
from audio_gateway.audio.voice_activity import VAD_SAMPLE_RATE, has_speech
from audio_gateway.catalog.models import Catalog, Endpoint, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    AudioTooLong,
    ConfigurationError,
    FetchTimedOut,
    GatewayError,
    InvalidRequest,
    ProviderBadAnswer,
    RequestTooLarge,
    WorkTooLong,
)
from audio_gateway.providers.port import (
    Chunking,
    KnownSpeaker,
    SegmentDone,
    Task,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionAdapter,
    TranscriptionCall,
)
from audio_gateway.storage.objects import SourceFile
from audio_gateway.transcripts.recording_times import on_recording_timeline, placed
from audio_gateway.transcripts.render import Granularity, ResponseFormat
from audio_gateway.transcripts.transcript import Transcript
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
from audio_gateway.use_cases.options import able, ignored_options, unsupported
from audio_gateway.use_cases.reservation import Billing, RequestContext, Reservation

Measure = Callable[..., AudioSource]

# Seconds of audio that are decoded in a second to measure them: what the slowest codec does on one whole vCPU.
_MEASURING_SPEED = 300.0
# Spent on measuring what a job is to be made of: it must know its price, and there must be time left to begin it.
_MEASURING_SECONDS = 10.0
# Spent on writing what was measured into a new file, where the one that came holds more.
_REWRITING_SECONDS = 8.0

MAX_READ_BYTES: Final = 100_000_000
"""Of a file that the request names instead of bringing it: what is read and held in memory to answer at once."""

_FETCH_S: Final = 10.0  # of the 29: what is left must do for the work

_GRANULARITIES: Final = "timestamp_granularities"
_SUBTITLES: frozenset[ResponseFormat] = frozenset({"srt", "vtt"})
_ENDPOINT_OF: dict[Task, Endpoint] = {"transcribe": "transcriptions", "translate": "translations"}


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """What the caller asked for; absent options are None, False or empty.

    The audio is `data`, or it is what one of `upload_id` and `file_url` names.
    """

    model: str
    data: bytes
    task: Task = "transcribe"
    response_format: ResponseFormat = "json"
    language: str | None = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    prompt: str | None = None
    temperature: float | None = None
    granularities: frozenset[Granularity] = frozenset()
    logprobs: bool = False
    stream: bool = False
    chunking: Chunking | None = None
    known_speakers: tuple[KnownSpeaker, ...] = ()
    upload_id: str | None = None
    file_url: str | None = None

    @property
    def audio_field(self) -> str:
        """The field of the request in which the audio came."""
        if self.upload_id is not None:
            return "upload_id"
        return "file" if self.file_url is None else "file_url"

    @property
    def want_words(self) -> bool:
        """Whether the answer lists words."""
        return self.response_format == "verbose_json" and "word" in self.granularities

    @property
    def want_segments(self) -> bool:
        """Whether the answer is made of segments; verbose_json is, unless only words were asked for."""
        if self.response_format in _SUBTITLES:
            return True
        return self.response_format == "verbose_json" and self.granularities != {"word"}


@dataclass(frozen=True, slots=True)
class TranscriptionAnswer:
    """What was heard, and by whom. The provider has begun to answer; the last event holds the whole transcript.

    Whoever takes it ends the `reservation`: settles it just before the answer goes out, or releases it.
    """

    reservation: Reservation
    model: Model
    audio: AudioSource
    events: Iterator[TranscriptEvent]
    ignored: frozenset[str]
    stopwatch: Stopwatch


class NamedFiles(Protocol):
    """Files that requests name: read into memory, at most `limit` bytes of them."""

    def upload(self, project_id: str, upload_id: str, *, limit: int) -> bytes:
        """The file of an upload of the project.

        Raises `NotFound`, `FileUnavailable`, `RequestTooLarge` above the limit, or `StorageUnavailable`.
        """
        ...

    def find(self, project_id: str, upload_id: str) -> SourceFile:
        """The file of an upload as it is now, for a job. Raises as `upload`."""
        ...

    def used(self, project_id: str, upload_id: str) -> None:
        """A call or a job with the file of an upload was admitted: its key need not make room for it any more."""
        ...

    def check(self, url: str) -> None:
        """Raises `InvalidRequest` for a URL that is none, or not one that may be asked."""
        ...

    def url(self, url: str, *, limit: int, seconds: float) -> bytes:
        """The file at a URL.

        Raises `InvalidRequest`, `FileUnavailable`, `FetchTimedOut` after so many seconds, or `RequestTooLarge`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionDependencies:
    """What transcribing works with. `files` are those that requests name."""

    catalog: Catalog
    providers: AdapterFactory
    billing: Billing
    files: NamedFiles
    measure: Measure = measure


def transcribe(
    order: TranscriptionRequest, context: RequestContext, deps: TranscriptionDependencies
) -> TranscriptionAnswer:
    """Have the audio written down by the model, or by the first of its fallbacks that can.

    Raises `WorkTooLong` for what only a job can do, `UnknownModel`, `InvalidRequest` naming the field, what
    `Billing.look` and `Billing.reserve` raise, all before any provider is asked, or `ProviderError`; nothing is held
    after any of them.
    """
    catalog, providers, billing = deps.catalog, deps.providers, deps.billing
    endpoint = _ENDPOINT_OF[order.task]
    model = catalog.model_for(order.model, endpoint)
    _check_granularities(order, model)
    _check_options(order, model, endpoint, catalog)
    look = EarlyLimitCheck(billing, context, endpoint, model)
    if order.audio_field != "file":
        look.take()
    voices = measured_voices(order.known_speakers)
    order = replace(order, data=_read(order, model, context, deps.files), known_speakers=voices)
    with _naming_the_field(order):
        audio = _plain(
            _measured(order.data, model, context.deadline, deps.measure, look), model, context.deadline, look
        )
    order = replace(order, data=audio.data)  # limits on bytes are for what is sent

    def plan(candidate: Model) -> frozenset[str]:
        ignored = _check_options(order, candidate, endpoint, catalog)
        _check_length(audio.duration_ms, candidate, context.deadline)
        return ignored

    with _naming_the_field(order):
        in_turn = candidates(model, endpoint, catalog, plan)
    reservation = billing.reserve(context, endpoint, model, tuple(c.model for c in in_turn), audio.duration_ms)
    stopwatch = Stopwatch()
    with reservation.released_on_error():
        if order.upload_id is not None:
            deps.files.used(context.caller.project_id, order.upload_id)
        ask = partial(_listen, order, context, audio, providers=providers, stopwatch=stopwatch)
        served, events = first_successful(in_turn, ask, context.deadline, reservation.failed)
    return TranscriptionAnswer(reservation, served.model, audio, events, served.plan, stopwatch)


def _read(order: TranscriptionRequest, model: Model, context: RequestContext, files: NamedFiles) -> bytes:
    """The bytes of the audio; raises `WorkTooLong` where there are too many, or they come too slowly, for now."""
    limit = _most_bytes(model)
    try:
        if order.upload_id is not None:
            return files.upload(context.caller.project_id, order.upload_id, limit=limit)
        if order.file_url is not None:
            return files.url(order.file_url, limit=limit, seconds=min(_FETCH_S, context.deadline.remaining_s()))
    except (RequestTooLarge, FetchTimedOut) as error:
        message = f"{error.message} It cannot be answered at once: send background=true, and it becomes a job."
        raise WorkTooLong(message, param=error.param) from error
    return order.data


@contextmanager
def _naming_the_field(order: TranscriptionRequest) -> Iterator[None]:
    """What reads audio knows of no field but `file`."""
    try:
        yield
    except GatewayError as error:
        if error.param == "file":
            error.param = order.audio_field
        raise


def able_to_transcribe(order: TranscriptionRequest, *, catalog: Catalog) -> tuple[Candidate[frozenset[str]], ...]:
    """The model and its fallbacks that can do what is asked for, whatever the length. Raises as `transcribe` does."""
    endpoint = _ENDPOINT_OF[order.task]
    model = catalog.model_for(order.model, endpoint)
    _check_granularities(order, model)
    return candidates(model, endpoint, catalog, lambda m: _check_options(order, m, endpoint, catalog))


def transcribe_part(
    order: TranscriptionRequest,
    context: RequestContext,
    audio: AudioSource,
    able: tuple[Candidate[frozenset[str]], ...],
    providers: AdapterFactory,
    on_failure: OnFailure,
) -> tuple[Model, Transcript]:
    """Have one part of a long recording written down: by the first model that does so to the end. Nothing is charged.

    All times that the model has are asked for: they say where the parts are joined, and the transcript may be given in
    any format later. Not where log probabilities were ordered, which no provider gives together with times.
    `on_failure` is told of those who did not do it. Raises `ProviderError`.
    """
    stopwatch = Stopwatch()

    def whole(candidate: Candidate[frozenset[str]]) -> Iterator[Transcript]:
        *_, last = _listen(_with_times(order, candidate.model), context, audio, candidate, providers, stopwatch)
        if isinstance(last, TranscriptDone):
            yield last.transcript

    fitting = tuple(c for c in able if _fits(audio, c.model))
    served, transcripts = first_successful(fitting, whole, context.deadline, on_failure)
    return served.model, next(transcripts)


def _fits(audio: AudioSource, model: Model) -> bool:
    """Whether the model takes audio of this length; those that do not take so many bytes are not among the able."""
    return model.max_seconds is None or audio.duration_ms <= model.max_seconds * 1000


def _with_times(order: TranscriptionRequest, model: Model) -> TranscriptionRequest:
    """The order with every kind of times that the model has."""
    granularities: set[Granularity] = set()
    if "words" in model.capabilities:
        granularities.add("word")
    if "segments" in model.capabilities:
        granularities.add("segment")
    told_probabilities = order.logprobs and "logprobs" in model.capabilities
    if order.response_format == "diarized_json" or told_probabilities or not granularities:
        return replace(order, stream=False)
    return replace(order, stream=False, response_format="verbose_json", granularities=frozenset(granularities))


def _check_options(order: TranscriptionRequest, model: Model, endpoint: Endpoint, catalog: Catalog) -> frozenset[str]:
    """Names of the options that will be ignored; raises `InvalidRequest` for what the model cannot do."""
    _check_format(order, model, endpoint, catalog)
    if model.max_bytes is not None and len(order.data) > model.max_bytes:
        message = f"The file has {len(order.data)} bytes; the model '{model.id}' takes {model.max_bytes}."
        message += " Compress it (opus or mp3, mono), or send it with background=true or in parts."
        raise RequestTooLarge(message, param="file")
    asked = {
        "prompt": bool(order.prompt),
        "temperature": bool(order.temperature),
        "languages": bool(order.languages),
        "keywords": bool(order.keywords),
        "include": order.logprobs,
        "chunking_strategy": order.chunking is not None and order.chunking.type == "server_vad",
        "known_speaker_names": bool(order.known_speakers),
    }
    ignored = ignored_options([name for name, wanted in asked.items() if wanted], model, endpoint, catalog)
    without_effect = {_GRANULARITIES} if order.granularities and order.response_format != "verbose_json" else set()
    return ignored | without_effect | _check_language(order.language, model)


def _check_granularities(order: TranscriptionRequest, model: Model) -> None:
    """Raises `InvalidRequest` where times are asked for that `json` does not hold, of a model that has times.

    One that has none takes the field and does nothing with it, as OpenAI's do: widely used clients send it always.
    """
    if not order.granularities or order.response_format == "verbose_json":
        return
    if model.capabilities.isdisjoint({"words", "segments"}) or _GRANULARITIES in model.ignore:
        return
    message = "'timestamp_granularities[]' requires response_format=verbose_json."
    raise InvalidRequest(message, param=_GRANULARITIES)


def _check_format(order: TranscriptionRequest, model: Model, endpoint: Endpoint, catalog: Catalog) -> None:
    wanted = order.response_format
    if wanted not in model.response_formats:
        others = tuple(
            m.id for m in catalog.models.values() if endpoint in m.endpoints and wanted in m.response_formats
        )
        raise unsupported("response_format", model, others, wanted)
    if order.want_words and "words" not in model.capabilities:
        raise unsupported("timestamp_granularities", model, able(("words",), endpoint, catalog), "word")


def _check_language(language: str | None, model: Model) -> frozenset[str]:
    if language is None or model.languages is None or language in model.languages:
        return frozenset()
    if "language" in model.ignore:
        return frozenset({"language"})
    known = ", ".join(model.languages)
    message = f"The model '{model.id}' understands {known} only, not '{language}'."
    raise InvalidRequest(message, param="language", code="unsupported_value")


def measured_ms(order: TranscriptionRequest, context: RequestContext, deps: TranscriptionDependencies) -> int | None:
    """How long the audio is that a job is to hear; None if it is elsewhere, or too long to be measured in time.

    Raises `UnknownModel`, `InvalidAudio`, or what `Billing.look` raises where measuring takes long.
    """
    if order.audio_field != "file":
        return None
    endpoint = _ENDPOINT_OF[order.task]
    model = deps.catalog.model_for(order.model, endpoint)
    look = EarlyLimitCheck(deps.billing, context, endpoint, model, as_job=True)
    try:
        return _measured(order.data, model, context.deadline, deps.measure, look).duration_ms
    except WorkTooLong:
        return None


def _measured(data: bytes, model: Model, deadline: Deadline, measure: Measure, look: EarlyLimitCheck) -> AudioSource:
    """The audio, measured; raises `InvalidAudio`, or `WorkTooLong` where that takes longer than there is time.

    The limits are looked at where it takes long; raises what they refuse.
    """
    seconds = min(_MEASURING_SECONDS, deadline.remaining_s())
    longest_s = max(_longest_s(model, deadline), seconds * _MEASURING_SPEED)
    time_is_up = Deadline.after(seconds)
    try:
        return measure(
            data,
            limit_ms=int(longest_s * 1000),
            late=lambda: time_is_up.passed,
            meanwhile=look.after_a_while(),
        )
    except AudioTooLong as error:
        message = (
            f"The audio is too long to be measured before the platform gives up on an answer (29 s): at most "
            f"{int(longest_s)} s can be. Send it with background=true, or in shorter parts."
        )
        raise WorkTooLong(message, param="file") from error


def _plain(audio: AudioSource, model: Model, deadline: Deadline, look: EarlyLimitCheck) -> AudioSource:
    """The audio in a file that may go to a provider; raises `WorkTooLong` where only a job can make it."""
    if audio.plain:
        return audio
    _check_length(audio.duration_ms, model, deadline)
    look.take()
    time_is_up = Deadline.after(min(_REWRITING_SECONDS, deadline.remaining_s()))
    try:
        return plainly(audio, most_bytes=_most_bytes(model), late=lambda: time_is_up.passed)
    except (AudioTooLong, RequestTooLarge) as error:
        message = (
            "The file holds more than one recording of one track, or does not say truly how long it is. What is heard "
            "of it must be written into a new file, which is too large or would take too long. Send it with "
            "background=true, or export that track alone."
        )
        raise WorkTooLong(message, param="file", amount=audio.duration_ms) from error


def _most_bytes(model: Model) -> int:
    """What is held in memory for a model at most, and sent to it."""
    return MAX_READ_BYTES if model.max_bytes is None else min(MAX_READ_BYTES, model.max_bytes)


def _check_length(duration_ms: int, model: Model, deadline: Deadline) -> None:
    if duration_ms > _longest_s(model, deadline) * 1000:
        raise _too_long(duration_ms, model, deadline)


def _longest_s(model: Model, deadline: Deadline) -> float:
    """How many seconds of audio can be measured and heard before the deadline, at the speed in the catalogue."""
    in_time = deadline.remaining_s() / (1 / model.speed_factor + 1 / _MEASURING_SPEED)
    return in_time if model.max_seconds is None else min(in_time, model.max_seconds)


def _too_long(duration_ms: int, model: Model, deadline: Deadline) -> WorkTooLong:
    longest = int(_longest_s(model, deadline))
    if model.max_seconds is not None and longest >= int(model.max_seconds):
        message = f"The audio is longer than the {model.max_seconds:g} s that the model '{model.id}' takes."
    else:
        message = (
            f"The audio is longer than the {longest} s that the model '{model.id}' can work through "
            "before the platform gives up on an answer (29 s)."
        )
    message += " Send it with background=true, in shorter parts, or use a faster model."
    return WorkTooLong(message, param="file", amount=duration_ms)


def _listen(
    order: TranscriptionRequest,
    context: RequestContext,
    audio: AudioSource,
    candidate: Candidate[frozenset[str]],
    providers: AdapterFactory,
    stopwatch: Stopwatch,
) -> Iterator[TranscriptEvent]:
    model, ignored = candidate.model, candidate.plan
    provider = providers(model.provider)
    if not isinstance(provider, TranscriptionAdapter):
        raise ConfigurationError(f"The adapter of provider '{model.provider.id}' does not listen (model '{model.id}')")
    request = TranscriptionCall(
        model=model.upstream,
        audio=audio,
        deadline=context.deadline,
        task=order.task,
        language=None if "language" in ignored else order.language,
        languages=() if "languages" in ignored else order.languages,
        keywords=() if "keywords" in ignored else order.keywords,
        prompt=None if "prompt" in ignored else order.prompt,
        temperature=None if "temperature" in ignored else order.temperature,
        want_words=order.want_words or (order.want_segments and "segments" not in model.capabilities),
        want_segments=order.want_segments and "segments" in model.capabilities,
        want_logprobs=order.logprobs and "include" not in ignored,
        diarize=order.response_format == "diarized_json",
        chunking=None if "chunking_strategy" in ignored else order.chunking,
        known_speakers=() if "known_speaker_names" in ignored else order.known_speakers,
        stream=order.stream and "streaming" in model.capabilities,
        request_id=context.request_id,
    )
    events = timed(
        provider.transcribe(request), provider=model.provider.id, deadline=context.deadline, stopwatch=stopwatch
    )
    for event in events:
        if isinstance(event, TranscriptDone):
            _check_heard(event.transcript, audio, model)
            _check_times(event.transcript, order, model)
            counted = event.transcript if request.stream else _counted(event.transcript, model)
            yield TranscriptDone(on_recording_timeline(counted, audio.timeline) if audio.timeline.jumps else counted)
            return
        if isinstance(event, SegmentDone):
            event = replace(event, segment=placed(event.segment, audio.timeline))  # noqa: PLW2901 - the same one, placed
        yield event
    message = f"The provider '{model.provider.id}' stopped before the transcript was complete."
    raise ProviderBadAnswer(message, provider=model.provider.id)


def _counted(transcript: Transcript, model: Model) -> Transcript:
    """Tokens only of a model without times, as with OpenAI's: `usage` is not to depend on the format.

    Servers that count tokens do so in `json` alone. A job asks for all times, to be given in any format later, and is
    to answer what the call at once does.
    """
    if model.capabilities.isdisjoint({"words", "segments"}):
        return transcript
    return replace(transcript, token_usage=None)


def _check_heard(transcript: Transcript, audio: AudioSource, model: Model) -> None:
    """Raises `ProviderBadAnswer` for an empty transcript of speech; of silence it is the right answer."""
    if transcript.text.strip() or transcript.words or not has_speech(audio.pcm(VAD_SAMPLE_RATE)):
        return
    message = f"The provider '{model.provider.id}' gave an empty transcript, although somebody can be heard to speak."
    raise ProviderBadAnswer(message, provider=model.provider.id)


def _check_times(transcript: Transcript, order: TranscriptionRequest, model: Model) -> None:
    """Raises `ProviderBadAnswer` for a transcript without the times that were asked for."""
    needs_segments = order.want_segments or order.response_format == "diarized_json"
    missing_segments = needs_segments and transcript.segments is None and transcript.words is None
    if missing_segments or (order.want_words and transcript.words is None):
        message = f"The provider '{model.provider.id}' did not say when the words were spoken."
        raise ProviderBadAnswer(message, provider=model.provider.id)
