"""Jobs that transcribe or translate a long recording. A chunk is a FLAC file of it, its result a transcript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from audio_gateway.audio.content import StoredContent
from audio_gateway.audio.cut import CutRule, cut
from audio_gateway.audio.measure import MIN_MS
from audio_gateway.audio.recording import Recording
from audio_gateway.audio.silence import CHUNK_SAMPLE_RATE
from audio_gateway.audio.source import AudioSource
from audio_gateway.audio.timeline import Timeline
from audio_gateway.catalog.models import Model
from audio_gateway.errors import AudioTooLong, InvalidRequest, WorkTooLong
from audio_gateway.jobs.plan import MOST_PIECES, ChunkSpan, JobPlan
from audio_gateway.providers.port import Chunking, KnownSpeaker, TranscriptionOptions
from audio_gateway.transcripts.codec import from_bytes, to_bytes
from audio_gateway.transcripts.merge import ChunkTranscript, merge
from audio_gateway.transcripts.recording_times import on_recording_timeline
from audio_gateway.use_cases.audio_input import naming_field
from audio_gateway.use_cases.jobs.kinds.kind import (
    ChunkCall,
    ChunkResult,
    ChunkResults,
    InputChunk,
    JobInput,
    ModelAccess,
)
from audio_gateway.use_cases.jobs.kinds.limits import surely_filled
from audio_gateway.use_cases.transcription import able_to_transcribe, transcribe_part
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

_SPEAKERS_OVERLAP_S: Final = 10.0  # long enough to recognise the same speakers by what they say in both chunks
_S_OF_AN_HOUR: Final = 3600


class TranscriptionJobs:
    """See `JobKind`."""

    name: Final = "transcription"

    def to_json(self, request: TranscriptionRequest) -> dict[str, Any]:
        """See `JobKind.to_json`. The fields and their order are those of all stored requests."""
        options = request.options
        return {
            "model": request.model,
            "task": request.task,
            "response_format": request.response_format,
            "language": options.language,
            "languages": options.languages,
            "keywords": options.keywords,
            "prompt": options.prompt,
            "temperature": options.temperature,
            "granularities": sorted(request.granularities),
            "logprobs": options.logprobs,
            "stream": request.stream,
            "chunking": None if options.chunking is None else asdict(options.chunking),
            "known_speakers": [asdict(speaker) for speaker in options.known_speakers],
            "upload_id": request.upload_id,
            "file_url": request.file_url,
        }

    def from_json(self, stored: dict[str, Any]) -> TranscriptionRequest:
        """See `JobKind.from_json`."""
        chunking = stored["chunking"]
        options = TranscriptionOptions(
            language=stored["language"],
            prompt=stored["prompt"],
            temperature=stored["temperature"],
            languages=tuple(stored["languages"]),
            keywords=tuple(stored["keywords"]),
            logprobs=stored["logprobs"],
            chunking=None if chunking is None else Chunking(**chunking),
            known_speakers=tuple(KnownSpeaker(**speaker) for speaker in stored["known_speakers"]),
        )
        return TranscriptionRequest(
            model=stored["model"],
            data=b"",
            task=stored["task"],
            response_format=stored["response_format"],
            granularities=frozenset(stored["granularities"]),
            stream=stored["stream"],
            upload_id=stored["upload_id"],
            file_url=stored["file_url"],
            options=options,
        )

    def able(self, request: TranscriptionRequest, models: ModelAccess) -> tuple[Model, ...]:
        """See `JobKind.able`."""
        return tuple(c.model for c in able_to_transcribe(request, catalog=models.catalog))

    def least_amount(self, _request: TranscriptionRequest) -> int:
        """See `JobKind.least_amount`."""
        return MIN_MS

    def check_amount(self, request: TranscriptionRequest, model: Model, amount: int) -> None:
        """See `JobKind.check_amount`."""
        if amount > _most_seconds(request, model) * 1000:
            raise self.too_many_parts(request, model)

    def too_many_parts(self, request: TranscriptionRequest, model: Model) -> WorkTooLong:
        """See `JobKind.too_many_parts`."""
        message = (
            f"The audio is too long for one job: the model '{model.id}' takes parts of about "
            f"{cut_rule(request, model).usual_seconds:g} s, and a job has at most {MOST_PIECES} parts. Send it in "
            f"recordings of at most {_span(_most_seconds(request, model))}, or use a model that takes longer parts."
        )
        return WorkTooLong(message, param=request.audio_field)

    def audio_field(self, request: TranscriptionRequest) -> str:
        """See `JobKind.audio_field`."""
        return request.audio_field

    def upload_id(self, request: TranscriptionRequest) -> str | None:
        """See `JobKind.upload_id`."""
        return request.upload_id

    def split(self, request: TranscriptionRequest, model: Model, source: JobInput) -> _SplitAudio:
        """See `JobKind.split`."""
        if source.file is None:
            raise InvalidRequest("There is no audio: neither a file nor a URL was sent.", param="file")
        with naming_field("file"):
            recording = Recording(StoredContent(source.file))
        return _SplitAudio(recording, cut_rule(request, model), source)

    def work_on(self, request: TranscriptionRequest, chunk: InputChunk, call: ChunkCall) -> ChunkResult:
        """See `JobKind.work_on`."""
        samples = chunk.span.end - chunk.span.start
        audio = AudioSource(
            chunk.data,
            container="flac",
            duration_ms=-(-samples * 1000 // CHUNK_SAMPLE_RATE),
            sample_rate=CHUNK_SAMPLE_RATE,
            channels=1,
        )
        part = replace(request, data=chunk.data)
        able = able_to_transcribe(part, catalog=call.models.catalog)
        model, transcript = transcribe_part(part, call.context, audio, able, call.models.providers, call.on_failure)
        return ChunkResult(model, to_bytes(transcript), samples)

    def write_result(self, request: TranscriptionRequest, results: ChunkResults, name: str) -> None:
        """See `JobKind.write_result`."""
        plan, files = results.plan, results.files
        names = [speaker.name for speaker in request.options.known_speakers]
        transcript = merge(_transcripts(results), duration_ms=plan.amount, known_speakers=names)
        if plan.jumps:
            transcript = on_recording_timeline(transcript, Timeline(plan.jumps))
        files.files.put(files.job, name, to_bytes(transcript))

    def place(self, span: ChunkSpan) -> str:
        """See `JobKind.place`."""
        return f"The audio from {_clock(span.start)} to {_clock(span.end)}"

    def short_place(self, start: int, end: int) -> str:
        """See `JobKind.short_place`."""
        return f"{_clock(start)}-{_clock(end)}"


@dataclass(frozen=True, slots=True)
class _SplitAudio:
    """See `SplitInput`."""

    recording: Recording
    rule: CutRule
    source: JobInput

    def chunks(self) -> Iterator[InputChunk]:
        from audio_gateway.audio.encode import flac_file

        source = self.source
        with naming_field("file"):
            pcm = source.deadline.keep(source.watch.each(self._pcm()), _too_long())
            for chunk in cut(pcm, self.rule):
                span = ChunkSpan(chunk.start, chunk.end, chunk.overlap)
                yield InputChunk(span, flac_file((chunk.pcm,), CHUNK_SAMPLE_RATE))

    def plan(self, spans: Sequence[ChunkSpan]) -> JobPlan:
        return JobPlan(self.recording.duration_ms, tuple(spans), self.recording.timeline.jumps)

    def _pcm(self) -> Iterator[bytes]:
        """The samples; raises `WorkTooLong` when the time is up, also while nothing of them can be decoded."""
        try:
            yield from self.recording.pcm(CHUNK_SAMPLE_RATE, out_of_time=lambda: self.source.deadline.passed)
        except AudioTooLong as error:
            raise _too_long() from error


def cut_rule(request: TranscriptionRequest, model: Model) -> CutRule:
    """How a recording is cut for a model."""
    rule = CutRule(model.chunk_seconds, model.max_seconds, model.max_bytes)
    if request.response_format != "diarized_json":
        return rule
    overlap = min(_SPEAKERS_OVERLAP_S, rule.chunk_seconds / 4, rule.longest_seconds / 4)
    return CutRule(model.chunk_seconds, model.max_seconds, model.max_bytes, overlap)


def _most_seconds(request: TranscriptionRequest, model: Model) -> int:
    return surely_filled(cut_rule(request, model).usual_seconds)


def _transcripts(results: ChunkResults) -> Iterator[ChunkTranscript]:
    for number in results.numbers:
        span = results.plan.pieces[number]
        yield ChunkTranscript(span.start, span.end, from_bytes(results.files.result(number)))


def _too_long() -> WorkTooLong:
    message = "The audio is too long: it could not be read within 15 minutes. Send it in parts."
    return WorkTooLong(message)


def _span(seconds: int) -> str:
    if seconds >= _S_OF_AN_HOUR:
        return f"{seconds // _S_OF_AN_HOUR} h {seconds // 60 % 60} min"
    return f"{seconds // 60} min"


def _clock(samples: int) -> str:
    """A place in the recording as h:mm:ss."""
    seconds = samples // CHUNK_SAMPLE_RATE
    return f"{seconds // _S_OF_AN_HOUR}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
