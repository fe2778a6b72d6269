"""Roles on the running stack: the conditions of the template bite, as they do on AWS."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.infrastructure.template import source
from tests.stack.aws import aws_of

pytestmark = pytest.mark.stack

FOREIGN = "NOBODYS#1"


def resources() -> dict[str, Any]:
    """As they are written, which for roles and the table is as CloudFormation gets them: to render them takes longer.

    Every process of a run of all tests reads this.
    """
    found: dict[str, Any] = source()["Resources"]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def table_statements() -> Iterator[Any]:
    """What each role may do with the table or an index of it: (role, action, index, patterns of partitions)."""
    for role, resource in resources().items():
        for policy in resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else ():
            for statement in policy["PolicyDocument"]["Statement"]:
                if "Table" not in str(statement["Resource"]):
                    continue
                _, made, _ = statement["Resource"]["Fn::If"]  # the local stack makes its table
                _, _, index = str(made.get("Fn::Sub", "")).partition("/index/")
                patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
                for action in as_list(statement["Action"]):
                    yield pytest.param(role, action, index, patterns, id=f"{role}-{statement['Sid']}-{action}")


def listings() -> Iterator[Any]:
    """The prefixes of the bucket that each role may list: (role, patterns of keys)."""
    for role, resource in resources().items():
        for policy in resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else ():
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Action"] == "s3:ListBucket":
                    yield pytest.param(role, statement["Condition"]["StringLike"]["s3:prefix"], id=role)


@pytest.fixture(scope="module")
def client_as(stack: dict[str, Any]) -> Any:
    """A client with the credentials of a role: `client_as("SpeechRole", "dynamodb")`."""
    stack_name = "audio-gateway"
    roles = {
        found["LogicalResourceId"]: found["PhysicalResourceId"]
        for found in aws_of(stack, "cloudformation").describe_stack_resources(StackName=stack_name)["StackResources"]
    }
    account = aws_of(stack, "sts").get_caller_identity()["Account"]

    @functools.cache
    def client(role: str, service: str) -> Any:
        arn = f"arn:aws:iam::{account}:role/{roles[role]}"
        given = aws_of(stack, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            endpoint_url=stack["aws_endpoint_url"],
            region_name=stack["region"],
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


def partition_key(index: str) -> str:
    (table,) = (found["Properties"] for found in resources().values() if found["Type"] == "AWS::DynamoDB::Table")
    described = {"": table} | {each["IndexName"]: each for each in table.get("GlobalSecondaryIndexes", ())}
    return next(part["AttributeName"] for part in described[index]["KeySchema"] if part["KeyType"] == "HASH")


def attempt(client: Any, table: str, action: str, index: str, partition: str) -> str:
    """What DynamoDB answers: the code of an error, or nothing. Nothing is written."""
    key = {"pk": {"S": partition}, "sk": {"S": "?"}}
    never = {"ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(pk)"}
    calls = {
        "GetItem": lambda: client.get_item(TableName=table, Key=key),
        "BatchGetItem": lambda: client.batch_get_item(RequestItems={table: {"Keys": [key]}}),
        "Query": lambda: client.query(
            TableName=table,
            KeyConditionExpression="#key = :partition",
            ExpressionAttributeNames={"#key": partition_key(index)},
            ExpressionAttributeValues={":partition": key["pk"]},
            **({"IndexName": index} if index else {}),
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


@pytest.mark.parametrize(("role", "action", "index", "patterns"), list(table_statements()))
def test_a_role_reaches_the_partitions_that_its_condition_names_and_no_other(
    role: str, action: str, index: str, patterns: Any, stack: dict[str, Any], client_as: Any
) -> None:
    client = client_as(role, "dynamodb")
    assert attempt(client, stack["table"], action, index, FOREIGN) == "AccessDeniedException"
    for pattern in as_list(patterns):
        assert attempt(client, stack["table"], action, index, pattern.replace("*", "x")) != "AccessDeniedException"


@pytest.mark.parametrize(("role", "patterns"), list(listings()))
def test_a_role_lists_objects_below_its_prefixes_and_nowhere_else(
    role: str, patterns: list[str], stack: dict[str, Any], client_as: Any
) -> None:
    client = client_as(role, "s3")
    for prefix in ("", "nobodys/", patterns[0].removesuffix("/*")):
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.list_objects_v2(Bucket=stack["bucket"], Prefix=prefix)
    for pattern in patterns:
        client.list_objects_v2(Bucket=stack["bucket"], Prefix=pattern.replace("*", "a-project/"))


def test_a_missing_object_is_a_404_to_roles_that_may_list_it_and_a_403_to_others(
    stack: dict[str, Any], client_as: Any
) -> None:
    def read(role: str, key: str) -> str:
        client = client_as(role, "s3")
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.get_object(Bucket=stack["bucket"], Key=key)
        return str(caught.value.response["Error"]["Code"])

    assert read("SpeechRole", "answers/p/gone") == "NoSuchKey"
    assert read("SpeechRole", "results/p/gone") == "AccessDenied"  # it may read it, if it is there
