"""Which gateway a command works on: the local stack, which is found by itself, or a deployed one that is named."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from audio_gateway.cli.failures import Failed, WrongUse
from audio_gateway.clock import now_ms

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_dynamodb.client import DynamoDBClient

    from audio_gateway.aws.table import Table
    from audio_gateway.identity.directory import Directory
    from audio_gateway.identity.directory_names import Names
    from audio_gateway.metering.ledger_store import LedgerStore
    from audio_gateway.usage.reports import DynamoUsageReports

CHECKOUT: Final = Path(__file__).resolve().parents[4]
"""The project's folder."""

_PANEL: Final = "Which gateway (default: the local stack)"
_OUTPUT: Final = "TableName"

# Far more patient than a function, for nobody waits for an answer over HTTP.
_CONNECT_TIMEOUT_S: Final = 5
_READ_TIMEOUT_S: Final = 30
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Deployment:
    """A table, what reads and writes it, and what it is called when the operator is asked about it."""

    client: DynamoDBClient
    table: str
    called: str


@dataclass(frozen=True)
class Gateway:
    """The options that say which gateway, and what works on it."""

    stack_name: Annotated[
        str | None,
        typer.Option(help="The deployed CloudFormation stack; its output TableName is used.", rich_help_panel=_PANEL),
    ] = None
    table: Annotated[
        str | None, typer.Option(help="The DynamoDB table of a deployed gateway.", rich_help_panel=_PANEL)
    ] = None
    region: Annotated[
        str | None, typer.Option(help="AWS region; otherwise as for every AWS tool.", rich_help_panel=_PANEL)
    ] = None
    profile: Annotated[
        str | None, typer.Option(help="AWS profile; otherwise as for every AWS tool.", rich_help_panel=_PANEL)
    ] = None

    @property
    def now_ms(self) -> int:
        """Unix milliseconds."""
        return now_ms()

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1_000

    @cached_property
    def deployment(self) -> Deployment:
        """The gateway that is meant.

        Raises:
            WrongUse: the options contradict each other, or name none where no local stack is running.
            Failed: what they name is not there.
        """
        if self.stack_name is not None and self.table is not None:
            raise WrongUse("--stack-name and --table both name a gateway: give one of them.")
        if self.stack_name is not None or self.table is not None:
            return self._deployed()
        for option, value in (("--region", self.region), ("--profile", self.profile)):
            if value is not None:  # otherwise it would be the local stack that is changed
                raise WrongUse(f"{option} goes with --stack-name or --table, which name a deployed gateway.")
        return _local()

    @cached_property
    def directory(self) -> Directory:
        """Its projects and keys."""
        from audio_gateway.identity.directory import Directory

        return Directory(self.deployment.client, self.deployment.table)

    def key_names(self) -> dict[str, str]:
        """The names of all keys that were not deleted, by their ids."""
        found = (key for project in self.directory.projects.list() for key in self.directory.api_keys.list(project.id))
        return {key.entry.id: key.entry.name for key in found}

    @cached_property
    def names(self) -> Names:
        """What its projects and keys are called."""
        from audio_gateway.identity.directory_names import DirectoryNames

        return DirectoryNames(self.deployment.client, self.deployment.table)

    @cached_property
    def items(self) -> Table:
        """Its table."""
        from audio_gateway.aws.table import Table

        return Table(self.deployment.client, self.deployment.table)

    @cached_property
    def ledger(self) -> LedgerStore:
        """Its ledger."""
        from audio_gateway.metering.ledger_store import LedgerStore

        return LedgerStore(self.deployment.client, self.deployment.table)

    @cached_property
    def books(self) -> DynamoUsageReports:
        """The sums of its ledger."""
        from audio_gateway.usage.reports import DynamoUsageReports

        return DynamoUsageReports(self.deployment.client, self.deployment.table)

    @cached_property
    def session(self) -> Session:
        """The operator's session at AWS."""
        import boto3

        return boto3.Session(profile_name=self.profile, region_name=self.region)

    def client(self, service: str) -> Any:
        """A client of one of AWS's services, for a deployed gateway."""
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        return self.session.client(cast("Any", service), config=config)

    def _deployed(self) -> Deployment:
        table = self.table or _table_of(self.session, self.stack_name or "")
        client = self.client("dynamodb")
        return Deployment(client, table, f"table {table} in {client.meta.region_name}")


def outputs_of(session: Session, stack_name: str) -> dict[str, str]:
    """The outputs of a CloudFormation stack; raises `Failed` if there is no such stack."""
    from botocore.exceptions import ClientError

    client: CloudFormationClient = session.client("cloudformation")
    try:
        stack = client.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"].get("Code") != "ValidationError":
            raise
        message = f"There is no stack '{stack_name}' in {client.meta.region_name}."
        step = "`aws cloudformation list-stacks` lists them. Is --region right?"
        raise Failed(f"{message}\n{step}") from error
    return {output.get("OutputKey", ""): output.get("OutputValue", "") for output in stack.get("Outputs", [])}


def _table_of(session: Session, stack_name: str) -> str:
    """The output of a CloudFormation stack that names the table."""
    outputs = outputs_of(session, stack_name)
    if _OUTPUT not in outputs:
        raise Failed(f"The stack '{stack_name}' has no output {_OUTPUT}: it is no audio gateway, or not yet deployed.")
    return outputs[_OUTPUT]


def local_stack() -> dict[str, Any]:
    """What the running local stack has written into its file (STACK_FILE, or .local/stack.json).

    Raises:
        WrongUse: there is no such file, so that no local stack is running.
        Failed: it cannot be read.
    """
    path = _stack_file()
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        message = f"No local stack is running: there is no {path}."
        step = "Start it with `make run`, or name a deployed gateway with --stack-name or --table."
        raise WrongUse(f"{message}\n{step}") from error
    except (OSError, ValueError) as error:
        raise Failed(f"{path} cannot be read: {error}\nSTACK_FILE must be a file that `make run` wrote.") from error
    return found


def local_log() -> Path:
    """What the functions of the local stack have written, also after it has stopped (local/console.py)."""
    return _stack_file().with_suffix(".log")


def local_client(found: dict[str, Any], service: str) -> Any:
    """A client of the local AWS that a stack file names; raises `Failed` if it is no file of a local stack."""
    from botocore.config import Config
    from botocore.session import Session as BareSession

    try:
        # A profile of the operator's shell is nothing to an AWS of our own, nor is a proxy.
        return BareSession(session_vars={"profile": (None, [], None, None)}).create_client(
            service,
            region_name=found["region"],
            endpoint_url=found["aws_endpoint_url"],
            aws_access_key_id=found["aws_access_key_id"],
            aws_secret_access_key=found["aws_secret_access_key"],
            config=Config(connect_timeout=_CONNECT_TIMEOUT_S, read_timeout=_READ_TIMEOUT_S, proxies={}),
        )
    except (KeyError, TypeError) as error:
        raise no_stack_file() from error


def no_stack_file() -> Failed:
    """What is said of a file that no local stack has written."""
    return Failed(f"{_stack_file()} is no file of a local stack.\nSTACK_FILE must be a file that `make run` wrote.")


def _stack_file() -> Path:
    return Path.cwd() / (os.environ.get("STACK_FILE") or CHECKOUT / ".local" / "stack.json")


def _local() -> Deployment:
    found = local_stack()
    client = local_client(found, "dynamodb")
    try:
        return Deployment(client, found["table"], "the local stack")
    except KeyError as error:
        raise no_stack_file() from error
