"""The admin API through the official SDK: keys that work immediately, change while in use, and end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAI,
    PermissionDeniedError,
    RateLimitError,
)
from openai.types.admin.organization.projects import ServiceAccountCreateResponse

from audio_gateway.metering.account_item import account_key, usage_from
from tests.stack.sdk.stack_keys import dynamodb_of

pytestmark = pytest.mark.stack

SPEECH: dict[str, Any] = {"model": "espeak-ng", "voice": "alloy", "input": "Hi.", "response_format": "pcm"}


@pytest.fixture(scope="module")
def admin(stack: dict[str, Any]) -> Iterator[OpenAI]:
    """A client with the admin key, which refuses every answer that is not exactly of OpenAI's types."""
    with OpenAI(
        base_url=stack["base_url"],
        admin_api_key=stack["admin_key"],
        api_key="sk-none",
        max_retries=0,
        _strict_response_validation=True,
    ) as made:
        yield made


@pytest.fixture
def project(admin: OpenAI) -> Iterator[str]:
    """The id of a project of the test's own."""
    made = admin.admin.organization.projects.create(name="of a test")
    yield made.id
    admin.admin.organization.projects.archive(made.id)


def account_of(admin: OpenAI, project: str, **limits: Any) -> ServiceAccountCreateResponse:
    return admin.admin.organization.projects.service_accounts.create(
        project, name="program", extra_body={"limits": limits}
    )


def speak(client: OpenAI, key: str, max_retries: int = 0) -> bytes:
    """With this key, on the client's connections."""
    return client.with_options(api_key=key, max_retries=max_retries).audio.speech.create(**SPEECH).content


def status_of(client: OpenAI, key: str, max_retries: int = 0) -> int:
    try:
        speak(client, key, max_retries)
    except APIStatusError as error:
        return error.status_code
    return 200


def test_a_key_from_its_creation_to_its_end(admin: OpenAI, project: str) -> None:
    projects = admin.admin.organization.projects
    account = account_of(admin, project, requests_per_minute=100)
    assert account.api_key is not None
    key, key_id = account.api_key.value, account.api_key.id
    assert speak(admin, key)
    shown = projects.api_keys.retrieve(key_id, project_id=project)
    assert shown.owner.service_account is not None
    assert (shown.owner.service_account.id, shown.name) == (account.id, "program")
    assert (shown.to_dict()["limits"], shown.to_dict()["status"]) == ({"requests_per_minute": 100}, "active")

    # Admission refuses immediately, while the authorizer may still remember the key for a minute.
    changed = {"limits": {"requests_per_minute": 1}}
    assert projects.api_keys.update(key_id, project_id=project, extra_body=changed).to_dict()["limits"] == {
        "requests_per_minute": 1
    }
    with pytest.raises(RateLimitError):
        [speak(admin, key) for _ in range(3)]  # a minute may turn in between
    projects.api_keys.update(key_id, project_id=project, extra_body={"limits": {"requests_per_minute": None}})
    assert speak(admin, key)
    projects.api_keys.update(key_id, project_id=project, extra_body={"status": "disabled"})
    with pytest.raises(AuthenticationError):
        speak(admin, key)
    projects.api_keys.update(key_id, project_id=project, extra_body={"status": "active"})
    other = projects.service_accounts.api_keys.create(account.id, project_id=project, name="other")
    assert speak(admin, other.value)

    assert projects.api_keys.delete(key_id, project_id=project).deleted
    assert status_of(admin, key) == 401
    with pytest.raises(NotFoundError):
        projects.api_keys.retrieve(key_id, project_id=project)
    assert [each.id for each in projects.api_keys.list(project)] == [other.id]
    assert projects.service_accounts.delete(account.id, project_id=project).deleted
    assert status_of(admin, other.value) == 401
    assert not list(projects.service_accounts.list(project))


def test_an_enabled_key_is_let_in_again(admin: OpenAI, project: str) -> None:
    """A key that was never refused while it was disabled: API Gateway remembers a refusal for a minute."""
    key = account_of(admin, project).api_key
    assert key is not None
    for status in ("disabled", "active"):
        admin.admin.organization.projects.api_keys.update(key.id, project_id=project, extra_body={"status": status})
    assert speak(admin, key.value)


