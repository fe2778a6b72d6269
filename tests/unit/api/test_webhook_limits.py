"""Limits that prevent the abuse of webhooks: one endpoint per URL, a rate per host, an end to failing deliveries."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.errors import Conflict, StorageUnavailable
from audio_gateway.metering.account_item import account_key, new_account_item
from audio_gateway.metering.limits import Limits
from audio_gateway.net.targets import authority_of
from audio_gateway.webhooks.endpoint_store import WebhookStore
from audio_gateway.webhooks.items import endpoint_item
from audio_gateway.webhooks.published_events import LEASE_S
from audio_gateway.webhooks.queue import JobEvent
from audio_gateway.webhooks.rate_limit import (
    LATE_MS,
    OF_A_HOST,
    OF_A_PROJECT_AT_A_HOST,
    OF_TESTS,
    SlidingWindow,
    free_at,
    name_of_host,
    name_of_share,
)
from audio_gateway.webhooks.retry_schedule import Delivery
from audio_gateway.webhooks.sender import DeliveryOutcome
from audio_gateway.webhooks.webhook import MAX_UNDELIVERED_EVENTS, WebhookEvent
from tests.fakes.gateway import ADMIN_CALLER, API_CALLER
from tests.unit.api.hooks import ALL, FAILED, GOOD, NOW, STRANGER, SUCCEEDED, URL, Gateway, gateway
from tests.unit.metering.tables import TABLE

__all__ = ["gateway"]

EVENT = WebhookEvent(SUCCEEDED, "job_1", 1_794_999_999)
JOB_EVENT = JobEvent("default", EVENT)
MINUTE_MS = 60_000


# ------------------------------------------------------------------------------------------------ one URL, one endpoint
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com/in", "HTTPS://Hooks.EXAMPLE.com:443/in"),
        ("https://hooks.example.com/in", "https://hooks.example.com/in#mine"),
        ("https://hooks.example.com/in", "https://hooks.example.com/%69n"),
        ("https://hooks.example.com/a%2fb", "https://hooks.example.com/a%2Fb"),
        ("https://hooks.example.com/in", "https://hooks.example.com/./out/../in"),
        ("https://hooks.example.com/in", "https://hooks.example.com/out/%2E%2e/in"),
        ("https://hooks.example.com/?a=~", "https://hooks.example.com?a=%7e"),
        ("https://hooks.example.com/ä", "https://hooks.example.com/%c3%a4"),
        ("https://xn--bcher-kva.example/", "https://XN--BCHER-KVA.example"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700:0:0:0:0:1111]/"),
    ],
)
def test_a_project_has_a_url_once_however_it_is_spelled(gateway: Gateway, one: str, other: str) -> None:
    made = gateway.make(url=one)
    refused = gateway.post_json(ALL, GOOD | {"url": other})
    assert (refused.status, refused.error["param"], refused.error["code"]) == (409, "url", "webhook_url_taken")
    assert made["id"] in refused.error["message"]
    assert refused.headers["x-should-retry"] == "false"
    second = gateway.make(url="https://hooks.example.com/second")
    moved = gateway.post_json(f"{ALL}/{second['id']}", {"url": other})
    assert (moved.status, moved.error["code"]) == (409, "webhook_url_taken")
    assert gateway.post_json(f"{ALL}/{made['id']}", {"url": other}).status == 200  # its own, spelt differently
    assert [each["url"] for each in gateway.get(ALL).json["data"]] == [other, second["url"]]
    assert gateway.post_json(ALL, GOOD | {"url": other}, STRANGER).status == 200


@pytest.mark.parametrize(
    "other",
    ["https://hooks.example.com/IN", "https://hooks.example.com/in/", "https://hooks.example.com/in?", "https://hooks.example.com//in"],
)  # fmt: skip
def test_urls_that_are_not_the_same_are_two(gateway: Gateway, other: str) -> None:
    gateway.make(url="https://hooks.example.com/in?x=1")
    assert gateway.post_json(ALL, GOOD | {"url": other}).status == 200


def test_a_url_is_free_again_after_its_endpoint_is_deleted_or_changed(gateway: Gateway) -> None:
    made = gateway.make(url="https://hooks.example.com/a")
    assert gateway.post_json(f"{ALL}/{made['id']}", {"url": "https://hooks.example.com/b"}).status == 200
    gateway.make(url="https://hooks.example.com/a")
    assert gateway.post_json(ALL, GOOD | {"url": "https://hooks.example.com/b"}).status == 409
    gateway.delete(f"{ALL}/{made['id']}")
    gateway.make(url="https://hooks.example.com/b")


def test_an_endpoint_from_before_urls_were_counted_has_its_url_all_the_same(gateway: Gateway) -> None:
    made = gateway.make()
    (old,) = gateway.store.of_project("default")
    gateway.store.delete(old)
    gateway.client.put_item(TableName=TABLE, Item=endpoint_item(old))
    assert gateway.post_json(ALL, GOOD | {"url": URL}).status == 409
    assert gateway.post_json(f"{ALL}/{made['id']}", {"url": "https://hooks.example.com/new"}).status == 200
    assert gateway.delete(f"{ALL}/{made['id']}").status == 200
    gateway.make(url=URL)


def test_of_two_simultaneous_registrations_one_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one reads and writes between the read and the write of the first."""
    look = WebhookStore.of_project
    gateway.make()
    (one,) = gateway.store.of_project("default")
    gateway.store.delete(one)

    def of_project(self: WebhookStore, project_id: str, after: str | None = None) -> Any:
        found = list(look(self, project_id, after))
        monkeypatch.setattr(WebhookStore, "of_project", look)
        self.add(replace(one, id=f"{one.id[:-1]}x"))
        return iter(found)

    monkeypatch.setattr(WebhookStore, "of_project", of_project)
    with pytest.raises(Conflict):
        gateway.store.add(one)
    assert len(list(look(gateway.store, "default"))) == 1


