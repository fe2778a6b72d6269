"""All checks are green for a healthy gateway, and each fault turns only its own checks red."""

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
from tests.unit.cli.doctor.conftest import HealthyGateway, layer
from tests.unit.metering.tables import TABLE

pytestmark = pytest.mark.slow

CALLS = ("Calls", "Refusals", "Keys and webhooks", "Money")
READS = tuple(group.title for group in GROUPS if group.title not in CALLS)

Fault = Callable[[HealthyGateway], object]


def count_up_to(world: HealthyGateway, ago_s: int) -> None:
    """Move the watermark of the roll-up to `ago_s` ago."""
    watermark = Watermark(Table(world.gateway.target.client, TABLE))
    watermark.move(watermark.begin().run, int(time.time() - ago_s) * 1000)


@pytest.fixture
def healthy(world: HealthyGateway) -> HealthyGateway:
    count_up_to(world, 300)
    return world


def reds(world: HealthyGateway, *groups: str) -> dict[str, str]:
    """Return the red checks, each with its fault and remedy."""
    results = world.results(*groups).values()
    return {each.check.name: f"{each.text} {each.do}" for each in results if each.state == "red"}


def test_all_checks_are_green_for_a_healthy_gateway(healthy: HealthyGateway) -> None:
    results = healthy.results()
    assert {name: each.text for name, each in results.items() if each.state == "red"} == {}
    assert {name for name, each in results.items() if each.state == "skipped"} == set()
    assert list(results) == [check.name for group in GROUPS for check in group.checks]


def test_all_calls_are_green_for_a_healthy_gateway_that_does_not_stream(healthy: HealthyGateway) -> None:
    healthy.aws.parameters["ResponseStreaming"], healthy.api.streams = "false", False
    results = healthy.results("Calls", "Money")
    assert {name: each.text for name, each in results.items() if each.state != "green"} == {}
    assert results["streamed"].text == "in one piece, as ResponseStreaming is false"
    assert "through the bucket" in results["large-answer"].text


def test_a_large_answer_that_is_small_is_skipped_and_charged(healthy: HealthyGateway) -> None:
    healthy.api.answers["POST /audio/speech"] = lambda key, **_: healthy.api.charged("POST /audio/speech", b"RIFF", key)
    results = healthy.results("Calls", "Money")
    assert results["large-answer"].state == "skipped"
    assert results["ledger"].state == "green"


# ---------------------------------------------------------------- what AWS says
def without(world: HealthyGateway, operation: str, key: str, index: int) -> None:
    """Remove an item from the result of an operation."""
    before = world.aws.answers[operation]

    def fewer(asked: Any) -> Any:
        answer = before(asked)
        return {**answer, key: [each for number, each in enumerate(answer[key]) if number != index]}

    world.aws.answers[operation] = fewer


def function(world: HealthyGateway, logical_id: str, **fields: Any) -> None:
    """Change the settings of a function."""
    before = world.aws.answers["lambda.GetFunctionConfiguration"]
    name = world.aws.physical[logical_id]
    world.aws.answers["lambda.GetFunctionConfiguration"] = lambda asked: (
        {**before(asked), **(fields if asked["FunctionName"] == name else {})}
    )


def ten_of_ten(world: HealthyGateway) -> None:
    """Set the parameters that `make deploy` uses in a new account."""
    world.aws.parameters |= {"LambdaConcurrency": "10", "WebhookConcurrency": "2"}
    world.aws.change("lambda.GetAccountSettings", AccountLimit={"ConcurrentExecutions": 10})


def dead_letters(world: HealthyGateway) -> None:
    before = world.aws.answers["sqs.GetQueueAttributes"]

    def attributes(asked: Any) -> Any:
        answer = before(asked)
        waiting = "3" if "Dead" in asked["QueueUrl"] else "0"
        return {"Attributes": {**answer["Attributes"], "ApproximateNumberOfMessages": waiting}}

    world.aws.answers["sqs.GetQueueAttributes"] = attributes


def role_without_a_right(world: HealthyGateway) -> None:
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


def boundary(world: HealthyGateway, action: str) -> None:
    """Deny an action by a policy above the roles."""
    before = world.aws.answers["iam.SimulatePrincipalPolicy"]

    def decided(asked: Any) -> Any:
        results = before(asked)["EvaluationResults"]
        for each in results:
            if each["EvalActionName"] == action:
                each["EvalDecision"] = "implicitDeny"
        return {"EvaluationResults": results}

    world.aws.answers["iam.SimulatePrincipalPolicy"] = decided


def metric(world: HealthyGateway, name: str, value: float) -> None:
    before = world.aws.answers["cloudwatch.GetMetricStatistics"]

    def points(asked: Any) -> Any:
        return {"Datapoints": [{asked["Statistics"][0]: value}]} if asked["MetricName"] == name else before(asked)

    world.aws.answers["cloudwatch.GetMetricStatistics"] = points


