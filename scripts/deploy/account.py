"""Reads the stack and its AWS account before a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.deploy.errors import DeployRefused


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """The state on AWS. `stack` holds the parameters of the existing stack, or is None for a new one."""

    stack: Mapping[str, str] | None
    log_role: str | None
    concurrency: int


def account_of(stack_name: str, session: Any) -> AwsAccount:
    """Read the stack's parameters, API Gateway's role for logs and Lambda's quota. `session` is boto3's.

    Raises `DeployRefused` if CloudFormation cannot update the stack.
    """
    from botocore.exceptions import ClientError

    stack = None
    try:
        (found,) = session.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        if found["StackStatus"] == "ROLLBACK_COMPLETE":
            raise DeployRefused(
                f"The first deployment of {stack_name} failed, and CloudFormation cannot update such a stack. Read its "
                f"events, then delete it: aws cloudformation delete-stack --stack-name {stack_name}"
            )
        if found["StackStatus"] != "REVIEW_IN_PROGRESS":  # a change set that was never run
            stack = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", ())}
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
    role = session.client("apigateway").get_account().get("cloudwatchRoleArn")
    limits = session.client("lambda").get_account_settings()["AccountLimit"]
    return AwsAccount(stack, role, limits["ConcurrentExecutions"])
