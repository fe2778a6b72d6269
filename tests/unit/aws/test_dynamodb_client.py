"""The gateway's DynamoDB clients: how long they wait, how often they try, and whether a try may still arrive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from audio_gateway.aws.dynamodb import dynamodb_client, may_arrive_again, patient_dynamodb_client
from tests.fakes.faulty_aws import SERVER_ERROR, THROTTLED, Answer, FaultyAws, Request, hang_up

pytestmark = pytest.mark.slow

UPDATE: dict[str, Any] = {"TableName": "gateway", "Key": {"pk": {"S": "a"}, "sk": {"S": "0"}}}


def well(_request: Request) -> Answer:
    return Answer(200, "OK", [("Content-Type", "application/x-amz-json-1.0")], b"{}")


def condition_failed(_request: Request) -> Answer:
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": ""}'
    return Answer(400, "Bad Request", [("Content-Type", "application/x-amz-json-1.0")], body)


def silent(request: Request) -> None:
    request.proxy.wait(5)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    with FaultyAws() as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        yield aws


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer timeouts for tests of something else: the server is in this process and may be paused with it."""
    for name in ("_READ_TIMEOUT_S", "_CONNECT_TIMEOUT_S"):
        monkeypatch.setattr(f"audio_gateway.aws.dynamodb.{name}", 2.0)


@pytest.fixture
def client(aws: FaultyAws) -> Iterator[Any]:
    made = dynamodb_client()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("first", "doubtful"),
    [(None, False), (THROTTLED, False), (SERVER_ERROR, True), (hang_up, True), (silent, True)],
    ids=["immediately", "throttled", "failed", "hung up", "silent"],
)
@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.usefixtures("patience")
def test_an_answer_says_whether_an_earlier_try_may_still_arrive(
    aws: FaultyAws, client: Any, first: Any, *, doubtful: bool, refused: bool
) -> None:
    if first is not None:
        aws.fault(first)
    aws.fault(condition_failed if refused else well)
    if refused:
        with pytest.raises(ClientError) as caught:
            client.update_item(**UPDATE)
        answer: Any = caught.value.response
    else:
        answer = client.update_item(**UPDATE)
    assert may_arrive_again(answer) == doubtful


@pytest.mark.usefixtures("patience")
def test_the_next_call_knows_nothing_of_it(aws: FaultyAws, client: Any) -> None:
    aws.fault(hang_up)
    aws.fault(well, times=None)
    assert may_arrive_again(client.update_item(**UPDATE))
    assert not may_arrive_again(client.update_item(**UPDATE))


def test_it_gives_up_in_the_time_that_is_kept_for_settling(aws: FaultyAws, client: Any) -> None:
    aws.fault(silent, times=None)
    started = time.monotonic()
    with pytest.raises(BotoCoreError):
        client.update_item(**UPDATE)
    assert 1 < time.monotonic() - started < 25
    aws.reset()
    aws.fault(THROTTLED, times=None)
    started = time.monotonic()
    with pytest.raises((ClientError, BotoCoreError)):
        client.update_item(**UPDATE)
    assert time.monotonic() - started < 25
    assert [call.fault for call in aws.calls].count(THROTTLED.code) == 2


@pytest.mark.parametrize("attempts", [3, 5])
def test_the_patient_client_waits_where_the_other_gives_up(
    aws: FaultyAws, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(**{**vars(time), "sleep": naps.append}))
    patient = patient_dynamodb_client(attempts)
    aws.fault(THROTTLED, times=attempts - 1)
    aws.fault(well, times=None)
    patient.update_item(**UPDATE)
    assert len(naps) == attempts - 1
    aws.reset()
    aws.fault(THROTTLED, times=None)
    with pytest.raises(ClientError):
        patient.update_item(**UPDATE)
    assert len(aws.calls) == attempts
    patient.close()
