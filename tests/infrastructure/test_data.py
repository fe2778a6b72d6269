"""The table and the bucket: private, encrypted, retained, and with expiry dates."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.catalog.defaults import MAX_CACHE_SECONDS
from audio_gateway.idempotency.idempotency import KEY_KEPT_SECONDS
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, JOB_KEPT_SECONDS
from audio_gateway.metering.open_accounts import INDEX, LISTED
from tests.infrastructure.conftest import OfType
from tests.infrastructure.template import ROOT


@pytest.fixture
def table(of_type: OfType) -> dict[str, Any]:
    (properties,) = of_type("AWS::DynamoDB::Table").values()
    return properties


@pytest.fixture
def bucket(of_type: OfType) -> dict[str, Any]:
    (properties,) = of_type("AWS::S3::Bucket").values()
    return properties


def test_data_survives_the_stack_but_not_a_failed_first_deployment(rendered: dict[str, Any]) -> None:
    kept = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::ApiGateway::Account"}
    for resource in rendered.values():
        if resource["Type"] in kept:
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_deletion_protection_of_the_table_follows_its_parameter(
    table: dict[str, Any], source: dict[str, Any], samconfig: dict[str, Any]
) -> None:
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert source["Parameters"]["DeletionProtection"]["Default"] == "false"
    assert "DeletionProtection=true" in samconfig["prod"]["deploy"]["parameters"]["parameter_overrides"]


def test_an_idle_table_has_no_capacity_cost(table: dict[str, Any]) -> None:
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in table


def test_the_table_has_the_keys_that_the_key_store_writes(table: dict[str, Any]) -> None:
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert {(a["AttributeName"], a["AttributeType"]) for a in table["AttributeDefinitions"]} == {
        ("pk", "S"),
        ("sk", "S"),
        (LISTED, "S"),
    }


def test_the_only_index_lists_accounts_with_open_holds_and_projects_only_keys(table: dict[str, Any]) -> None:
    (index,) = table["GlobalSecondaryIndexes"]
    assert index == {
        "IndexName": INDEX,
        "KeySchema": [{"AttributeName": LISTED, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def test_the_table_can_be_restored_and_is_encrypted(table: dict[str, Any]) -> None:
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_the_bucket_is_private_and_encrypted(bucket: dict[str, Any]) -> None:
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == len({"acls", "policy", "ignore", "restrict"})
    assert bucket["BucketEncryption"]
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_pages_may_post_forms_to_the_bucket_and_read_from_it(bucket: dict[str, Any]) -> None:
    (rule,) = bucket["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["*"]  # after a redirect from the API, the origin is null
    assert rule["AllowedHeaders"] == ["*"]  # the redirected request has the SDKs' headers
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD", "POST"}
    assert "Content-Disposition" in rule["ExposedHeaders"]


def test_pending_settlements_outlive_every_hold_by_two_months(
    bucket: dict[str, Any],
) -> None:
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    expiry = rules["ExpireEvidence"]
    assert expiry["Prefix"] == "unsettled/"
    assert expiry["ExpirationInDays"] * 86_400 >= JOB_HOLD_SECONDS + 60 * 86_400


def test_the_docs_say_when_a_retained_bucket_is_empty(bucket: dict[str, Any], source: dict[str, Any]) -> None:
    longest = max(rule.get("ExpirationInDays", 0) for rule in bucket["LifecycleConfiguration"]["Rules"])
    assert f"within {longest} days" in source["Outputs"]["BucketName"]["Description"]
    page = " ".join((ROOT / "docs" / "deployment.md").read_text("utf-8").split())
    assert f"empties by itself within {longest} days" in page


def test_stored_audio_expires(bucket: dict[str, Any]) -> None:
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert (rules["ExpireResults"]["Prefix"], rules["ExpireResults"]["ExpirationInDays"]) == ("results/", 1)
    assert (rules["ExpireUploads"]["Prefix"], rules["ExpireUploads"]["ExpirationInDays"]) == ("uploads/", 2)
    answers = rules["ExpireAnswers"]
    assert (answers["Prefix"], answers["ExpirationInDays"] * 86_400) == ("answers/", KEY_KEPT_SECONDS)
    cache = rules["ExpireSpeechCache"]
    assert (cache["Prefix"], cache["ExpirationInDays"] * 86_400) == ("cache/", MAX_CACHE_SECONDS)
    jobs = rules["ExpireJobs"]
    assert (jobs["Prefix"], jobs["ExpirationInDays"] * 86_400) == ("jobs/", JOB_KEPT_SECONDS)
    assert rules["AbortUploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert "VersioningConfiguration" not in bucket  # or expired objects would survive as old versions
