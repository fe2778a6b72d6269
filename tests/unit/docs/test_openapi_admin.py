"""The OpenAPI document matches the admin API: the fields of its bodies, and its responses."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.api.admin import bodies
from audio_gateway.api.admin.app import admin_app
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.limits import Limits
from tests.fakes.gateway import ADMIN_CALLER, Answer, call, event, json_event
from tests.unit.docs.test_openapi import SCHEMAS, SPEC, RecordingFields, fits
from tests.unit.metering.tables import TABLE

LIMITS = Limits(1, 2, 3, 4_000, 5_000_000, ("talker",), 1_900_000_000, 5, 6).to_api()
EXAMPLES: dict[str, Any] = {
    "name": "program",
    "create_service_account_only": False,
    "expires_in_seconds": None,
    "limits": LIMITS,
    "scopes": [],
    "status": "active",
    "role": "member",
}
OPERATIONS = [
    (method, path)
    for path, methods in SPEC["paths"].items()
    for method in methods
    if path.startswith(("/organization/projects", "/organization/admin_api_keys")) and "webhook" not in path
]


@pytest.fixture
def ids(dynamodb: Any) -> dict[str, str]:
    """The ids of an existing project, service account, key and admin key."""
    directory = Directory(dynamodb, TABLE)
    project = directory.create_project("n").id
    account, key = directory.create_service_account(project, "n")
    assert key is not None
    directory.create_key("api", name="of the operator", project_id=project)
    admin = directory.create_key("admin", name="n")
    directory.create_key("admin", name="heir")
    return {
        "{project_id}": project,
        "{service_account_id}": account.id,
        "{key_id}": key.record.id,
        "{admin_key_id}": admin.record.id,
    }


def ask(dynamodb: Any, ids: dict[str, str], method: str, path: str, **more: Any) -> Answer:
    """The response to an operation, called with all documented fields."""
    handler = lambda_handler(admin_app(directory=Directory(dynamodb, TABLE)), "admin")
    aim = path.replace("admin_api_keys/{key_id}", "admin_api_keys/{admin_key_id}")
    for name, value in ids.items():
        aim = aim.replace(name, value)
    documented = fields_of(path, method)
    if documented is None:
        return call(handler, event(method.upper(), aim, authorizer=ADMIN_CALLER))
    body = {name: EXAMPLES[name] for name in documented["properties"]}
    return call(handler, json_event(aim, body | more, authorizer=ADMIN_CALLER))


def fields_of(path: str, method: str) -> dict[str, Any] | None:
    body = SPEC["paths"][path][method].get("requestBody")
    if body is None:
        return None
    found: dict[str, Any] = SCHEMAS[body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
    return found


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_documented(dynamodb: Any, ids: dict[str, str], method: str, path: str) -> None:
    answer = ask(dynamodb, ids, method, path)
    assert answer.status == 200, answer.body
    fits(answer, path, method)


@pytest.mark.parametrize(("method", "path"), [it for it in OPERATIONS if fields_of(it[1], it[0])])
def test_bodies_take_the_documented_fields_and_no_other(
    dynamodb: Any, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    monkeypatch.setattr(RecordingFields, "names", set())
    monkeypatch.setattr(bodies, "BodyFields", RecordingFields)
    documented = fields_of(path, method)
    assert documented is not None
    assert ask(dynamodb, ids, method, path).status == 200
    assert RecordingFields.names == set(documented["properties"])
    assert documented["additionalProperties"] is False
    refused = ask(dynamodb, ids, method, path, colour="red")
    assert (refused.status, refused.error["param"]) == (400, "colour")
    fits(refused, path, method)
    for name in documented["required"]:
        missing = ask(dynamodb, ids, method, path, **{name: None})
        assert (missing.status, missing.error["param"]) == (400, name)


def test_a_key_without_limits_or_account_is_as_documented(dynamodb: Any, ids: dict[str, str]) -> None:
    path = "/organization/projects/{project_id}/service_accounts"
    bare = ask(dynamodb, ids, "post", path, create_service_account_only=True, limits=None)
    assert bare.json["api_key"] is None
    fits(bare, path)
    everything = ask(dynamodb, ids, "get", "/organization/projects/{project_id}/api_keys").json["data"]
    assert {key["owner"]["type"] for key in everything} == {"user", "service_account"}