def execution(world: HealthyGateway, status: str, error: str) -> None:
    now = world.aws.made.now(world.aws.made.tzinfo)
    arns = {"executionArn": "arn:aws:states:e", "stateMachineArn": "arn:aws:states:x"}
    listed = {**arns, "name": "job_1", "status": status, "startDate": now, "stopDate": now}
    world.aws.answers["stepfunctions.ListExecutions"] = lambda asked: {
        "executions": [listed] if asked["statusFilter"] == status else []
    }
    described = {**arns, "status": status, "startDate": now, "error": error}
    world.aws.answers["stepfunctions.DescribeExecution"] = lambda _: described


def expired_hold(world: HealthyGateway) -> None:
    key = world.api.directory.api_keys.create(name="somebody")
    long_ago = DynamoMeter(world.gateway.target.client, TABLE, now_ms=lambda: int((time.time() - 7200) * 1000))
    work = MeteredRequest("req_lost", "speech", "talker", "characters", 1, price_microusd=1, cost_microusd=1)
    long_ago.admit(Payer(key.record.id, "default"), work)


def open_job(world: HealthyGateway) -> None:
    item = {"pk": "OPEN_JOBS", "sk": "job_lost", "project_id": "default"}
    created = {"created_at": {"N": str(int(time.time()) - 200_000)}}
    world.gateway.target.client.put_item(TableName=TABLE, Item={k: {"S": v} for k, v in item.items()} | created)


def index_in_the_template(world: HealthyGateway) -> None:
    (table,) = (each for each in world.aws.resources.values() if each["Type"] == "AWS::DynamoDB::Table")
    table["Properties"] = {**table["Properties"], "GlobalSecondaryIndexes": [{"IndexName": "by_time"}]}
    world.aws.answers["dynamodb.DescribeTable"] = lambda _: {"Table": {"DeletionProtectionEnabled": True}}


def alarm(world: HealthyGateway, **fields: Any) -> None:
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


def catalogue(world: HealthyGateway, before: str, after: str) -> None:
    world.catalog.write_text(world.catalog.read_text().replace(before, after))


