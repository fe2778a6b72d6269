"""The table of tests refuses what DynamoDB refuses and moto takes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.metering.tables import TABLE

KEY = {"pk": {"S": "ACCOUNT#key_1"}, "sk": {"S": "0"}}
ONE = {":one": {"N": "1"}}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"UpdateExpression": "ADD bytes_sent :one", "ConditionExpression": "status = :one"}, "keyword: status"),
        ({"UpdateExpression": "SET total.Count = :one"}, "keyword: (total|Count)"),
        ({"UpdateExpression": "SET a = :one, b = :two"}, "':two'"),
        ({"UpdateExpression": "SET a = :one", "ExpressionAttributeNames": {"#b": "b"}}, "'#b'"),
        ({"UpdateExpression": "SET a = :one", "ExpressionAttributeNames": {}}, "not be empty"),
        ({"UpdateExpression": "ADD a :one", "ExpressionAttributeValues": {":one": {"SS": []}}}, "not be empty|may not"),
        (
            {"UpdateExpression": "SET a = :one", "ConditionExpression": " OR ".join(["a = :one"] * 151)},
            "too many operators",
        ),
        ({"UpdateExpression": "SET a = :one", "ConditionExpression": "x" * 4_097}, "exceeded the maximum"),
    ],
)
def test_an_update_that_dynamodb_refuses_is_refused(arguments: dict[str, Any], why: str, moto_dynamodb: Any) -> None:
    whole = {"TableName": TABLE, "Key": KEY, "ExpressionAttributeValues": ONE} | arguments
    with pytest.raises(ClientError, match=why):
        moto_dynamodb.update_item(**whole)
    with pytest.raises(ClientError, match=why):
        moto_dynamodb.transact_write_items(TransactItems=[{"Update": whole}])


def test_as_many_operators_as_there_may_be_are_taken(moto_dynamodb: Any) -> None:
    moto_dynamodb.update_item(
        TableName=TABLE,
        Key=KEY,
        UpdateExpression="SET a = :one",
        ConditionExpression=" OR ".join(["attribute_not_exists(a)"] * 149 + ["a <> :one"]),
        ExpressionAttributeValues=ONE,
    )
