"""Keys put into a running stack's table, as the operator's tools would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from audio_gateway.identity.directory import Directory
from audio_gateway.identity.directory_items import DEFAULT_PROJECT
from audio_gateway.identity.keys import KeyKind, KeyStatus
from audio_gateway.metering.limits import limits_from_api
from tests.stack.aws import aws_of

UPSTREAM_KEY = "sk-of-the-operator-at-the-upstream"
"""The operator's key at the fake upstream."""


@contextmanager
def dynamodb_of(stack: dict[str, Any]) -> Iterator[Any]:
    """A client of a running stack's DynamoDB."""
    dynamodb = aws_of(stack, "dynamodb")
    try:
        yield dynamodb
    finally:
        dynamodb.close()


@contextmanager
def directory_of(stack: dict[str, Any]) -> Iterator[Directory]:
    """The directory in a running stack's table."""
    with dynamodb_of(stack) as dynamodb:
        yield Directory(dynamodb, stack["table"])


def add_key(
    stack: dict[str, Any],
    value: str | None = None,
    kind: KeyKind = "api",
    *,
    status: KeyStatus = "active",
    limits: dict[str, Any] | None = None,
    project_id: str = DEFAULT_PROJECT,
) -> str:
    """Create a key, of this value or a random one, with limits as in a request body; returns the value."""
    with directory_of(stack) as directory:
        if kind == "admin":
            key = directory.admin_keys.create("of a test", value=value)
        else:
            key = directory.api_keys.create(
                "of a test", project_id=project_id, limits=limits_from_api(limits or {}), value=value
            )
        if status == "disabled":
            directory.api_keys.disable(key.record.id)
    return key.value
