"""The events that were queued for the endpoints: an event that a repeated step publishes again is not queued again.

    pk  ANNOUNCED#<project id>      sk  <event id>      lease_until: of the function that queues it; told: done; ttl

If that function dies, another one queues the event after `LEASE_S`: endpoints may then receive it twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Item, Update, attributes, item_key
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import JOB_KEPT_SECONDS

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

LEASE_S: Final = 120
"""Longer than the function behind the queue may run, shorter than the visibility timeout of its messages."""


class PublishedEvents:
    """The events of all projects. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def begin(self, project_id: str, event_id: str, now_s: int) -> bool:
        """Claim an event to queue it; False if it was queued already.

        Raises `StorageUnavailable` also while another function is queueing it: try again later.
        """
        key = _key(project_id, event_id)
        item = key | attributes(lease_until=now_s + LEASE_S, ttl=now_s + JOB_KEPT_SECONDS)
        free = "attribute_not_exists(pk) OR (attribute_not_exists(told) AND lease_until <= :now)"
        result = self._table.put_if(item, Condition(free, now=now_s))
        if not result.written and "told" not in result.item:
            raise StorageUnavailable("The event is being sent now. Try again.")
        return result.written

    def end(self, project_id: str, event_id: str) -> None:
        """Record that the event was queued for all endpoints."""
        update = Update(_key(project_id, event_id)).require("attribute_exists(pk)")
        self._table.update_if(update.set("told", value=True))


def _key(project_id: str, event_id: str) -> Item:
    return item_key(f"ANNOUNCED#{project_id}", event_id)
