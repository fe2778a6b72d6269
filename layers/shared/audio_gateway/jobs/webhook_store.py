"""Webhook endpoints and what was sent to them, in DynamoDB.

    pk  WEBHOOKS#<project id>                   sk  <endpoint id>      an endpoint, with its signing secret
    pk  DELIVERIES#<project id>#<endpoint id>   sk  <attempt's id>     a try; ttl after seven days

A signing secret must be there to be used, and so cannot be kept as a hash. The table is encrypted; only the functions
that make and use secrets may read these items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.errors import InvalidRequest, NotFound, StorageUnavailable
from audio_gateway.jobs.webhooks import MAX_ENDPOINTS, OLD_SECRET_SECONDS, EventType, WebhookEndpoint, is_endpoint_id
from audio_gateway.metering.table import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

LOG_SECONDS: Final = 7 * 24 * 3600
"""How long a try can be looked up."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at telling an endpoint of an event, in unix seconds.

    `status_code` is what the endpoint answered; None where it did not, and then `error` says why in a word.
    `next_at` is when the next try is due; None where there will be none.
    """

    id: str
    event_id: str
    event_type: EventType
    job_id: str
    number: int
    at: int
    status_code: int | None
    error: str | None
    next_at: int | None


class WebhookStore:
    """The endpoints of all projects. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table, StorageUnavailable)

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Write a new endpoint; raises `InvalidRequest` if the project has as many as it may.

        Counted after it was written, so that two at once cannot both be the last that fits.
        """
        self._table.put_new(_item(endpoint))
        if sum(1 for _ in self.of_project(endpoint.project_id)) > MAX_ENDPOINTS:
            self.delete(endpoint.project_id, endpoint.id)
            message = f"A project may have {MAX_ENDPOINTS} webhook endpoints. Delete one, or give one more event types."
            raise InvalidRequest(message, code="too_many_webhook_endpoints")

    def get(self, project_id: str, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint; raises `NotFound`, also for another project's."""
        found = self.find(project_id, endpoint_id)
        if found is None:
            raise _none_such(endpoint_id)
        return found

    def find(self, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint, or None."""
        item = self._table.get(_key(project_id, endpoint_id)) if is_endpoint_id(endpoint_id) else None
        return None if item is None else _endpoint(item)

    def of_project(self, project_id: str, after: str | None = None) -> Iterator[WebhookEndpoint]:
        """The endpoints of a project in order of creation, behind the one with the id `after`."""
        return map(_endpoint, self._table.query(_partition(project_id), after=after))

    def change(
        self,
        endpoint: WebhookEndpoint,
        *,
        name: str | None,
        url: str | None,
        event_types: tuple[EventType, ...] | None,
        now_s: int,
    ) -> WebhookEndpoint:
        """The endpoint with those of the values that are not None; raises `NotFound` if it was deleted meanwhile."""
        values: dict[str, Any] = {":now": {"N": str(now_s)}}
        names, sets = {}, ["updated_at = :now"]
        for attribute, value in (("name", name), ("url", url)):
            if value is not None:
                sets.append(f"#{attribute} = :{attribute}")
                names[f"#{attribute}"] = attribute
                values[f":{attribute}"] = {"S": value}
        if event_types is not None:
            sets.append("event_types = :event_types")
            values[":event_types"] = {"L": [{"S": each} for each in event_types]}
        return self._updated(endpoint, "SET " + ", ".join(sets), values, names)

    def rotate(self, endpoint: WebhookEndpoint, secret: str, *, keep_old: bool, now_s: int) -> WebhookEndpoint:
        """The endpoint with a new secret, and the one before for a day if that is wanted; raises `NotFound`."""
        values = {":secret": {"S": secret}, ":now": {"N": str(now_s)}}
        update = "SET old_secret = secret, old_secret_until = :until, secret = :secret, updated_at = :now"
        if keep_old:
            values[":until"] = {"N": str(now_s + OLD_SECRET_SECONDS)}
        else:
            update = "SET secret = :secret, updated_at = :now REMOVE old_secret, old_secret_until"
        return self._updated(endpoint, update, values, {})

    def delete(self, project_id: str, endpoint_id: str) -> bool:
        """Remove an endpoint; whether there was one. Its log goes by itself."""
        return self._table.delete(_key(project_id, endpoint_id), "created_at > :zero", {":zero": {"N": "0"}})

    def log(self, project_id: str, endpoint_id: str, attempt: Attempt) -> None:
        """Write down a try."""
        self._table.put_new(_log_item(project_id, endpoint_id, attempt))

    def attempts(self, endpoint: WebhookEndpoint, now_s: int, *, after: str | None, limit: int) -> Iterator[Attempt]:
        """The tries of the last seven days, the newest first, those before `after` where it is given."""
        partition = f"DELIVERIES#{endpoint.project_id}#{endpoint.id}"
        for item in self._table.query(partition, newest_first=True, after=after, page=limit):
            if int(item["ttl"]["N"]) > now_s:
                yield _attempt(item)

    def _updated(
        self, endpoint: WebhookEndpoint, update: str, values: dict[str, Any], names: dict[str, str]
    ) -> WebhookEndpoint:
        arguments: dict[str, Any] = {
            "Key": _key(endpoint.project_id, endpoint.id),
            "UpdateExpression": update,
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": values,
        }
        if names:
            arguments["ExpressionAttributeNames"] = names
        if not self._table.update(arguments):
            raise _none_such(endpoint.id)
        return self.get(endpoint.project_id, endpoint.id)


def _none_such(endpoint_id: str) -> NotFound:
    return NotFound(f"No webhook endpoint with id '{endpoint_id[:100]}'.", param="webhook_endpoint_id")


def _partition(project_id: str) -> str:
    return f"WEBHOOKS#{project_id}"


def _key(project_id: str, endpoint_id: str) -> dict[str, Any]:
    return {"pk": {"S": _partition(project_id)}, "sk": {"S": endpoint_id}}


def _item(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return _key(endpoint.project_id, endpoint.id) | {
        "name": {"S": endpoint.name},
        "url": {"S": endpoint.url},
        "event_types": {"L": [{"S": each} for each in endpoint.event_types]},
        "secret": {"S": endpoint.secret},
        "created_at": {"N": str(endpoint.created_at)},
        "updated_at": {"N": str(endpoint.updated_at)},
    }


def _endpoint(item: dict[str, Any]) -> WebhookEndpoint:
    return WebhookEndpoint(
        id=item["sk"]["S"],
        project_id=item["pk"]["S"].removeprefix("WEBHOOKS#"),
        name=item["name"]["S"],
        url=item["url"]["S"],
        event_types=tuple(each["S"] for each in item["event_types"]["L"]),
        secret=item["secret"]["S"],
        created_at=int(item["created_at"]["N"]),
        updated_at=int(item["updated_at"]["N"]),
        old_secret=item["old_secret"]["S"] if "old_secret" in item else None,
        old_secret_until=int(item["old_secret_until"]["N"]) if "old_secret" in item else 0,
    )


def _log_item(project_id: str, endpoint_id: str, attempt: Attempt) -> dict[str, Any]:
    item: dict[str, Any] = {
        "pk": {"S": f"DELIVERIES#{project_id}#{endpoint_id}"},
        "sk": {"S": attempt.id},
        "event_id": {"S": attempt.event_id},
        "event_type": {"S": attempt.event_type},
        "job_id": {"S": attempt.job_id},
        "number": {"N": str(attempt.number)},
        "at": {"N": str(attempt.at)},
        "ttl": {"N": str(attempt.at + LOG_SECONDS)},
    }
    if attempt.status_code is not None:
        item["status_code"] = {"N": str(attempt.status_code)}
    if attempt.error is not None:
        item["error"] = {"S": attempt.error}
    if attempt.next_at is not None:
        item["next_at"] = {"N": str(attempt.next_at)}
    return item


def _attempt(item: dict[str, Any]) -> Attempt:
    return Attempt(
        id=item["sk"]["S"],
        event_id=item["event_id"]["S"],
        event_type=item["event_type"]["S"],
        job_id=item["job_id"]["S"],
        number=int(item["number"]["N"]),
        at=int(item["at"]["N"]),
        status_code=int(item["status_code"]["N"]) if "status_code" in item else None,
        error=item["error"]["S"] if "error" in item else None,
        next_at=int(item["next_at"]["N"]) if "next_at" in item else None,
    )
