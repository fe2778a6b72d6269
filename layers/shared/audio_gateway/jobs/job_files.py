"""The files of jobs in the gateway's bucket: what was asked, its audio, what came of each chunk, and the result.

    jobs/<project id>/<job id>/order.json      what was asked: the only place where a job's text, prompt or names are
                               source          audio that came with the request
                               plan.json       where each chunk lies (jobs/plan.py)
                               chunks/<n>      a chunk of the input: FLAC, or text
                               parts/<n>       what came of it: a transcript, or samples
                               failed/<n>      why the last try at it failed; without meaning once there is a part
                               error.json      why the last try at another step failed
                               result          the transcript, or the speech
                               partial         of a cancelled job: as much of it as was done, and nothing else is left

The bucket's lifecycle rule removes all of it with the job.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.clients import aws_client, put_in_parts, remove_objects
from audio_gateway.errors import StorageUnavailable
from audio_gateway.storage.objects import ObjectAbsent, ObjectReader, SourceFile, absent, or_storage_unavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

    from audio_gateway.jobs.job import Job

PART_BYTES: Final = 8 * 1024 * 1024
"""Of a multipart upload: S3 takes 10,000 of them, and none below 5 MB but the last."""
READ_BYTES: Final = 1024 * 1024


def files_gone() -> StorageUnavailable:
    """What is raised where a file of a job must be there and is not."""
    return StorageUnavailable("The job's files do not exist: the job was deleted or has expired.")


_CONNECT_TIMEOUT_S: Final = 1.0
_READ_TIMEOUT_S: Final = 3.0
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 0.05  # between two tries, at most
LONGEST_READ_S: Final = _ATTEMPTS * max(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S) + _PAUSE_S
"""What it takes a request at most to find out that a file cannot be read: 6.05 s. The time-out is for each piece that
arrives, so that a large file may take longer."""


class JobFiles:
    """All jobs' files. Every call raises `StorageUnavailable` if the bucket cannot be read or written.

    `patient` is for the steps of jobs, for which nobody waits.
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

    def put(self, job: Job, name: str, data: bytes) -> SourceFile:
        """Write a small file, in place of one that is there; the file as a source."""
        key = _key(job, name)
        with or_storage_unavailable():
            written = self._client.put_object(Bucket=self._bucket, Key=key, Body=data)
        return SourceFile(key, written["ETag"], len(data))

    def get(self, job: Job, name: str) -> bytes | None:
        """A whole file; None if there is none."""
        key = _key(job, name)
        with or_storage_unavailable(), suppress(ObjectAbsent), absent(self._client, self._bucket, key):
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return None

    def has(self, job: Job, name: str) -> bool:
        """Whether there is such a file."""
        return self.find(job, name) is not None

    def find(self, job: Job, name: str) -> SourceFile | None:
        """The file as a source; None if there is none."""
        key = _key(job, name)
        with or_storage_unavailable(), suppress(ObjectAbsent):
            with absent(self._client, self._bucket, key):
                head = self._client.head_object(Bucket=self._bucket, Key=key)
            return SourceFile(key, head["ETag"], head["ContentLength"])
        return None

    def put_json(self, job: Job, name: str, value: Any) -> None:
        """Write a value as JSON. Lone surrogates, which JSON from callers may hold, survive."""
        self.put(job, name, json.dumps(value, separators=(",", ":")).encode())

    def get_json(self, job: Job, name: str) -> Any:
        """What `put_json` wrote; None if there is none."""
        data = self.get(job, name)
        return None if data is None else json.loads(data)

    def read(self, job: Job, name: str) -> Iterator[bytes]:
        """A file in pieces, read while they are asked for; raises `StorageUnavailable` if there is no such file."""
        found = self.find(job, name)
        if found is None:
            raise files_gone()
        reader = self.reader(found)
        for start in range(0, found.size, READ_BYTES):
            yield reader.read(start, min(start + READ_BYTES, found.size))

    def reader(self, source: SourceFile) -> ObjectReader:
        """Reads any part of an object, as long as it is the same one."""
        return ObjectReader(self._client, self._bucket, source)

    def put_stream(self, job: Job, name: str, pieces: Iterable[bytes], content_type: str) -> int:
        """Write a file of any size while it is made; answers its bytes. It is there once all of it is.

        Whatever `pieces` raises is raised, and then nothing is written.
        """
        key, parts = _key(job, name), _parts(pieces)
        first = next(parts, b"")
        with or_storage_unavailable():
            if len(first) == PART_BYTES:
                whole = chain((first,), parts)
                return put_in_parts(self._client, self._bucket, key, whole, ContentType=content_type)
            self._client.put_object(Bucket=self._bucket, Key=key, Body=first, ContentType=content_type)
            return len(first)

    def remove(self, job: Job, *, but: Collection[str] = ()) -> None:
        """Remove everything of a job, `but` for some files. Safe to repeat."""
        kept = {_key(job, name) for name in but}
        with or_storage_unavailable():
            remove_objects(self._client, self._bucket, _key(job, ""), but=kept)

    def discard(self, job: Job, *names: str) -> None:
        """Remove some files. Safe to repeat."""
        with or_storage_unavailable():
            for name in names:
                self._client.delete_object(Bucket=self._bucket, Key=_key(job, name))


def _key(job: Job, name: str) -> str:
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