def group(world: HealthyGateway, **fields: Any) -> None:
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
    "a time-out that a parameter decides on": (
        lambda it: function(it, "SpeechFunction", Timeout=29),
        {"functions-as-template"},
        "SpeechFunction has Timeout 29, not 900",
    ),
    "functions of the other processor than the layers": (
        lambda it: it.layers.files.update({"/layer.zip": layer(183)}),
        {"layer-processor"},
        "built for arm64",
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
        "has a different catalogue than",
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
        "results/ is never deleted",
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
        "needs 22",
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
def test_a_fault_in_aws_turns_only_its_own_check_red(healthy: HealthyGateway, fault: str) -> None:
    plant, expected, said = AWS_FAULTS[fault]
    plant(healthy)
    red = reds(healthy, *READS)
    assert set(red) == expected
    assert said in " ".join(red.values())


def test_an_existing_table_is_checked_too(healthy: HealthyGateway) -> None:
    listed = healthy.aws.answers["cloudformation.ListStackResources"]({})["StackResourceSummaries"]
    at = next(at for at, each in enumerate(listed) if each["LogicalResourceId"] == "Table")
    without(healthy, "cloudformation.ListStackResources", "StackResourceSummaries", at)
    healthy.aws.change("dynamodb.DescribeTimeToLive", TimeToLiveDescription={"TimeToLiveStatus": "DISABLED"})
    red = reds(healthy, "Table and bucket")
    assert set(red) == {"table-ttl"}
    assert TABLE in red["table-ttl"]


@pytest.mark.parametrize(("ahead_s", "said"), [(-600, "ahead"), (600, "behind")])
def test_a_wrong_clock_is_red(healthy: HealthyGateway, ahead_s: int, said: str) -> None:
    date = {"date": formatdate(time.time() + ahead_s, usegmt=True)}
    healthy.api.answers["GET /models"] = lambda *_, **__: answer(
        "GET", "/models", 200, json.dumps(models()).encode(), date
    )
    assert said in reds(healthy, "Calls")["clock"]


def test_a_model_whose_engine_the_stack_lacks_is_named(healthy: HealthyGateway) -> None:
    assert "not installed" not in healthy.results("Calls")["models"].text
    healthy.catalog.write_text(
        healthy.catalog.read_text()
        + '[providers.embedded]\nadapter = "embedded"\n[[models]]\nid = "speaks"\nupstream = "hibari"\n'
        + 'provider = "embedded"\nendpoints = ["speech"]\nprice = { usd_per_million_characters = "0" }\n'
    )
    result = healthy.results("Calls")["models"]
    assert result.state == "green"
    assert result.text.endswith("; not installed in this stack: the engines of speaks")


def test_a_check_without_read_rights_is_skipped_with_the_reason(healthy: HealthyGateway) -> None:
    healthy.aws.fail("s3.GetBucketPolicy", "AccessDenied")
    result = healthy.results("Table and bucket")["bucket-tls"]
    assert result.state == "skipped"
    assert "these credentials" in result.text


def test_a_failed_execution_with_a_reason_in_its_job_is_not_a_fault(healthy: HealthyGateway) -> None:
    execution(healthy, "FAILED", "JobFailed")
    assert reds(healthy, "Jobs") == {}


def test_a_missing_roll_up_of_a_new_stack_is_skipped(world: HealthyGateway) -> None:
    world.aws.made = world.aws.made.now(world.aws.made.tzinfo)
    results = world.results("Schedules")
    assert {results[name].state for name in ("rollup-frontier", "schedule-runs")} == {"skipped"}


# ---------------------------------------------------------------- what the API says
def served_by(world: HealthyGateway, name: str) -> None:
    """Let a fallback serve in place of the requested model."""

    def speech(key: str, **_: Any) -> Any:
        return world.api.charged("POST /audio/speech", b"RIFF", key, model=name)

    world.api.answers["POST /audio/speech"] = speech


def done_twice(world: HealthyGateway) -> None:
    """Ignore the Idempotency-Key."""

    def speech(key: str, **content: Any) -> Any:
        if len(content["json"]["input"]) > 1000:
            answered = world.api.charged("POST /audio/speech", b"", key)
            return answer(
                "POST", "/audio/speech", 303, b"", answered.headers | {"location": "https://bucket.s3.example/x"}
            )
        return world.api.charged("POST /audio/speech", b"RIFF", key)

    world.api.answers["POST /audio/speech"] = speech


def large_is_lost(world: HealthyGateway) -> Callable[..., Any]:
    """Let the link to a large answer lead nowhere."""
    world.api.answers["GET /lost"] = lambda **_: answer("GET", "/lost", 404, b"")
    own = world.api

    def speech(key: str, **content: Any) -> Any:
        del own.answers["POST /audio/speech"]
        answered = own.call("POST", "/audio/speech", key, **content)
        own.answers["POST /audio/speech"] = speech
        if len(content["json"]["input"]) <= 1000:
            return answered
        return answer(
            "POST", "/audio/speech", 303, b"", answered.headers | {"location": "https://elsewhere.example/lost"}
        )

    return speech


API_FAULTS: dict[str, tuple[Fault, set[str], str]] = {
    "a provider that is down": (
        lambda it: served_by(it, "robot"),
        {"providers", "idempotency"},
        "robot served in place of talker",
    ),
    "an Idempotency-Key without effect": (done_twice, {"idempotency"}, "ran twice"),
    "answers that are not charged": (lambda it: setattr(it.api, "charges", False), {"ledger"}, "has 0 rows"),
    "answers that something in front collects": (
        lambda it: setattr(it.api, "streams", False),
        {"streamed"},
        "create-deployment --rest-api-id gateway-Api --stage-name v1",
    ),
    "a function that does not stream as the stack should": (
        lambda it: function(it, "SpeechFunction", Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": ""}}),
        {"streamed"},
        "ResponseStreaming is true, but SpeechFunction has nothing as AWS_LAMBDA_EXEC_WRAPPER",
    ),
    "a large answer that is not in the bucket": (
        lambda it: it.api.answers.update({"POST /audio/speech": large_is_lost(it)}),
        {"large-answer"},
        "the link into the bucket answered 404",
    ),
    "uploads that fail": (
        lambda it: it.api.broken.add("/audio/uploads"),
        {"upload"},
        "aws logs tail /aws/lambda/gateway/uploads",
    ),
    "jobs that fail": (
        lambda it: it.api.broken.add("/content"),
        {"job-end", "long-wait"},
        "aws logs tail /aws/lambda/gateway/job_transcription_chunk",
    ),
    "an unknown URL that is forbidden": (
        lambda it: it.api.answers.update({"GET /nope": lambda **_: refusal("GET", "/nope", 403)}),
        {"unknown-url"},
        "expected 404",
    ),
    "an answer of API Gateway's own": (
        lambda it: it.api.answers.update({"GET /nope": lambda **_: found("GET", "/nope", {"message": "Forbidden"})}),
        {"unknown-url"},
        "OpenAI's error envelope",
    ),
    "a body that is too large, and no remedy": (
        lambda it: setattr(it.api, "remedy", "No."),
        {"too-large"},
        "names uploads as the remedy",
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
def test_a_fault_of_the_api_turns_only_its_own_checks_red(healthy: HealthyGateway, fault: str) -> None:
    plant, expected, said = API_FAULTS[fault]
    plant(healthy)
    red = reds(healthy, *CALLS)
    assert set(red) == expected
    assert said in " ".join(red.values())


def test_remedies_for_a_local_stack_are_not_aws_commands(world: HealthyGateway) -> None:
    dead_letters(world)
    world.aws.change("lambda.ListEventSourceMappings", EventSourceMappings=[{"UUID": "7" * 36, "State": "Disabled"}])
    world.aws.change("lambda.GetFunctionConfiguration", MemorySize=128)
    context = world.context()
    context.stack.local = True
    found = {each.check.name: each for each in results(GROUPS, context) if each.state == "red"}
    assert {"dead-letters", "queue-source", "functions-as-template"} <= set(found)
    for name in ("dead-letters", "queue-source", "functions-as-template"):
        assert "aws " not in found[name].do
        assert "`make run`" in found[name].do
    assert ".;" not in found["dead-letters"].do
