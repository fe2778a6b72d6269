"""The webhooks function and the delivery function through their handlers, over a table in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audio_gateway.net.targets import AllowedHosts
from audio_gateway.webhooks.items import LOG_SECONDS
from audio_gateway.webhooks.queue import JobEvent
from audio_gateway.webhooks.retry_schedule import Delivery
from audio_gateway.webhooks.sender import DeliveryOutcome, WebhookSender
from audio_gateway.webhooks.webhook import EVENT_TYPES, MAX_ENDPOINTS, WebhookEvent
from tests.fakes.gateway import API_CALLER, call, event
from tests.fakes.receiver import Receiver
from tests.unit.api.hooks import (
    ALL,
    CANCELLED,
    FAILED,
    GOOD,
    NOW,
    STRANGER,
    SUCCEEDED,
    URL,
    Gateway,
    gateway,
    resolve,
)

__all__ = ["gateway"]


# ------------------------------------------------------------------------------------------------ endpoints
def test_a_secret_is_shown_when_it_is_made_and_never_again(gateway: Gateway) -> None:
    made = gateway.make()
    path = f"{ALL}/{made['id']}"
    assert made["signing_secret"].startswith("whsec_")
    assert made["signing_secret_hint"].endswith(made["signing_secret"][-4:])
    rotated = gateway.post_json(path + "/rotate_secret", {}).json
    assert rotated["signing_secret"] != made["signing_secret"]
    for answer in (
        gateway.get(path),
        gateway.get(ALL),
        gateway.post_json(path, {"name": "other"}),
        gateway.get(path + "/deliveries"),
        gateway.post_json(path + "/test", {"event_type": FAILED}),
        gateway.delete(path),
    ):
        assert answer.status == 200
        assert made["signing_secret"].encode() not in answer.body
        assert rotated["signing_secret"].encode() not in answer.body


def test_an_endpoint_has_the_shape_of_the_sdks(gateway: Gateway) -> None:
    made = gateway.make()
    del made["signing_secret"]
    assert gateway.get(f"{ALL}/{made['id']}").json == made
    assert made["object"] == "webhook_endpoint"
    assert made["created_at"] == made["updated_at"] == int(NOW)
    assert (made["name"], made["url"], made["event_types"]) == ("mine", URL, [SUCCEEDED, FAILED])


def test_fields_left_out_of_a_change_stay(gateway: Gateway) -> None:
    made = gateway.make()
    gateway.clock.s += 60
    path = f"{ALL}/{made['id']}"
    assert gateway.post_json(path, {"name": "mine", "event_types": None}).json["updated_at"] == int(NOW)
    changed = gateway.post_json(path, {"event_types": [CANCELLED, CANCELLED]}).json
    assert (changed["name"], changed["url"], changed["event_types"]) == ("mine", URL, [CANCELLED])
    assert changed["updated_at"] == int(NOW) + 60


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"url": None}, "url"),
        ({"url": ""}, "url"),
        ({"url": 7}, "url"),
        ({"url": "hooks.example.com"}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://hooks.example.com:8443/"}, "url"),
        ({"url": "https://user:pass@hooks.example.com/"}, "url"),
        ({"url": "https://hooks.example.com/" + "x" * 5000}, "url"),
        ({"name": None}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"event_types": None}, "event_types"),
        ({"event_types": []}, "event_types"),
        ({"event_types": SUCCEEDED}, "event_types"),
        ({"event_types": ["batch.completed"]}, "event_types"),
        ({"event_types": [SUCCEEDED, 7]}, "event_types"),
        ({"event_types": [[SUCCEEDED]]}, "event_types"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(gateway: Gateway, change: dict[str, Any], param: str) -> None:
    answer = gateway.post_json(ALL, GOOD | change)
    assert (answer.status, answer.error["param"]) == (400, param)
    assert gateway.get(ALL).json["data"] == []


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("10.0.0.8",), ("169.254.169.254",), ("::1",), ("93.184.216.34", "192.168.0.1"), ()],
)
@pytest.mark.parametrize("change", [False, True])
def test_a_name_that_leads_inside_is_refused(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...], change: bool
) -> None:
    path = f"{ALL}/{gateway.make()['id']}" if change else ALL
    resolve(monkeypatch, *addresses)
    answer = gateway.post_json(path, GOOD | {"url": "https://inside.example.com/"})
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "url", "invalid_url")


def test_a_project_may_have_sixteen(gateway: Gateway) -> None:
    ids = [gateway.make()["id"] for _ in range(MAX_ENDPOINTS)]
    refused = gateway.post_json(ALL, GOOD)
    assert (refused.status, refused.error["code"]) == (400, "too_many_webhook_endpoints")
    gateway.make(STRANGER)
    listed, after = [], None
    while True:
        page = gateway.get(ALL, limit="7", **({"after": after} if after else {})).json
        listed += [each["id"] for each in page["data"]]
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        if not page["has_more"]:
            break
        after = page["last_id"]
    assert listed == ids
    gateway.delete(f"{ALL}/{ids[3]}")
    gateway.make()


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/deliveries", None),
        ("POST", "", {"name": "mine now"}),
        ("POST", "/rotate_secret", {}),
        ("POST", "/test", {"event_type": FAILED}),
    ],
)
def test_the_endpoint_of_another_project_does_not_exist(
    gateway: Gateway, method: str, rest: str, body: dict[str, Any] | None
) -> None:
    made = gateway.make()
    for endpoint_id in (made["id"], "webhook_" + "0" * 24, "x" * 3000):
        path = f"{ALL}/{endpoint_id}{rest}"
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        answer = call(gateway.handler, event(method, path, raw, headers=headers, authorizer=STRANGER))
        assert answer.status == 404, path
    assert gateway.get(f"{ALL}/{made['id']}").json["name"] == "mine"
    assert gateway.post.sent == []
    assert gateway.get(ALL, STRANGER).json["data"] == []


@pytest.mark.parametrize("path", [ALL, f"{ALL}/webhook_1", f"{ALL}/webhook_1/deliveries", "/webhook_event_types"])
def test_requests_without_a_key_and_with_an_admin_key_are_refused(gateway: Gateway, path: str) -> None:
    assert gateway.get(path, {}).status == 401
    assert gateway.get(path, API_CALLER | {"kind": "admin"}).status == 403


def test_a_wrong_method_is_a_405(gateway: Gateway) -> None:
    answer = gateway.delete(ALL)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_event_types_are_listed(gateway: Gateway) -> None:
    assert gateway.get("/webhook_event_types").json == {"object": "list", "data": list(EVENT_TYPES)}


@pytest.mark.parametrize(
    ("rest", "body", "param"),
    [
        ("/rotate_secret", {"keep_old_secret_active_for_24_hours": "yes"}, "keep_old_secret_active_for_24_hours"),
        ("/rotate_secret", {"x": 1}, "x"),
        ("/test", {}, "event_type"),
        ("/test", {"event_type": "batch.completed"}, "event_type"),
        ("/test", {"event_type": FAILED, "x": 1}, "x"),
    ],
)
def test_wrong_fields_of_other_calls_are_named(gateway: Gateway, rest: str, body: dict[str, Any], param: str) -> None:
    answer = gateway.post_json(f"{ALL}/{gateway.make()['id']}{rest}", body)
    assert (answer.status, answer.error["param"]) == (400, param)
    assert gateway.post.sent == []


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "101"), ("after", "x" * 101), ("x", "1")])
def test_wrong_parameters_are_named(gateway: Gateway, name: str, value: Any) -> None:
    for path in (ALL, f"{ALL}/{gateway.make()['id']}/deliveries"):
        answer = gateway.get(path, **{name: value})
        assert (answer.status, answer.error["param"]) == (400, name)


def test_an_endpoint_that_cannot_be_reached_fails_its_test(gateway: Gateway) -> None:
    gateway.post.outcome = DeliveryOutcome(None, "timeout", "The server of 'url' is too slow.")
    answer = gateway.post_json(f"{ALL}/{gateway.make()['id']}/test", {"event_type": FAILED})
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "url", "webhook_unreachable")
    assert "slow" in answer.error["message"]


# ------------------------------------------------------------------------------------------------ deliveries
EVENT = WebhookEvent(SUCCEEDED, "job_1", 1_794_999_999)
JOB_EVENT = JobEvent("default", EVENT)


def test_news_goes_to_each_endpoint_of_the_project_that_wants_it(gateway: Gateway) -> None:
    wanted = [gateway.make()["id"] for _ in range(3)]
    gateway.make(event_types=[FAILED, CANCELLED])
    gateway.make(STRANGER)
    assert gateway.take(JOB_EVENT) == []
    assert gateway.queue.sent == [(Delivery("default", endpoint_id, EVENT), 0) for endpoint_id in wanted]
    assert gateway.post.sent == []


def test_an_event_that_is_taken_is_written_down_and_over(gateway: Gateway) -> None:
    made = gateway.make()
    assert gateway.take(Delivery("default", made["id"], EVENT)) == []
    ((url, body, headers),) = gateway.post.sent
    assert (url, body, headers["webhook-id"]) == (URL, EVENT.body, EVENT.id)
    assert headers["webhook-timestamp"] == str(int(NOW))
    assert gateway.queue.sent == gateway.dead.sent == []
    (logged,) = gateway.get(f"{ALL}/{made['id']}/deliveries").json["data"]
    assert logged == {
        "id": logged["id"],
        "object": "webhook_endpoint.delivery",
        "event_id": EVENT.id,
        "event_type": SUCCEEDED,
        "data": {"id": "job_1"},
        "attempt": 1,
        "status_code": 200,
        "error": None,
        "created_at": int(NOW),
        "next_attempt_at": None,
    }
    gateway.clock.s += LOG_SECONDS
    assert gateway.get(f"{ALL}/{made['id']}/deliveries").json["data"] == []


@pytest.mark.parametrize(
    "outcome",
    [
        DeliveryOutcome(500),
        DeliveryOutcome(404),
        DeliveryOutcome(302),
        DeliveryOutcome(None, "timeout"),
        DeliveryOutcome(None, "address_refused"),
    ],
)
def test_an_event_that_is_not_taken_comes_again(gateway: Gateway, outcome: DeliveryOutcome) -> None:
    made = gateway.make()
    gateway.post.outcome = outcome
    assert gateway.take(Delivery("default", made["id"], EVENT)) == []
    again = Delivery("default", made["id"], EVENT, attempt=2, first_at=int(NOW), due_at=int(NOW) + 5)
    assert gateway.queue.sent == [(again, 5)]
    (logged,) = gateway.get(f"{ALL}/{made['id']}/deliveries").json["data"]
    assert (logged["status_code"], logged["error"]) == (outcome.status_code, outcome.error)
    assert logged["next_attempt_at"] == int(NOW) + 5


def test_an_event_that_is_not_due_goes_round(gateway: Gateway) -> None:
    waiting = Delivery("default", gateway.make()["id"], EVENT, 6, int(NOW), int(NOW) + 3600)
    gateway.take(waiting)
    assert gateway.queue.sent == [(waiting, 900)]
    assert gateway.post.sent == []


def test_after_a_day_it_is_for_the_operator(gateway: Gateway) -> None:
    made = gateway.make()
    gateway.post.outcome = DeliveryOutcome(503)
    gateway.take(Delivery("default", made["id"], EVENT, 28, int(NOW) - 86_000, int(NOW)))
    assert gateway.queue.sent == []
    assert gateway.dead.sent == [(Delivery("default", made["id"], EVENT), 0)]


def test_a_deleted_endpoint_is_left_alone(gateway: Gateway) -> None:
    made = gateway.make()
    gateway.post.outcome = DeliveryOutcome(410)
    gateway.take(Delivery("default", made["id"], EVENT))
    assert gateway.queue.sent == gateway.dead.sent == []
    assert gateway.get(f"{ALL}/{made['id']}/deliveries").json["data"][0]["status_code"] == 410
    gateway.post_json(f"{ALL}/{made['id']}", {"event_types": [FAILED]})
    gateway.take(Delivery("default", made["id"], EVENT))
    gateway.delete(f"{ALL}/{made['id']}")
    gateway.take(Delivery("default", made["id"], EVENT), Delivery("default", "webhook_" + "0" * 24, EVENT))
    assert len(gateway.post.sent) == 1


def test_the_messages_of_a_batch_do_not_take_each_other_along(gateway: Gateway) -> None:
    made = gateway.make()
    assert gateway.take("no message", Delivery("default", made["id"], EVENT), "{}") == ["0", "2"]
    assert len(gateway.post.sent) == 1


def test_a_try_whose_next_cannot_be_queued_is_repeated(gateway: Gateway) -> None:
    made = gateway.make()
    gateway.post.outcome = DeliveryOutcome(500)
    gateway.queue.fails = True
    assert gateway.take(Delivery("default", made["id"], EVENT), JOB_EVENT) == ["0", "1"]


# ------------------------------------------------------------------------------------------------ the POST itself
def test_a_name_that_has_moved_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        allowed = AllowedHosts.parse(receiver.place)
        assert WebhookSender(allowed)(receiver.url("/in"), b"{}", {}).status_code == 200
        resolve(monkeypatch, "127.0.0.1")
        inside = f"https://rebound.example.com/in?{receiver.port}"
        outcome = WebhookSender(AllowedHosts())(inside, b"{}", {})
    assert (outcome.status_code, outcome.error) == (None, "address_refused")
    assert len(receiver.at("/in")) == 1


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as receiver:
        receiver.answers["/in"] = [(307, receiver.url("/there"))]
        outcome = WebhookSender(AllowedHosts.parse(receiver.place))(receiver.url("/in"), b"{}", {"webhook-id": "evt_1"})
    assert (outcome.status_code, outcome.accepted) == (307, False)
    (received,) = receiver.at("/in")
    assert (received.body, received.headers["webhook-id"]) == (b"{}", "evt_1")
    assert received.headers["content-type"] == "application/json"
    assert receiver.at("/there") == []


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.webhooks.sender.TIMEOUT_S", 0.2)
    with Receiver() as receiver:
        receiver.answers["/slow"] = [1.0]
        outcome = WebhookSender(AllowedHosts.parse(receiver.place))(receiver.url("/slow"), b"{}", {})
    assert (outcome.status_code, outcome.error) == (None, "timeout")


def test_a_server_that_is_not_there() -> None:
    with Receiver() as receiver:
        pass
    outcome = WebhookSender(AllowedHosts.parse(receiver.place))(receiver.url("/in"), b"{}", {})
    assert (outcome.status_code, outcome.error) == (None, "unreachable")
