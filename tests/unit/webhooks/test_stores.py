"""What webhooks write: the same in moto and in the table in memory that the tests of the functions use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.errors import Conflict, NotFound, StorageUnavailable
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.published_events import LEASE_S, PublishedEvents
from audio_gateway.webhooks.rate_limit import RateLimitStore, SlidingWindow
from audio_gateway.webhooks.webhook import MAX_UNDELIVERED_EVENTS, WebhookEndpoint
from tests.unit.metering.tables import TABLE

NOW_S = 1_795_000_000
URL = "https://hooks.example.com/"
ENDPOINT = WebhookEndpoint(
    f"webhook_{1:024x}", "default", "mine", f"{URL}1", ("audio.job.failed",), "whsec_a", NOW_S, NOW_S
)
OTHER = replace(ENDPOINT, id=f"webhook_{2:024x}", url=f"{URL}2")


@pytest.fixture
def store(either: Any) -> WebhookStore:
    made = WebhookStore(either, TABLE)
    made.add(ENDPOINT)
    return made


def test_a_url_belongs_to_one_endpoint_of_a_project_until_it_is_given_up(store: WebhookStore) -> None:
    unchanged: dict[str, Any] = {"name": None, "event_types": None, "status": None, "now_s": NOW_S + 1}
    with pytest.raises(Conflict):
        store.add(replace(OTHER, url=ENDPOINT.url))
    store.add(OTHER)
    with pytest.raises(Conflict):
        store.change(OTHER, url=ENDPOINT.url, **unchanged)
    moved = store.change(ENDPOINT, url=f"{URL}3", **unchanged)
    assert (moved.url, moved.name, moved.updated_at) == (f"{URL}3", "mine", NOW_S + 1)
    with pytest.raises(Conflict):
        store.change(ENDPOINT, url=f"{URL}4", **unchanged)  # it no longer has the URL that the caller has read
    assert store.change(OTHER, url=ENDPOINT.url, **unchanged).url == ENDPOINT.url
    store.delete(ENDPOINT)
    assert list(store.of_project("default")) == [store.get("default", OTHER.id)]
    with pytest.raises(NotFound):
        store.change(moved, url=None, **unchanged)


def test_a_new_secret_is_added_to_the_old_one_or_replaces_it(store: WebhookStore) -> None:
    kept = store.rotate(ENDPOINT, "whsec_b", keep_old=True, now_s=NOW_S)
    assert (kept.secret, kept.old_secret, kept.old_secret_until > NOW_S) == ("whsec_b", "whsec_a", True)
    alone = store.rotate(ENDPOINT, "whsec_c", keep_old=False, now_s=NOW_S)
    assert (alone.secret, alone.old_secret) == ("whsec_c", None)


def test_an_endpoint_that_takes_no_event_is_switched_off(store: WebhookStore) -> None:
    for _ in range(MAX_UNDELIVERED_EVENTS - 1):
        store.was_given_up(store.get("default", ENDPOINT.id), NOW_S)
    assert store.get("default", ENDPOINT.id).undelivered == MAX_UNDELIVERED_EVENTS - 1
    store.was_accepted(store.get("default", ENDPOINT.id))
    for _ in range(MAX_UNDELIVERED_EVENTS):
        assert store.get("default", ENDPOINT.id).status == "enabled"
        store.was_given_up(store.get("default", ENDPOINT.id), NOW_S)
    off = store.get("default", ENDPOINT.id)
    assert (off.status, off.undelivered) == ("disabled", MAX_UNDELIVERED_EVENTS)
    on = store.change(off, name="n", url=None, event_types=("audio.job.succeeded",), status="enabled", now_s=NOW_S)
    assert (on.status, on.undelivered, on.event_types) == ("enabled", 0, ("audio.job.succeeded",))


def test_moments_are_taken_one_by_one(either: Any) -> None:
    limits, window = RateLimitStore(either, TABLE), SlidingWindow("TESTS", 2, 1_000)
    assert [limits.acquire(window, "a", 10) for _ in range(4)] == [10, 10, 1_010, 1_010]
    assert (limits.try_acquire(window, "a", 10), limits.try_acquire(window, "b", 10)) == (2_010, 10)


def test_an_event_is_announced_by_one_process_at_a_time_and_once(either: Any) -> None:
    events = PublishedEvents(either, TABLE)
    assert events.begin("default", "evt_1", NOW_S)
    with pytest.raises(StorageUnavailable):
        events.begin("default", "evt_1", NOW_S + LEASE_S - 1)
    assert events.begin("default", "evt_1", NOW_S + LEASE_S)
    events.end("default", "evt_1")
    assert not events.begin("default", "evt_1", NOW_S + 2 * LEASE_S)
