"""The gateway's bucket in moto, beside its table."""

from __future__ import annotations

import functools
from typing import Any

import boto3
import pytest

from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["BUCKET", "TABLE", "bucket", "dynamodb"]

BUCKET = "audio-in-passing"


@functools.cache
def _client() -> Any:
    """To make a client takes longer than most of its tests. It keeps the credentials, and moto all else."""
    return boto3.client("s3")


@pytest.fixture
def bucket(dynamodb: Any) -> Any:
    _client().create_bucket(Bucket=BUCKET)
    return _client()
