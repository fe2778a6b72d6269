"""Webhooks with the official Python SDK: endpoints are kept with it, and what they are sent is unwrapped by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import openai
import pytest
from openai import OpenAI

from audio_gateway.jobs.job import Job, new_job_id
from audio_gateway.webhooks.job_events import JobEventPublisher
from audio_gateway.webhooks.queue import WebhookQueue
from tests.fakes.receiver import Received, Receiver
from tests.fakes.upstream import FakeUpstream
from tests.stack.aws import use_aws_of
from tests.stack.sdk.stack_keys import add_key, directory_of

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

SUCCEEDED, FAILED, CANCELLED = "audio.job.succeeded", "audio.job.failed", "audio.job.cancelled"
SOON = 60.0


@pytest.fixture(scope="module")
def project(wired_stack: dict[str, Any]) -> str:
    """The id of a project whose jobs are those of these tests."""
    with directory_of(wired_stack) as directory:
        return directory.projects.create("hooks").id


@pytest.fixture(scope="module")
def hooks(wired_stack: dict[str, Any], project: str) -> Iterator[OpenAI]:
    """A client of the project."""
    with client_of(wired_stack, add_key(wired_stack, project_id=project)) as made:
        yield made


@pytest.fixture(scope="module")
def others(wired_stack: dict[str, Any]) -> Iterator[OpenAI]:
    """A client of another project."""
    with directory_of(wired_stack) as directory:
        other = directory.projects.create("others").id
    with client_of(wired_stack, add_key(wired_stack, project_id=other)) as made:
        yield made


@pytest.fixture
def publisher(wired_stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> JobEventPublisher:
    """What the steps of jobs use, in the running stack."""
    use_aws_of(wired_stack, monkeypatch)
    queues = boto3.client("sqs").list_queues()["QueueUrls"]
    (url,) = [each for each in queues if "WebhookQueue" in each]
    return JobEventPublisher(WebhookQueue(url))


def client_of(stack: dict[str, Any], key: str) -> OpenAI:
    return OpenAI(base_url=stack["base_url"], api_key=key, max_retries=0, _strict_response_validation=True)


def ended(status: Any, project_id: str) -> Job:
    now = int(time.time())
    return Job(
        id=new_job_id(now * 1000),
        project_id=project_id,
        key_id="key_1",
        endpoint="speech",
        model="m",
        status=status,
        created_at=now,
        expires_at=now + 600,
        completed_ms=now * 1000 + 7,
    )


def register(client: OpenAI, url: str, *types: Any) -> Any:
    return client.webhooks.create(url=url, name="of a test", event_types=list(types))


def unwrapped(client: OpenAI, received: Received, secret: str) -> Any:
    return client.webhooks.unwrap(received.body, received.headers, secret=secret)


def log_of(client: OpenAI, endpoint_id: str, count: int = 0) -> list[dict[str, Any]]:
    """The deliveries, once there are so many: each is written down after its answer."""
    give_up_at = time.monotonic() + SOON
    while True:
        logged = client.get(f"/webhook_endpoints/{endpoint_id}/deliveries", cast_to=dict[str, Any])["data"]
        if len(logged) >= count or time.monotonic() > give_up_at:
            return logged
        time.sleep(0.1)


def test_an_event_is_sent_until_it_is_accepted_and_only_to_its_own_project(
    hooks: OpenAI, others: OpenAI, project: str, receiver: Receiver, publisher: JobEventPublisher
) -> None:
    """The first pause; those that follow, up to a day, are in tests/unit/jobs/test_webhooks.py."""
    receiver.answers["/slow-to-wake"] = [503]
    endpoint = register(hooks, receiver.url("/slow-to-wake"), SUCCEEDED)
    register(hooks, receiver.url("/second"), SUCCEEDED, FAILED)
    register(hooks, receiver.url("/failures"), FAILED)
    foreign = register(others, receiver.url("/foreign"), SUCCEEDED, FAILED, CANCELLED)
    job = ended("succeeded", project)
    publisher.publish(job)

    (second,) = receiver.wait_for("/second", 1, SOON)
    tries = receiver.wait_for("/slow-to-wake", 2, SOON)

    assert len({each.headers["webhook-id"] for each in [*tries, second]}) == 1
    assert len({each.body for each in [*tries, second]}) == 1
    assert len({each.headers["webhook-timestamp"] for each in tries}) == 2
    event = unwrapped(hooks, tries[-1], endpoint.signing_secret)
    assert event.id == tries[0].headers["webhook-id"]
    assert (event.type, event.object, event.data.id) == (SUCCEEDED, "event", job.id)
    assert event.created_at == (job.completed_ms or 0) // 1000
    assert 4 <= tries[1].at - tries[0].at <= 20
    with pytest.raises(openai.InvalidWebhookSignatureError):
        unwrapped(hooks, tries[-1], foreign.signing_secret)
    assert receiver.at("/foreign") == receiver.at("/failures") == []

    logged = log_of(hooks, endpoint.id, 2)
    assert [(each["attempt"], each["status_code"]) for each in logged] == [(2, 200), (1, 503)]
    assert {each["event_id"] for each in logged} == {event.id}
    assert logged[0]["next_attempt_at"] is None
    assert logged[1]["next_attempt_at"] >= logged[1]["created_at"] + 5
    with pytest.raises(openai.NotFoundError):
        log_of(others, endpoint.id)


def test_an_end_that_is_repeated_is_reported_once(
    hooks: OpenAI, project: str, receiver: Receiver, publisher: JobEventPublisher
) -> None:
    endpoint = register(hooks, receiver.url("/twice"), CANCELLED)
    first, second = ended("cancelled", project), ended("cancelled", project)
    publisher.publish(first)
    (received,) = receiver.wait_for("/twice", 1, SOON)
    for _ in range(3):
        publisher.publish(first)
    publisher.publish(second)
    events = [unwrapped(hooks, each, endpoint.signing_secret) for each in receiver.wait_for("/twice", 2, SOON)]
    assert [event.data.id for event in events] == [first.id, second.id]
    assert unwrapped(hooks, received, endpoint.signing_secret).data.id == first.id
    hooks.webhooks.delete(endpoint.id)


def test_an_endpoint_can_be_tried_out(hooks: OpenAI, receiver: Receiver) -> None:
    receiver.answers["/tried"] = [201, 418, (302, receiver.url("/elsewhere"))]
    endpoint = register(hooks, receiver.url("/tried"), FAILED)
    result = hooks.webhooks.test(endpoint.id, event_type=SUCCEEDED)  # type: ignore[arg-type] # the SDK knows OpenAI's own events
    assert (result.status_code, result.success, result.webhook_endpoint_id) == (201, True, endpoint.id)
    for status in (418, 302):
        with pytest.raises(openai.BadRequestError, match=f"answered {status}"):
            hooks.webhooks.test(endpoint.id, event_type=SUCCEEDED)  # type: ignore[arg-type] # the SDK knows OpenAI's own events
    assert receiver.at("/elsewhere") == []
    events = [unwrapped(hooks, each, endpoint.signing_secret) for each in receiver.at("/tried")]
    assert {event.type for event in events} == {SUCCEEDED}
    assert len({event.id for event in events}) == 3


def test_after_a_rotation_both_secrets_are_good_if_that_is_wanted(hooks: OpenAI, receiver: Receiver) -> None:
    endpoint = register(hooks, receiver.url("/rotated"), FAILED)
    second = hooks.webhooks.rotate_secret(endpoint.id, keep_old_secret_active_for_24_hours=True)
    hooks.webhooks.test(endpoint.id, event_type=FAILED)  # type: ignore[arg-type] # the SDK knows OpenAI's own events
    third = hooks.webhooks.rotate_secret(endpoint.id)
    hooks.webhooks.test(endpoint.id, event_type=FAILED)  # type: ignore[arg-type] # the SDK knows OpenAI's own events
    overlapping, alone = receiver.at("/rotated")
    for secret in (endpoint.signing_secret, second.signing_secret):
        assert unwrapped(hooks, overlapping, secret).type == FAILED
        with pytest.raises(openai.InvalidWebhookSignatureError):
            unwrapped(hooks, alone, secret)
    assert unwrapped(hooks, alone, third.signing_secret).type == FAILED


def test_endpoints_are_kept_with_the_sdk(others: OpenAI, hooks: OpenAI, receiver: Receiver) -> None:
    assert others.webhooks.event_types.list().data == [SUCCEEDED, FAILED, CANCELLED]
    made = [register(others, receiver.url(f"/kept-{number}"), FAILED) for number in range(3)]
    listed = [each.id for each in others.webhooks.list(limit=2)]  # more than one page
    assert [each for each in listed if each in {it.id for it in made}] == [it.id for it in made]
    endpoint = made[0]
    assert endpoint.signing_secret.startswith("whsec_")
    found = others.webhooks.retrieve(endpoint.id)
    assert found.name == "of a test"
    assert found.signing_secret_hint
    assert "signing_secret" not in found.to_dict()
    changed = others.webhooks.update(endpoint.id, name="renamed", event_types=[FAILED, SUCCEEDED])  # type: ignore[list-item] # the SDK knows OpenAI's own events
    assert (changed.name, changed.url, set(changed.event_types)) == ("renamed", endpoint.url, {FAILED, SUCCEEDED})
    for call in (hooks.webhooks.retrieve, hooks.webhooks.delete, hooks.webhooks.rotate_secret, hooks.webhooks.update):
        with pytest.raises(openai.NotFoundError):
            call(endpoint.id)
    assert others.webhooks.delete(endpoint.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        others.webhooks.retrieve(endpoint.id)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/",
        "https://[::1]/",
        "https://localhost/",
    ],
)
def test_an_address_inside_is_refused(hooks: OpenAI, url: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        register(hooks, url, FAILED)
    assert caught.value.param == "url"


def test_the_end_of_a_real_job_is_reported_and_the_job_can_then_be_read(hooks: OpenAI, receiver: Receiver) -> None:
    endpoint = register(hooks, receiver.url("/real"), SUCCEEDED, FAILED, CANCELLED)
    body = {"model": "espeak-ng", "voice": "alloy", "input": "Good morning.", "background": True}
    job = hooks.post("/audio/speech", body=body, cast_to=dict[str, Any])
    (received,) = receiver.wait_for("/real", 1, SOON)
    event = unwrapped(hooks, received, endpoint.signing_secret)
    assert (event.type, event.data.id) == (SUCCEEDED, job["id"])
    assert hooks.get(f"/audio/jobs/{event.data.id}", cast_to=dict[str, Any])["status"] == "succeeded"
    hooks.webhooks.delete(endpoint.id)


def test_a_cancelled_job_is_reported(hooks: OpenAI, receiver: Receiver, upstream: FakeUpstream) -> None:
    endpoint = register(hooks, receiver.url("/stopped"), CANCELLED)
    upstream.script("held")
    body = {"model": "fake-tts", "voice": "alloy", "input": "Good morning.", "background": True}
    job = hooks.post("/audio/speech", body=body, cast_to=dict[str, Any])
    hooks.post(f"/audio/jobs/{job['id']}/cancel", cast_to=dict[str, Any])
    received = receiver.wait_for("/stopped", 1, SOON)
    event = unwrapped(hooks, received[0], endpoint.signing_secret)
    assert (event.type, event.data.id) == (CANCELLED, job["id"])
    hooks.webhooks.delete(endpoint.id)
