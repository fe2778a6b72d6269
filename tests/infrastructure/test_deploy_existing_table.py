"""make deploy checks the existing table that a stack will use; CloudFormation does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from audio_gateway.metering.open_accounts import INDEX
from scripts.deploy import existing_table
from scripts.deploy.existing_table import WrongTable
from tests.unit.metering.tables import create_table

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/restored"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.Session(region_name="eu-central-1")


def check(session: Any, wanted: str | None, present: str = "") -> None:
    given = {} if wanted is None else {existing_table.PARAMETER: wanted}
    existing_table.check(given, {existing_table.PARAMETER: present}, session)


def test_the_table_of_a_gateway_is_accepted(session: Any) -> None:
    create_table(session.client("dynamodb"), "restored")
    check(session, ARN)


def test_a_missing_table_is_refused(session: Any) -> None:
    with pytest.raises(WrongTable, match="the table restored does not exist in this account and region"):
        check(session, ARN)


def test_a_table_with_other_keys_is_refused(session: Any) -> None:
    session.client("dynamodb").create_table(
        TableName="restored",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    with pytest.raises(WrongTable, match=f"needs the keys pk and sk, and the index {INDEX}"):
        check(session, ARN)


@pytest.mark.parametrize(
    ("arn", "why"),
    [
        (ARN.replace("eu-central-1", "us-east-1"), "another region"),
        (ARN.replace("123456789012", "210987654321"), "another account"),
    ],
)
def test_a_table_in_another_region_or_account_is_refused(arn: str, why: str, session: Any) -> None:
    create_table(session.client("dynamodb"), "restored")
    with pytest.raises(WrongTable, match=why):
        check(session, arn)


def test_a_stack_does_not_replace_its_table_with_an_empty_one(session: Any) -> None:
    with pytest.raises(WrongTable, match="new, empty table: every key would be refused"):
        check(session, "", present=ARN)


@pytest.mark.parametrize(("wanted", "present"), [(None, ""), (None, ARN), ("", ""), (ARN, ARN)])
def test_an_unchanged_table_is_not_checked(wanted: str | None, present: str, session: Any) -> None:
    check(session, wanted, present)
