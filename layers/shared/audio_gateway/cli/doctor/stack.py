"""The stack under test: its template, and the resources that exist."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from audio_gateway.cli.doctor.check import CheckFailed, CheckSkipped

_DENIED: Final = frozenset({
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403",
})  # fmt: skip
_START_AGAIN: Final = "Stop `make run` and start it again: it recreates everything."
_FUNCTION: Final = "AWS::Lambda::Function"


class InspectedStack:
    """A CloudFormation stack.

    `make_client` creates a boto3 client of a service. `local` marks a stack of `make run`: its template is the part of
    template.yaml that the local AWS gets.
    """

    def __init__(
        self, name: str, base_url: str, table: str, make_client: Callable[[str], Any], *, local: bool = False
    ) -> None:
        self.name = name
        self.base_url = base_url
        self.table = table
        self.local = local
        self._make_client = make_client
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the cached client of a service."""
        if service not in self._clients:
            self._clients[service] = self._make_client(service)
        return self._clients[service]

    @property
    def region(self) -> str:
        """The AWS region of the stack."""
        return str(self.client("cloudformation").meta.region_name)

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        answer = self.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        body = answer["TemplateBody"]
        document: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
        return document

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The resources of the template by logical id, including those whose condition is false."""
        resources: Mapping[str, Any] = self._document["Resources"]
        return resources

    @cached_property
    def physical(self) -> Mapping[str, str]:
        """The physical ids of existing resources, by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        return {
            found["LogicalResourceId"]: found["PhysicalResourceId"]
            for page in pages
            for found in page["StackResourceSummaries"]
            if found["ResourceStatus"] != "DELETE_COMPLETE" and found.get("PhysicalResourceId")
        }

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """CloudFormation's description of the stack."""
        stack: Mapping[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return stack

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The values of the stack's parameters."""
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.description.get("Parameters", [])}

    def of_type(self, resource_type: str) -> dict[str, Mapping[str, Any]]:
        """Return the properties of existing resources of a type, by logical id.

        Raises `CheckFailed` if an unconditional resource does not exist.
        """
        found = {}
        for logical_id, resource in self.template.items():
            if resource["Type"] != resource_type:
                continue
            if logical_id in self.physical:
                found[logical_id] = resource.get("Properties", {})
            elif "Condition" not in resource:
                do = "Deploy the stack again; `aws cloudformation describe-stack-events` says why it failed."
                raise CheckFailed(f"{logical_id} is in the stack's template, but not in the stack", do)
        return found

    def only(self, resource_type: str) -> tuple[str, Mapping[str, Any]]:
        """Return the physical id and the properties of the only resource of a type.

        Raises `CheckSkipped` unless there is exactly one.
        """
        found = self.of_type(resource_type)
        if len(found) != 1:
            raise CheckSkipped(f"the stack has {len(found)} resources {resource_type}")
        logical_id, properties = next(iter(found.items()))
        return self.physical[logical_id], properties

    def value(self, written: Any) -> Any:
        """Resolve a value of the template, and return what it cannot resolve unchanged.

        It follows a Ref to a parameter or a resource, and an If whose condition compares two values (Equals).
        """
        match written:
            case {"Ref": str(name)}:
                return self.parameters.get(name, self.physical.get(name, written))
            case {"Fn::If": [str(condition), then, otherwise]}:
                match self._document["Conditions"][condition]:
                    case {"Fn::Equals": [one, other]}:
                        return self.value(then if self.value(one) == self.value(other) else otherwise)
        return written

    @cached_property
    def functions(self) -> Mapping[str, Mapping[str, Any]]:
        """The configuration of each function, by logical id."""
        client = self.client("lambda")
        return {
            logical_id: client.get_function_configuration(FunctionName=self.physical[logical_id])
            for logical_id in self.of_type(_FUNCTION)
        }

    def function(self, logical_id: str) -> Mapping[str, Any]:
        """Return a function's configuration. Raises `CheckSkipped` if the stack has no such function."""
        if logical_id not in self.functions:
            raise CheckSkipped(f"the stack has no {logical_id}")
        return self.functions[logical_id]

    def logs_of(self, folder: str) -> str:
        """Return how to read the log of the function in this folder."""
        if self.local:
            return f"Read the lines of `{folder}` in the output of `make run`."
        return f"Read its log: aws logs tail /aws/lambda/{self.name}/{folder} --since 15m --region {self.region}"

    def remedy(self, command: str) -> str:
        """Return the AWS command that fixes a fault. A local stack has to be restarted instead."""
        return _START_AGAIN if self.local else command

    def redeploy_advice(self) -> str:
        """Return the remedy for a resource that was changed outside of the template."""
        if self.local:
            return _START_AGAIN
        drift = f"aws cloudformation detect-stack-drift --stack-name {self.name} --region {self.region}"
        return f"It was changed since the deployment. Change it back, or find all differences: {drift}"


@contextmanager
def aws_errors_as_results() -> Iterator[None]:
    """Turn AWS errors into `CheckFailed`, and missing read rights into `CheckSkipped`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in _DENIED:
            raise CheckSkipped(f"these credentials are not allowed to read it: {error}") from error
        raise CheckFailed(str(error), "docs/first-deployment.md lists the rights that doctor needs.") from error
    except BotoCoreError as error:
        raise CheckFailed(str(error), "Is the network there? The local stack is started with `make run`.") from error


def error_code(error: Exception) -> str:
    """Return the code of an AWS error."""
    from botocore.exceptions import ClientError

    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


@contextmanager
def on_missing(*codes: str, then: Exception) -> Iterator[None]:
    """Raise `then` if AWS answers with one of these codes, which mean that a resource is missing."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in codes:
            raise then from error
        raise
