"""The files of a job's chunks: the input of each, what came of it, and the record that it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from audio_gateway.jobs.job import JobError, JobRef
from audio_gateway.jobs.job_files import JobFiles, files_gone


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """What is recorded of a chunk that is done: the model that did it, and the samples of speech that it is long."""

    model: str
    size: int


@dataclass(frozen=True, slots=True)
class ChunkFiles:
    """The files of one job's chunks. Every call raises `StorageUnavailable` if the bucket cannot be used."""

    files: JobFiles
    job: JobRef

    def put_input(self, number: int, data: bytes) -> None:
        """Write a chunk of the input."""
        self.files.put(self.job, f"chunks/{number}", data)

    def input(self, number: int) -> bytes:
        """A chunk of the input; raises `StorageUnavailable` also if it is gone."""
        return self._existing(f"chunks/{number}")

    def put_result(self, number: int, data: bytes, record: ChunkRecord) -> None:
        """Write what came of a chunk, then the record: where that exists, the result does."""
        self.files.put(self.job, _result(number), data)
        self.files.put_json(self.job, _record(number), asdict(record))

    def result(self, number: int) -> bytes:
        """What came of a chunk; raises `StorageUnavailable` also if it is gone."""
        return self._existing(_result(number))

    def read_result(self, number: int) -> Iterator[bytes]:
        """The same, in pieces that are read when they are asked for."""
        return self.files.read(self.job, _result(number))

    def record(self, number: int) -> ChunkRecord | None:
        """The record of a chunk that is done; None for one that is not."""
        stored = self.files.get_json(self.job, _record(number))
        return None if stored is None else ChunkRecord(**stored)

    def size(self, number: int) -> int:
        """The size of a chunk that is done; raises `StorageUnavailable` also if its record is gone."""
        record = self.record(number)
        if record is None:
            raise files_gone()
        return record.size

    def discard(self, number: int) -> None:
        """Remove what came of a chunk. Safe to repeat."""
        self.files.discard(self.job, _record(number), _result(number))

    def error(self, task: int) -> JobError | None:
        """Why the last try at a task failed; None if none has."""
        stored = self.files.get_json(self.job, error_file(task))
        return None if stored is None else JobError(**stored)

    def _existing(self, name: str) -> bytes:
        data = self.files.get(self.job, name)
        if data is None:
            raise files_gone()
        return data


def error_file(task: int) -> str:
    """The file with the error of the last try at a task."""
    return f"failed/{task}"


def _result(number: int) -> str:
    return f"parts/{number}"


def _record(number: int) -> str:
    return f"done/{number}"
