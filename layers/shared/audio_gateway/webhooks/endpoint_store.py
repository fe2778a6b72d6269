"""Webhook endpoints and what was sent to them, in DynamoDB.

    pk  WEBHOOKS#<project id>                   sk  <endpoint id>      an endpoint, with its signing secret
    pk  WEBHOOK_URLS#<project id>               sk  <hash of a URL>    endpoint_id: the one that has this URL
    pk  DELIVERIES#<project id>#<endpoint id>   sk  <attempt's id>     a try; ttl after seven days

A signing secret must be there to be used, and so cannot be kept as a hash. The table is encrypted; only the functions
that make and use secrets may read these items. An endpoint and its URL's item are written together, or not at all: of
two registrations at once one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from audio_gateway.errors import Conflict, InvalidRequest, NotFound, StorageUnavailable
from audio_gateway.identity.directory_table import DirectoryTable, Refused, put_new
from audio_gateway.net.targets import normal_form
from audio_gateway.webhooks.items import (
    DeliveryAttempt,
    attempt_from,
    attempt_item,
    attempts_of,
    endpoint_from,
    endpoint_item,
    endpoint_key,
    endpoints_of,
    url_key,
)
from audio_gateway.webhooks.webhook import (
    MAX_ENDPOINTS,
    MAX_UNDELIVERED_EVENTS,
    OLD_SECRET_SECONDS,
    EndpointStatus,
    EventType,
    WebhookEndpoint,
    is_endpoint_id,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class WebhookStore:
    """The endpoints of all projects. Every call raises `StorageUnavailable` if the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DirectoryTable(client, table, StorageUnavailable)

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Write a new endpoint.

        Counted before it is written, and after it, so that two at once cannot both be the last that fits.

        Raises:
            InvalidRequest: the project has as many as it may.
            Conflict: it has one with this URL.
        """
        there = list(self.of_project(endpoint.project_id))
        if len(there) >= MAX_ENDPOINTS:
            raise _too_many()
        _refuse_the_same(endpoint.url, there)
        try:
            self._table.transact(put_new(endpoint_item(endpoint)), put_new(_claim(endpoint, endpoint.url)))
        except Refused as refused:
            raise _the_same(None) from refused
        if sum(1 for _ in self.of_project(endpoint.project_id)) > MAX_ENDPOINTS:
            self.delete(endpoint)
            raise _too_many()

    def get(self, project_id: str, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint; raises `NotFound`, also for another project's."""
        found = self.find(project_id, endpoint_id)
        if found is None:
            raise _none_such(endpoint_id)
        return found

    def find(self, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint, or None."""
        item = self._table.get(endpoint_key(project_id, endpoint_id)) if is_endpoint_id(endpoint_id) else None
        return None if item is None else endpoint_from(item)

    def of_project(self, project_id: str, after: str | None = None) -> Iterator[WebhookEndpoint]:
        """The endpoints of a project in order of creation, behind the one with the id `after`."""
        return map(endpoint_from, self._table.query(endpoints_of(project_id), after=after))

    def change(
        self,
        endpoint: WebhookEndpoint,
        *,
        name: str | None,
        url: str | None,
        event_types: tuple[EventType, ...] | None,
        status: EndpointStatus | None,
        now_s: int,
    ) -> WebhookEndpoint:
        """The endpoint with those of the values that are not None. Enabling it forgets what was given up.

        Raises:
            NotFound: it was deleted meanwhile.
            Conflict: another endpoint of the project has this URL, or somebody else has just changed this one's.
        """
        values: dict[str, Any] = {":now": {"N": str(now_s)}, ":before": {"S": endpoint.url}}
        names, sets = {"#url": "url"}, ["updated_at = :now"]
        for attribute, value in (("name", name), ("url", url), ("status", status)):
            if value is not None:
                sets.append(f"#{attribute} = :{attribute}")
                names[f"#{attribute}"] = attribute
                values[f":{attribute}"] = {"S": value}
        if event_types is not None:
            sets.append("event_types = :event_types")
            values[":event_types"] = {"L": [{"S": each} for each in event_types]}
        update = {
            "Key": endpoint_key(endpoint.project_id, endpoint.id),
            "UpdateExpression": f"SET {', '.join(sets)}{' REMOVE in_vain' if status == 'enabled' else ''}",
            "ConditionExpression": "#url = :before",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._change_with_url(endpoint, url or endpoint.url, update)
        return self.get(endpoint.project_id, endpoint.id)

    def _change_with_url(self, endpoint: WebhookEndpoint, url: str, update: dict[str, Any]) -> None:
        writes = [("Update", update)]
        if normal_form(url) != normal_form(endpoint.url):
            _refuse_the_same(url, (each for each in self.of_project(endpoint.project_id) if each.id != endpoint.id))
            writes += [put_new(_claim(endpoint, url)), _release(endpoint)]
        try:
            self._table.transact(*writes)
        except Refused as refused:
            if 0 not in refused.at:
                raise _the_same(None) from refused
            self.get(endpoint.project_id, endpoint.id)
            message = "The endpoint has been changed by somebody else at this moment. Look at it, and try again."
            raise Conflict(message) from refused

    def rotate(self, endpoint: WebhookEndpoint, secret: str, *, keep_old: bool, now_s: int) -> WebhookEndpoint:
        """The endpoint with a new secret, and the one before for a day if that is wanted; raises `NotFound`."""
        values = {":secret": {"S": secret}, ":now": {"N": str(now_s)}}
        update = "SET old_secret = secret, old_secret_until = :until, secret = :secret, updated_at = :now"
        if keep_old:
            values[":until"] = {"N": str(now_s + OLD_SECRET_SECONDS)}
        else:
            update = "SET secret = :secret, updated_at = :now REMOVE old_secret, old_secret_until"
        if not self._update(endpoint, update, values):
            raise _none_such(endpoint.id)
        return self.get(endpoint.project_id, endpoint.id)

    def delete(self, endpoint: WebhookEndpoint) -> None:
        """Remove an endpoint, if it is there. Its log goes by itself."""
        found: WebhookEndpoint | None = endpoint
        while found is not None:
            condition = {
                "ConditionExpression": "#url = :url",
                "ExpressionAttributeNames": {"#url": "url"},
                "ExpressionAttributeValues": {":url": {"S": found.url}},
            }
            try:
                self._table.transact(
                    ("Delete", {"Key": endpoint_key(found.project_id, found.id), **condition}), _release(found)
                )
            except Refused:
                found = self.find(found.project_id, found.id)  # it has another URL now, or is gone
            else:
                return

    def was_taken(self, endpoint: WebhookEndpoint) -> None:
        """Note that the endpoint has taken an event: what was given up before is no row any more."""
        if endpoint.undelivered:
            self._update(endpoint, "REMOVE in_vain", {})

    def was_given_up(self, endpoint: WebhookEndpoint, now_s: int) -> None:
        """Note that an event was given up; so many in a row switch the endpoint off."""
        update, values = "SET in_vain = :count", {":count": {"N": str(endpoint.undelivered + 1)}}
        if endpoint.undelivered + 1 >= MAX_UNDELIVERED_EVENTS:
            update += ", #status = :disabled, updated_at = :now"
            values |= {":disabled": {"S": "disabled"}, ":now": {"N": str(now_s)}}
        self._update(endpoint, update, values)

    def log(self, endpoint: WebhookEndpoint, attempt: DeliveryAttempt) -> None:
        """Write down a try."""
        self._table.put_new(attempt_item(endpoint, attempt))

    def attempts(
        self, endpoint: WebhookEndpoint, now_s: int, *, after: str | None, limit: int
    ) -> Iterator[DeliveryAttempt]:
        """The tries of the last seven days, the newest first, those before `after` where it is given."""
        for item in self._table.query(attempts_of(endpoint), newest_first=True, after=after, page=limit):
            if int(item["ttl"]["N"]) > now_s:
                yield attempt_from(item)

    def _update(self, endpoint: WebhookEndpoint, update: str, values: dict[str, Any]) -> bool:
        arguments: dict[str, Any] = {
            "Key": endpoint_key(endpoint.project_id, endpoint.id),
            "UpdateExpression": update,
            "ConditionExpression": "attribute_exists(pk)",
        }
        if values:
            arguments["ExpressionAttributeValues"] = values
        if "#status" in update:
            arguments["ExpressionAttributeNames"] = {"#status": "status"}
        return self._table.update(arguments)


def _claim(endpoint: WebhookEndpoint, url: str) -> dict[str, Any]:
    return url_key(endpoint.project_id, url) | {"endpoint_id": {"S": endpoint.id}}


def _release(endpoint: WebhookEndpoint) -> tuple[str, dict[str, Any]]:
    """The part of a transaction that gives an endpoint's URL up; there is no item of one that is from before these."""
    return "Delete", {
        "Key": url_key(endpoint.project_id, endpoint.url),
        "ConditionExpression": "attribute_not_exists(pk) OR endpoint_id = :id",
        "ExpressionAttributeValues": {":id": {"S": endpoint.id}},
    }


def _refuse_the_same(url: str, there: Iterable[WebhookEndpoint]) -> None:
    wanted = normal_form(url)
    for each in there:
        if normal_form(each.url) == wanted:
            raise _the_same(each.id)


def _the_same(endpoint_id: str | None) -> Conflict:
    which = "Another endpoint of the project" if endpoint_id is None else f"The project's endpoint '{endpoint_id}'"
    message = f"{which} has this URL. Give that one more event types, or delete it first."
    return Conflict(message, param="url", code="webhook_url_taken")


def _too_many() -> InvalidRequest:
    message = f"A project may have {MAX_ENDPOINTS} webhook endpoints. Delete one, or give one more event types."
    return InvalidRequest(message, code="too_many_webhook_endpoints")


def _none_such(endpoint_id: str) -> NotFound:
    return NotFound(f"No webhook endpoint with id '{endpoint_id[:100]}'.", param="webhook_endpoint_id")
