"""An AWS in which a stack is as its template says, until a test changes one of its answers.

The clients are botocore's own: what is asked is checked against AWS's descriptions, and so is what is answered. Nothing
is sent anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import Session
from botocore.validate import validate_parameters

STACK: Final = "gateway"
REGION: Final = "eu-central-1"
ACCOUNT: Final = "123456789012"

_LAMBDA: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}"

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class HealthyAws:
    """`answers` are functions of what is asked, by `service.Operation`; a test puts its own in place of one."""

    def __init__(
        self,
        resources: Mapping[str, Any],
        parameters: Mapping[str, str],
        conditions: Mapping[str, Any],
        *,
        table: str,
        layer_url: str = "",
    ) -> None:
        self.resources = {name: dict(each) for name, each in resources.items()}
        self.physical = {name: _physical(name, each, table) for name, each in self.resources.items()}
        self.parameters = dict(parameters)
        self.conditions = dict(conditions)
        self.layer_url = layer_url
        self.made = datetime.now(UTC) - timedelta(days=3)
        self.calls: list[str] = []
        self.answers: dict[str, Answer] = {}
        for answers in (_cloudformation, _lambda, _data, _queues, _jobs, _watch, _front_door, _rights):
            self.answers |= answers(self)

    def client(self, service: str) -> Any:
        """A client whose calls end here."""
        client = _client(service)
        client.meta.events.unregister("before-call", unique_id="healthy")
        client.meta.events.unregister("provide-client-params", unique_id="asked")
        client.meta.events.register_first("provide-client-params", _remember, unique_id="asked")
        client.meta.events.register_first("before-call", self._answer, unique_id="healthy")
        return client

    def of_type(self, resource_type: str) -> dict[str, Any]:
        """Properties of the resources of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == resource_type}

    def value(self, written: Any) -> Any:
        """A value of the template, which may be a parameter's, or depend on one."""
        match written:
            case {"Ref": name}:
                return self.parameters.get(name, written)
            case {"Fn::If": [condition, then, otherwise]}:
                one, other = self.conditions[condition]["Fn::Equals"]
                return then if self.value(one) == self.value(other) else otherwise
        return written

    def change(self, operation: str, **fields: Any) -> None:
        """Have an operation answer with other values in some of its fields."""
        before = self.answers[operation]
        self.answers[operation] = lambda asked: {**before(asked), **fields}

    def fail(self, operation: str, code: str) -> None:
        """Have an operation answer with an error."""
        self.answers[operation] = lambda _: {"Error": {"Code": code, "Message": f"says {code}"}}

    def _answer(self, model: Any, context: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, Mapping[str, Any]]:
        operation = f"{model.service_model.service_name}.{model.name}"
        self.calls.append(operation)
        answer = dict(self.answers[operation](context["asked"]))
        if "Error" in answer:
            return AWSResponse("", 400, HTTPHeaders(), None), {**answer, "ResponseMetadata": {}}
        if model.output_shape is not None:
            validate_parameters(answer, model.output_shape)
        return AWSResponse("", 200, HTTPHeaders(), None), {**answer, "ResponseMetadata": {}}


@cache
def _client(service: str) -> Any:
    keys: dict[str, Any] = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return Session(session_vars={"profile": (None, [], None, None)}).create_client(service, region_name=REGION, **keys)


def _remember(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["asked"] = dict(params)


def _physical(name: str, resource: Mapping[str, Any], table: str) -> str:
    properties = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::DynamoDB::Table":
            return table
        case "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{STACK}-{name}"
        case "AWS::StepFunctions::StateMachine":
            return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STACK}-{name}"
        case "AWS::Logs::LogGroup":
            return properties["LogGroupName"]["Fn::Sub"].replace("${AWS::StackName}", STACK)
        case "AWS::ApiGateway::Stage":
            return properties["StageName"]
    return f"{STACK}-{name}"