# ------------------------------------------------------------------------------------------------ a pace for each host
HOST = name_of_host(authority_of(URL))


def fill(gateway: Gateway, count: int, pace: SlidingWindow = OF_A_HOST, name: str = HOST) -> None:
    """Use up so many turns of a rate limit, by default the host's."""
    gateway.rate_limits.acquire(pace, name, int(gateway.clock.s * 1000))
    gateway.client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"PACE#{pace.kind}#{name}"}, "sk": {"S": "0"}},
        UpdateExpression="SET taken = :taken",
        ExpressionAttributeValues={":taken": {"S": json.dumps([int(gateway.clock.s * 1000)] * count)}},
    )


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=60), st.integers(1, 6))
def test_no_stretch_of_a_period_has_more_than_it_may(gaps: list[int], most: int) -> None:
    pace, now_ms, taken = SlidingWindow("x", most, MINUTE_MS), 0, list[int]()
    for gap in gaps:
        now_ms += gap
        at_ms = free_at(taken[-most:], pace, now_ms)
        assert at_ms >= now_ms
        assert not taken or at_ms >= taken[-1]  # first come, first served
        taken.append(at_ms)
    for first, behind in zip(taken, taken[most:], strict=False):
        assert behind - first >= MINUTE_MS


def test_more_than_a_host_may_be_sent_waits_in_order_and_nothing_is_lost(gateway: Gateway) -> None:
    made = gateway.make()
    fill(gateway, OF_A_HOST.most - 2)
    deliveries = [Delivery("default", made["id"], replace(EVENT, job_id=f"job_{number}")) for number in range(5)]
    for delivery in deliveries:
        assert gateway.take(delivery) == []
    assert len(gateway.post.sent) == 2
    waiting = [delivery for delivery, _ in gateway.queue.sent]
    assert [each.event for each in waiting] == [each.event for each in deliveries[2:]]
    assert {delay for _, delay in gateway.queue.sent} == {71}  # in whole seconds, and not too early
    gateway.clock.s = max(each.due_at for each in waiting)
    gateway.queue.sent.clear()
    for each in waiting:
        assert gateway.take(each) == []
    assert len(gateway.post.sent) == len(deliveries)
    assert gateway.queue.sent == []


