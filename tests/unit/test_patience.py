"""How long clients of AWS wait: enough for a connection that died while the process was frozen, and never too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from audio_gateway.api import job_wait
from audio_gateway.api.http.request_scope import _deadline, _received_ms
from audio_gateway.aws import clients, dynamodb
from audio_gateway.deadline import BUFFERED_LIMIT_S
from audio_gateway.idempotency.answer_store import AnswerStore
from audio_gateway.idempotency.idempotency import ApiResponse, Claim, StoredAnswer
from audio_gateway.jobs import job_files
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.metering import pending_settlements
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.storage import speech_cache
from audio_gateway.storage.results import ResultStore
from audio_gateway.storage.speech_cache import SpeechCacheStore
from tests.fakes.faulty_aws import Answer as FromAws
from tests.fakes.faulty_aws import FaultyAws, Request, hang_up

WORK = MeteredRequest("req_1", "speech", "tts-1", "characters", 10, 150, 0)
HOLD = Hold(Payer("key_1", "default"), WORK, 1_796_083_140_000, 1_796_084_000)
JOB = Job("job_1", "default", "key_1", "speech", "tts-1", "running", 1_796_083_140, 1_796_084_000)
CLAIM = Claim("default", "ab12", "print", "req_1", "run", 1_796_083_180, 1_796_170_000)
UPDATE: dict[str, Any] = {"TableName": "gateway", "Key": {"pk": {"S": "a"}, "sk": {"S": "0"}}}

Write = Callable[[], object]


def dynamodb_write() -> Write:
    client = dynamodb.dynamodb_client()
    return lambda: client.update_item(**UPDATE)


WRITERS: dict[str, Callable[[], Write]] = {
    "pending settlement": lambda: _bound(PendingSettlementStore("b").keep, HOLD, WORK),
    "pending settlement of a job": lambda: _bound(PendingSettlementStore("b", patient=True).keep, HOLD, WORK),
    "speech to give again": lambda: _bound(SpeechCacheStore("b").keep, "org", "key", b"RIFF"),
    "an answer for its key": lambda: _bound(AnswerStore("b").keep, CLAIM, StoredAnswer(ApiResponse({}, b"x"), HOLD)),
    "a large answer": lambda: _bound(ResultStore("b").put, b"x", "audio/wav", project_id="default"),
    "a file of a job": lambda: _bound(JobFiles("b", patient=False).put, JOB.ref, "source", b"x"),
    "an account": dynamodb_write,
}


def _bound(write: Callable[..., object], *arguments: Any, **named: Any) -> Write:
    return lambda: write(*arguments, **named)


def well(request: Request) -> FromAws:
    return FromAws(200, "OK", [("ETag", "1")], b"{}" if request.dynamodb else b"")


@pytest.fixture
def aws_that_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAws]:
    with FaultyAws() as faulty:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.endpoint_url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT", "5")  # the other end may stand still with this process
        yield faulty


@pytest.mark.parametrize("name", WRITERS)
def test_a_connection_that_died_while_unused_loses_no_write(aws_that_fails: FaultyAws, name: str) -> None:
    write = WRITERS[name]()
    aws_that_fails.fault(well)
    write()
    aws_that_fails.fault(hang_up)
    aws_that_fails.fault(well, times=None)
    write()
    assert [(call.fault, call.status) for call in aws_that_fails.calls] == [
        ("well", 200), ("hang_up", None), ("well", 200),
    ]  # fmt: skip


def test_settling_ends_before_the_platform_cuts_the_answer_off() -> None:
    margin_s = BUFFERED_LIMIT_S - _deadline(_received_ms({}), None, BUFFERED_LIMIT_S).remaining_s()
    assert margin_s >= dynamodb.LONGEST_WRITE_S + pending_settlements.LONGEST_SETTLEMENT_WRITE_S


def test_a_result_is_not_read_for_longer_than_there_is_time() -> None:
    margin_s = BUFFERED_LIMIT_S - _deadline(_received_ms({}), None, BUFFERED_LIMIT_S).remaining_s()
    assert job_wait.READING_S + margin_s >= job_files.LONGEST_READ_S


def test_speech_is_not_kept_for_longer_than_a_few_seconds() -> None:
    assert speech_cache.LONGEST_CACHE_WRITE_S < 4


@pytest.mark.parametrize(
    ("endpoint_url", "setting", "timeout_s"),
    [
        ("", "5", 0.7),
        ("http://127.0.0.1:9", "", 0.7),
        ("http://127.0.0.1:9", None, 0.7),
        ("http://127.0.0.1:9", "5", 5),
    ],
)
def test_only_a_local_aws_is_given_more_time(
    monkeypatch: pytest.MonkeyPatch, endpoint_url: str, setting: str | None, timeout_s: float
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint_url)
    if setting is None:
        monkeypatch.delenv("AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT", raising=False)
    else:
        monkeypatch.setenv("AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT", setting)
    assert clients.timeout_s(0.7) == timeout_s


@pytest.mark.parametrize("service", ["s3", "sqs", "stepfunctions", "lambda"])
def test_connections_are_kept_alive(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    assert clients.aws_client(service, attempts=2).meta.config.tcp_keepalive
    assert dynamodb.dynamodb_client().meta.config.tcp_keepalive  # type: ignore[attr-defined] # newer than botocore's types
