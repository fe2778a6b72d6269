"""The queue between the end of a job and those who want to know of it. A message holds ids and numbers only.

{"project_id", "job_id", "type", "created_at"}                                            to be told to every endpoint
{"project_id", "job_id", "type", "created_at", "endpoint_id", "attempt", "due_at", "first_at"?}         to this one
{…, "host", "turn_ms"}                                            the same, waiting for its turn; the host as a hash

The group of a message is its project, which makes the queue a fair one: while one project takes up much of the time of
those who work on it, SQS hands out the messages of the others first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audio_gateway.aws.clients import aws_client, map_aws_errors
from audio_gateway.webhooks.retry_schedule import Delivery
from audio_gateway.webhooks.webhook import WebhookEvent

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event of a project that each of its endpoints is yet to be told of."""

    project_id: str
    event: WebhookEvent


class WebhookQueue:
    """The queue at `url`. Every call raises `StorageUnavailable` if it cannot be reached."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> SQSClient:
        client: SQSClient = aws_client("sqs", connect_timeout=1, read_timeout=5, attempts=3)
        return client

    def publish(self, announcement: JobEvent) -> None:
        """Have an event told to whoever wants to know."""
        self._send(announcement, 0)

    def send(self, delivery: Delivery, now_s: int) -> None:
        """Put it into the queue until it is due, or for as long as can be."""
        self._send(delivery, delivery.delay_at(now_s))

    def _send(self, what: JobEvent | Delivery, delay_s: int) -> None:
        with map_aws_errors(message="Webhooks cannot be queued now. Try again."):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=message_of(what),
                MessageGroupId=what.project_id,
                DelaySeconds=delay_s,
            )


def message_of(what: JobEvent | Delivery) -> str:
    """A message's body."""
    event = what.event
    message: dict[str, Any] = {
        "project_id": what.project_id,
        "job_id": event.job_id,
        "type": event.type,
        "created_at": event.created_at,
    }
    if isinstance(what, Delivery):
        message |= {"endpoint_id": what.endpoint_id, "attempt": what.attempt, "due_at": what.due_at}
        if what.first_at is not None:
            message["first_at"] = what.first_at
        if what.host is not None:
            message |= {"host": what.host, "turn_ms": what.turn_ms}
    return json.dumps(message)


def read_message(body: str) -> JobEvent | Delivery:
    """What `message_of` wrote; raises ValueError or KeyError for anything else."""
    message = json.loads(body)
    event = WebhookEvent(message["type"], message["job_id"], message["created_at"])
    if "endpoint_id" not in message:
        return JobEvent(message["project_id"], event)
    return Delivery(
        project_id=message["project_id"],
        endpoint_id=message["endpoint_id"],
        event=event,
        attempt=message["attempt"],
        first_at=message.get("first_at"),
        due_at=message["due_at"],
        host=message.get("host"),
        turn_ms=message.get("turn_ms", 0),
    )
