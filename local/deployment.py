"""Deploys the template to the local AWS through CloudFormation."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local import schedules
from local.aws import LocalAws
from local.functions import DeployedFunction
from local.intrinsics import Resolver
from local.settings import StackError
from local.template import Template

_STACK_NAME: Final = "audio-gateway"
_TEMPLATE_BUCKET: Final = "audio-gateway-templates"
_FIRST_REGION: Final = "us-east-1"  # S3 does not accept it as a LocationConstraint
_POLL_S: Final = 0.02
_PATIENCE_S: Final = 60

# This process serves the API, the schedules and the functions' code and layers, so the local AWS does not get them. It
# does get the functions, as names that state machines and queues can call.
_SERVED_HERE: Final = ("AWS::ApiGateway::", "AWS::Lambda::Permission", "AWS::Lambda::LayerVersion", schedules.RULE)
# Nothing in the local stack uses these.
_UNUSED: Final = ("AWS::CloudWatch::", "AWS::Budgets::", "AWS::WAFv2::")
_STUB: Final = {"ZipFile": "# runs in the local stack"}


@dataclass(frozen=True, slots=True)
class LocalDeployment:
    """The deployed resources. `physical_ids` are by logical id."""

    account_id: str
    functions: Mapping[str, DeployedFunction]
    physical_ids: Mapping[str, str]

    def only(self, template: Template, resource_type: str) -> str:
        """Return the physical id of the only resource of a type. Raises `StackError` unless there is exactly one."""
        found = list(template.of_type(resource_type))
        if len(found) != 1:
            raise StackError(f"template.yaml has {len(found)} resources of type {resource_type}, and must have one")
        return self.physical_ids[found[0]]

    def resolver(self, template: Template, region: str) -> Resolver:
        """Return values for the intrinsic functions of resources that are not deployed: the API and the layers."""
        pseudo = {
            "AWS::AccountId": self.account_id,
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::StackName": _STACK_NAME,
            "AWS::URLSuffix": "amazonaws.com",
        }
        arns = {f"{logical_id}.Arn": function.arn for logical_id, function in self.functions.items()}
        layers = {logical_id: logical_id for logical_id in template.of_type("AWS::Lambda::LayerVersion")}
        references = {**template.parameters, **pseudo, **layers, **self.physical_ids}
        return Resolver(references, arns, template.conditions, template.mappings)


async def deploy(template: Template, aws: LocalAws) -> LocalDeployment:
    """Create the resources, or update those of an emulator that kept its state.

    Raises `StackError` if the local AWS refuses one.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    cloudformation = aws.client("cloudformation")
    try:
        _apply(cloudformation, _uploaded(json.dumps(deployable(template)), aws))
        await _wait(cloudformation)
        resources = cloudformation.describe_stack_resources(StackName=_STACK_NAME)["StackResources"]
        physical_ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        functions = _functions(template, physical_ids, aws)
        account_id = next(iter(functions.values())).arn.split(":")[4]
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"the local AWS at {aws.endpoint_url} refused template.yaml: {error}") from error
    return LocalDeployment(account_id, functions, physical_ids)


def deployable(template: Template) -> dict[str, Any]:
    """Return the part of the template that the local AWS gets."""
    resources = {}
    for logical_id, resource in copy.deepcopy(dict(template.resources)).items():
        if resource["Type"].startswith(_SERVED_HERE + _UNUSED):
            continue
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = _STUB
            resource["Properties"].pop("Layers", None)
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            _convert_to_int(
                resource.get("Properties", {}).get("ScalingConfig", {}), "MaximumConcurrency", template.parameters
            )
        if resource["Type"] == "AWS::S3::BucketPolicy" and not _allow_plain_http(resource["Properties"]):
            continue
        resources[logical_id] = resource
    for resource in resources.values():
        _drop_lost_dependencies(resource, resources)
    return {
        "Parameters": {name: {"Type": "String", "Default": value} for name, value in template.parameters.items()},
        "Conditions": dict(template.conditions),
        "Mappings": dict(template.mappings),
        "Resources": resources,
    }


def _convert_to_int(properties: dict[str, Any], name: str, parameters: Mapping[str, str]) -> None:
    """Convert a numeric property, as CloudFormation does: the local AWS would insert the parameter as a string."""
    value = properties.get(name)
    if isinstance(value, dict) and value.get("Ref") in parameters:
        properties[name] = int(parameters[value["Ref"]])


def _allow_plain_http(properties: dict[str, Any]) -> bool:
    """Remove the TLS-only statement of a bucket policy: the loopback has no TLS. Returns False if nothing is left."""
    document = properties["PolicyDocument"]
    document["Statement"] = [
        statement for statement in document["Statement"] if "aws:SecureTransport" not in json.dumps(statement)
    ]
    return bool(document["Statement"])


def _drop_lost_dependencies(resource: dict[str, Any], resources: Mapping[str, Any]) -> None:
    wanted = resource.get("DependsOn", [])
    kept = [name for name in ([wanted] if isinstance(wanted, str) else wanted) if name in resources]
    if kept:
        resource["DependsOn"] = kept
    else:
        resource.pop("DependsOn", None)


def _uploaded(body: str, aws: LocalAws) -> str:
    """Upload the template to S3 and return its URL, as SAM does: a request may only hold 51,200 bytes of template."""
    s3 = aws.client("s3")
    place = {} if aws.region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):  # in an emulator that kept its state
        s3.create_bucket(Bucket=_TEMPLATE_BUCKET, **place)
    s3.put_object(Bucket=_TEMPLATE_BUCKET, Key=_STACK_NAME, Body=body.encode())
    return f"{aws.endpoint_url}/{_TEMPLATE_BUCKET}/{_STACK_NAME}"


def _apply(cloudformation: Any, url: str) -> None:
    arguments = {"StackName": _STACK_NAME, "TemplateURL": url, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    try:
        cloudformation.create_stack(**arguments)
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(**arguments)
        except cloudformation.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise


async def _wait(cloudformation: Any) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while True:
        stack = cloudformation.describe_stacks(StackName=_STACK_NAME)["Stacks"][0]
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > give_up_at:
            raise StackError(f"the local AWS refused template.yaml: {status} {_reason(cloudformation, stack)}")
        await asyncio.sleep(_POLL_S)


def _reason(cloudformation: Any, stack: Mapping[str, Any]) -> str:
    events = cloudformation.describe_stack_events(StackName=_STACK_NAME)["StackEvents"]
    for event in reversed(events):
        if event["ResourceStatus"].endswith("_FAILED"):
            return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
    return str(stack.get("StackStatusReason", ""))


def _functions(template: Template, physical_ids: Mapping[str, str], aws: LocalAws) -> dict[str, DeployedFunction]:
    client = aws.client("lambda")
    deployed = {}
    for logical_id in template.of_type("AWS::Lambda::Function"):
        configuration = client.get_function_configuration(FunctionName=physical_ids[logical_id])
        deployed[logical_id] = DeployedFunction(
            name=configuration["FunctionName"],
            arn=configuration["FunctionArn"],
            handler=configuration["Handler"],
            role_arn=configuration["Role"],
            memory_mb=configuration["MemorySize"],
            timeout_s=configuration["Timeout"],
            variables=configuration.get("Environment", {}).get("Variables", {}),
        )
    return deployed
