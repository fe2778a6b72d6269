"""The admin API through its handler, on a table in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import chain
from typing import Any, cast

import pytest
from fastapi.routing import APIRoute

from audio_gateway.api.admin.app import admin_app
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.key_store import KeyStore
from audio_gateway.identity.keys import KeyRecord, hash_key
from audio_gateway.metering.account import MeteredRequest, Payer
from audio_gateway.metering.account_item import account_from, account_key, last_used_s, stale_names
from audio_gateway.metering.meter import DynamoMeter
from tests.fakes.gateway import ADMIN_CALLER, API_CALLER, Answer, call, event, json_event
from tests.fakes.providers import catalog, model
from tests.unit.metering.tables import TABLE

NOW_S = 1_800_000_000.0
DEFAULT = "/organization/projects/default"
LIMITS = {"requests_per_minute": 3, "monthly_budget_usd": "25", "models": ["talker"]}

Ask = Callable[..., Answer]


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


@pytest.fixture
def directory(dynamodb: Any) -> Directory:
    found = Directory(dynamodb, TABLE, Clock())
    found.admin_keys.create(name="first admin")
    return found


@pytest.fixture
def ask(directory: Directory) -> Ask:
    found = catalog(model("talker", aliases=("tts-1",)))
    handler = lambda_handler(admin_app(directory=directory, catalog=lambda: found, now_s=lambda: NOW_S), "admin")

    def ask(method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Answer:
        if body is not None:
            return call(handler, json_event(path, body, authorizer=ADMIN_CALLER))
        items = None if query is None else {name: [value] for name, value in query.items()}
        return call(handler, event(method, path, query=items, authorizer=ADMIN_CALLER))

    return ask


@pytest.fixture
def record_of(dynamodb: Any) -> Callable[[str], KeyRecord | None]:
    return lambda value: KeyStore(dynamodb, TABLE).get(hash_key(value))


def refusal(answer: Answer, status: int, param: str | None = None, code: str | None = None) -> str:
    error = answer.error
    assert (answer.status, error["param"], error["code"]) == (status, param, code), error
    message: str = error["message"]
    return message


def created(ask: Ask, **fields: Any) -> dict[str, Any]:
    answer = ask("POST", f"{DEFAULT}/service_accounts", {"name": "program", **fields})
    assert answer.status == 200, answer.body
    account: dict[str, Any] = answer.json
    return account


# ---------------------------------------------------------------- who may
def every_call() -> list[tuple[str, str]]:
    """All methods and paths, with ids that do not exist in the default project."""
    app = admin_app(directory=cast("Directory", None))
    paths = [(route.path, route.methods) for route in app.routes if isinstance(route, APIRoute)]
    named = [
        (re.sub(r"{(\w+)_id}", r"\1_1", path.replace("{project_id}", "default")), methods) for path, methods in paths
    ]
    return [(method, path) for path, methods in named for method in methods]


def test_only_an_admin_key_opens_anything(directory: Directory, dynamodb: Any) -> None:
    handler = lambda_handler(admin_app(directory=directory), "admin")
    before = dynamodb.scan(TableName=TABLE)["Items"]
    assert len(every_call()) == 19
    for method, path in every_call():
        body = b'{"name": "n"}' if method == "POST" else b""
        headers = {"Content-Type": "application/json"}
        for authorizer, status in ((API_CALLER, 403), ({}, 401)):
            answer = call(handler, event(method, path, body, headers=headers, authorizer=authorizer))
            assert answer.status == status, (method, path)
            assert answer.error["type"] == "invalid_request_error"
    assert dynamodb.scan(TableName=TABLE)["Items"] == before


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/organization/projects", "GET, POST"),
        ("DELETE", DEFAULT, "GET, POST"),
        ("GET", f"{DEFAULT}/archive", "POST"),
        ("PUT", f"{DEFAULT}/service_accounts", "GET, POST"),
        ("PATCH", f"{DEFAULT}/service_accounts/service_account_1", "DELETE, GET, POST"),
        ("GET", f"{DEFAULT}/service_accounts/service_account_1/api_keys", "POST"),
        ("POST", f"{DEFAULT}/api_keys", "GET"),
        ("PUT", f"{DEFAULT}/api_keys/key_1", "DELETE, GET, POST"),
        ("PUT", "/organization/admin_api_keys", "GET, POST"),
        ("POST", "/organization/admin_api_keys/key_1", "DELETE, GET"),
    ],
)
def test_a_wrong_method_names_the_right_ones(ask: Ask, method: str, path: str, allowed: str) -> None:
    answer = ask(method, path)
    refusal(answer, 405)
    assert answer.headers["allow"] == allowed


def test_an_unknown_path_is_a_404(ask: Ask) -> None:
    refusal(ask("GET", f"{DEFAULT}/rate_limits"), 404, code="unknown_url")


# ---------------------------------------------------------------- bodies and queries
BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/organization/projects", {"name": "n"}),
    (DEFAULT, {"name": "n"}),
    (f"{DEFAULT}/archive", {}),
    (f"{DEFAULT}/service_accounts", {"name": "n"}),
    (f"{DEFAULT}/service_accounts/service_account_1", {"name": "n"}),
    (f"{DEFAULT}/service_accounts/service_account_1/api_keys", {}),
    (f"{DEFAULT}/api_keys/key_1", {}),
    ("/organization/admin_api_keys", {"name": "n"}),
]


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_an_unknown_field_is_refused_by_name(ask: Ask, path: str, body: dict[str, Any]) -> None:
    refusal(ask("POST", path, body | {"colour": "red"}), 400, "colour", "unknown_parameter")


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/organization/projects", "name", None),
        ("/organization/projects", "name", ""),
        ("/organization/projects", "name", 7),
        ("/organization/projects", "name", "x" * 201),
        ("/organization/projects", "name", "two\nlines"),
        ("/organization/projects", "name", "\u001b[31mred"),
        ("/organization/projects", "name", "   "),
        (f"{DEFAULT}/service_accounts", "expires_in_seconds", 0),
        (f"{DEFAULT}/service_accounts", "expires_in_seconds", 31_536_001),
        (f"{DEFAULT}/service_accounts", "expires_in_seconds", 1.5),
        (f"{DEFAULT}/service_accounts", "expires_in_seconds", True),
        (f"{DEFAULT}/service_accounts", "create_service_account_only", "yes"),
        (f"{DEFAULT}/service_accounts", "limits", []),
        ("/organization/admin_api_keys", "expires_in_seconds", 31_536_001),
        (f"{DEFAULT}/api_keys/key_1", "expires_in_seconds", -1),
    ],
)
def test_a_wrong_value_is_refused_by_name(ask: Ask, path: str, field: str, value: Any) -> None:
    body = {"name": "n", field: value} if "key_1" not in path else {field: value}
    answer = ask("POST", path, body)
    assert (answer.status, answer.error["param"]) == (400, field)


def test_limits_that_make_no_sense_are_refused_by_name(ask: Ask) -> None:
    answer = ask("POST", f"{DEFAULT}/service_accounts", {"name": "n", "limits": {"monthly_budget_usd": 5}})
    refusal(answer, 400, "limits.monthly_budget_usd")
    answer = ask("POST", f"{DEFAULT}/service_accounts", {"name": "n", "limits": {"colour": 5}})
    refusal(answer, 400, "limits.colour")


def test_models_that_the_catalogue_does_not_have_are_refused(ask: Ask, directory: Directory) -> None:
    limits = {"models": ["talker", "nope"]}
    answer = ask("POST", "/organization/projects/default/service_accounts", {"name": "n", "limits": limits})
    refusal(answer, 400, "limits.models")
    assert "no model 'nope'" in answer.error["message"]
    assert "send any of: talker, tts-1." in answer.error["message"]
    key = directory.api_keys.create(name="n").record.id
    refusal(ask("POST", f"/organization/projects/default/api_keys/{key}", {"limits": limits}), 400, "limits.models")


def test_a_key_may_be_limited_to_an_alias(ask: Ask) -> None:
    body = {"name": "n", "limits": {"models": ["tts-1"]}}
    assert ask("POST", "/organization/projects/default/service_accounts", body).status == 200


@pytest.mark.parametrize("name", ["concurrent_requests", "concurrent_jobs"])
def test_a_concurrency_limit_above_the_maximum_is_refused(ask: Ask, name: str) -> None:
    for wanted, status in ((300, 200), (301, 400)):
        body = {"name": "n", "limits": {name: wanted}}
        answer = ask("POST", "/organization/projects/default/service_accounts", body)
        assert answer.status == status
    refusal(answer, 400, f"limits.{name}")
    assert "from 1 to 300" in answer.error["message"]


def test_a_body_is_json(ask: Ask, directory: Directory) -> None:
    refusal(ask("POST", "/organization/projects", b"{"), 400)
    handler = lambda_handler(admin_app(directory=directory), "admin")
    request = event(
        "POST", "/organization/projects", b"name=n", headers={"Content-Type": "a/b"}, authorizer=ADMIN_CALLER
    )
    refusal(call(handler, request), 415, code="unsupported_content_type")


@pytest.mark.parametrize(
    ("path", "query", "param"),
    [
        ("/organization/projects", {"limit": "0"}, "limit"),
        ("/organization/projects", {"limit": "101"}, "limit"),
        ("/organization/projects", {"include_archived": "maybe"}, "include_archived"),
        (f"{DEFAULT}/api_keys", {"limit": "many"}, "limit"),
        (f"{DEFAULT}/api_keys", {"owner_project_access": "no"}, "owner_project_access"),
        (f"{DEFAULT}/service_accounts", {"order": "desc"}, "order"),
        ("/organization/admin_api_keys", {"order": "up"}, "order"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(ask: Ask, path: str, query: dict[str, str], param: str) -> None:
    answer = ask("GET", path, query=query)
    assert (answer.status, answer.error["param"]) == (400, param)


# ---------------------------------------------------------------- projects
def test_a_project_from_its_creation_to_its_archive(ask: Ask) -> None:
    project = ask("POST", "/organization/projects", {"name": "one"}).json
    assert project == {
        "id": project["id"],
        "object": "organization.project",
        "name": "one",
        "created_at": int(NOW_S),
        "archived_at": None,
        "status": "active",
    }
    path = f"/organization/projects/{project['id']}"
    assert ask("GET", path).json == project
    assert ask("POST", path, {}).json == project
    assert ask("POST", path, {"name": "two"}).json == project | {"name": "two"}
    archived = ask("POST", f"{path}/archive").json
    assert (archived["status"], archived["archived_at"]) == ("archived", int(NOW_S))
    assert ask("POST", f"{path}/archive", {}).json == archived
    refusal(ask("POST", path, {"name": "three"}), 400, "project_id", "project_archived")
    refusal(ask("POST", f"{path}/service_accounts", {"name": "n"}), 400, "project_id", "project_archived")
    assert [each["id"] for each in ask("GET", "/organization/projects").json["data"]] == ["default"]
    everything = ask("GET", "/organization/projects", query={"include_archived": "true"}).json
    assert [each["id"] for each in everything["data"]] == ["default", project["id"]]


def test_the_default_project_stays(ask: Ask) -> None:
    refusal(ask("POST", f"{DEFAULT}/archive"), 400, "project_id")
    assert ask("GET", DEFAULT).json["status"] == "active"


def test_unknown_things_are_not_found(ask: Ask) -> None:
    for method, path in every_call():
        if path in {"/organization/projects", "/organization/admin_api_keys"}:
            continue
        named = path.endswith(("default", "service_accounts", "service_account_1"))
        body = None if method != "POST" else {"name": "n"} if named else {}
        answer = ask(method, path.replace("default", "proj_x"), body)
        assert (answer.status, answer.error["type"]) == (404, "invalid_request_error"), (method, path)
        assert "proj_x" in answer.error["message"] or "_1" in answer.error["message"]


# ---------------------------------------------------------------- service accounts and keys
def test_a_service_account_is_created_with_a_key(
    ask: Ask, dynamodb: Any, record_of: Callable[[str], KeyRecord | None]
) -> None:
    account = created(ask, limits=LIMITS, expires_in_seconds=60)
    shown = LIMITS | {"expires_at": int(NOW_S) + 60}
    key = account["api_key"]
    assert account == {
        "id": account["id"],
        "object": "organization.project.service_account",
        "name": "program",
        "role": "member",
        "created_at": int(NOW_S),
        "api_key": {
            "id": key["id"],
            "object": "organization.project.service_account.api_key",
            "name": "program",
            "created_at": int(NOW_S),
            "expires_at": int(NOW_S) + 60,
            "limits": shown,
            "value": key["value"],
        },
    }
    record = record_of(key["value"])
    assert record is not None
    assert (record.id, record.project_id, record.expires_at) == (key["id"], "default", int(NOW_S) + 60)
    item = dynamodb.get_item(TableName=TABLE, Key=account_key(key["id"]))["Item"]
    assert account_from(item).limits.to_api() == shown
    path = f"{DEFAULT}/service_accounts/{account['id']}"
    without_key = {name: value for name, value in account.items() if name != "api_key"}
    assert ask("GET", path).json == without_key
    assert ask("GET", f"{DEFAULT}/service_accounts").json["data"] == [without_key]
    assert ask("POST", path, {"name": "renamed", "role": "member"}).json == without_key | {"name": "renamed"}
    assert ask("POST", path, {"role": "owner"}).status == 400


def test_a_key_shows_its_last_use_and_no_request_writes_anything_for_it(ask: Ask, dynamodb: Any) -> None:
    key = created(ask)["api_key"]

    def last_used() -> Any:
        return ask("GET", f"{DEFAULT}/api_keys/{key['id']}").json["last_used_at"]

    assert last_used() is None
    meter, caller = DynamoMeter(dynamodb, TABLE), Payer(key["id"], "default")
    born_s = int(NOW_S)
    for used_s, shown_s in ((born_s + 1, born_s), (born_s + 3_725, born_s + 3_720)):
        work = MeteredRequest(f"req_{used_s}", "speech", "m", "characters", 5, 1, 1)
        meter.release(meter.admit(caller, work, at_ms=used_s * 1000).hold)
        assert last_used() == shown_s
    item = dynamodb.get_item(TableName=TABLE, Key=account_key(key["id"]))["Item"]
    stale = stale_names(item, (born_s + 10 * 86_400) * 1000)
    assert stale
    assert last_used_s({name: value for name, value in item.items() if name not in stale}) == born_s + 3_720


def test_a_key_shows_all_but_its_value(ask: Ask) -> None:
    account = created(ask, limits=LIMITS)
    key = account["api_key"]
    shown = ask("GET", f"{DEFAULT}/api_keys/{key['id']}").json
    assert shown == {
        "id": key["id"],
        "object": "organization.project.api_key",
        "name": "program",
        "redacted_value": shown["redacted_value"],
        "created_at": int(NOW_S),
        "last_used_at": None,
        "expires_at": None,
        "owner": {
            "type": "service_account",
            "service_account": {
                "id": account["id"],
                "name": "program",
                "role": "member",
                "created_at": int(NOW_S),
            },
        },
        "owner_project_access": "active",
        "status": "active",
        "limits": LIMITS,
    }
    assert key["value"].startswith(shown["redacted_value"].split("…")[0])
    assert ask("GET", f"{DEFAULT}/api_keys").json["data"] == [shown]


def test_a_key_that_the_operator_made_is_the_operators(ask: Ask, directory: Directory) -> None:
    key = directory.api_keys.create(name="by hand")
    shown = ask("GET", f"{DEFAULT}/api_keys/{key.record.id}").json
    assert (shown["name"], shown["owner"]["type"], shown["owner"]["user"]["role"]) == ("by hand", "user", "owner")


def test_a_service_account_may_come_without_a_key_and_gets_more(ask: Ask) -> None:
    account = created(ask, create_service_account_only=True)
    assert account["api_key"] is None
    path = f"{DEFAULT}/service_accounts/{account['id']}/api_keys"
    first = ask("POST", path, {}).json
    second = ask("POST", path, {"name": "second", "limits": LIMITS, "scopes": []}).json
    assert (first["name"], first["limits"]) == ("program", {})
    assert (second["name"], second["limits"]) == ("second", LIMITS)
    assert first["value"] != second["value"]
    keys = ask("GET", f"{DEFAULT}/api_keys").json["data"]
    assert [key["owner"]["service_account"]["id"] for key in keys] == [account["id"]] * 2
    refused = ask("POST", f"{DEFAULT}/service_accounts", {
        "name": "n", "create_service_account_only": True, "expires_in_seconds": 5,
    })  # fmt: skip
    refusal(refused, 400, "create_service_account_only")
    refusal(ask("POST", path, {"scopes": ["api.all.read"]}), 400, "scopes", "unsupported_value")


def test_two_expiries_are_one_too_many(ask: Ask) -> None:
    both = {"limits": {"expires_at": 1_900_000_000}, "expires_in_seconds": 5}
    refusal(ask("POST", f"{DEFAULT}/service_accounts", {"name": "n"} | both), 400, "expires_in_seconds")
    key = created(ask)["api_key"]
    refusal(ask("POST", f"{DEFAULT}/api_keys/{key['id']}", both), 400, "expires_in_seconds")


def test_a_key_is_changed(ask: Ask, record_of: Callable[[str], KeyRecord | None]) -> None:
    key = created(ask, limits=LIMITS)["api_key"]
    path = f"{DEFAULT}/api_keys/{key['id']}"

    def record() -> KeyRecord:
        found = record_of(key["value"])
        assert found is not None
        return found

    assert ask("POST", path, {}).json == ask("GET", path).json
    changed = ask("POST", path, {"expires_in_seconds": 60}).json
    assert changed["limits"] == LIMITS | {"expires_at": int(NOW_S) + 60}
    assert changed["expires_at"] == record().expires_at == int(NOW_S) + 60
    fields = {"limits": {"concurrent_requests": 1, "expires_at": None}, "status": "disabled"}
    changed = ask("POST", path, fields).json
    assert (changed["limits"], changed["expires_at"], changed["status"]) == (
        LIMITS | {"concurrent_requests": 1},
        None,
        "disabled",
    )
    assert (record().status, record().expires_at) == ("disabled", None)
    assert ask("GET", path).json == changed
    assert ask("POST", path, {"status": "active"}).json == changed | {"status": "active"}
    assert record().status == "active"
    refusal(ask("POST", path, {"status": "deleted"}), 400, "status", "invalid_value")
    refusal(ask("POST", path, {"scopes": ["api.all.read"]}), 400, "scopes", "unsupported_value")


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"requests_per_minute": 60}, LIMITS | {"requests_per_minute": 60, "expires_at": 1_900_000_000}),
        ({"monthly_budget_usd": "5"}, LIMITS | {"monthly_budget_usd": "5", "expires_at": 1_900_000_000}),
        ({"models": None, "expires_at": None}, {"requests_per_minute": 3, "monthly_budget_usd": "25"}),
        ({"concurrent_jobs": None}, LIMITS | {"expires_at": 1_900_000_000}),
        ({}, LIMITS | {"expires_at": 1_900_000_000}),
        (None, LIMITS | {"expires_at": 1_900_000_000}),
        (dict.fromkeys([*LIMITS, "expires_at"]), {}),
    ],
)
def test_a_limit_that_is_not_named_stays_and_null_takes_one_away(
    ask: Ask, change: dict[str, Any] | None, shown: dict[str, Any]
) -> None:
    key = created(ask, limits=LIMITS | {"expires_at": 1_900_000_000})["api_key"]
    changed = ask("POST", f"{DEFAULT}/api_keys/{key['id']}", {"limits": change}).json
    assert (changed["limits"], changed["expires_at"]) == (shown, shown.get("expires_at"))


def test_a_change_of_limits_that_is_half_wrong_changes_nothing(ask: Ask) -> None:
    key = created(ask, limits=LIMITS)["api_key"]
    path = f"{DEFAULT}/api_keys/{key['id']}"
    refusal(ask("POST", path, {"limits": {"models": None, "colour": None}}), 400, "limits.colour")
    refusal(
        ask("POST", path, {"limits": {"models": None, "requests_per_minute": 0}}), 400, "limits.requests_per_minute"
    )
    both = {"limits": {"expires_at": None}, "expires_in_seconds": 5}
    refusal(ask("POST", path, both), 400, "expires_in_seconds")
    assert ask("GET", path).json["limits"] == LIMITS


def test_a_deleted_key_is_not_found(ask: Ask, record_of: Callable[[str], KeyRecord | None]) -> None:
    key = created(ask)["api_key"]
    path = f"{DEFAULT}/api_keys/{key['id']}"
    deleted = {"id": key["id"], "object": "organization.project.api_key.deleted", "deleted": True}
    assert ask("DELETE", path).json == deleted
    assert record_of(key["value"]) is None
    for method, body in (("GET", None), ("POST", {"status": "active"}), ("DELETE", None)):
        refusal(ask(method, path, body), 404, "key_id")
    assert ask("GET", f"{DEFAULT}/api_keys").json["data"] == []


def test_a_deleted_service_account_takes_its_keys_with_it(
    ask: Ask, record_of: Callable[[str], KeyRecord | None]
) -> None:
    account = created(ask)
    path = f"{DEFAULT}/service_accounts/{account['id']}"
    deleted = {"id": account["id"], "object": "organization.project.service_account.deleted", "deleted": True}
    assert ask("DELETE", path).json == deleted
    assert record_of(account["api_key"]["value"]) is None
    for method, body in (("GET", None), ("POST", {"name": "n"}), ("DELETE", None)):
        refusal(ask(method, path, body), 404, "service_account_id")
    refusal(ask("POST", f"{path}/api_keys", {}), 404, "service_account_id")


def test_a_key_is_found_in_its_own_project_only(ask: Ask) -> None:
    key = created(ask)["api_key"]
    other = ask("POST", "/organization/projects", {"name": "other"}).json["id"]
    path = f"/organization/projects/{other}/api_keys/{key['id']}"
    for method, body in (("GET", None), ("POST", {"status": "disabled"}), ("DELETE", None)):
        refusal(ask(method, path, body), 404, "key_id")
    assert ask("GET", f"{DEFAULT}/api_keys/{key['id']}").json["status"] == "active"


def test_keys_of_an_archived_project_are_inactive(ask: Ask, record_of: Callable[[str], KeyRecord | None]) -> None:
    project = ask("POST", "/organization/projects", {"name": "other"}).json["id"]
    path = f"/organization/projects/{project}"
    key = ask("POST", f"{path}/service_accounts", {"name": "n"}).json["api_key"]
    for access, count in (("any", 1), ("active", 1), ("inactive", 0)):
        assert len(ask("GET", f"{path}/api_keys", query={"owner_project_access": access}).json["data"]) == count
    ask("POST", f"{path}/archive")
    record = record_of(key["value"])
    assert record is not None
    assert record.status == "disabled"
    shown = ask("GET", f"{path}/api_keys/{key['id']}").json
    assert (shown["status"], shown["owner_project_access"]) == ("disabled", "inactive")
    for access, count in (("any", 1), ("active", 0), ("inactive", 1)):
        assert len(ask("GET", f"{path}/api_keys", query={"owner_project_access": access}).json["data"]) == count
    refusal(ask("POST", f"{path}/api_keys/{key['id']}", {"status": "active"}), 400, "project_id", "project_archived")
    assert ask("DELETE", f"{path}/api_keys/{key['id']}").status == 200


# ---------------------------------------------------------------- admin keys
def test_an_admin_key_from_its_creation_to_its_end(ask: Ask, record_of: Callable[[str], KeyRecord | None]) -> None:
    made = ask("POST", "/organization/admin_api_keys", {"name": "second", "expires_in_seconds": 60}).json
    value = made.pop("value")
    assert made == {
        "id": made["id"],
        "object": "organization.admin_api_key",
        "name": "second",
        "redacted_value": made["redacted_value"],
        "created_at": int(NOW_S),
        "expires_at": int(NOW_S) + 60,
        "last_used_at": None,
        "owner": {
            "type": "user",
            "object": "organization.user",
            "id": "user-operator",
            "name": "operator",
            "created_at": int(NOW_S),
            "role": "owner",
        },
    }
    record = record_of(value)
    assert record is not None
    assert (record.kind, record.expires_at) == ("admin", int(NOW_S) + 60)
    path = f"/organization/admin_api_keys/{made['id']}"
    assert ask("GET", path).json == made
    deleted = {"id": made["id"], "object": "organization.admin_api_key.deleted", "deleted": True}
    assert ask("DELETE", path).json == deleted
    assert record_of(value) is None
    refusal(ask("GET", path), 404, "key_id")
    (first,) = ask("GET", "/organization/admin_api_keys").json["data"]
    message = refusal(ask("DELETE", f"/organization/admin_api_keys/{first['id']}"), 400, "key_id", "last_admin_key")
    assert "last admin key" in message


# ---------------------------------------------------------------- pages
def pages(ask: Ask, path: str, limit: int, **query: str) -> list[list[str]]:
    """The ids of all pages, read as the SDKs do."""
    found: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = ask("GET", path, query={"limit": str(limit), **query, **after}).json
        ids = [each["id"] for each in page["data"]]
        assert page["object"] == "list"
        assert (page["first_id"], page["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
        found.append(ids)
        if not page["has_more"]:
            return found
        after = {"after": page["last_id"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8, 100])
def test_pages_join_to_the_whole_list(ask: Ask, directory: Directory, limit: int) -> None:
    keys = [directory.api_keys.create(name=str(number)).record.id for number in range(8)]
    directory.api_keys.delete(keys[3])
    left = [key for key in keys if key != keys[3]]
    found = pages(ask, f"{DEFAULT}/api_keys", limit)
    assert list(chain(*found)) == left
    assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
    assert found[-1]


def test_every_list_has_pages(ask: Ask, directory: Directory) -> None:
    projects = ["default", *(directory.projects.create(str(number)).id for number in range(4))]
    directory.archive_project(projects.pop(2))
    accounts = [directory.service_accounts.create("default", str(number))[0].id for number in range(4)]
    admins = [key.id for key in directory.admin_keys.list()]
    admins += [directory.admin_keys.create(name=str(number)).record.id for number in range(3)]
    for path, whole in (
        ("/organization/projects", projects),
        (f"{DEFAULT}/service_accounts", accounts),
        ("/organization/admin_api_keys", admins),
    ):
        for limit in (1, 2, 4, 20):
            assert list(chain(*pages(ask, path, limit))) == whole
    assert list(chain(*pages(ask, "/organization/admin_api_keys", 2, order="desc"))) == admins[::-1]
    assert pages(ask, f"/organization/projects/{projects[1]}/api_keys", 20) == [[]]


def test_no_log_line_and_no_item_holds_a_key(ask: Ask, dynamodb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    value = created(ask)["api_key"]["value"]
    admin = ask("POST", "/organization/admin_api_keys", {"name": "n"}).json["value"]
    written = capsys.readouterr().out + json.dumps(dynamodb.scan(TableName=TABLE)["Items"])
    assert value not in written
    assert admin not in written
    assert hash_key(value) in written


@pytest.mark.parametrize("length", [101, 3_000])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/organization/projects/{}"),
        ("POST", "/organization/projects/{}"),
        ("POST", "/organization/projects/{}/archive"),
        ("GET", "/organization/projects/{}/service_accounts"),
        ("POST", "/organization/projects/{}/service_accounts"),
        ("GET", DEFAULT + "/service_accounts/{}"),
        ("POST", DEFAULT + "/service_accounts/{}"),
        ("DELETE", DEFAULT + "/service_accounts/{}"),
        ("POST", DEFAULT + "/service_accounts/{}/api_keys"),
        ("GET", "/organization/projects/{}/api_keys"),
        ("GET", DEFAULT + "/api_keys/{}"),
        ("POST", DEFAULT + "/api_keys/{}"),
        ("DELETE", DEFAULT + "/api_keys/{}"),
        ("GET", "/organization/admin_api_keys/{}"),
        ("DELETE", "/organization/admin_api_keys/{}"),
    ],
)
def test_an_id_that_is_too_long_is_not_found(ask: Ask, method: str, path: str, length: int) -> None:
    answer = ask(method, path.format("x" * length), {"name": "n"} if method == "POST" else None)
    assert answer.status == 404
    assert len(answer.error["message"]) < 200
