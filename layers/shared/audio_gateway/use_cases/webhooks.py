"""Telling a project's endpoints that a job is over, again and again until they have heard, and trying them out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from audio_gateway.errors import InvalidRequest, StorageUnavailable
from audio_gateway.jobs.job import new_job_id
from audio_gateway.jobs.webhook_post import Outcome
from audio_gateway.jobs.webhook_queue import Announcement, WebhookQueue
from audio_gateway.jobs.webhook_schedule import Delivery
from audio_gateway.jobs.webhook_store import Attempt, WebhookStore
from audio_gateway.jobs.webhooks import EventType, WebhookEndpoint, WebhookEvent, signed_headers
from audio_gateway.metering.keys import new_id

ATTEMPT_PREFIX: Final = "whd_"


class Post(Protocol):
    """Sends to an address of a caller's: `jobs.webhook_post.Poster`."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], /) -> Outcome:
        """What came of it; nothing is raised."""
        ...


@dataclass(frozen=True, slots=True)
class Postman:
    """What telling needs. `dead` takes what nobody took for a day; `now_s` is the clock in unix seconds."""

    store: WebhookStore
    queue: WebhookQueue
    dead: WebhookQueue
    post: Post
    now_s: Callable[[], float] = time.time


def announce(announcement: Announcement, *, postman: Postman) -> int:
    """Send an event on its way to each endpoint that wants it; how many those are.

    Raises `StorageUnavailable`: some may be on their way, and it is to be repeated.
    """
    event = announcement.event
    told = 0
    for endpoint in postman.store.of_project(announcement.project_id):
        if event.type in endpoint.event_types:
            delivery = Delivery(announcement.project_id, endpoint.id, event)
            postman.queue.send(delivery, int(postman.now_s()))
            told += 1
    return told


def deliver(delivery: Delivery, *, postman: Postman) -> Attempt | None:
    """Try once, if it is due, and see to the next try; None if nothing was tried.

    The endpoint is as it is now: one that was deleted, or wants the event no more, is left alone. The next try is on
    its way before this one is written down, so that a crash means one try too many and not one too few.

    Raises `StorageUnavailable`: it is to be repeated.
    """
    now_s = int(postman.now_s())
    if delivery.delay_at(now_s):
        postman.queue.send(delivery, now_s)
        return None
    endpoint = postman.store.find(delivery.project_id, delivery.endpoint_id)
    if endpoint is None or delivery.event.type not in endpoint.event_types:
        return None
    outcome = _tell(endpoint, delivery.event, postman.post, now_s)
    following = None
    if not (outcome.taken or outcome.gone):
        failed_at = int(postman.now_s())
        following = delivery.after_failure(failed_at)
        if following is None:
            postman.dead.send(delivery.anew(), failed_at)
        else:
            postman.queue.send(following, failed_at)
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
        postman.store.log(endpoint.project_id, endpoint.id, attempt)
    return attempt


def try_out(endpoint: WebhookEndpoint, event_type: EventType, *, post: Post, now_s: float) -> int:
    """Send a sample event, of a job that does not exist, once; the status that the endpoint answered with.

    Raises `InvalidRequest` if it did not answer.
    """
    event = WebhookEvent(event_type, new_job_id(int(now_s * 1000)), int(now_s))
    outcome = _tell(endpoint, event, post, int(now_s))
    if outcome.status_code is None:
        raise InvalidRequest(outcome.message, param="url", code="webhook_unreachable")
    return outcome.status_code


def _tell(endpoint: WebhookEndpoint, event: WebhookEvent, post: Post, now_s: int) -> Outcome:
    headers = signed_headers(event.id, event.body, endpoint.secrets_at(now_s), now_s)
    return post(endpoint.url, event.body, headers)
