"""Reads accounts. `meter`, `sweeper` and `identity.account_changes` change them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audio_gateway.aws.table import Table
from audio_gateway.metering.account import Usage
from audio_gateway.metering.account_item import Account, account_from, account_key, no_account, refusal_of, usage_from
from audio_gateway.metering.pending_uploads import PendingUploads

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class AccountStore:
    """The accounts in the gateway's table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)
        self._pending = PendingUploads(client, table)

    def get(self, key_id: str, now_ms: int) -> tuple[Account, Usage] | None:
        """The account of a key and what it has used at this moment (Unix milliseconds); None if there is none.

        Two consistent reads: they include every request that was settled before, and every upload announced before.

        Raises:
            MeteringUnavailable: the account cannot be read now.
        """
        item = self._table.get(account_key(key_id))
        if item is None:
            return None
        pending = self._pending.pending_bytes(key_id, now_ms // 1000)
        return account_from(item), replace(usage_from(item, now_ms), pending_upload_bytes=pending)

    def check(self, key_id: str, now_ms: int) -> None:
        """Check that a key can be used now.

        Raises:
            KeyNotUsable: it cannot.
            MeteringUnavailable: as `get`.
        """
        item = self._table.get(account_key(key_id))
        refusal = no_account() if item is None else refusal_of(account_from(item), now_ms)
        if refusal is not None:
            raise refusal
