"""Roles on the running stack: the conditions of the template bite, as they do on AWS."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.infrastructure.template import rendered
from tests.stack.aws import aws_of

pytestmark = pytest.mark.stack

FOREIGN = "NOBODYS#1"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def table_statements() -> Iterator[Any]:
    """What each role may do with the table: (role, action, patterns of partitions)."""
    for role, resource in rendered().items():
        for policy in resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else ():
            for statement in policy["PolicyDocument"]["Statement"]:
                if "Table" not in str(statement["Resource"]):
                    continue
                patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
                for action in as_list(statement["Action"]):
                    yield pytest.param(role, action, patterns, id=f"{role}-{statement['Sid']}-{action}")


@pytest.fixture(scope="module")
def dynamodb_as(stack: dict[str, Any]) -> Any:
    """A client with the credentials of a role: `dynamodb_as("SpeechRole")`."""
    stack_name = "audio-gateway"
    roles = {
        found["LogicalResourceId"]: found["PhysicalResourceId"]
        for found in aws_of(stack, "cloudformation").describe_stack_resources(StackName=stack_name)["StackResources"]
    }
    account = aws_of(stack, "sts").get_caller_identity()["Account"]

    @functools.cache
    def client(role: str) -> Any:
        arn = f"arn:aws:iam::{account}:role/{roles[role]}"
        given = aws_of(stack, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            "dynamodb",
            endpoint_url=stack["aws_endpoint_url"],
            region_name=stack["region"],
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


def attempt(client: Any, table: str, action: str, partition: str) -> str:
    """What DynamoDB answers: the code of an error, or nothing. Nothing is written."""
    key = {"pk": {"S": partition}, "sk": {"S": "?"}}
    never = {"ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(pk)"}
    calls = {
        "GetItem": lambda: client.get_item(TableName=table, Key=key),
        "BatchGetItem": lambda: client.batch_get_item(RequestItems={table: {"Keys": [key]}}),
        "Query": lambda: client.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": key["pk"]},
            Limit=1,
        ),
        "PutItem": lambda: client.put_item(TableName=table, Item=key, **never),
        "UpdateItem": lambda: client.update_item(TableName=table, Key=key, **never),
        "DeleteItem": lambda: client.delete_item(TableName=table, Key=key, **never),
        "ConditionCheckItem": lambda: client.transact_write_items(
            TransactItems=[{"ConditionCheck": {"TableName": table, "Key": key, **never}}]
        ),
    }
    try:
        calls[action.removeprefix("dynamodb:")]()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize(("role", "action", "patterns"), list(table_statements()))
def test_a_role_reaches_the_partitions_that_its_condition_names_and_no_other(
    role: str, action: str, patterns: Any, stack: dict[str, Any], dynamodb_as: Any
) -> None:
    client = dynamodb_as(role)
    assert attempt(client, stack["table"], action, FOREIGN) == "AccessDeniedException"
    for pattern in as_list(patterns):
        assert attempt(client, stack["table"], action, pattern.replace("*", "x")) != "AccessDeniedException"
