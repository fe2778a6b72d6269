"""Telling a project's endpoints that a job is over, again and again until they have heard, and trying them out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from audio_gateway.errors import InvalidRequest, RateLimitReached, StorageUnavailable
from audio_gateway.jobs.announcements import Announcements
from audio_gateway.jobs.job import new_job_id
from audio_gateway.jobs.targets import place_of
from audio_gateway.jobs.webhook_items import Attempt
from audio_gateway.jobs.webhook_pace import (
    OF_A_HOST,
    OF_A_PROJECT_AT_A_HOST,
    OF_TESTS,
    PaceStore,
    name_of_host,
    name_of_share,
)
from audio_gateway.jobs.webhook_post import Outcome
from audio_gateway.jobs.webhook_queue import Announcement, WebhookQueue
from audio_gateway.jobs.webhook_schedule import Delivery
from audio_gateway.jobs.webhook_store import WebhookStore
from audio_gateway.jobs.webhooks import EventType, WebhookEndpoint, WebhookEvent, signed_headers
from audio_gateway.metering.keys import new_id

ATTEMPT_PREFIX: Final = "whd_"

_MILLISECONDS: Final = 1000
_LONGEST_WAIT_S: Final = 60  # what the SDKs heed


class Post(Protocol):
    """Sends to an address of a caller's: `jobs.webhook_post.Poster`."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], /) -> Outcome:
        """What came of it; nothing is raised."""
        ...


@dataclass(frozen=True, slots=True)
class Postman:
    """What telling needs.

    `dead` takes what nobody took for a day, `is_archived` says whether a project is, `now_s` is the clock in unix
    seconds.
    """

    store: WebhookStore
    announcements: Announcements
    paces: PaceStore
    is_archived: Callable[[str], bool]
    queue: WebhookQueue
    dead: WebhookQueue
    post: Post
    now_s: Callable[[], float] = time.time


def announce(announcement: Announcement, *, postman: Postman) -> int:
    """Send an event on its way to each endpoint that wants it; how many those are. Said again, it is sent no more.

    Raises `StorageUnavailable`: some may be on their way, and it is to be repeated.
    """
    event, project_id, now_s = announcement.event, announcement.project_id, int(postman.now_s())
    wanted = [each for each in postman.store.of_project(project_id) if each.wants(event.type)]
    if not wanted or postman.is_archived(project_id):
        return 0
    if not postman.announcements.begin(project_id, event.id, now_s):
        return 0
    for endpoint in wanted:
        postman.queue.send(Delivery(project_id, endpoint.id, event), now_s)
    postman.announcements.end(project_id, event.id)
    return len(wanted)


def deliver(delivery: Delivery, *, postman: Postman) -> Attempt | None:
    """Try once, if it is due and its host may be called, and see to the next try; None if nothing was tried.

    The endpoint is as it is now: one that was deleted or disabled, or wants the event no more, is left alone, and so is
    an archived project's. The next try is on its way before this one is written down, so that a crash means one try too
    many and not one too few.

    Raises `StorageUnavailable`: it is to be repeated.
    """
    now_s = int(postman.now_s())
    if delivery.delay_at(now_s):
        postman.queue.send(delivery, now_s)
        return None
    endpoint = postman.store.find(delivery.project_id, delivery.endpoint_id)
    if endpoint is None or not endpoint.wants(delivery.event.type) or postman.is_archived(delivery.project_id):
        return None
    later = _at_its_turn(delivery, endpoint, postman)
    if later is not None:
        postman.queue.send(later, now_s)
        return None
    outcome = _tell(endpoint, delivery.event, postman.post, now_s)
    following = None
    if outcome.taken:
        with suppress(StorageUnavailable):  # a later one does it
            postman.store.was_taken(endpoint)
    elif not outcome.gone:
        following = _after_failure(delivery, endpoint, postman)
    attempt = Attempt(
        id=new_id(ATTEMPT_PREFIX, postman.now_s()),
        event_id=delivery.event.id,
        event_type=delivery.event.type,
        job_id=delivery.event.job_id,
        number=delivery.attempt,
        at=now_s,
        status_code=outcome.status_code,
        error=outcome.error,
        next_at=None if following is None else following.due_at,
    )
    with suppress(StorageUnavailable):  # the endpoint would hear it once more, only for the sake of the log
        postman.store.log(endpoint, attempt)
    return attempt


