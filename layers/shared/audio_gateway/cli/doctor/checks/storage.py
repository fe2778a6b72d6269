"""The table and the bucket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.stack import InspectedStack, on_missing

_TABLE: Final = "AWS::DynamoDB::Table"
_BUCKET: Final = "AWS::S3::Bucket"
_KEEPS_NONE: Final = "the local AWS keeps all data in memory only"


def _table(stack: InspectedStack) -> tuple[str, Mapping[str, Any]]:
    """Return the table in use, and the properties in the template, even if the stack did not create the table."""
    tables = (resource for resource in stack.template.values() if resource["Type"] == _TABLE)
    return stack.table, next(tables)["Properties"]


def _backups(context: CheckContext) -> str:
    stack = context.stack
    table, _ = _table(stack)
    found = stack.client("dynamodb").describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    status = found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if status != "ENABLED":
        command = f"aws dynamodb update-continuous-backups --table-name {table} --region {stack.region}"
        do = f"{command} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        raise CheckFailed(f"point-in-time recovery is {status}: data deleted by mistake cannot be restored", do)
    return "point-in-time recovery is on"


def _ttl(context: CheckContext) -> str:
    stack = context.stack
    table, written = _table(stack)
    wanted = written["TimeToLiveSpecification"]["AttributeName"]
    found = stack.client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    status, attribute = found.get("TimeToLiveStatus"), found.get("AttributeName")
    if status not in {"ENABLED", "ENABLING"} or attribute != wanted:
        command = f"aws dynamodb update-time-to-live --table-name {table} --region {stack.region}"
        do = f"{command} --time-to-live-specification Enabled=true,AttributeName={wanted}"
        raise CheckFailed(
            f"time to live is {status}, with attribute {attribute}: jobs and idempotency keys are never removed", do
        )
    return f"items expire by {attribute}"


def _protection(context: CheckContext) -> str:
    stack = context.stack
    table, written = _table(stack)
    found = stack.client("dynamodb").describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled", False)
    wanted = str(stack.value(written.get("DeletionProtectionEnabled", False))).lower() == "true"
    if wanted and not found:
        do = f"aws dynamodb update-table --table-name {table} --deletion-protection-enabled --region {stack.region}"
        raise CheckFailed("the table can be deleted, although the stack asks for protection", do)
    if not found:
        raise CheckSkipped("the stack was deployed without deletion protection for its table")
    return "the table cannot be deleted by mistake"


def _indexes(context: CheckContext) -> str:
    stack = context.stack
    table, written = _table(stack)
    wanted = [index["IndexName"] for index in written.get("GlobalSecondaryIndexes", [])]
    if not wanted:
        raise CheckSkipped("the table has no index")
    description = stack.client("dynamodb").describe_table(TableName=table)["Table"]
    # A local DynamoDB reports no status: an existing index is usable.
    found = {
        index["IndexName"]: index.get("IndexStatus", "ACTIVE")
        for index in description.get("GlobalSecondaryIndexes", [])
    }
    wrong = [f"{name} is {found.get(name, 'missing')}" for name in wanted if found.get(name) != "ACTIVE"]
    if wrong:
        do = "Wait while an index is CREATING. A deployment adds a missing index to the stack's own table."
        raise CheckFailed(", ".join(wrong), do)
    return ", ".join(wanted)


def _private(context: CheckContext) -> str:
    stack = context.stack
    bucket, written = stack.only(_BUCKET)
    command = stack.remedy(
        f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    )
    with on_missing("NoSuchPublicAccessBlockConfiguration", then=CheckFailed("public access is not blocked", command)):
        found = stack.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    wrong = [
        name for name, wanted in written["PublicAccessBlockConfiguration"].items() if wanted and not found.get(name)
    ]
    if wrong:
        raise CheckFailed(f"not set: {', '.join(wrong)}", command)
    return "public access is blocked"


def _lifecycle(context: CheckContext) -> str:
    stack = context.stack
    bucket, written = stack.only(_BUCKET)
    with on_missing(
        "NoSuchLifecycleConfiguration",
        then=CheckFailed("the bucket has no lifecycle rules: files are never deleted", stack.redeploy_advice()),
    ):
        rules = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    found = {_prefix(rule): rule for rule in rules if rule["Status"] == "Enabled"}
    wrong = []
    wanted = written["LifecycleConfiguration"]["Rules"]
    for rule in wanted:
        days = rule.get("ExpirationInDays")
        has = found.get(rule.get("Prefix", ""), {}).get("Expiration", {}).get("Days")
        if days is not None and has != stack.value(days):
            state = f"deleted after {has} days" if has else "never deleted"
            wrong.append(f"{rule['Prefix']} is {state}, not after {days}")
    if wrong:
        raise CheckFailed("; ".join(wrong), stack.redeploy_advice())
    return f"{len(wanted)} rules"


def _prefix(rule: Mapping[str, Any]) -> str:
    return str(rule.get("Prefix") or rule.get("Filter", {}).get("Prefix", ""))


def _tls(context: CheckContext) -> str:
    stack = context.stack
    bucket, _ = stack.only(_BUCKET)
    with on_missing(
        "NoSuchBucketPolicy",
        then=CheckFailed("the bucket has no policy: it accepts plain HTTP", stack.redeploy_advice()),
    ):
        policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    for statement in policy["Statement"]:
        insecure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        if statement["Effect"] == "Deny" and str(insecure).lower() == "false":
            return "plain HTTP is refused"
    raise CheckFailed("the bucket's policy allows plain HTTP", stack.redeploy_advice())


STORAGE: Final = CheckGroup(
    "Table and bucket",
    (
        Check(
            "table-backups",
            "the table can be restored to any time in the last 35 days",
            _backups,
            not_local=_KEEPS_NONE,
        ),
        Check("table-ttl", "the table removes expired items", _ttl, not_local=_KEEPS_NONE),
        Check("table-protection", "the table cannot be deleted by mistake", _protection, not_local=_KEEPS_NONE),
        Check("table-indexes", "the table's indexes are active", _indexes),
        Check("bucket-private", "the bucket is not public", _private),
        Check("bucket-lifecycle", "the bucket deletes each kind of file in time", _lifecycle, not_local=_KEEPS_NONE),
        Check("bucket-tls", "the bucket refuses plain HTTP", _tls, not_local="the loopback interface has no TLS"),
    ),
)
