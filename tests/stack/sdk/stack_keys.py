"""Keys put into a running stack's table, as the operator's tools would."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import boto3

from audio_gateway.metering.key_store import KeyStore
from audio_gateway.metering.keys import KeyKind, hash_key, new_key

UPSTREAM_KEY = "sk-of-the-operator-at-the-upstream"
"""The operator's key at the fake upstream."""


def add_key(stack: dict[str, Any], value: str | None = None, kind: KeyKind = "api", **fields: Any) -> str:
    """Store a key, of this value or a random one, with some fields of its record changed; returns the value."""
    made = new_key(kind, name="of a test", now_s=int(time.time()))
    value = value or made.value
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=stack["aws_endpoint_url"],
        region_name=stack["region"],
        aws_access_key_id=stack["aws_access_key_id"],
        aws_secret_access_key=stack["aws_secret_access_key"],
    )
    try:
        KeyStore(dynamodb, stack["table"]).put(replace(made.record, sha256=hash_key(value), **fields))
    finally:
        dynamodb.close()
    return value