def test_a_key_may_not_use_every_model(admin: OpenAI, project: str) -> None:
    key = account_of(admin, project, models=["moonshine-tiny"]).api_key
    assert key is not None
    with pytest.raises(PermissionDeniedError) as caught:
        speak(admin, key.value)
    assert caught.value.param == "model"


def test_a_key_expires(admin: OpenAI, project: str) -> None:
    accounts = admin.admin.organization.projects.service_accounts
    key = accounts.create(project, name="brief", expires_in_seconds=3600).api_key
    assert key is not None
    assert key.expires_at is not None
    assert speak(admin, key.value)
    past = {"limits": {"expires_at": 1_000_000_000}}
    admin.admin.organization.projects.api_keys.update(key.id, project_id=project, extra_body=past)
    with pytest.raises(AuthenticationError, match="expired"):
        speak(admin, key.value)


def test_an_archived_project_is_closed(admin: OpenAI, project: str) -> None:
    projects = admin.admin.organization.projects
    key = account_of(admin, project).api_key
    assert key is not None
    assert speak(admin, key.value)
    assert projects.archive(project).status == "archived"
    with pytest.raises(AuthenticationError, match="archived"):
        speak(admin, key.value)
    with pytest.raises(BadRequestError, match="archived"):
        account_of(admin, project)
    assert project not in [each.id for each in projects.list()]
    assert project in [each.id for each in projects.list(include_archived=True)]


def test_the_sdk_reads_all_pages(admin: OpenAI, project: str) -> None:
    projects = admin.admin.organization.projects
    accounts = [account_of(admin, project) for _ in range(5)]
    keys = [account.api_key.id for account in accounts if account.api_key is not None]
    assert [key.id for key in projects.api_keys.list(project, limit=2)] == keys
    assert [account.id for account in projects.service_accounts.list(project, limit=2)] == [it.id for it in accounts]
    assert {"default", project} <= {each.id for each in projects.list(limit=1)}
    assert projects.update(project, name="renamed").name == projects.retrieve(project).name == "renamed"


def test_an_admin_key_from_its_creation_to_its_end(stack: dict[str, Any], admin: OpenAI) -> None:
    keys = admin.admin.organization.admin_api_keys
    made = keys.create(name="second", expires_in_seconds=3600)
    with OpenAI(base_url=stack["base_url"], admin_api_key=made.value, api_key="sk-none", max_retries=0) as second:
        assert made.id in [key.id for key in second.admin.organization.admin_api_keys.list(limit=1)]
    assert next(key.id for key in keys.list(order="desc", limit=1)) == made.id
    assert keys.retrieve(made.id).redacted_value != made.value
    assert keys.delete(made.id).deleted
    with pytest.raises(NotFoundError):
        keys.retrieve(made.id)


def test_an_api_key_administers_nothing(stack: dict[str, Any]) -> None:
    with (
        OpenAI(base_url=stack["base_url"], admin_api_key=stack["api_key"], max_retries=0) as client,
        pytest.raises(PermissionDeniedError) as caught,
    ):
        client.admin.organization.projects.list()
    assert caught.value.type == "invalid_request_error"


def test_limits_that_change_under_load_lose_no_request(stack: dict[str, Any], admin: OpenAI, project: str) -> None:
    key = account_of(admin, project).api_key
    assert key is not None
    requests = 24

    def change(number: int) -> None:
        limits = {"limits": {"requests_per_minute": 1000 + number}}
        admin.admin.organization.projects.api_keys.update(key.id, project_id=project, extra_body=limits)

    with ThreadPoolExecutor(8) as pool:
        # With further tries: an admission that two changes overtake is refused, and says to ask again.
        spoken = [pool.submit(status_of, admin, key.value, 5) for _ in range(requests)]
        list(pool.map(change, range(12)))
    with dynamodb_of(stack) as dynamodb:
        item = dynamodb.get_item(TableName=stack["table"], Key=account_key(key.id), ConsistentRead=True)["Item"]
    counted = sum(int(value["N"]) for name, value in item.items() if name[0] == "r" and name[1:].isdecimal())
    assert [future.result() for future in spoken] == [200] * requests
    assert counted == requests
    assert usage_from(item, 0).open_holds == 0
    assert int(item["version"]["N"]) >= 13  # more if a change took two tries