def test_a_host_is_one_for_all_projects_and_paths_and_other_hosts_do_not_wait(gateway: Gateway) -> None:
    stranger = gateway.make(STRANGER, url="https://HOOKS.example.com:443/other")
    elsewhere = gateway.make(STRANGER, url="https://elsewhere.example.com/")
    fill(gateway, OF_A_HOST.most)
    gateway.take(Delivery("proj_other", stranger["id"], EVENT))
    assert gateway.post.sent == []
    gateway.take(Delivery("proj_other", elsewhere["id"], EVENT))
    assert [url for url, _, _ in gateway.post.sent] == ["https://elsewhere.example.com/"]


def test_no_project_alone_keeps_others_waiting_at_a_host(gateway: Gateway) -> None:
    made = gateway.make()
    stranger = gateway.make(STRANGER, url="https://hooks.example.com/other")
    fill(gateway, 1)
    fill(gateway, OF_A_PROJECT_AT_A_HOST.most - 1, OF_A_PROJECT_AT_A_HOST, name_of_share("default", HOST))
    events = [replace(EVENT, job_id=f"job_{number}") for number in range(5)]
    gateway.take(*(Delivery("default", made["id"], each) for each in events))
    assert (len(gateway.post.sent), len(gateway.queue.sent)) == (1, 4)
    gateway.take(Delivery("proj_other", stranger["id"], EVENT))
    assert [url for url, _, _ in gateway.post.sent] == [URL, "https://hooks.example.com/other"]
    waiting = [delivery for delivery, _ in gateway.queue.sent]
    gateway.clock.s = max(each.due_at for each in waiting)
    gateway.take(*waiting)
    assert len(gateway.post.sent) == 6


def test_a_delivery_that_missed_its_turn_or_has_a_new_host_waits_for_a_new_turn(gateway: Gateway) -> None:
    made = gateway.make()
    now_ms = int(gateway.clock.s * 1000)
    late = Delivery("default", made["id"], EVENT).waiting(HOST, now_ms - LATE_MS - 1)
    moved = Delivery("default", made["id"], EVENT).waiting(name_of_host("other.example.com:443"), now_ms)
    fill(gateway, OF_A_HOST.most)
    gateway.take(replace(late, due_at=0), replace(moved, due_at=0))
    assert gateway.post.sent == []
    assert [each.host for each, _ in gateway.queue.sent] == [HOST, HOST]
    in_time = Delivery("default", made["id"], EVENT).waiting(HOST, now_ms - LATE_MS)
    gateway.take(replace(in_time, due_at=0))
    assert len(gateway.post.sent) == 1


def test_simultaneous_deliveries_are_counted_one_by_one(gateway: Gateway) -> None:
    made = gateway.make()
    fill(gateway, OF_A_HOST.most - 2)
    events = [replace(EVENT, job_id=f"job_{number}") for number in range(8)]
    assert gateway.take(*(Delivery("default", made["id"], each) for each in events)) == []
    assert (len(gateway.post.sent), len(gateway.queue.sent)) == (2, 6)


def test_the_item_of_a_rate_limit_does_not_reveal_the_host(gateway: Gateway) -> None:
    fill(gateway, 1)
    (item,) = (each for each in gateway.client.scan(TableName=TABLE)["Items"] if each["pk"]["S"].startswith("PACE#"))
    assert "example" not in str(item)


# ------------------------------------------------------------------------------------------------ tests
def test_a_project_may_send_ten_tests_a_minute(gateway: Gateway) -> None:
    paths = [f"{ALL}/{gateway.make()['id']}/test" for _ in range(2)]
    statuses = [gateway.post_json(paths[n % 2], {"event_type": FAILED}).status for n in range(OF_TESTS.most)]
    assert statuses == [200] * OF_TESTS.most
    gateway.clock.s += 13
    refused = gateway.post_json(paths[0], {"event_type": FAILED})
    assert (refused.status, refused.error["code"]) == (429, "rate_limit_exceeded")
    assert refused.headers["retry-after"] == "47"
    assert len(gateway.post.sent) == OF_TESTS.most
    other = gateway.make(STRANGER)
    assert gateway.post_json(f"{ALL}/{other['id']}/test", {"event_type": FAILED}, STRANGER).status == 200
    gateway.clock.s += 47
    assert gateway.post_json(paths[0], {"event_type": FAILED}).status == 200


