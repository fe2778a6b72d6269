"""Jobs that speak a long text. A chunk is a part of the text as JSON, its result s16le mono samples at 24 kHz."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from audio_gateway.audio.formats import CONTENT_TYPES
from audio_gateway.catalog.models import Model
from audio_gateway.errors import WorkTooLong
from audio_gateway.jobs.plan import MOST_PIECES, ChunkSpan, JobPlan
from audio_gateway.text.split import split
from audio_gateway.text.visible import is_visible
from audio_gateway.use_cases.jobs.kinds.kind import (
    ChunkCall,
    ChunkResult,
    ChunkResults,
    InputChunk,
    JobInput,
    ModelAccess,
)
from audio_gateway.use_cases.jobs.kinds.limits import surely_filled
from audio_gateway.use_cases.jobs.watch import JobWatch
from audio_gateway.use_cases.speech import SpeechRequest, able_to_speak, speak_part

_MOST_CHARACTERS: Final = 4096  # of a part where the model has no limit: only parts can be done at the same time


class SpeechJobs:
    """See `JobKind`."""

    name: Final = "speech"

    def to_json(self, request: SpeechRequest) -> dict[str, Any]:
        """See `JobKind.to_json`."""
        return asdict(request)

    def from_json(self, stored: dict[str, Any]) -> SpeechRequest:
        """See `JobKind.from_json`."""
        return SpeechRequest(**stored)

    def able(self, request: SpeechRequest, models: ModelAccess) -> tuple[Model, ...]:
        """See `JobKind.able`."""
        return tuple(c.model for c in able_to_speak(request, catalog=models.catalog, providers=models.providers))

    def least_amount(self, request: SpeechRequest) -> int:
        """See `JobKind.least_amount`."""
        return len(request.text)

    def check_amount(self, request: SpeechRequest, model: Model, amount: int) -> None:
        """See `JobKind.check_amount`."""
        if amount > _most_characters(model):
            raise self.too_many_parts(request, model)

    def too_many_parts(self, _request: SpeechRequest, model: Model) -> WorkTooLong:
        """See `JobKind.too_many_parts`."""
        message = (
            f"'input' is too long for one job: the model '{model.id}' takes parts of {_characters_of_a_part(model)} "
            f"characters, and a job has at most {MOST_PIECES} parts. Send it in texts of at most "
            f"{_most_characters(model)} characters, or use a model that takes longer parts."
        )
        return WorkTooLong(message, param="input")

    def audio_field(self, _request: SpeechRequest) -> None:
        """See `JobKind.audio_field`."""

    def upload_id(self, _request: SpeechRequest) -> None:
        """See `JobKind.upload_id`."""

    def split(self, request: SpeechRequest, model: Model, source: JobInput) -> _SplitText:
        """See `JobKind.split`."""
        return _SplitText(request.text, _characters_of_a_part(model), source.watch)

    def work_on(self, request: SpeechRequest, chunk: InputChunk, call: ChunkCall) -> ChunkResult:
        """See `JobKind.work_on`."""
        part = replace(request, text=json.loads(chunk.data), format="pcm")
        able = able_to_speak(part, catalog=call.models.catalog, providers=call.models.providers)
        model, pcm = speak_part(part, call.context, able, call.models.providers, call.on_failure)
        return ChunkResult(model, pcm, len(pcm) // 2)

    def write_result(self, request: SpeechRequest, results: ChunkResults, name: str) -> None:
        """See `JobKind.write_result`."""
        from audio_gateway.audio.join import SpokenPart, join

        files = results.files
        samples = sum(files.size(number) for number in results.numbers)
        parts = (SpokenPart(files.read_result(number)) for number in results.numbers)
        audio = results.deadline.keep(join(parts, format=request.format, samples=samples), _too_long())
        files.files.put_stream(files.job, name, audio, CONTENT_TYPES[request.format])

    def place(self, span: ChunkSpan) -> str:
        """See `JobKind.place`."""
        return f"The text from character {span.start} to {span.end}"

    def short_place(self, start: int, end: int) -> str:
        """See `JobKind.short_place`."""
        return f"{start}-{end}"


@dataclass(frozen=True, slots=True)
class _SplitText:
    """See `SplitInput`."""

    text: str
    most_characters: int
    watch: JobWatch

    def chunks(self) -> Iterator[InputChunk]:
        at = 0
        for part in self.watch.each(split(self.text, self.most_characters)):
            if is_visible(part):  # blanks have nothing to speak, and nothing to pay
                yield InputChunk(ChunkSpan(at, at + len(part)), json.dumps(part).encode())
            at += len(part)

    def plan(self, spans: Sequence[ChunkSpan]) -> JobPlan:
        return JobPlan(sum(span.own for span in spans), tuple(spans))


def _characters_of_a_part(model: Model) -> int:
    return min(model.max_characters or _MOST_CHARACTERS, _MOST_CHARACTERS)


def _most_characters(model: Model) -> int:
    return surely_filled(_characters_of_a_part(model))


def _too_long() -> WorkTooLong:
    message = (
        "The speech is too long: it could not be joined to one file within 15 minutes. "
        "Use the format 'flac' or 'wav', which takes less time, or send the text in parts."
    )
    return WorkTooLong(message, param="input")
