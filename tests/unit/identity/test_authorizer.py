"""Keys in a table (moto), and the authorizer that reads them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from audio_gateway.identity.authorizer import Authorizer, Unauthorized, bearer_token
from audio_gateway.identity.key_store import KeyStore, record_item
from audio_gateway.identity.keys import KeyKind, NewKey, hash_key, new_key
from tests.unit.metering.tables import TABLE

NOW = 1_800_000_000
ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/v1/POST/audio/speech"


@pytest.fixture
def keys(moto_dynamodb: Any) -> KeyStore:
    return KeyStore(moto_dynamodb, TABLE)


@pytest.fixture
def authorizer(keys: KeyStore) -> Authorizer:
    return Authorizer(keys, now_s=lambda: NOW)


def stored(table: Any, kind: KeyKind = "api", **changes: Any) -> NewKey:
    key = new_key(kind, name="test", now_s=NOW)
    table.put_item(TableName=TABLE, Item=record_item(dataclasses.replace(key.record, **changes)))
    return key


def event(authorization: str | None) -> dict[str, Any]:
    headers = {} if authorization is None else {"authorization": authorization}
    return {"type": "REQUEST", "methodArn": ARN, "headers": headers}


def test_a_key_is_allowed_on_the_whole_stage_and_its_ids_reach_the_functions(
    authorizer: Authorizer, moto_dynamodb: Any
) -> None:
    key = stored(moto_dynamodb)
    policy = authorizer.handle(event(f"Bearer {key.value}"), None)
    statement = policy["policyDocument"]["Statement"][0]
    assert (statement["Effect"], statement["Resource"]) == (
        "Allow",
        "arn:aws:execute-api:us-east-1:123456789012:abc123/v1/*",
    )
    assert policy["principalId"] == key.record.id
    assert policy["context"] == {
        "key_id": key.record.id,
        "kind": "api",
        "project_id": "default",
        "organization_id": "org-default",
    }


def test_the_functions_learn_when_a_key_expires_for_the_policy_is_remembered(
    authorizer: Authorizer, moto_dynamodb: Any
) -> None:
    key = stored(moto_dynamodb, expires_at=NOW + 1)
    policy = authorizer.handle(event(f"Bearer {key.value}"), None)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert policy["context"]["expires_at"] == str(NOW + 1)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"expires_at": NOW}, "It expired on 2027-01-15 at 08:00 UTC."),
        ({"expires_at": 1}, "It expired on 1970-01-01 at 00:00 UTC."),
        ({"status": "disabled"}, "It is disabled."),
        ({"status": "disabled", "expires_at": NOW}, "It is disabled."),
    ],
)
def test_a_refusal_says_why_in_words_that_fit_into_the_json_of_the_answer(
    authorizer: Authorizer, moto_dynamodb: Any, changes: dict[str, Any], refusal: str
) -> None:
    key = stored(moto_dynamodb, **changes)
    policy = authorizer.handle(event(f"Bearer {key.value}"), None)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert policy["context"]["refusal"] == refusal


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic c2s6",
        "sk-abc",
        "Bearer sk-unknown",
        "Bearer " + "x" * 1000,
        "Bearer \udcff",
    ],
)
def test_a_missing_malformed_or_unknown_key_is_a_401(authorizer: Authorizer, header: str | None) -> None:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        authorizer.handle(event(header), None)


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"expires_at": NOW}, {"expires_at": NOW - 1}])
def test_a_disabled_or_expired_key_is_denied(
    authorizer: Authorizer, moto_dynamodb: Any, change: dict[str, Any]
) -> None:
    key = stored(moto_dynamodb, **change)
    policy = authorizer.handle(event(f"Bearer {key.value}"), None)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"


def test_a_key_that_expires_later_is_allowed(authorizer: Authorizer, moto_dynamodb: Any) -> None:
    key = stored(moto_dynamodb, expires_at=NOW + 1)
    assert (
        authorizer.handle(event(f"bearer  {key.value} "), None)["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    )


def test_keys_are_long_different_and_stored_only_as_a_hash(moto_dynamodb: Any) -> None:
    made = {stored(moto_dynamodb).value for _ in range(50)}
    assert len(made) == 50
    assert all(value.startswith("sk-") and len(value) > 40 for value in made)
    everything = repr(moto_dynamodb.scan(TableName=TABLE)["Items"])
    assert not any(value in everything for value in made)
    assert all(hash_key(value) in everything for value in made)


def test_an_admin_key_says_so(authorizer: Authorizer, moto_dynamodb: Any) -> None:
    key = stored(moto_dynamodb, "admin")
    assert key.value.startswith("sk-admin-")
    assert authorizer.handle(event(f"Bearer {key.value}"), None)["context"]["kind"] == "admin"


def test_the_record_comes_back_as_it_was_written(keys: KeyStore, moto_dynamodb: Any) -> None:
    key = stored(moto_dynamodb, expires_at=NOW + 5)
    assert keys.get(key.record.sha256) == dataclasses.replace(key.record, expires_at=NOW + 5)


def test_the_header_is_found_whatever_its_case() -> None:
    assert bearer_token({"headers": {"AUTHORIZATION": "BEARER sk-1"}}) == "sk-1"
    assert bearer_token({"headers": None}) is None
