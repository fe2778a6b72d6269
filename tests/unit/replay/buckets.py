"""The gateway's bucket in moto, beside its table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["BUCKET", "TABLE", "bucket", "dynamodb"]

BUCKET = "audio-in-passing"


@pytest.fixture
def bucket(dynamodb: Any) -> Iterator[Any]:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()
