"""Sends the events of jobs to a project's webhook endpoints, with retries; and sends test events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from audio_gateway.errors import InvalidRequest, RateLimitReached, StorageUnavailable
from audio_gateway.identity.keys import new_id
from audio_gateway.jobs.job import new_job_id
from audio_gateway.net.targets import authority_of
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.items import DeliveryAttempt
from audio_gateway.webhooks.published_events import PublishedEvents
from audio_gateway.webhooks.queue import JobEvent, WebhookQueue
from audio_gateway.webhooks.rate_limit import (
    OF_A_HOST,
    OF_A_PROJECT_AT_A_HOST,
    OF_TESTS,
    RateLimitStore,
    name_of_host,
    name_of_share,
)
from audio_gateway.webhooks.retry_schedule import Delivery
from audio_gateway.webhooks.sender import DeliveryOutcome
from audio_gateway.webhooks.webhook import EventType, WebhookEndpoint, WebhookEvent, signed_headers

ATTEMPT_PREFIX: Final = "whd_"

_MILLISECONDS: Final = 1000
_LONGEST_WAIT_S: Final = 60  # what the SDKs heed


class SendWebhook(Protocol):
    """Sends a request to a URL that a caller chose: `webhooks.sender.WebhookSender`."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], /) -> DeliveryOutcome:
        """The outcome; raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookDispatcher:
    """The dependencies of a delivery.

    `dead` is the queue for events that no endpoint accepted for a day. `is_archived` says whether a project is
    archived. `now_s` is the clock in Unix seconds.
    """

    store: WebhookStore
    published_events: PublishedEvents
    rate_limits: RateLimitStore
    is_archived: Callable[[str], bool]
    queue: WebhookQueue
    dead: WebhookQueue
    post: SendWebhook
    now_s: Callable[[], float] = time.time


def fan_out(announcement: JobEvent, *, dispatcher: WebhookDispatcher) -> int:
    """Queue an event for each endpoint that wants it; the number of these. Safe to repeat: it is queued once.

    Raises `StorageUnavailable`: some deliveries may be queued already; repeat the call.
    """
    event, project_id, now_s = announcement.event, announcement.project_id, int(dispatcher.now_s())
    wanted = [each for each in dispatcher.store.of_project(project_id) if each.wants(event.type)]
    if not wanted or dispatcher.is_archived(project_id):
        return 0
    if not dispatcher.published_events.begin(project_id, event.id, now_s):
        return 0
    for endpoint in wanted:
        dispatcher.queue.send(Delivery(project_id, endpoint.id, event), now_s)
    dispatcher.published_events.end(project_id, event.id)
    return len(wanted)


def deliver(delivery: Delivery, *, dispatcher: WebhookDispatcher) -> DeliveryAttempt | None:
    """Try once, if the delivery is due and its host may be called, and queue the next attempt. None if nothing is sent.

    The endpoint is read now: nothing is sent to one that was deleted or disabled, that no longer wants the event, or
    whose project is archived. The next attempt is queued before this one is recorded: a crash then means one attempt
    too many, not one too few.

    Raises `StorageUnavailable`: repeat the call.
    """
    now_s = int(dispatcher.now_s())
    if delivery.delay_at(now_s):
        dispatcher.queue.send(delivery, now_s)
        return None
    endpoint = dispatcher.store.find(delivery.project_id, delivery.endpoint_id)
    if endpoint is None or not endpoint.wants(delivery.event.type) or dispatcher.is_archived(delivery.project_id):
        return None
    later = _at_its_turn(delivery, endpoint, dispatcher)
    if later is not None:
        dispatcher.queue.send(later, now_s)
        return None
    outcome = _post_event(endpoint, delivery.event, dispatcher.post, now_s)
    following = None
    if outcome.accepted:
        with suppress(StorageUnavailable):  # a later delivery does it
            dispatcher.store.was_accepted(endpoint)
    elif not outcome.gone:
        following = _after_failure(delivery, endpoint, dispatcher)
    attempt = DeliveryAttempt(
        id=new_id(ATTEMPT_PREFIX, dispatcher.now_s()),
        event_id=delivery.event.id,
        event_type=delivery.event.type,
        job_id=delivery.event.job_id,
        number=delivery.attempt,
        at=now_s,
        status_code=outcome.status_code,
        error=outcome.error,
        next_at=None if following is None else following.due_at,
    )
    with suppress(StorageUnavailable):  # raising would send the event again, only for the log
        dispatcher.store.log(endpoint, attempt)
    return attempt


def _at_its_turn(delivery: Delivery, endpoint: WebhookEndpoint, dispatcher: WebhookDispatcher) -> Delivery | None:
    """The same attempt, waiting for its turn at the endpoint's host; None if it is its turn.

    A project's attempts wait for each other first, so few of them wait for the host.
    """
    now_ms = int(dispatcher.now_s() * _MILLISECONDS)
    host = name_of_host(authority_of(endpoint.url))
    if delivery.has_turn(host, now_ms):
        return None
    share = name_of_share(delivery.project_id, host)
    for window, name in ((OF_A_PROJECT_AT_A_HOST, share), (OF_A_HOST, host)):
        if delivery.has_turn(name, now_ms):
            continue
        turn_ms = dispatcher.rate_limits.acquire(window, name, now_ms)
        if turn_ms > now_ms:
            return delivery.waiting(name, turn_ms)
    return None


def _after_failure(delivery: Delivery, endpoint: WebhookEndpoint, dispatcher: WebhookDispatcher) -> Delivery | None:
    """Queue the next attempt. None if this was the last one: the event then goes to the operator's queue."""
    failed_at = int(dispatcher.now_s())
    following = delivery.after_failure(failed_at)
    if following is None:
        dispatcher.dead.send(delivery.from_first_attempt(), failed_at)
        with suppress(StorageUnavailable):  # raising would give the event up twice, only for the count
            dispatcher.store.was_given_up(endpoint, failed_at)
    else:
        dispatcher.queue.send(following, failed_at)
    return following


