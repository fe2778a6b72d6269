"""The table and the bucket: private, encrypted, kept, and forgetful where they must be."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.catalog.defaults import MAX_CACHE_SECONDS
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, JOB_KEPT_SECONDS
from audio_gateway.metering.open_accounts import INDEX, LISTED
from audio_gateway.replay.idempotency import KEEP_SECONDS
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


def test_the_bill_survives_the_stack_but_not_a_first_deployment_that_fails(rendered: dict[str, Any]) -> None:
    kept = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::ApiGateway::Account"}
    for resource in rendered.values():
        if resource["Type"] in kept:
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_table_is_protected_where_the_operator_says_so(
    table: dict[str, Any], source: dict[str, Any], samconfig: dict[str, Any]
) -> None:
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert source["Parameters"]["DeletionProtection"]["Default"] == "false"
    assert "DeletionProtection=true" in samconfig["prod"]["deploy"]["parameters"]["parameter_overrides"]


def test_an_idle_table_costs_no_capacity(table: dict[str, Any]) -> None:
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "ProvisionedThroughput" not in table


def test_the_table_has_the_keys_that_the_key_store_writes(table: dict[str, Any]) -> None:
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert {(a["AttributeName"], a["AttributeType"]) for a in table["AttributeDefinitions"]} == {
        ("pk", "S"),
        ("sk", "S"),
        (LISTED, "S"),
    }


def test_the_one_index_lists_accounts_with_open_holds_and_copies_nothing_but_keys(table: dict[str, Any]) -> None:
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


def test_pages_may_send_forms_to_the_bucket_and_fetch_from_it(bucket: dict[str, Any]) -> None:
    (rule,) = bucket["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["*"]  # whoever is redirected from the API has the origin null
    assert rule["AllowedHeaders"] == ["*"]  # the SDKs' own go along with the redirect
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD", "POST"}
    assert "Content-Disposition" in rule["ExposedHeaders"]


def test_evidence_of_answers_outlives_every_hold_and_a_sweeper_that_is_out_of_order_for_weeks(
    bucket: dict[str, Any],
) -> None:
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    evidence = rules["ExpireEvidence"]
    assert evidence["Prefix"] == "unsettled/"
    assert evidence["ExpirationInDays"] * 86_400 >= JOB_HOLD_SECONDS + 60 * 86_400


def test_what_is_said_of_a_bucket_that_stays_is_when_it_is_empty_again(
    bucket: dict[str, Any], source: dict[str, Any]
) -> None:
    longest = max(rule.get("ExpirationInDays", 0) for rule in bucket["LifecycleConfiguration"]["Rules"])
    assert f"within {longest} days" in source["Outputs"]["BucketName"]["Description"]
    page = " ".join((ROOT / "docs" / "deployment.md").read_text("utf-8").split())
    assert f"empties by itself within {longest} days" in page


def test_audio_does_not_stay(bucket: dict[str, Any]) -> None:
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert (rules["ExpireResults"]["Prefix"], rules["ExpireResults"]["ExpirationInDays"]) == ("results/", 1)
    assert (rules["ExpireUploads"]["Prefix"], rules["ExpireUploads"]["ExpirationInDays"]) == ("uploads/", 2)
    answers = rules["ExpireAnswers"]
    assert (answers["Prefix"], answers["ExpirationInDays"] * 86_400) == ("answers/", KEEP_SECONDS)
    cache = rules["ExpireSpeechCache"]
    assert (cache["Prefix"], cache["ExpirationInDays"] * 86_400) == ("cache/", MAX_CACHE_SECONDS)
    jobs = rules["ExpireJobs"]
    assert (jobs["Prefix"], jobs["ExpirationInDays"] * 86_400) == ("jobs/", JOB_KEPT_SECONDS)
    assert rules["AbortUploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert "VersioningConfiguration" not in bucket  # or what has expired would live on as a version