def _cloudformation(aws: HealthyAws) -> dict[str, Answer]:
    def resources(_: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": name,
                    "PhysicalResourceId": aws.physical[name],
                    "ResourceType": each["Type"],
                    "LastUpdatedTimestamp": aws.made,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for name, each in aws.resources.items()
                if name in aws.physical
            ]
        }

    stack = {"StackName": STACK, "StackStatus": "CREATE_COMPLETE"}

    def stacks(_: Mapping[str, Any]) -> Mapping[str, Any]:
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in aws.parameters.items()]
        return {"Stacks": [{**stack, "CreationTime": aws.made, "Parameters": parameters}]}

    return {
        "cloudformation.GetTemplate": lambda _: {
            "TemplateBody": json.dumps({"Resources": aws.resources, "Conditions": aws.conditions})
        },
        "cloudformation.ListStackResources": resources,
        "cloudformation.DescribeStacks": stacks,
    }


def _lambda(aws: HealthyAws) -> dict[str, Answer]:
    written = {aws.physical[name]: each for name, each in aws.of_type("AWS::Lambda::Function").items()}

    def configuration(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        properties = written[asked["FunctionName"]]
        return {
            "FunctionName": asked["FunctionName"],
            "State": "Active",
            "LastUpdateStatus": "Successful",
            **{name: aws.value(properties[name]) for name in ("Runtime", "Handler", "MemorySize", "Timeout")},
            "Architectures": ["x86_64"],
            "Layers": [{"Arn": f"{_LAMBDA}:layer:shared:7"}],
            "Environment": {"Variables": _texts(aws, properties["Environment"]["Variables"])},
        }

    mapping = {"UUID": "0" * 36, "State": "Enabled"}
    layer = {"CompatibleArchitectures": ["x86_64"], "Content": {"Location": aws.layer_url}}
    return {
        "lambda.GetFunctionConfiguration": configuration,
        "lambda.GetLayerVersionByArn": lambda _: layer,
        "lambda.GetFunctionRecursionConfig": lambda _: {"RecursiveLoop": "Allow"},
        "lambda.ListEventSourceMappings": lambda _: {"EventSourceMappings": [mapping]},
        "lambda.GetAccountSettings": lambda _: {"AccountLimit": {"ConcurrentExecutions": 1000}},
    }


def _texts(aws: HealthyAws, variables: Mapping[str, Any]) -> dict[str, str]:
    values = {name: aws.value(written) for name, written in variables.items()}
    return {name: value if isinstance(value, str) else "something" for name, value in values.items()}


def _data(aws: HealthyAws) -> dict[str, Answer]:
    (table,) = aws.of_type("AWS::DynamoDB::Table").values()
    (bucket,) = aws.of_type("AWS::S3::Bucket").values()
    rules = [
        {
            "ID": rule["Id"],
            "Status": "Enabled",
            "Filter": {"Prefix": rule.get("Prefix", "")},
            **({"Expiration": {"Days": rule["ExpirationInDays"]}} if "ExpirationInDays" in rule else {}),
        }
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    indexes = [
        {"IndexName": each["IndexName"], "IndexStatus": "ACTIVE"} for each in table.get("GlobalSecondaryIndexes", [])
    ]
    backups = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
    }
    insecure = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    private = bucket["PublicAccessBlockConfiguration"]
    ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    described = {"DeletionProtectionEnabled": True, "GlobalSecondaryIndexes": indexes}
    return {
        "dynamodb.DescribeTable": lambda _: {"Table": described},
        "dynamodb.DescribeContinuousBackups": lambda _: {"ContinuousBackupsDescription": backups},
        "dynamodb.DescribeTimeToLive": lambda _: {"TimeToLiveDescription": ttl},
        "s3.GetPublicAccessBlock": lambda _: {"PublicAccessBlockConfiguration": private},
        "s3.GetBucketLifecycleConfiguration": lambda _: {"Rules": rules},
        "s3.GetBucketPolicy": lambda _: {"Policy": json.dumps({"Statement": [insecure]})},
    }


def _queues(aws: HealthyAws) -> dict[str, Answer]:
    written = {aws.physical[name]: each for name, each in aws.of_type("AWS::SQS::Queue").items()}

    def attributes(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name = asked["QueueUrl"].rpartition("/")[2]
        found = {"ApproximateNumberOfMessages": "0", "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"}
        policy = written[asked["QueueUrl"]].get("RedrivePolicy")
        if policy is not None:
            found["RedrivePolicy"] = json.dumps({"maxReceiveCount": policy["maxReceiveCount"]})
        return {"Attributes": found}

    return {"sqs.GetQueueAttributes": attributes}


def _jobs(aws: HealthyAws) -> dict[str, Answer]:
    rules = {aws.physical[name]: each for name, each in aws.of_type("AWS::Events::Rule").items()}

    def described(_: Mapping[str, Any]) -> Mapping[str, Any]:
        names = {"stateMachineArn": "arn:aws:states:x", "name": "x", "roleArn": "arn:aws:iam::x", "type": "STANDARD"}
        definition = json.dumps({"StartAt": "Prepare"})
        return {**names, "status": "ACTIVE", "definition": definition, "creationDate": aws.made}

    return {
        "stepfunctions.DescribeStateMachine": described,
        "stepfunctions.ListExecutions": lambda _: {"executions": []},
        "events.DescribeRule": lambda asked: {
            "State": "ENABLED",
            "ScheduleExpression": rules[asked["Name"]]["ScheduleExpression"],
        },
    }


def _watch(aws: HealthyAws) -> dict[str, Answer]:
    def metric(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        values = {"Invocations": 20.0, "ApproximateAgeOfOldestMessage": 3.0}
        value = values.get(asked["MetricName"], 0.0)
        return {"Datapoints": [dict.fromkeys(asked["Statistics"], value)]}

    def alarms(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
        alarm = {"ActionsEnabled": True, "AlarmActions": [topic], "StateValue": "OK"}
        return {"MetricAlarms": [{"AlarmName": name, **alarm} for name in asked["AlarmNames"]]}

    def groups(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        names = [aws.physical[name] for name in aws.of_type("AWS::Logs::LogGroup") if name in aws.physical]
        found = [name for name in names if name.startswith(asked["logGroupNamePrefix"])]
        return {"logGroups": [{"logGroupName": name, "retentionInDays": 30} for name in found]}

    return {
        "cloudwatch.GetMetricStatistics": metric,
        "cloudwatch.DescribeAlarms": alarms,
        "logs.DescribeLogGroups": groups,
        "logs.FilterLogEvents": lambda _: {"events": []},
    }


def _front_door(aws: HealthyAws) -> dict[str, Answer]:
    (stage,) = aws.of_type("AWS::ApiGateway::Stage").values()
    limits = {
        f"{each['ResourcePath'].removeprefix('/') or '~1'}/{each['HttpMethod']}": {
            "throttlingRateLimit": float(aws.value(each["ThrottlingRateLimit"])),
            "throttlingBurstLimit": int(aws.value(each["ThrottlingBurstLimit"])),
        }
        for each in stage["MethodSettings"]
    }
    log = {"destinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/apigateway/{STACK}"}
    return {
        "apigateway.GetStage": lambda _: {"methodSettings": limits, "accessLogSettings": log},
        "apigateway.GetAccount": lambda _: {"cloudwatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/logs"},
        "apigateway.GetRestApi": lambda _: {"name": STACK},
    }


def _rights(aws: HealthyAws) -> dict[str, Answer]:
    roles = {aws.physical[name]: each for name, each in aws.of_type("AWS::IAM::Role").items()}

    def policy(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        for each in roles[asked["RoleName"]]["Policies"]:
            if each["PolicyName"] == asked["PolicyName"]:
                statements = [{**it, "Resource": "arn:aws:s3:::bucket/*"} for it in each["PolicyDocument"]["Statement"]]
                return {**asked, "PolicyDocument": quote(json.dumps({"Statement": statements}))}
        return {"Error": {"Code": "NoSuchEntity", "Message": "none"}}

    def role(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        arn = f"arn:aws:iam::{ACCOUNT}:role/{asked['RoleName']}"
        return {"Role": {"Path": "/", "RoleName": "x", "RoleId": "x" * 16, "Arn": arn, "CreateDate": aws.made}}

    def decided(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"EvaluationResults": [{"EvalActionName": it, "EvalDecision": "allowed"} for it in asked["ActionNames"]]}

    def parameter(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Parameters": [{"Name": asked["ParameterFilters"][0]["Values"][0]}]}

    def secret(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{asked['SecretId']}-abcdef"}

    return {
        "iam.GetRolePolicy": policy,
        "iam.GetRole": role,
        "iam.SimulatePrincipalPolicy": decided,
        "ssm.DescribeParameters": parameter,
        "secretsmanager.DescribeSecret": secret,
        "sts.GetCallerIdentity": lambda _: {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/operator"},
    }
