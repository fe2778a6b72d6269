"""The table, which is the bill, and the bucket, which forgets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.stack import Stack, absent
from audio_gateway.cli.doctor.visit import Visit

_TABLE: Final = "AWS::DynamoDB::Table"
_BUCKET: Final = "AWS::S3::Bucket"
_KEEPS_NONE: Final = "the local AWS keeps everything in memory, and forgets it when it stops"


def _table(stack: Stack) -> tuple[str, Mapping[str, Any]]:
    """The table in use, and what the template asks of one: also of one that the stack has not made."""
    asked = (resource for resource in stack.template.values() if resource["Type"] == _TABLE)
    return stack.table, next(asked)["Properties"]


def _backups(visit: Visit) -> str:
    stack = visit.stack
    table, _ = _table(stack)
    found = stack.client("dynamodb").describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    status = found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if status != "ENABLED":
        command = f"aws dynamodb update-continuous-backups --table-name {table} --region {stack.region}"
        do = f"{command} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        raise Red(f"point-in-time recovery is {status}: what is deleted by mistake is gone", do)
    return "point-in-time recovery is on"


def _ttl(visit: Visit) -> str:
    stack = visit.stack
    table, written = _table(stack)
    wanted = written["TimeToLiveSpecification"]["AttributeName"]
    found = stack.client("dynamodb").describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    status, attribute = found.get("TimeToLiveStatus"), found.get("AttributeName")
    if status not in {"ENABLED", "ENABLING"} or attribute != wanted:
        command = f"aws dynamodb update-time-to-live --table-name {table} --region {stack.region}"
        do = f"{command} --time-to-live-specification Enabled=true,AttributeName={wanted}"
        raise Red(f"time to live is {status}, by {attribute}: jobs and idempotency keys are never removed", do)
    return f"items are removed by {attribute}"


def _protection(visit: Visit) -> str:
    stack = visit.stack
    table, written = _table(stack)
    found = stack.client("dynamodb").describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled", False)
    wanted = str(stack.value(written.get("DeletionProtectionEnabled", False))).lower() == "true"
    if wanted and not found:
        do = f"aws dynamodb update-table --table-name {table} --deletion-protection-enabled --region {stack.region}"
        raise Red("the table can be deleted, although the stack asks for protection", do)
    if not found:
        raise Skip("the stack was deployed without deletion protection of its table")
    return "the table cannot be deleted by mistake"


def _indexes(visit: Visit) -> str:
    stack = visit.stack
    table, written = _table(stack)
    wanted = [index["IndexName"] for index in written.get("GlobalSecondaryIndexes", [])]
    if not wanted:
        raise Skip("the table has no index")
    description = stack.client("dynamodb").describe_table(TableName=table)["Table"]
    # A local DynamoDB tells no status: an index that is there can be used.
    found = {
        index["IndexName"]: index.get("IndexStatus", "ACTIVE")
        for index in description.get("GlobalSecondaryIndexes", [])
    }
    wrong = [f"{name} is {found.get(name, 'missing')}" for name in wanted if found.get(name) != "ACTIVE"]
    if wrong:
        do = "An index that is CREATING is ready soon; one that is missing, a deployment adds to the stack's own table."
        raise Red(", ".join(wrong), do)
    return ", ".join(wanted)


def _private(visit: Visit) -> str:
    stack = visit.stack
    bucket, written = stack.only(_BUCKET)
    command = stack.mended_by(
        f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    )
    with absent("NoSuchPublicAccessBlockConfiguration", then=Red("public access is not blocked", command)):
        found = stack.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    wrong = [
        name for name, wanted in written["PublicAccessBlockConfiguration"].items() if wanted and not found.get(name)
    ]
    if wrong:
        raise Red(f"not set: {', '.join(wrong)}", command)
    return "public access is blocked"


def _lifecycle(visit: Visit) -> str:
    stack = visit.stack
    bucket, written = stack.only(_BUCKET)
    with absent(
        "NoSuchLifecycleConfiguration", then=Red("the bucket has no rules: it forgets nothing", stack.deploy_again())
    ):
        rules = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    found = {_prefix(rule): rule for rule in rules if rule["Status"] == "Enabled"}
    wrong = []
    wanted = written["LifecycleConfiguration"]["Rules"]
    for rule in wanted:
        days = rule.get("ExpirationInDays")
        has = found.get(rule.get("Prefix", ""), {}).get("Expiration", {}).get("Days")
        if days is not None and has != stack.value(days):
            wrong.append(f"{rule['Prefix']} is forgotten {f'after {has} days' if has else 'never'}, not after {days}")
    if wrong:
        raise Red("; ".join(wrong), stack.deploy_again())
    return f"{len(wanted)} rules"


def _prefix(rule: Mapping[str, Any]) -> str:
    return str(rule.get("Prefix") or rule.get("Filter", {}).get("Prefix", ""))


def _tls(visit: Visit) -> str:
    stack = visit.stack
    bucket, _ = stack.only(_BUCKET)
    with absent("NoSuchBucketPolicy", then=Red("the bucket has no policy: it takes plain HTTP", stack.deploy_again())):
        policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    for statement in policy["Statement"]:
        insecure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        if statement["Effect"] == "Deny" and str(insecure).lower() == "false":
            return "plain HTTP is refused"
    raise Red("the bucket's policy takes plain HTTP", stack.deploy_again())


DATA: Final = Group(
    "Table and bucket",
    (
        Check("table-backups", "the table can be put back to any moment of 35 days", _backups, not_local=_KEEPS_NONE),
        Check("table-ttl", "the table removes what has expired", _ttl, not_local=_KEEPS_NONE),
        Check("table-protection", "the table cannot be deleted by mistake", _protection, not_local=_KEEPS_NONE),
        Check("table-indexes", "the table's indexes can be used", _indexes),
        Check("bucket-private", "the bucket is closed to the public", _private),
        Check("bucket-lifecycle", "the bucket forgets each kind of file in time", _lifecycle, not_local=_KEEPS_NONE),
        Check("bucket-tls", "the bucket refuses plain HTTP", _tls, not_local="there is no TLS on the loopback"),
    ),
)
