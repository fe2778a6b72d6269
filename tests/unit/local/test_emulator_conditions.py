from __future__ import annotations

import json
import sys
import types
from typing import Any

import pytest

from local import emulator_conditions
from local.emulator_conditions import LEADING_KEYS, UNKNOWN, leading_keys

SCHEMA = [{"AttributeName": "sk", "KeyType": "RANGE"}, {"AttributeName": "pk", "KeyType": "HASH"}]
TABLES = {
    "books": {
        "KeySchema": SCHEMA,
        "GlobalSecondaryIndexes": [
            {"IndexName": "open", "KeySchema": [{"AttributeName": "shard", "KeyType": "HASH"}]},
        ],
    }
}
BUCKETS: dict[str, Any] = {"audio": {"objects": {"cache/there": {}}}}


def item(partition: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": "1"}}


def partition_key_of(table: str, index: str | None) -> str | None:
    return emulator_conditions._hash_key(TABLES.get(table), index)


@pytest.mark.parametrize(
    ("request_", "partitions"),
    [
        ({"TableName": "books", "Key": item("A#1")}, ["A#1"]),
        ({"TableName": "books", "Item": item("A#1") | {"text": {"S": "B#1"}}}, ["A#1"]),
        ({"TableName": "books", "Key": {"pk": {"N": "7"}}}, ["7"]),
        ({"RequestItems": {"books": {"Keys": [item("A#1"), item("B#1")]}}}, ["A#1", "B#1"]),
        (
            {
                "RequestItems": {
                    "books": [{"PutRequest": {"Item": item("A#1")}}, {"DeleteRequest": {"Key": item("B#1")}}]
                }
            },
            ["A#1", "B#1"],
        ),
        ({"TableName": "books"}, None),  # DescribeTable, Scan
    ],
)
def test_the_partitions_of_a_request_are_those_of_its_items(
    request_: dict[str, Any], partitions: list[str] | None
) -> None:
    assert leading_keys(request_, partition_key_of) == partitions


@pytest.mark.parametrize(
    ("condition", "index", "partitions"),
    [
        ("pk = :p", None, ["A#1"]),
        ("#k = :p AND begins_with(sk, :s)", None, ["A#1"]),
        ("(sk BETWEEN :s AND :p) AND (pk=:p)", None, ["A#1"]),
        ("shard = :s", "open", ["B#1"]),
        ("pk = :p", "open", [UNKNOWN]),  # not the partition key of this index
        ("sk >= :s", None, [UNKNOWN]),
    ],
)
def test_the_partition_of_a_query_is_that_of_its_key_condition(
    condition: str, index: str | None, partitions: list[str]
) -> None:
    query = {
        "TableName": "books",
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": {"#k": "pk"},
        "ExpressionAttributeValues": {":p": {"S": "A#1"}, ":s": {"S": "B#1"}},
    } | ({"IndexName": index} if index else {})
    assert leading_keys(query, partition_key_of) == partitions


@pytest.mark.parametrize(
    "request_",
    [
        {"TableName": "elsewhere", "Key": item("A#1")},
        {"TableName": "books", "Key": {"sk": {"S": "A#1"}}},
        {"TableName": "books", "Key": "A#1"},
        {"TableName": "books", "KeyConditionExpression": "pk = :p"},
    ],
)
def test_an_unknown_partition_matches_no_condition(request_: dict[str, Any]) -> None:
    assert leading_keys(request_, partition_key_of) == [UNKNOWN]


class FakeMiniStack:
    """The replaced functions of MiniStack. Records the authorised actions."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.forbidden: set[str] = set()

        def enforce(
            access_key_id: str,
            iam_action: str,
            service: str,
            region: str,
            resource_arn: str = "*",
            service_context: dict[str, Any] | None = None,
        ) -> str | None:
            self.asked.append((iam_action, str(resource_arn), service_context or {}))
            return f"no {iam_action}" if iam_action in self.forbidden else None

        def dynamodb_transaction_checks(
            iam_action: str, body: bytes, region: str, account_id: str
        ) -> list[tuple[str, str]]:
            actions = {"Put": "dynamodb:PutItem", "ConditionCheck": "dynamodb:ConditionCheckItem"}
            return [
                (actions[member], f"arn:{detail['TableName']}")
                for part in json.loads(body)["TransactItems"]
                for member, detail in part.items()
            ]

        def dynamodb_service_context(body: bytes) -> dict[str, Any]:
            return {"dynamodb:Select": "ALL_ATTRIBUTES"}

        self.actions = types.SimpleNamespace(
            __name__="ministack.core.iam_actions",
            dynamodb_service_context=dynamodb_service_context,
            dynamodb_transaction_checks=dynamodb_transaction_checks,
        )
        self.evaluator = types.SimpleNamespace(__name__="ministack.core.iam_evaluator", enforce=enforce)
        self.dynamodb = types.SimpleNamespace(__name__="ministack.services.dynamodb", _tables=TABLES)
        self.s3 = types.SimpleNamespace(__name__="ministack.services.s3", _buckets=BUCKETS)


@pytest.fixture
def ministack(monkeypatch: pytest.MonkeyPatch) -> FakeMiniStack:
    made = FakeMiniStack()
    core, services = types.ModuleType("ministack.core"), types.ModuleType("ministack.services")
    vars(core).update(iam_actions=made.actions, iam_evaluator=made.evaluator)
    vars(services).update(dynamodb=made.dynamodb, s3=made.s3)
    for name, module in (
        ("ministack", types.ModuleType("ministack")),
        ("ministack.core", core),
        ("ministack.services", services),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    return made


def test_the_context_of_a_request_also_has_its_partitions(ministack: FakeMiniStack) -> None:
    emulator_conditions.install()
    context = ministack.actions.dynamodb_service_context
    assert context(json.dumps({"TableName": "books", "Key": item("A#1")}).encode()) == {
        "dynamodb:Select": "ALL_ATTRIBUTES",
        LEADING_KEYS: ["A#1"],
    }
    assert context(b"not JSON") == {"dynamodb:Select": "ALL_ATTRIBUTES"}


def test_each_item_of_a_transaction_is_authorised_with_its_own_partition(ministack: FakeMiniStack) -> None:
    emulator_conditions.install()
    body = {
        "TransactItems": [
            {"ConditionCheck": {"TableName": "books", "Key": item("A#1")}},
            {"Put": {"TableName": "books", "Item": item("B#1")}},
        ]
    }
    checks = ministack.actions.dynamodb_transaction_checks(
        "dynamodb:TransactWriteItems", json.dumps(body).encode(), "us-east-1", "0"
    )
    for action, arn in checks:
        ministack.evaluator.enforce("key", action, "dynamodb", "us-east-1", arn, {"dynamodb:Select": "x"})

    assert [(action, arn, context[LEADING_KEYS]) for action, arn, context in ministack.asked] == [
        ("dynamodb:ConditionCheckItem", "arn:books", ["A#1"]),
        ("dynamodb:PutItem", "arn:books", ["B#1"]),
    ]


@pytest.mark.parametrize("action", ["Scan", "GetItem", "BatchWriteItem", "PartiQLSelect", "ExecuteStatement"])
def test_every_data_operation_has_a_partition(ministack: FakeMiniStack, action: str) -> None:
    emulator_conditions.install()
    ministack.evaluator.enforce("key", f"dynamodb:{action}", "dynamodb", "us-east-1")
    ministack.evaluator.enforce("key", "dynamodb:DescribeTable", "dynamodb", "us-east-1")
    assert [context for _, _, context in ministack.asked] == [{LEADING_KEYS: [UNKNOWN]}, {}]


def test_a_missing_object_is_a_denial_without_the_right_to_list(ministack: FakeMiniStack) -> None:
    emulator_conditions.install()

    def get(key: str) -> str | None:
        answer: str | None = ministack.evaluator.enforce(
            "k", "s3:GetObject", "s3", "eu-west-1", f"arn:aws:s3:::audio/{key}"
        )
        return answer

    assert get("cache/there") is None
    assert get("cache/gone") is None
    assert ministack.asked[-1] == ("s3:ListBucket", "arn:aws:s3:::audio", {"s3:prefix": "cache/gone"})
    ministack.forbidden = {"s3:ListBucket"}
    assert get("cache/there") is None
    assert get("cache/gone") == "no s3:ListBucket"
    ministack.forbidden = {"s3:GetObject"}
    assert get("cache/there") == "no s3:GetObject"


@pytest.mark.parametrize(
    ("where", "name", "now"),
    [
        ("evaluator", "enforce", None),
        ("evaluator", "enforce", lambda request: request),
        ("actions", "dynamodb_transaction_checks", None),
        ("dynamodb", "_tables", None),
        ("s3", "_buckets", None),
    ],
)
def test_another_version_of_ministack_is_refused(ministack: FakeMiniStack, where: str, name: str, now: Any) -> None:
    module = getattr(ministack, where)
    if now is None:
        delattr(module, name)
    else:
        setattr(module, name, now)

    with pytest.raises(SystemExit, match=rf"lacks the expected ministack\.\w+\.\w+\.{name}; install"):
        emulator_conditions.install()
