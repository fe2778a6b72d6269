"""Signatures, ids, the schedule and messages of webhooks."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from openai import InvalidWebhookSignatureError, OpenAI

from audio_gateway.jobs.job import Job
from audio_gateway.webhooks.job_events import JobEventPublisher
from audio_gateway.webhooks.queue import JobEvent, WebhookQueue, message_of, read_message
from audio_gateway.webhooks.retry_schedule import GIVE_UP_S, MAX_DELAY_S, Delivery, pause_before
from audio_gateway.webhooks.webhook import (
    EVENT_TYPES,
    WebhookEndpoint,
    WebhookEvent,
    new_secret,
    secret_hint,
    signed_headers,
)

EVENT = WebhookEvent("audio.job.succeeded", "job_1", 1_700_000_000)
DAY = 86_400

instants = st.integers(1_600_000_000, 2_000_000_000)
events = st.builds(WebhookEvent, st.sampled_from(EVENT_TYPES), st.text(min_size=1), instants)


def sdk(secret: str) -> OpenAI:
    return OpenAI(api_key="sk-none", webhook_secret=secret)


def unwrap(secret: str, body: bytes, headers: dict[str, str]) -> Any:
    with sdk(secret) as client:
        return client.webhooks.unwrap(body, headers)


# ------------------------------------------------------------------------------------------------ signatures
def test_the_official_sdk_verifies_what_is_signed() -> None:
    secret = new_secret()
    event = unwrap(secret, EVENT.body, signed_headers(EVENT.id, EVENT.body, (secret,), int(time.time())))
    assert (event.id, event.object, event.type) == (EVENT.id, "event", "audio.job.succeeded")
    assert (event.created_at, event.data.id) == (1_700_000_000, "job_1")


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', (SPEC_SECRET,), 1_614_265_330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(("at_s", "signing"), [(0, 2), (999, 2), (1000, 1), (1001, 1)])
def test_the_old_secret_signs_until_its_time_is_over(at_s: int, signing: int) -> None:
    endpoint = WebhookEndpoint(
        "w", "p", "n", "https://x", EVENT_TYPES, "new", 0, 0, old_secret="old", old_secret_until=1000
    )
    assert endpoint.secrets_at(at_s) == ("new", "old")[:signing]


@pytest.mark.parametrize("which", [0, 1])
def test_either_of_two_secrets_verifies(which: int) -> None:
    secrets = (new_secret(), new_secret())
    headers = signed_headers(EVENT.id, EVENT.body, secrets, int(time.time()))
    assert unwrap(secrets[which], EVENT.body, headers).id == EVENT.id


@pytest.mark.parametrize("change", ["secret", "body", "webhook-id", "webhook-timestamp", "too old"])
def test_nothing_else_verifies(change: str) -> None:
    secret, now = new_secret(), int(time.time())
    headers = signed_headers(EVENT.id, EVENT.body, (secret,), now - 301 * (change == "too old"))
    if change in headers:
        headers[change] = str(now - 1) if change == "webhook-timestamp" else headers[change] + "0"
    with pytest.raises(InvalidWebhookSignatureError):
        unwrap(
            new_secret() if change == "secret" else secret,
            EVENT.body + b" " if change == "body" else EVENT.body,
            headers,
        )


def test_a_hint_shows_next_to_nothing_of_a_secret() -> None:
    secret = new_secret()
    assert len(secret) - len(secret_hint(secret)) > 32
    assert secret.endswith(secret_hint(secret)[-4:])


# ------------------------------------------------------------------------------------------------ ids
@given(events, events)
def test_an_id_stands_for_one_end_of_one_job(one: WebhookEvent, other: WebhookEvent) -> None:
    assert (one.id == other.id) == ((one.type, one.job_id) == (other.type, other.job_id))


def test_an_event_says_nothing_but_ids() -> None:
    assert json.loads(EVENT.body) == {
        "id": EVENT.id,
        "object": "event",
        "type": "audio.job.succeeded",
        "created_at": 1_700_000_000,
        "data": {"id": "job_1"},
    }


# ------------------------------------------------------------------------------------------------ schedule
def chain(start: int, slow_s: list[int]) -> list[int]:
    """When each try begins, if each takes so long (the last value goes on) and all fail."""
    delivery: Delivery | None = Delivery("p", "webhook_1", EVENT)
    begun, now = [], start
    while delivery is not None:
        while delay := delivery.delay_at(now):  # the stays in the queue
            assert delay <= MAX_DELAY_S
            now += delay
        begun.append(now)
        now += slow_s[min(len(begun), len(slow_s)) - 1]
        delivery = delivery.after_failure(now)
    return begun


def test_the_tries_of_an_endpoint_that_refuses_at_once() -> None:
    begun = chain(1_000, [0])
    pauses = [later - earlier for earlier, later in zip([1_000, *begun], begun, strict=False)]
    assert pauses[:5] == [0, 5, 30, 120, 600]
    assert set(pauses[5:]) == {3600}
    assert DAY - 3600 < begun[-1] - 1_000 <= DAY


@given(instants, st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_pauses_are_kept_and_a_day_is_the_end(start: int, slow_s: list[int]) -> None:
    begun = chain(start, slow_s)
    assert begun[0] == start
    for number, (earlier, later) in enumerate(pairwise(begun), start=2):
        took = slow_s[min(number - 1, len(slow_s)) - 1]
        assert later == earlier + took + pause_before(number)
    assert begun[-1] <= start + slow_s[0] + GIVE_UP_S
    assert begun[-1] > start + GIVE_UP_S - 3600 - 12


def test_what_is_overdue_is_not_held_back() -> None:
    assert Delivery("p", "w", EVENT, due_at=100).delay_at(500) == 0


# ------------------------------------------------------------------------------------------------ messages
deliveries = st.builds(
    Delivery, st.text(), st.text(), events, st.integers(1, 40), st.none() | instants, st.just(0) | instants
)


@given(deliveries | st.builds(JobEvent, st.text(), events))
def test_a_message_reads_as_it_was_written(what: JobEvent | Delivery) -> None:
    assert read_message(message_of(what)) == what


def test_a_dead_message_starts_again_from_the_first_attempt() -> None:
    later = Delivery("p", "w", EVENT, attempt=29, first_at=1, due_at=86_000)
    assert later.from_first_attempt() == Delivery("p", "w", EVENT)


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"type": "audio.job.failed"}'])
def test_anything_else_is_no_message(body: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_message(body)


# ------------------------------------------------------------------------------------------------ news
class Announced:
    def __init__(self) -> None:
        self.all: list[JobEvent] = []

    def publish(self, announcement: JobEvent) -> None:
        self.all.append(announcement)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_the_event_of_a_job_is_the_same_however_often_it_is_published(status: Any) -> None:
    queue = Announced()
    job = Job("job_1", "proj_1", "key_1", "speech", "m", status, 5, 600, completed_ms=17_999)
    for _ in range(2):
        JobEventPublisher(queue).publish(job)  # type: ignore[arg-type] # keeps what is announced
    event_type: Any = f"audio.job.{status}"
    assert queue.all == [JobEvent("proj_1", WebhookEvent(event_type, "job_1", 17))] * 2


def test_all_that_is_queued_names_its_project_so_that_the_queue_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="hooks")["QueueUrl"]
        queue = WebhookQueue(url)
        queue.publish(JobEvent("proj_1", EVENT))
        queue.send(Delivery("proj_2", "webhook_1", EVENT), 0)
        asked = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["MessageGroupId"]}
        messages = sqs.receive_message(QueueUrl=url, **asked)["Messages"]
    groups = {message["Attributes"]["MessageGroupId"]: read_message(message["Body"]).project_id for message in messages}
    assert groups == {"proj_1": "proj_1", "proj_2": "proj_2"}