def _at_its_turn(delivery: Delivery, endpoint: WebhookEndpoint, postman: Postman) -> Delivery | None:
    """The same try, waiting for its turn at the endpoint's host; None if it is its turn.

    A project's tries queue up among themselves first: what waits for the host is no more than it can be sent soon.
    """
    now_ms = int(postman.now_s() * _MILLISECONDS)
    host = name_of_host(place_of(endpoint.url))
    if delivery.has_turn(host, now_ms):
        return None
    share = name_of_share(delivery.project_id, host)
    for pace, name in ((OF_A_PROJECT_AT_A_HOST, share), (OF_A_HOST, host)):
        if delivery.has_turn(name, now_ms):
            continue
        turn_ms = postman.paces.take(pace, name, now_ms)
        if turn_ms > now_ms:
            return delivery.waiting(name, turn_ms)
    return None


def _after_failure(delivery: Delivery, endpoint: WebhookEndpoint, postman: Postman) -> Delivery | None:
    """Send the next try on its way; None if this was the last one, and the event is for the operator."""
    failed_at = int(postman.now_s())
    following = delivery.after_failure(failed_at)
    if following is None:
        postman.dead.send(delivery.anew(), failed_at)
        with suppress(StorageUnavailable):  # it would be given up twice, only for the sake of the count
            postman.store.was_given_up(endpoint, failed_at)
    else:
        postman.queue.send(following, failed_at)
    return following


def count_test(endpoint: WebhookEndpoint, *, paces: PaceStore, now_s: float) -> None:
    """Count a test that is about to be sent, for its project and for its host.

    Raises:
        RateLimitReached: the project has sent as many as it may, or the host is called as often as it may be.
        StorageUnavailable: that cannot be found out.
    """
    now_ms = int(now_s * _MILLISECONDS)
    for pace, name, whose in (
        (OF_TESTS, endpoint.project_id, f"A project may send {OF_TESTS.most} tests a minute."),
        (OF_A_HOST, name_of_host(place_of(endpoint.url)), "The host of this endpoint is sent as much as it may be."),
    ):
        free_ms = paces.take_now(pace, name, now_ms)
        if free_ms > now_ms:
            wait_s = -(-(free_ms - now_ms) // _MILLISECONDS)
            message = f"{whose} Try again in {wait_s} s."
            raise RateLimitReached(message, limit="webhook_tests", retry_after_s=min(wait_s, _LONGEST_WAIT_S))


def try_out(endpoint: WebhookEndpoint, event_type: EventType, *, post: Post, now_s: float) -> int:
    """Send a sample event, of a job that does not exist, once; the status with which the endpoint took it.

    Raises `InvalidRequest` if it did not answer, or did not take it: OpenAI's result of a test knows success only.
    """
    event = WebhookEvent(event_type, new_job_id(int(now_s * _MILLISECONDS)), int(now_s))
    outcome = _tell(endpoint, event, post, int(now_s))
    if outcome.status_code is None:
        raise InvalidRequest(outcome.message, param="url", code="webhook_unreachable")
    if not outcome.taken:
        message = f"The endpoint answered {outcome.status_code} to the test; an event is taken with a 2xx."
        raise InvalidRequest(message, param="url", code="webhook_test_failed")
    return outcome.status_code


def _tell(endpoint: WebhookEndpoint, event: WebhookEvent, post: Post, now_s: int) -> Outcome:
    headers = signed_headers(event.id, event.body, endpoint.secrets_at(now_s), now_s)
    return post(endpoint.url, event.body, headers)
