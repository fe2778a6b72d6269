"""All is green where all is well, and each fault turns its own lines red and no other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from audio_gateway.aws.table import Table
from audio_gateway.cli.doctor.checks import GROUPS
from audio_gateway.cli.doctor.run import results
from audio_gateway.metering.account import MeteredRequest, Payer
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.usage.watermark import Watermark
from tests.fakes.healthy_api import answer, found, models, refusal
from tests.unit.cli.doctor.conftest import World, layer
from tests.unit.metering.tables import TABLE

CALLS = ("Calls", "Refusals", "Keys and webhooks", "Money")
READS = tuple(group.title for group in GROUPS if group.title not in CALLS)

Fault = Callable[[World], object]


def count_up_to(world: World, ago_s: int) -> None:
    """The roll-up has counted all rows up to so long ago."""
    watermark = Watermark(Table(world.gateway.deployment.client, TABLE))
    watermark.move(watermark.begin().run, int(time.time() - ago_s) * 1000)


@pytest.fixture
def healthy(world: World) -> World:
    count_up_to(world, 300)
    return world


def reds(world: World, *groups: str) -> dict[str, str]:
    """What is red, and what is said of it and to be done."""
    results = world.results(*groups).values()
    return {each.check.name: f"{each.text} {each.do}" for each in results if each.state == "red"}


def test_all_is_green_where_all_is_well(healthy: World) -> None:
    results = healthy.results()
    assert {name: each.text for name, each in results.items() if each.state == "red"} == {}
    assert {name for name, each in results.items() if each.state == "skipped"} == set()
    assert list(results) == [check.name for group in GROUPS for check in group.checks]


# ---------------------------------------------------------------- what AWS says
def without(world: World, operation: str, key: str, index: int) -> None:
    """One of the things that an operation lists is gone."""
    before = world.aws.answers[operation]

    def fewer(asked: Any) -> Any:
        answer = before(asked)
        return {**answer, key: [each for number, each in enumerate(answer[key]) if number != index]}

    world.aws.answers[operation] = fewer


def function(world: World, logical_id: str, **fields: Any) -> None:
    """One function has other settings."""
    before = world.aws.answers["lambda.GetFunctionConfiguration"]
    name = world.aws.physical[logical_id]
    world.aws.answers["lambda.GetFunctionConfiguration"] = lambda asked: (
        {**before(asked), **(fields if asked["FunctionName"] == name else {})}
    )


def ten_of_ten(world: World) -> None:
    """What `make deploy` does in a new account."""
    world.aws.parameters |= {"LambdaConcurrency": "10", "WebhookConcurrency": "2"}
    world.aws.change("lambda.GetAccountSettings", AccountLimit={"ConcurrentExecutions": 10})


def dead_letters(world: World) -> None:
    before = world.aws.answers["sqs.GetQueueAttributes"]

    def attributes(asked: Any) -> Any:
        answer = before(asked)
        waiting = "3" if "Dead" in asked["QueueUrl"] else "0"
        return {"Attributes": {**answer["Attributes"], "ApproximateNumberOfMessages": waiting}}

    world.aws.answers["sqs.GetQueueAttributes"] = attributes


def role_without_a_right(world: World) -> None:
    import urllib.parse

    before = world.aws.answers["iam.GetRolePolicy"]

    def policy(asked: Any) -> Any:
        answer = dict(before(asked))
        if asked["PolicyName"] == "uploads":
            document = json.loads(urllib.parse.unquote(answer["PolicyDocument"]))
            document["Statement"] = [it for it in document["Statement"] if it["Sid"] != "ManageUploadRecords"]
            answer["PolicyDocument"] = urllib.parse.quote(json.dumps(document))
        return answer

    world.aws.answers["iam.GetRolePolicy"] = policy


def boundary(world: World, action: str) -> None:
    """Something above the roles forbids an action."""
    before = world.aws.answers["iam.SimulatePrincipalPolicy"]

    def decided(asked: Any) -> Any:
        results = before(asked)["EvaluationResults"]
        for each in results:
            if each["EvalActionName"] == action:
                each["EvalDecision"] = "implicitDeny"
        return {"EvaluationResults": results}

    world.aws.answers["iam.SimulatePrincipalPolicy"] = decided


def metric(world: World, name: str, value: float) -> None:
    before = world.aws.answers["cloudwatch.GetMetricStatistics"]

    def points(asked: Any) -> Any:
        return {"Datapoints": [{asked["Statistics"][0]: value}]} if asked["MetricName"] == name else before(asked)

    world.aws.answers["cloudwatch.GetMetricStatistics"] = points


def execution(world: World, status: str, error: str) -> None:
    now = world.aws.made.now(world.aws.made.tzinfo)
    arns = {"executionArn": "arn:aws:states:e", "stateMachineArn": "arn:aws:states:x"}
    listed = {**arns, "name": "job_1", "status": status, "startDate": now, "stopDate": now}
    world.aws.answers["stepfunctions.ListExecutions"] = lambda asked: {
        "executions": [listed] if asked["statusFilter"] == status else []
    }
    described = {**arns, "status": status, "startDate": now, "error": error}
    world.aws.answers["stepfunctions.DescribeExecution"] = lambda _: described


def expired_hold(world: World) -> None:
    key = world.api.directory.api_keys.create(name="somebody")
    long_ago = DynamoMeter(world.gateway.deployment.client, TABLE, now_ms=lambda: int((time.time() - 7200) * 1000))
    work = MeteredRequest("req_lost", "speech", "talker", "characters", 1, price_microusd=1, cost_microusd=1)
    long_ago.admit(Payer(key.record.id, "default"), work)


def open_job(world: World) -> None:
    item = {"pk": "OPEN_JOBS", "sk": "job_lost", "project_id": "default"}
    created = {"created_at": {"N": str(int(time.time()) - 200_000)}}
    world.gateway.deployment.client.put_item(TableName=TABLE, Item={k: {"S": v} for k, v in item.items()} | created)


def index_in_the_template(world: World) -> None:
    (table,) = (each for each in world.aws.resources.values() if each["Type"] == "AWS::DynamoDB::Table")
    table["Properties"] = {**table["Properties"], "GlobalSecondaryIndexes": [{"IndexName": "by_time"}]}
    world.aws.answers["dynamodb.DescribeTable"] = lambda _: {"Table": {"DeletionProtectionEnabled": True}}


def alarm(world: World, **fields: Any) -> None:
    world.aws.resources["BrokenAlarm"] = {"Type": "AWS::CloudWatch::Alarm", "Condition": "HasAlarms", "Properties": {}}
    world.aws.physical["BrokenAlarm"] = "gateway-Broken"
    before = world.aws.answers["cloudwatch.DescribeAlarms"]
    world.aws.answers["cloudwatch.DescribeAlarms"] = lambda asked: {
        "MetricAlarms": [
            each | (fields if each["AlarmName"] == "gateway-Broken" else {})
            for each in before(asked)["MetricAlarms"]
            if fields or each["AlarmName"] != "gateway-Broken"
        ]
    }


def catalogue(world: World, before: str, after: str) -> None:
    world.catalog.write_text(world.catalog.read_text().replace(before, after))


def group(world: World, **fields: Any) -> None:
    before = world.aws.answers["logs.DescribeLogGroups"]
    name = world.aws.physical["SweeperLogs"]
    world.aws.answers["logs.DescribeLogGroups"] = lambda asked: {
        "logGroups": [
            ({"logGroupName": name} | fields) if each["logGroupName"] == name else each
            for each in before(asked)["logGroups"]
        ]
    }


AWS_FAULTS: dict[str, tuple[Fault, set[str], str]] = {
    "a function whose update failed": (
        lambda it: function(it, "SpeechFunction", LastUpdateStatus="Failed", LastUpdateStatusReason="no memory"),
        {"functions-ready"},
        "no memory",
    ),
    "a time-out that was changed": (
        lambda it: function(it, "RollupFunction", Timeout=3),
        {"functions-as-template"},
        "RollupFunction has Timeout 3, not 240",
    ),
    "functions of the other processor than the layers": (
        lambda it: it.layers.files.update({"/layer.zip": layer(183)}),
        {"layer-processor"},
        "made for arm64",
    ),
    "webhooks that Lambda takes for a loop": (
        lambda it: it.aws.change("lambda.GetFunctionRecursionConfig", RecursiveLoop="Terminate"),
        {"webhook-recursion"},
        "put-function-recursion-config",
    ),
    "a role without one of its rights": (role_without_a_right, {"role-policies"}, "UploadsRole lacks dynamodb:"),
    "a boundary above the roles": (
        lambda it: boundary(it, "states:StartExecution"),
        {"role-decisions"},
        "SpeechRole may not states:StartExecution",
    ),
    "a denial in a log": (
        lambda it: it.aws.change("logs.FilterLogEvents", events=[{"message": "AccessDenied"}]),
        {"denials"},
        "filter-log-events",
    ),
    "a parameter that does not exist": (
        lambda it: it.aws.change("ssm.DescribeParameters", Parameters=[]),
        {"provider-keys"},
        "put-parameter --type SecureString --name /audio-gateway/acme",
    ),
    "a secret that does not exist": (
        lambda it: it.aws.fail("secretsmanager.DescribeSecret", "ResourceNotFoundException"),
        {"provider-keys"},
        "secret:audio-gateway/other, which does not exist",
    ),
    "a key that no role may read": (
        lambda it: boundary(it, "ssm:GetParameter"),
        {"provider-keys", "role-decisions"},
        "may not read ssm:/audio-gateway/acme",
    ),
    "a key in the environment": (
        lambda it: catalogue(it, "secret:audio-gateway/other", "env:OTHER"),
        {"provider-keys", "catalogue"},
        "which no deployed function has",
    ),
    "another catalogue than on this machine": (
        lambda it: catalogue(it, '"1.00"', '"2.00"'),
        {"catalogue"},
        "has another catalogue than",
    ),
    "a quota of ten": (
        lambda it: it.aws.change("lambda.GetAccountSettings", AccountLimit={"ConcurrentExecutions": 10}),
        {"lambda-concurrency"},
        "LambdaConcurrency=10",
    ),
    "an API without a limit": (
        lambda it: it.aws.change("apigateway.GetStage", methodSettings={}),
        {"api-throttle"},
        "ThrottlingRateLimit is not set",
    ),
    "hosts that are allowed for tests": (
        lambda it: function(
            it, "WebhooksFunction", Environment={"Variables": {"AUDIO_GATEWAY_ALLOW_HOSTS": "127.0.0.1:1"}}
        ),
        {"allow-hosts"},
        "WebhooksFunction",
    ),
    "a table without backups": (
        lambda it: it.aws.change(
            "dynamodb.DescribeContinuousBackups", ContinuousBackupsDescription={"ContinuousBackupsStatus": "ENABLED"}
        ),
        {"table-backups"},
        "update-continuous-backups",
    ),
    "a table that forgets nothing": (
        lambda it: it.aws.change("dynamodb.DescribeTimeToLive", TimeToLiveDescription={"TimeToLiveStatus": "DISABLED"}),
        {"table-ttl"},
        "update-time-to-live",
    ),
    "a table without the index of its template": (index_in_the_template, {"table-indexes"}, "by_time is missing"),
    "a table without the protection that was asked for": (
        lambda it: it.aws.change(
            "dynamodb.DescribeTable",
            Table={"GlobalSecondaryIndexes": [{"IndexName": "open_holds", "IndexStatus": "ACTIVE"}]},
        ),
        {"table-protection"},
        "--deletion-protection",
    ),
    "a bucket that is open": (
        lambda it: it.aws.fail("s3.GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        {"bucket-private"},
        "put-public-access-block",
    ),
    "a rule of the bucket that is gone": (
        lambda it: without(it, "s3.GetBucketLifecycleConfiguration", "Rules", 0),
        {"bucket-lifecycle"},
        "results/ is forgotten never",
    ),
    "a bucket without a policy": (
        lambda it: it.aws.fail("s3.GetBucketPolicy", "NoSuchBucketPolicy"),
        {"bucket-tls"},
        "plain HTTP",
    ),
    "dead letters": (dead_letters, {"dead-letters"}, "start-message-move-task"),
    "an old event in the queue": (
        lambda it: metric(it, "ApproximateAgeOfOldestMessage", 9_000.0),
        {"queue-age"},
        "9000 s",
    ),
    "a queue that nobody reads": (
        lambda it: it.aws.change(
            "lambda.ListEventSourceMappings", EventSourceMappings=[{"UUID": "7" * 36, "State": "Disabled"}]
        ),
        {"queue-source"},
        "--enabled --uuid 7",
    ),
    "a schedule that is switched off": (
        lambda it: it.aws.change("events.DescribeRule", State="DISABLED"),
        {"schedules"},
        "enable-rule",
    ),
    "a sweeper that fails": (lambda it: metric(it, "SweepFailures", 2.0), {"schedule-runs"}, "sweeper failed at 2"),
    "a sweeper that does not run": (lambda it: metric(it, "Invocations", 0.0), {"schedule-runs"}, "ran 0 times"),
    "a quota below the one that was deployed for": (
        lambda it: it.aws.change("lambda.GetAccountSettings", AccountLimit={"ConcurrentExecutions": 500}),
        {"lambda-concurrency"},
        "LambdaConcurrency=500",
    ),
    "a quota of ten, as deployed for": (
        ten_of_ten,
        {"lambda-concurrency"},
        "wants 22",
    ),
    "a roll-up that stands still": (lambda it: count_up_to(it, 9_000), {"rollup-frontier"}, "behind"),
    "a hold that nobody settles": (expired_hold, {"expired-holds"}, "req_lost"),
    "a state machine that is being deleted": (
        lambda it: it.aws.change("stepfunctions.DescribeStateMachine", status="DELETING"),
        {"machine"},
        "DELETING",
    ),
    "an execution that broke off": (
        lambda it: execution(it, "FAILED", "Lambda.TooManyRequestsException"),
        {"executions"},
        "job_1 ended with Lambda.TooManyRequestsException",
    ),
    "a job that never ends": (open_job, {"open-jobs"}, "job_lost"),
    "an alarm that rings": (
        lambda it: alarm(it, StateValue="ALARM", StateReason="too many"),
        {"alarm-state"},
        "BrokenAlarm: too many",
    ),
    "an alarm that tells nobody": (lambda it: alarm(it, AlarmActions=[]), {"alarm-actions"}, "AlarmTopicArn"),
    "an alarm that was deleted": (alarm, {"alarms"}, "BrokenAlarm"),
    "a log that is kept for ever": (group, {"log-retention"}, "put-retention-policy"),
    "no role for access logs": (
        lambda it: it.aws.answers.update({"apigateway.GetAccount": lambda _: {}}),
        {"api-log-role"},
        "ManageApiGatewayLogRole",
    ),
    "an API whose settings are on their way": (
        lambda it: it.aws.change("apigateway.GetRestApi", apiStatus="UPDATING"),
        {"api-status"},
        "15 minutes",
    ),
}


@pytest.mark.parametrize("fault", AWS_FAULTS)
def test_a_fault_in_aws_turns_its_line_red_and_no_other(healthy: World, fault: str) -> None:
    plant, expected, said = AWS_FAULTS[fault]
    plant(healthy)
    red = reds(healthy, *READS)
    assert set(red) == expected
    assert said in " ".join(red.values())


def test_a_table_that_the_stack_has_not_made_is_looked_at_too(healthy: World) -> None:
    listed = healthy.aws.answers["cloudformation.ListStackResources"]({})["StackResourceSummaries"]
    at = next(at for at, each in enumerate(listed) if each["LogicalResourceId"] == "Table")
    without(healthy, "cloudformation.ListStackResources", "StackResourceSummaries", at)
    healthy.aws.change("dynamodb.DescribeTimeToLive", TimeToLiveDescription={"TimeToLiveStatus": "DISABLED"})
    red = reds(healthy, "Table and bucket")
    assert set(red) == {"table-ttl"}
    assert TABLE in red["table-ttl"]


@pytest.mark.parametrize(("ahead_s", "said"), [(-600, "ahead"), (600, "behind")])
def test_a_clock_that_is_wrong_is_told(healthy: World, ahead_s: int, said: str) -> None:
    date = {"date": formatdate(time.time() + ahead_s, usegmt=True)}
    healthy.api.answers["GET /models"] = lambda *_, **__: answer(
        "GET", "/models", 200, json.dumps(models()).encode(), date
    )
    assert said in reds(healthy, "Calls")["clock"]


def test_what_the_operator_may_not_read_is_skipped_and_says_so(healthy: World) -> None:
    healthy.aws.fail("s3.GetBucketPolicy", "AccessDenied")
    result = healthy.results("Table and bucket")["bucket-tls"]
    assert result.state == "skipped"
    assert "these credentials" in result.text


def test_an_execution_of_a_job_that_failed_for_its_own_reasons_is_no_fault(healthy: World) -> None:
    execution(healthy, "FAILED", "JobFailed")
    assert reds(healthy, "Jobs") == {}


def test_a_young_stack_has_no_roll_up_to_miss(world: World) -> None:
    world.aws.made = world.aws.made.now(world.aws.made.tzinfo)
    results = world.results("Schedules")
    assert {results[name].state for name in ("rollup-frontier", "schedule-runs")} == {"skipped"}


# ---------------------------------------------------------------- what the API says
def served_by(world: World, name: str) -> None:
    """A fallback answers in place of the model that was asked for."""

    def speech(key: str, **_: Any) -> Any:
        return world.api.charged("POST /audio/speech", b"RIFF", key, model=name)

    world.api.answers["POST /audio/speech"] = speech


def done_twice(world: World) -> None:
    """An Idempotency-Key that nobody looks at."""

    def speech(key: str, **content: Any) -> Any:
        if len(content["json"]["input"]) > 1000:
            answered = world.api.charged("POST /audio/speech", b"", key)
            return answer(
                "POST", "/audio/speech", 303, b"", answered.headers | {"location": "https://bucket.s3.example/x"}
            )
        return world.api.charged("POST /audio/speech", b"RIFF", key)

    world.api.answers["POST /audio/speech"] = speech


API_FAULTS: dict[str, tuple[Fault, set[str], str]] = {
    "a provider that is down": (
        lambda it: served_by(it, "robot"),
        {"providers", "idempotency"},
        "robot served in place of talker",
    ),
    "an Idempotency-Key without effect": (done_twice, {"idempotency"}, "was done twice"),
    "answers that are not charged": (lambda it: setattr(it.api, "charges", False), {"ledger"}, "has 0 rows"),
    "uploads that fail": (
        lambda it: it.api.broken.add("/audio/uploads"),
        {"upload"},
        "aws logs tail /aws/lambda/gateway/uploads",
    ),
    "jobs that fail": (
        lambda it: it.api.broken.add("/content"),
        {"job-end", "long-wait"},
        "aws logs tail /aws/lambda/gateway/job_chunk",
    ),
    "an unknown URL that is forbidden": (
        lambda it: it.api.answers.update({"GET /nope": lambda **_: refusal("GET", "/nope", 403)}),
        {"unknown-url"},
        "404 is right",
    ),
    "an answer of API Gateway's own": (
        lambda it: it.api.answers.update({"GET /nope": lambda **_: found("GET", "/nope", {"message": "Forbidden"})}),
        {"unknown-url"},
        "OpenAI's envelope",
    ),
    "a body that is too large, and no remedy": (
        lambda it: setattr(it.api, "remedy", "No."),
        {"too-large"},
        "names uploads as the remedy is right",
    ),
    "a key that cannot be disabled": (
        lambda it: setattr(it.api.directory.api_keys, "disable", it.api.directory.api_keys.enable),
        {"key-disable"},
        "the status active",
    ),
    "an admin API that makes no keys": (
        lambda it: it.api.broken.add("service_accounts"),
        {"key-create", "key-disable"},
        "aws logs tail /aws/lambda/gateway/admin",
    ),
    "an account that does not say what was spent": (
        lambda it: it.api.answers.update(
            {"GET /usage": lambda **_: found("GET", "/usage", {"used": {"monthly_budget_usd": "0"}})}
        ),
        {"account"},
        "GET /usage says $0 spent",
    ),
    "webhook endpoints that are not listed": (
        lambda it: it.api.answers.update(
            {"GET /webhook_endpoints": lambda **_: found("GET", "/webhook_endpoints", {"data": []})}
        ),
        {"webhooks"},
        "does not list",
    ),
}


@pytest.mark.parametrize("fault", API_FAULTS)
def test_a_fault_of_the_api_turns_its_lines_red_and_no_other(healthy: World, fault: str) -> None:
    plant, expected, said = API_FAULTS[fault]
    plant(healthy)
    red = reds(healthy, *CALLS)
    assert set(red) == expected
    assert said in " ".join(red.values())


def test_what_is_wrong_with_a_local_stack_is_mended_by_no_command_that_would_reach_aws(world: World) -> None:
    dead_letters(world)
    world.aws.change("lambda.ListEventSourceMappings", EventSourceMappings=[{"UUID": "7" * 36, "State": "Disabled"}])
    world.aws.change("lambda.GetFunctionConfiguration", MemorySize=128)
    visit = world.visit()
    visit.stack.local = True
    found = {each.check.name: each for each in results(GROUPS, visit) if each.state == "red"}
    assert {"dead-letters", "queue-source", "functions-as-template"} <= set(found)
    for name in ("dead-letters", "queue-source", "functions-as-template"):
        assert "aws " not in found[name].do
        assert "`make run`" in found[name].do
    assert ".;" not in found["dead-letters"].do
