"""Files of jobs in S3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from audio_gateway.audio.content import StoredContent
from audio_gateway.errors import InvalidRequest, StorageUnavailable
from audio_gateway.jobs import job_files
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles

pytestmark = pytest.mark.slow

BUCKET = "bucket"
JOB = Job("job_1", "default", "key_1", "speech", "tts", "queued", 0, 0)
OTHER = Job("job_12", "default", "key_1", "speech", "tts", "queued", 0, 0)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobFiles]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield JobFiles(BUCKET)


def test_a_file_is_read_as_it_was_written(files: JobFiles) -> None:
    files.put(JOB.ref, "chunks/0", b"one")
    files.put(JOB.ref, "chunks/0", b"two")
    assert files.get(JOB.ref, "chunks/0") == b"two"
    assert (files.get(JOB.ref, "chunks/1"), files.has(JOB.ref, "chunks/1")) == (None, False)
    value = {"text": "ü \udce4", "numbers": [1, None]}
    files.put_json(JOB.ref, "order.json", value)
    assert files.get_json(JOB.ref, "order.json") == value
    assert files.get_json(JOB.ref, "plan.json") is None


@pytest.mark.parametrize("size", [0, 10, 5_000_000, 5_242_880, 12_000_000])
def test_a_stream_of_any_size(files: JobFiles, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(job_files, "PART_BYTES", 5 * 1024 * 1024)
    data = bytes(range(256)) * (size // 256 + 1)
    pieces = (data[at : min(at + 65_537, size)] for at in range(0, size, 65_537))
    assert files.put_stream(JOB.ref, "result", pieces, "audio/mpeg") == size
    assert b"".join(files.read(JOB.ref, "result")) == data[:size]
    head = boto3.client("s3").head_object(Bucket=BUCKET, Key="jobs/default/job_1/result")
    assert head["ContentType"] == "audio/mpeg"


def test_files_that_s3_did_not_delete_are_an_error(files: JobFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    # S3 reports it in a response with the status 200.
    files.put(JOB.ref, "order.json", b"{}")
    kept = {"Errors": [{"Key": "jobs/default/job_1/order.json", "Code": "InternalError", "Message": ""}]}
    monkeypatch.setattr(files._client, "delete_objects", lambda **_: kept, raising=False)
    with pytest.raises(StorageUnavailable):
        files.remove(JOB.ref)


def test_an_interrupted_stream_leaves_nothing(files: JobFiles) -> None:
    def pieces() -> Iterator[bytes]:
        yield bytes(20_000_000)
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        files.put_stream(JOB.ref, "result", pieces(), "audio/mpeg")
    assert not files.has(JOB.ref, "result")
    assert "Uploads" not in boto3.client("s3").list_multipart_uploads(Bucket=BUCKET)


def test_ranges_of_a_source(files: JobFiles) -> None:
    data = bytes(range(256)) * 100
    written = files.put(JOB.ref, "source", data)
    assert files.find(JOB.ref, "source") == written
    reader = files.reader(written)
    assert (reader.size, reader.read(5, 300), reader.read(7, 7)) == (len(data), data[5:300], b"")
    content = StoredContent(reader, block_bytes=1000, blocks=2)
    assert content[990:2050] == data[990:2050]


def test_a_source_that_was_replaced_or_deleted_is_another_one(files: JobFiles) -> None:
    files.put(JOB.ref, "source", b"first")
    found = files.find(JOB.ref, "source")
    assert found is not None
    files.put(JOB.ref, "source", b"other")
    with pytest.raises(InvalidRequest, match="deleted or replaced"):
        files.reader(found).read(0, 5)
    files.remove(JOB.ref)
    with pytest.raises(InvalidRequest, match="deleted or replaced"):
        files.reader(found).read(0, 5)


def test_all_files_of_a_job_are_removed_and_no_others(files: JobFiles) -> None:
    for number in range(3):
        files.put(JOB.ref, f"chunks/{number}", b"x")
    files.put(OTHER.ref, "chunks/0", b"x")
    files.remove(JOB.ref)
    files.remove(JOB.ref)
    assert not any(files.has(JOB.ref, f"chunks/{number}") for number in range(3))
    assert files.has(OTHER.ref, "chunks/0")


def test_a_missing_bucket_is_worth_another_try(files: JobFiles) -> None:
    with pytest.raises(StorageUnavailable):
        JobFiles("no-such-bucket").put(JOB.ref, "result", b"")
