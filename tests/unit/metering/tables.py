"""The gateway's table in moto."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws

from audio_gateway.aws.table import Table
from audio_gateway.metering.late_rows import LateRows
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.open_accounts import INDEX, LISTED
from audio_gateway.usage.watermark import Watermark
from tests.fakes.dynamodb_limits import (
    refuse_empty_parameters,
    refuse_empty_sets,
    refuse_long_expressions,
    refuse_wrong_expressions,
)

TABLE = "gateway"


def late_rows(client: Any, lateness: AllowedLateness, now_ms: Callable[[], int]) -> LateRows:
    return LateRows(client, TABLE, lateness, Watermark(Table(client, TABLE)), now_ms)


def create_table(client: Any, name: str = TABLE) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": LISTED, "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [{"AttributeName": LISTED, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


def _refuse_as_dynamodb(*, params: Any, **_: Any) -> None:
    """As DynamoDB does, and moto does not. It knows how large an item may be."""
    for one in (params, *(act for action in params.get("TransactItems", ()) for act in action.values())):
        refuse_long_expressions(one)
        refuse_empty_parameters(one)
        refuse_wrong_expressions(one)
        refuse_empty_sets(one)


@functools.cache
def _client() -> Any:
    """To make a client takes longer than most of its tests. It keeps the credentials, and moto all else."""
    client = boto3.client("dynamodb")
    client.meta.events.register("provide-client-params.dynamodb.*", _refuse_as_dynamodb)
    return client


def _without_requests() -> Any:
    """A thousand patterns less each time that moto starts: those for the library `requests`, which is not used here."""
    return mock.patch("moto.core.models.RESPONSES_METHODS", ())


@contextlib.contextmanager
def moto() -> Iterator[None]:
    """An AWS in memory that has nothing, and credentials for it."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with mock.patch.dict(os.environ, environment), _without_requests(), mock_aws():
        yield


@contextlib.contextmanager
def in_moto() -> Iterator[Any]:
    """An AWS in memory that has nothing but the table: the table's client, and credentials for others."""
    with moto():
        create_table(_client())
        yield _client()
