"""Counts free requests, which hold nothing, against the `requests_per_minute` of their key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from audio_gateway.clock import now_ms
from audio_gateway.errors import LimitReached, PermissionDenied
from audio_gateway.metering.account_item import Account
from audio_gateway.metering.account_updates import visit_update
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.limited_updates import LimitedUpdates
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.refusals import Demand, key_refuses, refusal

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class FreeRequests:
    """Counts in the accounts of the gateway's table. `now_ms` is the clock."""

    def __init__(self, client: DynamoDBClient, table: str, now_ms: Callable[[], int] = now_ms) -> None:
        self._updates = LimitedUpdates(AccountWriter(client, table))
        self._now_ms = now_ms

    def count(self, key_id: str) -> Limits:
        """Count a request of a key, in one write; returns the limits of the key.

        Raises:
            RateLimitReached: `requests_per_minute` does not allow it; it is not counted.
            PermissionDenied: the key is disabled, deleted or expired.
            MeteringUnavailable: the account cannot be written now.
        """
        at_ms = self._now_ms()

        def refuse(account: Account, item: dict[str, Any]) -> LimitReached | PermissionDenied | None:
            return key_refuses(account, None, at_ms) or refusal(Demand.visit(at_ms), account.limits, item)

        account = self._updates.make(key_id, lambda account: visit_update(key_id, account, at_ms), refuse)
        if denial := key_refuses(account, None, at_ms):
            raise denial
        return account.limits
