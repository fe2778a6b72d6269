"""Which events have been told: whoever announces one again, as a step that is repeated does, changes nothing.

    pk  ANNOUNCED#<project id>      sk  <event id>      lease_until: for whoever tells it; told; ttl

Who dies while he tells it leaves it to the next one, behind `LEASE_S`: endpoints may then hear of it once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.errors import StorageUnavailable
from audio_gateway.jobs.job import JOB_KEPT_SECONDS

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

LEASE_S: Final = 120
"""Longer than the function behind the queue may run, shorter than a message that it did not work on stays away."""


class PublishedEvents:
    """The events of all projects. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def begin(self, project_id: str, event_id: str, now_s: int) -> bool:
        """Whether an event is to be told now; False if that was done.

        Raises `StorageUnavailable` also while somebody else is telling it: then it is to be asked again.
        """
        item = _key(project_id, event_id) | {
            "lease_until": {"N": str(now_s + LEASE_S)},
            "ttl": {"N": str(now_s + JOB_KEPT_SECONDS)},
        }
        free = "attribute_not_exists(pk) OR (attribute_not_exists(told) AND lease_until <= :now)"
        there = self._table.take(item, free, {":now": {"N": str(now_s)}})
        if there is not None and "told" not in there:
            raise StorageUnavailable("The event is being sent at this moment. Try again.")
        return there is None

    def end(self, project_id: str, event_id: str) -> None:
        """The event has been told."""
        self._table.update(
            {
                "Key": _key(project_id, event_id),
                "UpdateExpression": "SET told = :true",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {":true": {"BOOL": True}},
            }
        )


def _key(project_id: str, event_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"ANNOUNCED#{project_id}"}, "sk": {"S": event_id}}
