"""The rights to deploy: docs/deployer-policy.json allows what the template's resources need, and nothing else."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from tests.infrastructure.template import ROOT

POLICY = json.loads((ROOT / "docs" / "deployer-policy.json").read_text("utf-8"))
LIMIT_OF_A_MANAGED_POLICY = 6144
LONGEST_REGION = "ap-southeast-1"

# The rights that CloudFormation needs to create, change and delete a resource of each type.
NEEDED = {
    "AWS::ApiGateway::Account": {"apigateway:GET", "apigateway:PATCH"},
    "AWS::ApiGateway::Deployment": {"apigateway:POST", "apigateway:DELETE"},
    "AWS::ApiGateway::RestApi": {"apigateway:POST", "apigateway:PUT", "apigateway:PATCH", "apigateway:DELETE"},
    "AWS::ApiGateway::Stage": {"apigateway:POST", "apigateway:PATCH", "apigateway:DELETE"},
    "AWS::Budgets::Budget": {"budgets:ModifyBudget", "budgets:ViewBudget"},
    "AWS::CloudWatch::Alarm": {"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"},
    "AWS::DynamoDB::Table": {
        *(f"dynamodb:{verb}Table" for verb in ("Create", "Update", "Delete", "Describe")),
        *("dynamodb:UpdateTimeToLive", "dynamodb:UpdateContinuousBackups"),
        # CloudFormation reads all settings of a table, also those that it has not set.
        *("dynamodb:DescribeTimeToLive", "dynamodb:DescribeContinuousBackups"),
        *("dynamodb:DescribeContributorInsights", "dynamodb:DescribeKinesisStreamingDestination"),
    },
    "AWS::Events::Rule": {"events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets"},
    "AWS::IAM::Role": {
        *(f"iam:{verb}Role" for verb in ("Create", "Delete", "Get", "Pass")),
        *("iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    },
    "AWS::Lambda::EventSourceMapping": {f"lambda:{verb}EventSourceMapping" for verb in ("Create", "Update", "Delete")},
    "AWS::Lambda::Function": {
        *("lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction", "lambda:PutFunctionRecursionConfig"),
        *("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:GetLayerVersion"),
    },
    "AWS::Lambda::LayerVersion": {"lambda:PublishLayerVersion", "lambda:DeleteLayerVersion"},
    "AWS::Lambda::Permission": {"lambda:AddPermission", "lambda:RemovePermission"},
    "AWS::Logs::LogGroup": {"logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"},
    "AWS::S3::Bucket": {
        *("s3:CreateBucket", "s3:DeleteBucket", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration"),
        *("s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls", "s3:PutBucketCORS"),
    },
    "AWS::S3::BucketPolicy": {"s3:PutBucketPolicy", "s3:DeleteBucketPolicy"},
    "AWS::SQS::Queue": {"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:GetQueueAttributes"},
    "AWS::StepFunctions::StateMachine": {f"states:{verb}StateMachine" for verb in ("Create", "Update", "Delete")},
    "AWS::WAFv2::WebACL": {"wafv2:CreateWebACL", "wafv2:UpdateWebACL", "wafv2:DeleteWebACL"},
    "AWS::WAFv2::WebACLAssociation": {
        *("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACLForResource", "apigateway:SetWebACL"),
    },
}
BY_MAKE_DEPLOY = {"cloudformation:DescribeStacks", "lambda:GetAccountSettings", "apigateway:GET"}
"""The calls of scripts/deploy before it runs SAM."""


def resources_of(action: str) -> list[str]:
    return [
        pattern
        for statement in POLICY["Statement"]
        if action in statement["Action"]
        for pattern in statement["Resource"]
    ]


def allowed() -> set[str]:
    return {action for statement in POLICY["Statement"] for action in statement["Action"]}


def test_the_needed_rights_of_every_resource_type_are_listed(rendered: dict[str, Any]) -> None:
    assert {resource["Type"] for resource in rendered.values()} == set(NEEDED)


def test_the_policy_allows_what_each_resource_needs() -> None:
    for kind, actions in NEEDED.items():
        assert actions <= allowed(), kind
    assert allowed() >= BY_MAKE_DEPLOY


def test_the_policy_is_enough_to_delete_the_stack_with_sam() -> None:
    # SAM looks for its companion stacks, and deletes the packages from its bucket first.
    for kind in ("CompanionStack", "WebFunctionCode"):
        arn = f"arn:aws:cloudformation:REGION:ACCOUNT:stack/audio-gateway-0a1b2c3d-{kind}/1234"
        assert any(fnmatchcase(arn, pattern) for pattern in resources_of("cloudformation:DescribeStacks"))
    # But not the objects in our bucket.
    assert resources_of("s3:DeleteObject") == ["arn:aws:s3:::aws-sam-cli-managed-default-*/*"]


def test_the_policy_allows_only_services_that_the_template_uses() -> None:
    of_resources = {action.split(":")[0] for actions in NEEDED.values() for action in actions}
    assert {action.split(":")[0] for action in allowed()} == of_resources | {"cloudformation", "sts"}


def test_the_policy_has_no_wildcard_actions_and_fits_into_a_managed_policy() -> None:
    assert not [action for action in allowed() if "*" in action]
    text = json.dumps(POLICY).replace("ACCOUNT", "123456789012").replace("REGION", LONGEST_REGION)
    assert len("".join(text.split())) <= LIMIT_OF_A_MANAGED_POLICY


def test_the_policy_is_limited_to_this_stack_where_aws_allows_it() -> None:
    everywhere = {
        action for statement in POLICY["Statement"] if "*" in statement["Resource"] for action in statement["Action"]
    }
    assert not [action for action in everywhere if action.startswith(("iam:", "s3:", "dynamodb:", "sqs:", "events:"))]
