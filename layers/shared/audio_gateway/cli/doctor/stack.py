"""The stack that is looked at: what its template asks for, and what AWS made of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from audio_gateway.cli.doctor.check import Red, Skip

_DENIED: Final = frozenset({
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403",
})  # fmt: skip
_START_AGAIN: Final = "Stop `make run` and start it again, which makes everything again."
_FUNCTION: Final = "AWS::Lambda::Function"


class Stack:
    """A CloudFormation stack.

    `make_client` makes a boto3 client of a service. `local` is a stack that `make run` runs: its template is the part
    of template.yaml that the local AWS gets.
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
        """The client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self._make_client(service)
        return self._clients[service]

    @property
    def region(self) -> str:
        """Where it is."""
        return str(self.client("cloudformation").meta.region_name)

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The resources that CloudFormation was asked for, by logical id, those whose condition is false too."""
        answer = self.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        body = answer["TemplateBody"]
        resources: Mapping[str, Any] = (json.loads(body) if isinstance(body, str) else body)["Resources"]
        return resources

    @cached_property
    def physical(self) -> Mapping[str, str]:
        """The names that AWS knows the resources by, which exist; by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        return {
            found["LogicalResourceId"]: found["PhysicalResourceId"]
            for page in pages
            for found in page["StackResourceSummaries"]
            if found["ResourceStatus"] != "DELETE_COMPLETE" and found.get("PhysicalResourceId")
        }

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """The stack as CloudFormation describes it."""
        stack: Mapping[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return stack

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The values of its parameters."""
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.description.get("Parameters", [])}

    def of_type(self, resource_type: str) -> dict[str, Mapping[str, Any]]:
        """The properties of its resources of a type that exist, by logical id; raises `Red` if one that must is not."""
        found = {}
        for logical_id, resource in self.template.items():
            if resource["Type"] != resource_type:
                continue
            if logical_id in self.physical:
                found[logical_id] = resource.get("Properties", {})
            elif "Condition" not in resource:
                do = "Deploy the stack again; `aws cloudformation describe-stack-events` says why it failed."
                raise Red(f"{logical_id} is in the stack's template and not in the stack", do)
        return found

    def only(self, resource_type: str) -> tuple[str, Mapping[str, Any]]:
        """The physical id and the properties of the one resource of a type; raises `Skip` if there is not one."""
        found = self.of_type(resource_type)
        if len(found) != 1:
            raise Skip(f"the stack has {len(found)} resources {resource_type}")
        logical_id, properties = next(iter(found.items()))
        return self.physical[logical_id], properties

    def value(self, written: Any) -> Any:
        """A value of the template: a reference to a parameter or a resource is followed, all else is as written."""
        if isinstance(written, Mapping) and set(written) == {"Ref"}:
            return self.parameters.get(written["Ref"], self.physical.get(written["Ref"], written))
        return written

    @cached_property
    def functions(self) -> Mapping[str, Mapping[str, Any]]:
        """Each function's configuration, by logical id."""
        client = self.client("lambda")
        return {
            logical_id: client.get_function_configuration(FunctionName=self.physical[logical_id])
            for logical_id in self.of_type(_FUNCTION)
        }

    def function(self, logical_id: str) -> Mapping[str, Any]:
        """A function's configuration; raises `Skip` if the stack has none of this name."""
        if logical_id not in self.functions:
            raise Skip(f"the stack has no {logical_id}")
        return self.functions[logical_id]

    def logs_of(self, folder: str) -> str:
        """How to read the log of a function, which is known by its folder."""
        if self.local:
            return f"Read the lines of `{folder}` in the output of `make run`."
        return f"Read its log: aws logs tail /aws/lambda/{self.name}/{folder} --since 15m --region {self.region}"

    def mended_by(self, command: str) -> str:
        """A command of AWS's that puts right what is wrong. It would not reach a local stack, which is made anew."""
        return _START_AGAIN if self.local else command

    def deploy_again(self) -> str:
        """What is right for whatever somebody has changed past the template."""
        if self.local:
            return _START_AGAIN
        drift = f"aws cloudformation detect-stack-drift --stack-name {self.name} --region {self.region}"
        return f"Somebody has changed it since the deployment. Change it back, or see what else differs: {drift}"


@contextmanager
def told() -> Iterator[None]:
    """What AWS has against a read becomes `Red`; what these credentials may not read becomes `Skip`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in _DENIED:
            raise Skip(f"these credentials may not read it: {error}") from error
        raise Red(str(error), "docs/first-deployment.md lists the rights that doctor needs.") from error
    except BotoCoreError as error:
        raise Red(str(error), "Is the network there? The local stack is started with `make run`.") from error


def error_code(error: Exception) -> str:
    """The code of what AWS has answered."""
    from botocore.exceptions import ClientError

    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


@contextmanager
def absent(*codes: str, then: Exception) -> Iterator[None]:
    """Raise `then` where AWS answers with one of these codes: that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error_code(error) in codes:
            raise then from error
        raise
