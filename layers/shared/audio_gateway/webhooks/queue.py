"""The queue between the end of a job and the webhook endpoints. A message holds ids and numbers only.

{"project_id", "job_id", "type", "created_at"}                                            for every endpoint
{"project_id", "job_id", "type", "created_at", "endpoint_id", "attempt", "due_at", "first_at"?}   for this endpoint
{…, "host", "turn_ms"}                                            the same, waiting for its turn; the host is a hash

The group of a message is its project, which makes the queue fair: while one project keeps the consumers busy, SQS
delivers the messages of the others first.
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
    """An event of a project, to be sent to each of its endpoints."""

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
        """Queue an event for all endpoints that want it."""
        self._send(announcement, 0)

    def send(self, delivery: Delivery, now_s: int) -> None:
        """Queue it until it is due, or for the longest delay that SQS allows."""
        self._send(delivery, delivery.delay_at(now_s))

    def _send(self, queued: JobEvent | Delivery, delay_s: int) -> None:
        with map_aws_errors(message="Webhooks cannot be queued now. Try again."):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=message_of(queued),
                MessageGroupId=queued.project_id,
                DelaySeconds=delay_s,
            )


def message_of(queued: JobEvent | Delivery) -> str:
    """The body of a message."""
    event = queued.event
    message: dict[str, Any] = {
        "project_id": queued.project_id,
        "job_id": event.job_id,
        "type": event.type,
        "created_at": event.created_at,
    }
    if isinstance(queued, Delivery):
        message |= {"endpoint_id": queued.endpoint_id, "attempt": queued.attempt, "due_at": queued.due_at}
        if queued.first_at is not None:
            message["first_at"] = queued.first_at
        if queued.host is not None:
            message |= {"host": queued.host, "turn_ms": queued.turn_ms}
    return json.dumps(message)


def read_message(body: str) -> JobEvent | Delivery:
    """Read a body that `message_of` wrote; raises ValueError or KeyError for anything else."""
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
