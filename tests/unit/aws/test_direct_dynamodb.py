"""The direct DynamoDB calls give what botocore gives for the same answers, and send what it sends."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from audio_gateway.aws.direct_dynamodb import DirectDynamoDB
from audio_gateway.aws.dynamodb import dynamodb_client, patient_dynamodb_client
from tests.fakes.faulty_aws import SERVER_ERROR, Answer, FaultyAws, Request, hang_up

KEY: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "Gr\u00fc\u00dfe"}}
CALLS: dict[str, dict[str, Any]] = {
    "get_item": {"TableName": "gateway", "Key": KEY, "ConsistentRead": True},
    "put_item": {"TableName": "gateway", "Item": KEY | {"n": {"N": "1.5"}, "l": {"L": [{"BOOL": True}]}}},
    "update_item": {
        "TableName": "gateway",
        "Key": KEY,
        "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": {"M": {"x": {"NULL": True}}}},
        "ReturnValues": "ALL_NEW",
    },
    "delete_item": {"TableName": "gateway", "Key": KEY},
}
ITEM = {"pk": {"S": "a"}, "n": {"N": "12"}, "m": {"M": {"x": {"S": "\u00fc"}}}}
ANSWERS: dict[str, tuple[int, dict[str, Any] | bytes]] = {
    "an item": (200, {"Item": ITEM}),
    "attributes": (200, {"Attributes": ITEM}),
    "nothing": (200, {}),
    "a failed condition": (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "no",
            "Item": ITEM,
        },
    ),
    "a missing table": (400, {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": ""}),
    "a wrong parameter": (400, {"__type": "com.amazon.coral.validate#ValidationException", "Message": "wrong"}),
    "no right": (400, {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}),
    "a refusal without JSON": (413, b"<html>"),
    "a failure without JSON": (503, b""),
}
ONLY_FOR = {
    "an item": {"get_item"},
    "attributes": {"put_item", "update_item", "delete_item"},
    "a failed condition": {"put_item", "update_item", "delete_item"},
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    with FaultyAws() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.setenv(name, "testing")
        for name in ("_READ_TIMEOUT_S", "_CONNECT_TIMEOUT_S"):  # the server is in this process
            monkeypatch.setattr(f"audio_gateway.aws.dynamodb.{name}", 5.0)
        yield aws


@pytest.fixture
def client(aws: FaultyAws) -> Iterator[Any]:
    made: Any = dynamodb_client()
    assert isinstance(made, DirectDynamoDB)
    yield made
    made.close()


@pytest.fixture
def of_botocore(aws: FaultyAws) -> Iterator[Any]:
    made = patient_dynamodb_client(attempts=2)
    yield made
    made.close()


def answer(status: int, body: bytes, *more: tuple[str, str]) -> Answer:
    headers = [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-RequestId", "REQUEST"), *more]
    return Answer(status, "Said", headers, body)


def outcome(client: Any, call: str) -> tuple[Any, ...]:
    kind = named = ""
    content: Any
    try:
        content = getattr(client, call)(**CALLS[call])
    except ClientError as error:
        content, kind, named = error.response, type(error).__name__, error.operation_name
    metadata = content.pop("ResponseMetadata")
    return kind, named, content, {name: metadata.get(name) for name in ("RequestId", "HTTPStatusCode", "RetryAttempts")}


@pytest.mark.parametrize(
    ("name", "call"),
    [(name, call) for name in ANSWERS for call in CALLS if call in ONLY_FOR.get(name, CALLS)],
)
def test_an_answer_is_read_as_botocore_reads_it(
    aws: FaultyAws, client: Any, of_botocore: Any, name: str, call: str
) -> None:
    status, content = ANSWERS[name]
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    aws.fault(lambda _: answer(status, body, ("x-amz-crc32", str(zlib.crc32(body)))), times=None)
    kind, named, found, metadata = outcome(client, call)
    expected = outcome(of_botocore, call)
    assert (kind, named) == expected[:2]
    if isinstance(content, bytes):  # botocore has its own words for what is not from DynamoDB
        assert metadata["HTTPStatusCode"] == expected[3]["HTTPStatusCode"]
    else:
        assert (found, metadata) == expected[2:]


@pytest.mark.parametrize("call", CALLS)
def test_what_is_sent_means_the_same(aws: FaultyAws, client: Any, of_botocore: Any, call: str) -> None:
    seen: list[Request] = []

    def note(request: Request) -> Answer:
        seen.append(request)
        return answer(200, b"{}")

    aws.fault(note, times=None)
    getattr(client, call)(**CALLS[call])
    getattr(of_botocore, call)(**CALLS[call])
    ours, botocores = seen
    assert (ours.method, ours.path, ours.operation) == (botocores.method, botocores.path, botocores.operation)
    assert json.loads(ours.body) == json.loads(botocores.body)
    names = {name.lower() for name, _ in ours.headers}
    assert {name.lower() for name, _ in botocores.headers} - names == set()


def test_other_calls_are_those_of_botocore(aws: FaultyAws, client: Any) -> None:
    aws.fault(lambda _: answer(200, b'{"Items": [], "Count": 0, "ScannedCount": 0}'))
    assert client.query(TableName="gateway")["Items"] == []


def test_one_connection_serves_all_calls(aws: FaultyAws, client: Any) -> None:
    ports: list[int] = []

    def note(request: Request) -> Answer:
        ports.append(request.client_port)
        return answer(200, b"{}")

    aws.fault(note, times=None)
    for call, parameters in CALLS.items():
        getattr(client, call)(**parameters)
    assert len(ports) == 4
    assert len(set(ports)) == 1


@pytest.mark.parametrize(
    "damaged",
    [
        lambda _: answer(200, b"{}", ("x-amz-crc32", "1")),
        lambda _: answer(200, b"<html>"),
        lambda _: answer(200, b"[]"),
        lambda _: Answer(204, "No Content", [], b""),  # without a length
        lambda _: Answer(200, "OK", [(f"h{number}", "x") for number in range(200)], b"{}"),
    ],
    ids=["checksum", "no JSON", "no object", "no length", "headers"],
)
def test_a_damaged_answer_counts_as_none(aws: FaultyAws, client: Any, damaged: Any) -> None:
    aws.fault(damaged)
    aws.fault(lambda _: answer(200, b'{"Attributes": {}}'))
    assert client.update_item(**CALLS["update_item"])["ResponseMetadata"]["RetryAttempts"] == 1
    aws.reset()
    aws.fault(damaged, times=None)
    with pytest.raises(BotoCoreError):
        client.update_item(**CALLS["update_item"])


@pytest.mark.parametrize("fault", [hang_up, SERVER_ERROR])
def test_both_tries_are_of_one_call(aws: FaultyAws, client: Any, fault: Any) -> None:
    aws.fault(fault)
    aws.fault(lambda _: answer(200, b"{}"), times=None)
    client.put_item(**CALLS["put_item"])
    client.put_item(**CALLS["put_item"])
    first, again, other = [call.invocation for call in aws.calls]
    assert first
    assert first == again != other


def test_credentials_are_needed(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(BotoCoreError):
        dynamodb_client().get_item(TableName="gateway", Key=KEY)
    assert not aws.calls


def test_a_proxy_is_left_to_botocore(aws: FaultyAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://dynamodb.example")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert not isinstance(dynamodb_client(), DirectDynamoDB)
