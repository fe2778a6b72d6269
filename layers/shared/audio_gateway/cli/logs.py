"""`logs`: prints the log lines of all functions about one request or job, in order of time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.gateway import Gateway, local_log
from audio_gateway.cli.output import Output, note, printable
from audio_gateway.cli.times import parse_time

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The x-request-id of a request (req_…), or the id of a job (job_…).")
]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="How far back to search: 7d, 12h or a date.")]

_REQUEST: Final = re.compile(r"req_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})", re.ASCII)
_ID: Final = re.compile(r"(req|job|upload|evt)_[0-9a-f]{24,32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_GROUP: Final = "AWS::Logs::LogGroup"
_MOST_LINES: Final = 1_000
_WORKING: Final = frozenset({"Scheduled", "Running"})
_PAUSE_S: Final = 0.5
_PATIENCE_S: Final = 120
_KNOWN_TO_ALL: Final = frozenset({
    "timestamp", "message", "level", "location", "service", "request_id", "time", "xray_trace_id", "_aws",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log line: its time (as CloudWatch writes it, in UTC, or empty), its function and its text."""

    at: str
    source: str
    text: str


def logs(gateway: Gateway, output: Output, *, wanted: Id, since: Since = "24h") -> None:
    """Print the log lines of all functions about a request or a job.

    On AWS, the command queries CloudWatch Logs Insights, which takes some seconds and costs half a cent for each GB of
    logs it scans. For the local stack, it reads a file.
    """
    if not _ID.fullmatch(wanted):
        raise UsageError(
            f"{printable(wanted[:60])} is not an id. Give an x-request-id (req_…) or the id of a job (job_…)."
        )
    if gateway.table is not None and gateway.stack_name is None:
        raise UsageError("--table does not locate the logs: name the stack with --stack-name.")
    if gateway.stack_name is None:
        found = list(_of_file(spellings(wanted)))
    else:
        start_s = parse_time("--since", since, gateway.now_s, ahead=False)
        found = list(_of_cloudwatch(gateway, gateway.stack_name, spellings(wanted), (start_s, gateway.now_s + 1)))
    if output.as_json:
        output.data({"object": "list", "data": [_data(line) for line in found]})
        return
    for line in found:
        typer.echo(printable(f"{line.at} {line.source}: {_readable(line.text)}".lstrip()))
    if not found:
        note(f"No log line has {wanted} in that time. --since searches further back, up to LogRetentionDays.")
        raise typer.Exit(1)


def spellings(wanted: str) -> tuple[str, ...]:
    """Return an id as our functions write it and as API Gateway writes it (access log, its own responses)."""
    as_ours = wanted if "_" in wanted else "req_" + wanted.replace("-", "")
    parts = _REQUEST.fullmatch(as_ours)
    return (wanted,) if parts is None else (as_ours, "-".join(parts.groups()))


def _of_file(ids: tuple[str, ...]) -> Iterator[LogLine]:
    path = local_log()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                if any(each in text for each in ids):
                    source, _, rest = text.rstrip("\n").partition(" | ")
                    yield LogLine(str(_fields(rest).get("timestamp", "")), source, rest)
    except OSError as error:
        raise CommandFailed(
            f"{path} cannot be read: {error.strerror}. The local stack (`make run`) writes it."
        ) from error


def _of_cloudwatch(gateway: Gateway, stack: str, ids: tuple[str, ...], between_s: tuple[int, int]) -> Iterator[LogLine]:
    client: Any = gateway.client("logs")
    found_by = " or ".join(f'@message like "{each}"' for each in ids)
    wanted = "fields @timestamp, @log, @message"
    query = client.start_query(
        logGroupNames=_groups(gateway.client("cloudformation"), stack),
        startTime=between_s[0],
        endTime=between_s[1],
        queryString=f"{wanted} | filter {found_by} | sort @timestamp asc | limit {_MOST_LINES}",
    )
    for row in _results(client, query["queryId"]):
        fields = {each["field"]: each["value"] for each in row}
        source = fields.get("@log", "").rpartition("/")[2]
        yield LogLine(fields.get("@timestamp", ""), source, fields.get("@message", "").rstrip("\n"))


def _groups(client: Any, stack: str) -> list[str]:
    """Return the log groups among the stack's resources."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = (each for page in pages for each in page["StackResourceSummaries"])
    return [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == _GROUP]


def _results(client: Any, query_id: str) -> Iterable[Any]:
    give_up_at = time.monotonic() + _PATIENCE_S
    while True:
        answer = client.get_query_results(queryId=query_id)
        if answer["status"] == "Complete":
            found: Iterable[Any] = answer["results"]
            return found
        if answer["status"] not in _WORKING or time.monotonic() > give_up_at:
            raise CommandFailed(
                f"The CloudWatch query ended as {answer['status']}. Search a shorter time with --since."
            )
        time.sleep(_PAUSE_S)


def _readable(text: str) -> str:
    """Format a line for people: its message, then its own fields, without those that every line has."""
    fields = _fields(text)
    if not fields:
        return text
    level = str(fields.get("level", "INFO"))
    words = [] if level == "INFO" else [level]
    if isinstance(message := fields.get("message"), str) and message:
        words.append(message)
    words += [
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in fields.items()
        if name not in _KNOWN_TO_ALL
    ]
    return " ".join(words)


def _data(line: LogLine) -> dict[str, Any]:
    fields = _fields(line.text) or None
    return {"object": "log.line", "at": line.at, "source": line.source, "fields": fields, "text": line.text}


def _fields(text: str) -> dict[str, Any]:
    """Parse a JSON line. Returns no fields for any other line."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
