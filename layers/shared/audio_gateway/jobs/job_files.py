"""The files of jobs in the gateway's bucket: the request, its audio, the result of each chunk, and of the job.

    jobs/<project id>/<job id>/order.json      the request: the only place with a job's text, prompt or names
                               source          audio that came with the request
                               plan.json       the span of each chunk in the input (jobs/plan.py)
                               chunks/<n>      a chunk of the input: FLAC, or text
                               parts/<n>       its result: a transcript, or samples
                               done/<n>        the record that it is done: the model, and the size of the result
                               failed/<n>      why the last try at a task failed; meaningless once the task is done
                               error.json      why the last try at another step failed
                               result          the transcript, or the speech
                               partial         the same of a cancelled job, as far as it was done

The bucket's lifecycle rule removes them together with the job.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.clients import (
    ObjectAbsent,
    aws_client,
    map_aws_errors,
    map_object_errors,
    put_in_parts,
    remove_objects,
)
from audio_gateway.errors import StorageUnavailable
from audio_gateway.storage.objects import FILES_UNAVAILABLE, ObjectReader, SourceFile

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from audio_gateway.jobs.job import JobRef

PART_BYTES: Final = 8 * 1024 * 1024
"""The size of a part in a multipart upload. S3 takes up to 10,000 parts, of at least 5 MB except for the last."""
READ_BYTES: Final = 1024 * 1024


def files_gone() -> StorageUnavailable:
    """The error for a job's file that should exist and does not."""
    return StorageUnavailable("The job's files no longer exist: the job was deleted or has expired.")


_CONNECT_TIMEOUT_S: Final = 1.0
_READ_TIMEOUT_S: Final = 3.0
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # the longest between two tries
LONGEST_READ_S: Final = _ATTEMPTS * max(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S) + _PAUSE_S
"""The longest that a request takes to find out that a file cannot be read: 6.05 s. The timeout is for each piece that
arrives, so a large file may take longer."""


class JobFiles:
    """The files of all jobs. Every method raises `StorageUnavailable` if the bucket cannot be read or written.

    `patient` sets long timeouts: for the steps of jobs, where no caller waits for a response.
    """

    def __init__(self, bucket: str, *, patient: bool = True) -> None:
        self._bucket = bucket
        self._patient = patient

    @cached_property
    def _client(self) -> S3Client:
        if self._patient:
            patient: S3Client = aws_client("s3", connect_timeout=2, read_timeout=20, attempts=4)
            return patient
        client: S3Client = aws_client(
            "s3", connect_timeout=_CONNECT_TIMEOUT_S, read_timeout=_READ_TIMEOUT_S, attempts=_ATTEMPTS
        )
        return client

    def put(self, job: JobRef, name: str, data: bytes) -> SourceFile:
        """Write a small file, replacing an existing one; returns it as a source."""
        key = _key(job, name)
        with map_aws_errors(message=FILES_UNAVAILABLE):
            written = self._client.put_object(Bucket=self._bucket, Key=key, Body=data)
        return SourceFile(key, written["ETag"], len(data))

    def get(self, job: JobRef, name: str) -> bytes | None:
        """The whole file, None if it does not exist."""
        key = _key(job, name)
        with suppress(ObjectAbsent), map_object_errors(self._client, self._bucket, key, message=FILES_UNAVAILABLE):
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return None

    def has(self, job: JobRef, name: str) -> bool:
        """Whether the file exists."""
        return self.find(job, name) is not None

    def find(self, job: JobRef, name: str) -> SourceFile | None:
        """The file as a source; None if there is none."""
        key = _key(job, name)
        with suppress(ObjectAbsent):
            with map_object_errors(self._client, self._bucket, key, message=FILES_UNAVAILABLE):
                head = self._client.head_object(Bucket=self._bucket, Key=key)
            return SourceFile(key, head["ETag"], head["ContentLength"])
        return None

    def put_json(self, job: JobRef, name: str, value: Any) -> None:
        """Write a value as JSON. Lone surrogates, which may come in callers' JSON, are kept."""
        self.put(job, name, json.dumps(value, separators=(",", ":")).encode())

    def get_json(self, job: JobRef, name: str) -> Any:
        """The value that `put_json` wrote, None if the file does not exist."""
        data = self.get(job, name)
        return None if data is None else json.loads(data)

    def read(self, job: JobRef, name: str) -> Iterator[bytes]:
        """A file in pieces, each read when it is asked for. Raises `StorageUnavailable` if the file does not exist."""
        found = self.find(job, name)
        if found is None:
            raise files_gone()
        yield from self.pieces(found)

    def pieces(self, source: SourceFile) -> Iterator[bytes]:
        """An object in pieces, each read when it is asked for. Raises as `ObjectReader.read`."""
        reader = self.reader(source)
        for start in range(0, source.size, READ_BYTES):
            yield reader.read(start, min(start + READ_BYTES, source.size))

    def reader(self, source: SourceFile) -> ObjectReader:
        """A reader for any part of an object, as long as the object is unchanged."""
        return ObjectReader(self._client, self._bucket, source)

    def put_stream(self, job: JobRef, name: str, pieces: Iterable[bytes], content_type: str) -> int:
        """Write a file of any size while it is made; returns its size in bytes. It exists only once it is complete.

        Raises what `pieces` raises; nothing is written then.
        """
        key, parts = _key(job, name), _parts(pieces)
        first = next(parts, b"")
        with map_aws_errors(message=FILES_UNAVAILABLE):
            if len(first) == PART_BYTES:
                whole = chain((first,), parts)
                return put_in_parts(self._client, self._bucket, key, whole, ContentType=content_type)
            self._client.put_object(Bucket=self._bucket, Key=key, Body=first, ContentType=content_type)
            return len(first)

    def remove(self, job: JobRef, *, but: Collection[str] = ()) -> None:
        """Remove all files of a job except `but`. Safe to repeat."""
        kept = {_key(job, name) for name in but}
        with map_aws_errors(message=FILES_UNAVAILABLE):
            remove_objects(self._client, self._bucket, _key(job, ""), but=kept)

    def discard(self, job: JobRef, *names: str) -> None:
        """Remove some files. Safe to repeat."""
        with map_aws_errors(message=FILES_UNAVAILABLE):
            for name in names:
                self._client.delete_object(Bucket=self._bucket, Key=_key(job, name))


def _key(job: JobRef, name: str) -> str:
    return f"jobs/{job.project_id}/{job.id}/{name}"


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of `PART_BYTES`, the last one shorter."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    if held:
        yield bytes(held)
