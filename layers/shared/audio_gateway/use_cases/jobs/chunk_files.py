"""The files of a job's chunks: the input of each, its result, and the record that it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from audio_gateway.jobs.job import JobError, JobRef
from audio_gateway.jobs.job_files import JobFiles, files_gone


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """The record of a chunk that is done: the model that did it, and the size of the result in samples of sound."""

    model: str
    size: int


@dataclass(frozen=True, slots=True)
class ChunkFiles:
    """The files of one job's chunks. Every method raises `StorageUnavailable` if the bucket cannot be used."""

    files: JobFiles
    job: JobRef

    def put_input(self, number: int, data: bytes) -> None:
        """Write a chunk of the input."""
        self.files.put(self.job, f"chunks/{number}", data)

    def input(self, number: int) -> bytes:
        """A chunk of the input; raises `StorageUnavailable` also if it does not exist."""
        return self._existing(f"chunks/{number}")

    def put_result(self, number: int, data: bytes, record: ChunkRecord) -> None:
        """Write a chunk's result, then the record: if that exists, the result does."""
        self.files.put(self.job, _result(number), data)
        self.files.put_json(self.job, _record(number), asdict(record))

    def result(self, number: int) -> bytes:
        """A chunk's result; raises `StorageUnavailable` also if it does not exist."""
        return self._existing(_result(number))

    def read_result(self, number: int) -> Iterator[bytes]:
        """A chunk's result in pieces, each read when it is asked for."""
        return self.files.read(self.job, _result(number))

    def record(self, number: int) -> ChunkRecord | None:
        """The record of a chunk, None if the chunk is not done."""
        stored = self.files.get_json(self.job, _record(number))
        return None if stored is None else ChunkRecord(**stored)

    def size(self, number: int) -> int:
        """The size of a chunk that is done; raises `StorageUnavailable` also if its record does not exist."""
        record = self.record(number)
        if record is None:
            raise files_gone()
        return record.size

    def discard(self, number: int) -> None:
        """Remove a chunk's result and record. Safe to repeat."""
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
