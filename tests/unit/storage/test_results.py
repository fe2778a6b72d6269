"""Answers that go to the bucket (moto)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from audio_gateway.errors import StorageUnavailable
from audio_gateway.storage.results import ResultStore


def test_a_bucket_that_takes_nothing_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        results = ResultStore("no-such-bucket")
        with pytest.raises(StorageUnavailable):
            results.put(b"RIFF", "audio/wav", project_id="p1")
        with pytest.raises(StorageUnavailable):
            results.put_parts(iter([b"a,b"]), "text/csv", owner="organization", filename="a.csv")


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_an_answer_is_stored_under_its_project_and_linked_for_a_short_time(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    with mock_aws():
        s3 = boto3.client("s3")
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket="answers", **where)  # the region is a literal for its types
        results = ResultStore("answers")
        url = urlsplit(results.link(results.put(b"RIFF", "audio/wav", project_id="p1")))
        stored = s3.get_object(Bucket="answers", Key=url.path[1:])
        assert (stored["Body"].read(), stored["ContentType"]) == (b"RIFF", "audio/wav")
    assert url.netloc == f"answers.s3.{region}.amazonaws.com"
    assert url.path.startswith("/results/p1/")
    assert parse_qs(url.query)["X-Amz-Expires"] == ["900"]
