"""The gateway's bucket in moto."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import boto3

from tests.unit.metering.tables import moto

BUCKET = "audio-in-passing"


@functools.cache
def _client() -> Any:
    """To make a client takes longer than most of its tests. It keeps the credentials, and moto all else."""
    return boto3.client("s3")


@contextlib.contextmanager
def bucket_in_moto() -> Iterator[Any]:
    """An AWS in memory that has nothing but the bucket: the bucket's client."""
    with moto():
        _client().create_bucket(Bucket=BUCKET)
        yield _client()
