"""Webhook endpoints and the log of their deliveries, in DynamoDB.

    pk  WEBHOOKS#<project id>                   sk  <endpoint id>      an endpoint, with its signing secret
    pk  WEBHOOK_URLS#<project id>               sk  <hash of a URL>    endpoint_id: the endpoint with this URL
    pk  DELIVERIES#<project id>#<endpoint id>   sk  <attempt's id>     an attempt; ttl after seven days

A signing secret is needed in plain text, so it cannot be stored as a hash. The table is encrypted; only the functions
that create and use secrets may read these items. One transaction writes an endpoint and the item of its URL, so one of
two simultaneous registrations is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from audio_gateway.aws.table import Table, TransactionRefused, TransactionWrite
from audio_gateway.aws.update import Condition, Item, Update
from audio_gateway.errors import Conflict, InvalidRequest, NotFound, StorageUnavailable
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
        self._table = Table(client, table, StorageUnavailable)

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Write a new endpoint.

        Endpoints are counted before the write and after it: two simultaneous calls cannot both add the last one.

        Raises:
            InvalidRequest: the project has the maximum number of endpoints.
            Conflict: the project has an endpoint with this URL.
        """
        there = list(self.of_project(endpoint.project_id))
        if len(there) >= MAX_ENDPOINTS:
            raise _too_many()
        _refuse_the_same(endpoint.url, there)
        try:
            self._table.transact(
                TransactionWrite.put_if_absent(endpoint_item(endpoint)),
                TransactionWrite.put_if_absent(_claim(endpoint, endpoint.url)),
            )
        except TransactionRefused as refused:
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
        """Change the values that are not None, and return the endpoint. Enabling it resets `undelivered`.

        Raises:
            NotFound: the endpoint was deleted in the meantime.
            Conflict: another endpoint of the project has this URL, or another call has just changed this one's.
        """
        update = Update(endpoint_key(endpoint.project_id, endpoint.id))
        update.require("#url = :before", before=endpoint.url).set("updated_at", now_s)
        for attribute, value in (("#name", name), ("#url", url), ("#status", status)):
            if value is not None:
                update.set(attribute, value)
        if event_types is not None:
            update.set("event_types", event_types)
        if status == "enabled":
            update.remove("in_vain")
        self._change_with_url(endpoint, url or endpoint.url, update)
        return self.get(endpoint.project_id, endpoint.id)

    def _change_with_url(self, endpoint: WebhookEndpoint, url: str, update: Update) -> None:
        writes = [TransactionWrite.update_if(update)]
        if normal_form(url) != normal_form(endpoint.url):
            _refuse_the_same(url, (each for each in self.of_project(endpoint.project_id) if each.id != endpoint.id))
            writes += [TransactionWrite.put_if_absent(_claim(endpoint, url)), _release(endpoint)]
        try:
            self._table.transact(*writes)
        except TransactionRefused as refused:
            if 0 not in refused.at:
                raise _the_same(None) from refused
            self.get(endpoint.project_id, endpoint.id)
            message = "The endpoint has been changed by somebody else at this moment. Look at it, and try again."
            raise Conflict(message) from refused

    def rotate(self, endpoint: WebhookEndpoint, secret: str, *, keep_old: bool, now_s: int) -> WebhookEndpoint:
        """Set a new secret; `keep_old` keeps the former one for a day. Raises `NotFound`."""
        update = _update_of(endpoint)
        if keep_old:
            update.copy("old_secret", "secret").set("old_secret_until", now_s + OLD_SECRET_SECONDS)
        else:
            update.remove("old_secret").remove("old_secret_until")
        update.set("secret", secret).set("updated_at", now_s)
        if self._table.update_if(update) is None:
            raise _none_such(endpoint.id)
        return self.get(endpoint.project_id, endpoint.id)

    def delete(self, endpoint: WebhookEndpoint) -> None:
        """Remove an endpoint, if it exists. DynamoDB removes its log by ttl."""
        found: WebhookEndpoint | None = endpoint
        while found is not None:
            key = endpoint_key(found.project_id, found.id)
            condition = Condition("#url = :url", url=found.url)
            try:
                self._table.transact(TransactionWrite.delete_if(key, condition), _release(found))
            except TransactionRefused:
                found = self.find(found.project_id, found.id)  # it has another URL now, or was deleted
            else:
                return

    def was_accepted(self, endpoint: WebhookEndpoint) -> None:
        """Record that the endpoint accepted an event: this ends a series of undelivered ones."""
        if endpoint.undelivered:
            self._table.update_if(_update_of(endpoint).remove("in_vain"))

    def was_given_up(self, endpoint: WebhookEndpoint, now_s: int) -> None:
        """Record that an event was given up; `MAX_UNDELIVERED_EVENTS` in a row disable the endpoint."""
        update = _update_of(endpoint).set("in_vain", endpoint.undelivered + 1)
        if endpoint.undelivered + 1 >= MAX_UNDELIVERED_EVENTS:
            update.set("#status", "disabled").set("updated_at", now_s)
        self._table.update_if(update)

    def log(self, endpoint: WebhookEndpoint, attempt: DeliveryAttempt) -> None:
        """Record an attempt."""
        self._table.put_if_absent(attempt_item(endpoint, attempt))

    def attempts(
        self, endpoint: WebhookEndpoint, now_s: int, *, after: str | None, limit: int
    ) -> Iterator[DeliveryAttempt]:
        """The attempts of the last seven days, newest first; with `after`, those before it."""
        for item in self._table.query(attempts_of(endpoint), newest_first=True, after=after, page_items=limit):
            if int(item["ttl"]["N"]) > now_s:
                yield attempt_from(item)


def _update_of(endpoint: WebhookEndpoint) -> Update:
    return Update(endpoint_key(endpoint.project_id, endpoint.id)).require("attribute_exists(pk)")


def _claim(endpoint: WebhookEndpoint, url: str) -> Item:
    return url_key(endpoint.project_id, url) | {"endpoint_id": {"S": endpoint.id}}


def _release(endpoint: WebhookEndpoint) -> TransactionWrite:
    """The part of a transaction that releases an endpoint's URL; endpoints older than these items have none."""
    condition = Condition("attribute_not_exists(pk) OR endpoint_id = :id", id=endpoint.id)
    return TransactionWrite.delete_if(url_key(endpoint.project_id, endpoint.url), condition)


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