def test_a_test_counts_for_its_host_and_does_not_wait(gateway: Gateway) -> None:
    path = f"{ALL}/{gateway.make()['id']}/test"
    fill(gateway, OF_A_HOST.most - 1)
    assert gateway.post_json(path, {"event_type": FAILED}).status == 200
    refused = gateway.post_json(path, {"event_type": FAILED})
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert "host" in refused.error["message"]
    assert len(gateway.post.sent) == 1


@pytest.mark.parametrize("status", [200, 204, 302, 400, 410, 500])
def test_a_test_has_succeeded_if_the_endpoint_has_taken_it(gateway: Gateway, status: int) -> None:
    gateway.post.outcome = DeliveryOutcome(status)
    answer = gateway.post_json(f"{ALL}/{gateway.make()['id']}/test", {"event_type": FAILED})
    if status < 300:
        assert (answer.status, answer.json["status_code"], answer.json["success"]) == (200, status, True)
    else:
        assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "url", "webhook_test_failed")
        assert f"answered {status} " in answer.error["message"]


# ------------------------------------------------------------------------------------------------ what only fails
def give_up(gateway: Gateway, endpoint_id: str, times: int) -> None:
    gateway.post.outcome = DeliveryOutcome(500)
    for number in range(times):
        event = replace(EVENT, job_id=f"job_{number}")
        assert gateway.take(Delivery("default", endpoint_id, event, 28, int(gateway.clock.s) - 86_000)) == []


def test_an_endpoint_that_only_fails_is_switched_off_and_can_be_switched_on(gateway: Gateway) -> None:
    made = gateway.make()
    path = f"{ALL}/{made['id']}"
    assert made["status"] == "enabled"
    give_up(gateway, made["id"], MAX_UNDELIVERED_EVENTS - 1)
    assert gateway.get(path).json["status"] == "enabled"
    gateway.clock.s += 5
    give_up(gateway, made["id"], 1)
    off = gateway.get(path).json
    assert (off["status"], off["updated_at"]) == ("disabled", int(gateway.clock.s))
    sent = len(gateway.post.sent)
    gateway.take(JOB_EVENT, Delivery("default", made["id"], EVENT))
    assert len(gateway.post.sent) == sent
    assert gateway.queue.sent == []
    gateway.post.outcome = DeliveryOutcome(200)
    assert gateway.post_json(path + "/test", {"event_type": FAILED}).status == 200
    assert gateway.post_json(path, {"status": "enabled"}).json["status"] == "enabled"
    give_up(gateway, made["id"], MAX_UNDELIVERED_EVENTS - 1)
    assert gateway.get(path).json["status"] == "enabled"


def test_an_event_that_is_taken_forgets_those_that_were_not(gateway: Gateway) -> None:
    made = gateway.make()
    give_up(gateway, made["id"], MAX_UNDELIVERED_EVENTS - 1)
    gateway.post.outcome = DeliveryOutcome(200)
    gateway.take(Delivery("default", made["id"], EVENT))
    give_up(gateway, made["id"], MAX_UNDELIVERED_EVENTS - 1)
    assert gateway.get(f"{ALL}/{made['id']}").json["status"] == "enabled"


