"""The gateway that a command works on: the local stack by default, or a deployed one."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from audio_gateway.cli.failures import CommandFailed, UsageError
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
"""The project folder."""

_PANEL: Final = "Gateway (default: the local stack)"
_OUTPUT: Final = "TableName"

# Far longer than in a function: no HTTP caller is waiting.
_CONNECT_TIMEOUT_S: Final = 5
_READ_TIMEOUT_S: Final = 30
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class GatewayTarget:
    """The gateway's table, a client for it, and a label for messages."""

    client: DynamoDBClient
    table: str
    label: str


@dataclass(frozen=True)
class Gateway:
    """The options that select a gateway, and the stores that work on it."""

    stack_name: Annotated[
        str | None,
        typer.Option(help="The CloudFormation stack of a deployed gateway.", rich_help_panel=_PANEL),
    ] = None
    table: Annotated[
        str | None, typer.Option(help="The DynamoDB table of a deployed gateway.", rich_help_panel=_PANEL)
    ] = None
    region: Annotated[
        str | None, typer.Option(help="AWS region. Default: that of your AWS configuration.", rich_help_panel=_PANEL)
    ] = None
    profile: Annotated[
        str | None, typer.Option(help="AWS profile. Default: that of your AWS configuration.", rich_help_panel=_PANEL)
    ] = None

    @property
    def now_ms(self) -> int:
        """The current time in Unix milliseconds."""
        return now_ms()

    @property
    def now_s(self) -> int:
        """The current time in Unix seconds."""
        return self.now_ms // 1_000

    @cached_property
    def target(self) -> GatewayTarget:
        """The selected gateway.

        Raises:
            UsageError: the options contradict each other, or no gateway is named and no local stack is running.
            CommandFailed: the named stack does not exist.
        """
        if self.stack_name is not None and self.table is not None:
            raise UsageError("--stack-name and --table both name a gateway: give only one.")
        if self.stack_name is not None or self.table is not None:
            return self._deployed()
        for option, value in (("--region", self.region), ("--profile", self.profile)):
            if value is not None:  # otherwise the command would change the local stack
                raise UsageError(f"{option} needs --stack-name or --table, which name a deployed gateway.")
        return _local()

    @cached_property
    def directory(self) -> Directory:
        """The gateway's projects and keys."""
        from audio_gateway.identity.directory import Directory

        return Directory(self.target.client, self.target.table)

    def key_names(self) -> dict[str, str]:
        """Return the names of all existing keys by id."""
        found = (key for project in self.directory.projects.list() for key in self.directory.api_keys.list(project.id))
        return {key.entry.id: key.entry.name for key in found}

    @cached_property
    def names(self) -> Names:
        """The names of the gateway's projects and keys."""
        from audio_gateway.identity.directory_names import DirectoryNames

        return DirectoryNames(self.target.client, self.target.table)

    @cached_property
    def items(self) -> Table:
        """The gateway's table."""
        from audio_gateway.aws.table import Table

        return Table(self.target.client, self.target.table)

    @cached_property
    def ledger(self) -> LedgerStore:
        """The gateway's ledger."""
        from audio_gateway.metering.ledger_store import LedgerStore

        return LedgerStore(self.target.client, self.target.table)

    @cached_property
    def usage_reports(self) -> DynamoUsageReports:
        """The usage reports over the gateway's ledger."""
        from audio_gateway.usage.reports import DynamoUsageReports

        return DynamoUsageReports(self.target.client, self.target.table)

    @cached_property
    def session(self) -> Session:
        """The operator's AWS session."""
        import boto3

        return boto3.Session(profile_name=self.profile, region_name=self.region)

    def client(self, service: str) -> Any:
        """Return a client of an AWS service, for a deployed gateway."""
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        return self.session.client(cast("Any", service), config=config)

    def _deployed(self) -> GatewayTarget:
        table = self.table or _table_of(self.session, self.stack_name or "")
        client = self.client("dynamodb")
        return GatewayTarget(client, table, f"table {table} in {client.meta.region_name}")


def outputs_of(session: Session, stack_name: str) -> dict[str, str]:
    """Return the outputs of a CloudFormation stack. Raises `CommandFailed` if the stack does not exist."""
    from botocore.exceptions import ClientError

    client: CloudFormationClient = session.client("cloudformation")
    try:
        stack = client.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"].get("Code") != "ValidationError":
            raise
        message = f"The stack '{stack_name}' does not exist in {client.meta.region_name}."
        step = "`aws cloudformation list-stacks` lists the stacks. Check --region."
        raise CommandFailed(f"{message}\n{step}") from error
    return {output.get("OutputKey", ""): output.get("OutputValue", "") for output in stack.get("Outputs", [])}


def _table_of(session: Session, stack_name: str) -> str:
    """Return the table that a CloudFormation stack names in its outputs."""
    outputs = outputs_of(session, stack_name)
    if _OUTPUT not in outputs:
        raise CommandFailed(
            f"The stack '{stack_name}' has no output {_OUTPUT}: it is not an audio gateway, or not deployed yet."
        )
    return outputs[_OUTPUT]


def local_stack() -> dict[str, Any]:
    """Read the file of the running local stack (STACK_FILE, or .local/stack.json).

    Raises:
        UsageError: the file does not exist: no local stack is running.
        CommandFailed: the file cannot be read.
    """
    path = _stack_file()
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        message = f"No local stack is running: {path} does not exist."
        step = "Start it with `make run`, or name a deployed gateway with --stack-name or --table."
        raise UsageError(f"{message}\n{step}") from error
    except (OSError, ValueError) as error:
        raise CommandFailed(
            f"{path} cannot be read: {error}\nSTACK_FILE must name a file that `make run` wrote."
        ) from error
    return found


def local_log() -> Path:
    """Return the log file of the local stack's functions. It outlives the stack (local/console.py)."""
    return _stack_file().with_suffix(".log")


def local_client(found: dict[str, Any], service: str) -> Any:
    """Return a client of the local AWS named in a stack file. Raises `CommandFailed` if the file is invalid."""
    from botocore.config import Config
    from botocore.session import Session as BareSession

    try:
        # The operator's AWS profile and proxy must not apply to the local AWS.
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


def no_stack_file() -> CommandFailed:
    """Return the error for a file that no local stack wrote."""
    return CommandFailed(f"{_stack_file()} is not a stack file.\nSTACK_FILE must name a file that `make run` wrote.")


def _stack_file() -> Path:
    return Path.cwd() / (os.environ.get("STACK_FILE") or CHECKOUT / ".local" / "stack.json")


def _local() -> GatewayTarget:
    found = local_stack()
    client = local_client(found, "dynamodb")
    try:
        return GatewayTarget(client, found["table"], "the local stack")
    except KeyError as error:
        raise no_stack_file() from error
