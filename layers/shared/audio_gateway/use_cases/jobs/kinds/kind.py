"""What a kind of job does differently from other kinds. The steps of a job are the same for all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from audio_gateway.catalog.models import Catalog, Endpoint, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import WorkTooLong
from audio_gateway.jobs.plan import ChunkSpan, JobPlan
from audio_gateway.storage.objects import ObjectReader
from audio_gateway.use_cases.fallback import AdapterFactory, OnFailure
from audio_gateway.use_cases.jobs.chunk_files import ChunkFiles
from audio_gateway.use_cases.jobs.watch import JobWatch
from audio_gateway.use_cases.reservation import RequestContext


class WorkRequest(Protocol):
    """A validated request that may become a job."""

    @property
    def model(self) -> str:
        """The model that the caller named."""
        ...

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that answers it."""
        ...


R = TypeVar("R", bound=WorkRequest)


class ModelAccess(Protocol):
    """The models that are served, and their providers."""

    @property
    def catalog(self) -> Catalog:
        """The catalogue with the models."""
        ...

    @property
    def providers(self) -> AdapterFactory:
        """The adapters of their providers."""
        ...


@dataclass(frozen=True, slots=True)
class JobInput:
    """The input of a job that is being prepared. `file` is the file that came with the request, or that it names.

    A split that takes long passes its pieces through `watch`, and ends at the `deadline`.
    """

    file: ObjectReader | None
    watch: JobWatch
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class InputChunk:
    """A chunk of the input: its span, and the content of its file."""

    span: ChunkSpan
    data: bytes


class SplitInput(Protocol):
    """Input that is split into chunks while it is read."""

    def chunks(self) -> Iterator[InputChunk]:
        """All chunks, in order."""
        ...

    def plan(self, spans: Sequence[ChunkSpan]) -> JobPlan:
        """The plan of the chunks with these spans, after all chunks were read."""
        ...


@dataclass(frozen=True, slots=True)
class ChunkCall:
    """How a chunk is done: by which models, and until when. `on_failure` is called for each model that fails."""

    context: RequestContext
    models: ModelAccess
    on_failure: OnFailure


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The result of a chunk, and the model that made it. `size` is its length in samples."""

    model: Model
    data: bytes
    size: int


@dataclass(frozen=True, slots=True)
class ChunkResults:
    """The results of the chunks `numbers`, which are to be joined before the `deadline`."""

    files: ChunkFiles
    plan: JobPlan
    numbers: Sequence[int]
    deadline: Deadline


class JobKind(Protocol[R]):
    """A kind of job, whose requests are `R`."""

    @property
    def name(self) -> str:
        """Its name in `order.json`."""
        ...

    def to_json(self, request: R) -> dict[str, Any]:
        """A request as it is stored, without audio."""
        ...

    def from_json(self, stored: dict[str, Any]) -> R:
        """The request that `to_json` gave."""
        ...

    def able(self, request: R, models: ModelAccess) -> tuple[Model, ...]:
        """The model and its fallbacks that can do the request, whatever its amount.

        Raises:
            UnknownModel, InvalidRequest: the model that the caller named cannot.
        """
        ...

    def least_amount(self, request: R, /) -> int:
        """The least amount that it can be, before its input is read: characters, or milliseconds of audio."""
        ...

    def check_amount(self, request: R, model: Model, amount: int) -> None:
        """Raises `WorkTooLong` for more than one job takes."""
        ...

    def too_many_parts(self, request: R, model: Model, /) -> WorkTooLong:
        """The error for input that has more parts than one job takes."""
        ...

    def audio_field(self, request: R, /) -> str | None:
        """The field that brought the audio; None for a kind that has none."""
        ...

    def upload_id(self, request: R, /) -> str | None:
        """The upload that brought the input, if one did."""
        ...

    def split(self, request: R, model: Model, source: JobInput) -> SplitInput:
        """Split the input into chunks that the model takes.

        Raises, also while the chunks are read:
            InvalidAudio, InvalidRequest, WorkTooLong: this input will never do.
            JobIsOver: see `JobWatch.each`.
            StorageUnavailable: worth another try.
        """
        ...

    def work_on(self, request: R, chunk: InputChunk, call: ChunkCall) -> ChunkResult:
        """Have one chunk done by the first model that completes it; raises `ProviderError`."""
        ...

    def write_result(self, request: R, results: ChunkResults, name: str) -> None:
        """Join the results of chunks to one file of the job.

        Raises:
            WorkTooLong: that takes longer than there is time.
            StorageUnavailable: worth another try.
        """
        ...

    def place(self, span: ChunkSpan) -> str:
        """A chunk's place as the subject of a sentence."""
        ...

    def short_place(self, start: int, end: int) -> str:
        """A stretch of the input, as an entry of a list."""
        ...