def count_test(endpoint: WebhookEndpoint, *, rate_limits: RateLimitStore, now_s: float) -> None:
    """Count a test that is about to be sent, for its project and for its host.

    Raises:
        RateLimitReached: the project has sent as many tests as it may, or the host is called as often as allowed.
        StorageUnavailable: the counters cannot be read.
    """
    now_ms = int(now_s * _MILLISECONDS)
    for window, name, whose in (
        (OF_TESTS, endpoint.project_id, f"A project may send {OF_TESTS.most} tests a minute."),
        (OF_A_HOST, name_of_host(authority_of(endpoint.url)), "The host of this endpoint gets no more requests now."),
    ):
        free_ms = rate_limits.try_acquire(window, name, now_ms)
        if free_ms > now_ms:
            wait_s = -(-(free_ms - now_ms) // _MILLISECONDS)
            message = f"{whose} Try again in {wait_s} s."
            raise RateLimitReached(message, limit="webhook_tests", retry_after_s=min(wait_s, _LONGEST_WAIT_S))


def send_test(endpoint: WebhookEndpoint, event_type: EventType, *, post: SendWebhook, now_s: float) -> int:
    """Send one sample event, of a job that does not exist; the status with which the endpoint accepted it.

    Raises `InvalidRequest` if it did not answer, or did not accept it: OpenAI's result of a test has success only.
    """
    event = WebhookEvent(event_type, new_job_id(int(now_s * _MILLISECONDS)), int(now_s))
    outcome = _post_event(endpoint, event, post, int(now_s))
    if outcome.status_code is None:
        raise InvalidRequest(outcome.message, param="url", code="webhook_unreachable")
    if not outcome.accepted:
        message = f"The endpoint answered {outcome.status_code} to the test; it must answer with a 2xx status."
        raise InvalidRequest(message, param="url", code="webhook_test_failed")
    return outcome.status_code


def _post_event(endpoint: WebhookEndpoint, event: WebhookEvent, post: SendWebhook, now_s: int) -> DeliveryOutcome:
    headers = signed_headers(event.id, event.body, endpoint.secrets_at(now_s), now_s)
    return post(endpoint.url, event.body, headers)