def test_an_event_is_given_up_once_though_it_cannot_be_counted(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StorageUnavailable("Not now.")

    made = gateway.make()
    monkeypatch.setattr(gateway.store, "was_given_up", fails)
    give_up(gateway, made["id"], 1)
    assert len(gateway.dead.sent) == 1


def test_its_owner_may_switch_an_endpoint_off(gateway: Gateway) -> None:
    made = gateway.make()
    assert gateway.post_json(f"{ALL}/{made['id']}", {"status": "disabled"}).json["status"] == "disabled"
    gateway.take(JOB_EVENT)
    assert gateway.queue.sent == []
    refused = gateway.post_json(f"{ALL}/{made['id']}", {"status": "off"})
    assert (refused.status, refused.error["param"]) == (400, "status")


# ------------------------------------------------------------------------------------------------ told once
def test_an_event_that_is_published_again_is_delivered_once(gateway: Gateway) -> None:
    gateway.make()
    for _ in range(5):
        assert gateway.take(JOB_EVENT) == []
    assert len(gateway.queue.sent) == 1
    gateway.take(replace(JOB_EVENT, event=replace(EVENT, job_id="job_2")))
    assert len(gateway.queue.sent) == 2


def test_a_fan_out_that_was_interrupted_is_completed_by_the_next_one(gateway: Gateway) -> None:
    gateway.make()
    gateway.queue.fails = True
    assert gateway.take(JOB_EVENT) == ["0"]
    gateway.queue.fails = False
    assert gateway.take(JOB_EVENT) == ["0"]  # it may be being delivered at this moment
    gateway.clock.s += LEASE_S
    assert gateway.take(JOB_EVENT) == []
    assert len(gateway.queue.sent) == 1


# ------------------------------------------------------------------------------------------------ keys and projects
WRITES = [
    ("POST", ALL, GOOD),
    ("POST", "", {"name": "other"}),
    ("DELETE", "", None),
    ("POST", "/rotate_secret", {}),
    ("POST", "/test", {"event_type": FAILED}),
]


@pytest.mark.parametrize(("method", "rest", "body"), WRITES)
@pytest.mark.parametrize("status", ["disabled", "archived", "deleted", "expired", "gone"])
def test_a_key_that_was_revoked_changes_and_sends_nothing(
    gateway: Gateway, method: str, rest: str, body: Any, status: str
) -> None:
    """API Gateway caches for a minute that it was active."""
    made = gateway.make()
    path = rest if rest == ALL else f"{ALL}/{made['id']}{rest}"
    key_id = API_CALLER["key_id"]
    if status == "gone":
        gateway.client.delete_item(TableName=TABLE, Key=account_key(key_id))
    else:
        limits = Limits(expires_at=int(NOW)) if status == "expired" else Limits()
        item = new_account_item(key_id, limits) | ({} if status == "expired" else {"status": {"S": status}})
        gateway.client.put_item(TableName=TABLE, Item=item)
    before = gateway.get(ALL).json
    refused = gateway.post_json(path, body) if method == "POST" else gateway.delete(path)
    assert refused.status == 401, refused.body
    assert gateway.get(ALL).json == before
    assert gateway.post.sent == []


def archived_project(gateway: Gateway) -> tuple[str, dict[str, Any]]:
    project = gateway.directory.projects.create("tenant").id
    made = gateway.make(API_CALLER | {"project_id": project})
    gateway.directory.archive_project(project)
    return project, made


def test_an_archived_project_is_sent_nothing(gateway: Gateway) -> None:
    project, made = archived_project(gateway)
    assert gateway.take(JobEvent(project, EVENT), Delivery(project, made["id"], EVENT)) == []
    assert [*gateway.post.sent, *gateway.queue.sent, *gateway.dead.sent] == []


# ------------------------------------------------------------------------------------------------ operators
def test_operators_list_and_delete_the_endpoints_of_a_project(gateway: Gateway) -> None:
    project, made = archived_project(gateway)
    other = gateway.make()
    path = f"/organization/projects/{project}/webhook_endpoints"
    listed = gateway.get(path, ADMIN_CALLER).json
    shown = {name: value for name, value in made.items() if name != "signing_secret"}
    assert (listed["data"], listed["has_more"]) == ([shown], False)
    assert gateway.delete(f"{path}/{other['id']}", ADMIN_CALLER).status == 404
    gone = gateway.delete(f"{path}/{made['id']}", ADMIN_CALLER).json
    assert gone == {"id": made["id"], "object": "webhook_endpoint.deleted", "deleted": True}
    assert gateway.get(path, ADMIN_CALLER).json["data"] == []
    assert gateway.delete(f"{path}/{made['id']}", ADMIN_CALLER).status == 404
    for caller in ({}, API_CALLER):
        assert gateway.get(path, caller).status in {401, 403}
        assert gateway.delete(f"{path}/{made['id']}", caller).status in {401, 403}
    unknown = gateway.get("/organization/projects/proj_none/webhook_endpoints", ADMIN_CALLER)
    assert (unknown.status, unknown.error["param"]) == (404, "project_id")
