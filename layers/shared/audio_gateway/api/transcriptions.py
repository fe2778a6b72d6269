"""POST /audio/transcriptions and /audio/translations (contract sections 3 and 4)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, cast

from fastapi import FastAPI, Request, Response

from audio_gateway.api.background import JobStarter
from audio_gateway.api.delivery import AnswerStream, Sale, delivered, replayed
from audio_gateway.api.http.app import body_of, call_of, caller_of, create_app, note_model, request_log_of
from audio_gateway.api.http.form_body import read_form
from audio_gateway.api.http.multipart import MultipartForm
from audio_gateway.api.http.streamed import Items, items_of, response_of, sending_of
from audio_gateway.api.http.unknown_fields import announced
from audio_gateway.api.idempotency import begin_run
from audio_gateway.api.transcript_responses import transcript_answer, transcript_stream
from audio_gateway.errors import InvalidRequest, WorkTooLong
from audio_gateway.idempotency.idempotency import Idempotency, Run
from audio_gateway.idempotency.repetition import Repetitions
from audio_gateway.providers.port import Chunking, KnownSpeaker, Task, TranscriptDone, TranscriptionOptions
from audio_gateway.storage.results import ResultStore
from audio_gateway.transcripts.languages import is_language_code
from audio_gateway.transcripts.render import GRANULARITIES, RESPONSE_FORMATS
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting
from audio_gateway.use_cases.known_voices import measured_voices
from audio_gateway.use_cases.transcription import (
    TranscriptionAnswer,
    TranscriptionDependencies,
    able_to_transcribe,
    measured_ms,
    transcribe,
)
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

_T = TypeVar("_T", bound=str)

TRANSLATION_FORMATS: Final = tuple(f for f in RESPONSE_FORMATS if f != "diarized_json")
STREAMABLE: Final = ("json", "text", "diarized_json")
MAX_SPEAKERS: Final = 4
_REFERENCE = re.compile(r"data:audio/[\w.+-]+;base64,[A-Za-z0-9+/=_-]+", re.ASCII)
_NUMBER = re.compile(r"([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionApiDependencies(TranscriptionDependencies):
    """What both functions need. Jobs are started by `job_service`."""

    idempotency: Idempotency
    repetitions: Repetitions
    results: ResultStore
    job_service: JobService


def transcriptions_app(deps: TranscriptionApiDependencies) -> FastAPI:
    """The app of the transcriptions function."""
    return _app("transcribe", deps)


def translations_app(deps: TranscriptionApiDependencies) -> FastAPI:
    """The app of the translations function."""
    return _app("translate", deps)


def _app(task: Task, deps: TranscriptionApiDependencies) -> FastAPI:
    endpoint, read = _ENDPOINTS[task]
    app = create_app(endpoint, caller="api")
    starter = JobStarter(JobStarting(deps.job_service, deps.catalog, deps.providers))

    @app.post(f"/audio/{endpoint}")
    async def create(request: Request) -> Response:
        form = read_form(request.headers.get("content-type"), await body_of(request))
        background = read_background(form)
        transcription = read(form)
        note_model(request, transcription.model, deps.catalog)
        unknown = announced(form.left())
        request_log_of(request).unknown_fields = len(form.left())
        items = _items(request, transcription, unknown, deps, starter, background=background)
        return response_of(request, items, as_events=transcription.stream and not background)

    return app


def _items(
    request: Request,
    transcription: TranscriptionRequest,
    unknown: tuple[str, ...],
    deps: TranscriptionApiDependencies,
    starter: JobStarter,
    *,
    background: bool,
) -> Items:
    """The response to a request: the transcript, an earlier response, or the job that the request became."""
    caller, sending = caller_of(request), sending_of(request)
    # Without `background`, the fingerprint is that of earlier versions, which had no such field.
    content = (transcription, "background") if background else (transcription,)
    with begin_run(request, caller, deps, *content, background=background, as_stream=transcription.stream) as run:
        if run.earlier is not None:
            yield from replayed(run.earlier, deps.results, caller.project_id, sending)
            return
        as_stream = transcription.stream and not background
        call = call_of(request, caller, as_stream=as_stream, is_paid=run.is_paid)
        known_ms: int | None = None
        try:
            heard = None if background else transcribe(transcription, call, deps)
        except WorkTooLong as error:
            if error.amount is None and transcription.audio_field == "file":
                raise
            heard, known_ms = None, error.amount if transcription.audio_field == "file" else None
        if heard is None:
            job = _job_of(transcription, caller.project_id, unknown, deps)
            if background:
                known_ms = measured_ms(transcription, call, deps)
            response = starter.start(
                request, run, job, background=background, audio=transcription.data or None, duration_ms=known_ms
            )
            yield from items_of(_used(transcription, caller.project_id, response, deps))
            return
        yield from _heard_items(request, transcription, unknown, heard, run, deps)


def _heard_items(
    request: Request,
    transcription: TranscriptionRequest,
    unknown: tuple[str, ...],
    heard: TranscriptionAnswer,
    run: Run,
    deps: TranscriptionApiDependencies,
) -> Items:
    sending, project_id = sending_of(request), caller_of(request).project_id
    request_log = sending.request_log
    request_log.model, request_log.audio_ms = heard.model.id, heard.audio.duration_ms
    request_log.ignored = ignored = tuple(sorted({*heard.ignored, *unknown}))

    def make() -> AnswerStream:
        if transcription.stream:
            return transcript_stream(transcription, heard.events, model_id=heard.model.id, ignored=ignored)
        transcript = next(event.transcript for event in heard.events if isinstance(event, TranscriptDone))
        return AnswerStream.whole(
            transcript_answer(transcription, transcript, model_id=heard.model.id, ignored=ignored)
        )

    sale = Sale(run, heard.reservation, heard.model, deps.results, project_id, heard.stopwatch)
    yield from delivered(make, sale, sending)


def _used(
    transcription: TranscriptionRequest, project_id: str, answer: Response, deps: TranscriptionApiDependencies
) -> Response:
    """The response to a started job. Its upload no longer counts as pending."""
    if transcription.upload_id is not None:
        deps.files.used(project_id, transcription.upload_id)
    return answer


def read_background(form: MultipartForm) -> bool:
    """The field `background`; raises `InvalidRequest`."""
    return _boolean("background", form.text("background"))


def read_transcription(form: MultipartForm) -> TranscriptionRequest:
    """The transcription that a form asks for; raises `InvalidRequest` naming the first field that is wrong."""
    transcription = TranscriptionRequest(
        model=_model(form),
        **_audio(form),
        task="transcribe",
        response_format=_choice("response_format", form.text("response_format") or "json", RESPONSE_FORMATS),
        options=TranscriptionOptions(
            language=_language(form.text("language")),
            languages=_languages(form.texts("languages")),
            keywords=_not_empty("keywords", form.texts("keywords")),
            prompt=form.text("prompt") or None,
            temperature=_temperature(form.text("temperature")),
            logprobs=_logprobs(form.texts("include")),
            chunking=_chunking(form),
            known_speakers=_known_speakers(form),
        ),
        granularities=frozenset(
            _choice("timestamp_granularities", value, GRANULARITIES) for value in form.texts("timestamp_granularities")
        ),
        stream=_boolean("stream", form.text("stream")),
    )
    _check_together(transcription)
    return transcription


def read_translation(form: MultipartForm) -> TranscriptionRequest:
    """The translation that a form asks for; raises `InvalidRequest` naming the first field that is wrong.

    OpenAI's translations have no `language`. Ours accept it, because a model that understands few languages refuses the
    others.
    """
    return TranscriptionRequest(
        model=_model(form),
        **_audio(form),
        task="translate",
        response_format=_choice("response_format", form.text("response_format") or "json", TRANSLATION_FORMATS),
        options=TranscriptionOptions(
            language=_language(form.text("language")),
            prompt=form.text("prompt") or None,
            temperature=_temperature(form.text("temperature")),
        ),
    )


_ENDPOINTS: Final[dict[Task, tuple[str, Callable[[MultipartForm], TranscriptionRequest]]]] = {
    "transcribe": ("transcriptions", read_transcription),
    "translate": ("translations", read_translation),
}


def _model(form: MultipartForm) -> str:
    model = form.text("model")
    if not model:
        raise InvalidRequest("'model' is required: you must provide a model parameter.", param="model")
    return model


def _audio(form: MultipartForm) -> dict[str, Any]:
    """The fields that name the audio: exactly one of three."""
    sent = [name for name in ("file", "upload_id", "file_url") if form.has(name)]
    if len(sent) > 1:
        both = " and ".join(f"'{name}'" for name in sent)
        message = f"{both} were sent; send exactly one of 'file', 'upload_id' and 'file_url'."
        raise InvalidRequest(message, param=sent[-1])
    if sent and sent[0] != "file":
        value = form.text(sent[0])
        if not value:
            raise InvalidRequest(
                f"'{sent[0]}' is empty; send the {'id of an upload' if sent[0] == 'upload_id' else 'URL of a file'}.",
                param=sent[0],
            )
        return {"data": b"", sent[0]: value}
    return {"data": form.file("file")}


def _choice(name: str, value: str, choices: Sequence[_T]) -> _T:
    if value not in choices:
        raise InvalidRequest(f"'{name}' must be one of: {', '.join(choices)}.", param=name, code="invalid_value")
    return cast("_T", value)


def _boolean(name: str, value: str | None) -> bool:
    return _choice(name, (value or "false").lower(), ("true", "false")) == "true"


def _temperature(value: str | None) -> float | None:
    if not value:
        return None
    temperature = float(value) if _NUMBER.fullmatch(value) else math.nan
    if not 0 <= temperature <= 1:
        raise InvalidRequest("'temperature' must be a number from 0 to 1.", param="temperature", code="invalid_value")
    return temperature


def _language(value: str | None) -> str | None:
    if not value:
        return None
    if not is_language_code(value):
        message = f"Invalid language '{value[:50]}'; send an ISO 639-1 code, such as en, de or ja."
        raise InvalidRequest(message, param="language", code="invalid_language_format")
    return value


def _languages(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not is_language_code(value):
            message = f"Invalid language '{value[:50]}'; send 'languages[]' once for each ISO 639-1 code."
            raise InvalidRequest(message, param="languages", code="invalid_value")
    return values


def _not_empty(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(value.strip() for value in values):
        raise InvalidRequest(f"'{name}[]' has an empty value; remove it.", param=name, code="invalid_value")
    return values


def _logprobs(values: tuple[str, ...]) -> bool:
    return bool([_choice("include", value, ("logprobs",)) for value in values])


def _chunking(form: MultipartForm) -> Chunking | None:
    """`auto`, an object as `chunking_strategy[type]=…`, or the same object as JSON text (contract section 0.5)."""
    name = "chunking_strategy"
    members: dict[str, Any] = dict(form.members(name))
    value = form.text(name)
    if value and not members:
        if value == "auto":
            return Chunking("auto")
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise InvalidRequest(
                "'chunking_strategy' must be 'auto' or an object whose type is server_vad.", param=name
            )
        members = parsed
    if not members:
        return None
    kind = members.pop("type", None)
    if kind != "server_vad":
        raise InvalidRequest("'chunking_strategy[type]' must be 'server_vad'.", param=name, code="invalid_value")
    chunking = Chunking(
        "server_vad",
        prefix_padding_ms=_whole_number("prefix_padding_ms", members.pop("prefix_padding_ms", None)),
        silence_duration_ms=_whole_number("silence_duration_ms", members.pop("silence_duration_ms", None)),
        threshold=_threshold(members.pop("threshold", None)),
    )
    for member in members:
        raise InvalidRequest(f"'chunking_strategy' has an unknown member '{member[:50]}'; remove it.", param=name)
    return chunking


def _whole_number(member: str, value: Any) -> int | None:
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        message = f"'chunking_strategy[{member}]' must be a whole number of milliseconds, at most 999,999."
        raise InvalidRequest(message, param="chunking_strategy")
    return int(text)


def _threshold(value: Any) -> float | None:
    if value is None:
        return None
    try:
        threshold = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        threshold = math.nan
    if not 0 <= threshold <= 1:
        message = "'chunking_strategy[threshold]' must be a number from 0 to 1."
        raise InvalidRequest(message, param="chunking_strategy")
    return threshold


def _known_speakers(form: MultipartForm) -> tuple[KnownSpeaker, ...]:
    """Names and recordings, paired by their order."""
    names = _not_empty("known_speaker_names", form.texts("known_speaker_names"))
    references = form.texts("known_speaker_references")
    if len(names) != len(references):
        message = (
            f"{len(names)} known_speaker_names[] and {len(references)} known_speaker_references[] were sent; "
            "send one reference for each name."
        )
        raise InvalidRequest(message, param="known_speaker_references")
    if len(names) > MAX_SPEAKERS:
        message = f"'known_speaker_names[]' has {len(names)} names; send at most {MAX_SPEAKERS}."
        raise InvalidRequest(message, param="known_speaker_names")
    for reference in references:
        if not _REFERENCE.fullmatch(reference):
            message = (
                "'known_speaker_references[]' takes data URLs, data:audio/wav;base64,…, with 2 to 10 s of a voice."
            )
            raise InvalidRequest(message, param="known_speaker_references", code="invalid_value")
    return tuple(KnownSpeaker(*pair) for pair in zip(names, references, strict=True))


def _check_together(transcription: TranscriptionRequest) -> None:
    """Raises `InvalidRequest` for fields that are valid alone, but not together."""
    if transcription.granularities and transcription.response_format not in {"json", "verbose_json"}:
        message = "'timestamp_granularities[]' requires response_format=verbose_json."
        raise InvalidRequest(message, param="timestamp_granularities")
    if transcription.options.logprobs and transcription.response_format != "json":
        raise InvalidRequest("'include[]=logprobs' requires response_format=json.", param="include")
    if transcription.stream and transcription.response_format not in STREAMABLE:
        message = (
            f"response_format={transcription.response_format} cannot be streamed. "
            "Use json, text or diarized_json, or leave stream out."
        )
        raise InvalidRequest(message, param="stream", code="unsupported_value")


def _job_of(
    transcription: TranscriptionRequest, project_id: str, unknown: tuple[str, ...], deps: TranscriptionApiDependencies
) -> JobRequest[TranscriptionRequest]:
    """The request of a job. Raises what is wrong with it, or with the file that it names."""
    stored = replace(transcription, data=b"")
    ignored = tuple(sorted({*able_to_transcribe(stored, catalog=deps.catalog)[0].plan, *unknown}))
    options = replace(stored.options, known_speakers=measured_voices(stored.options.known_speakers))
    stored = replace(stored, options=options)
    if transcription.upload_id is not None:
        return JobRequest(stored, source=deps.files.find(project_id, transcription.upload_id), ignored=ignored)
    if transcription.file_url is not None:
        deps.files.check(transcription.file_url)
    return JobRequest(stored, url=transcription.file_url, ignored=ignored)
