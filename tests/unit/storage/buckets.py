"""The gateway's bucket in moto."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.unit.metering.tables import TABLE, dynamodb, moto

__all__ = ["BUCKET", "TABLE", "bucket", "dynamodb"]

BUCKET = "audio-in-passing"


@functools.cache
def _client() -> Any:
    """To make a client takes longer than most of its tests. It keeps the credentials, and moto all else."""
    return boto3.client("s3")


@pytest.fixture
def bucket() -> Iterator[Any]:
    with moto():
        _client().create_bucket(Bucket=BUCKET)
        yield _client()
