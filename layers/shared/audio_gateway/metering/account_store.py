"""Reads accounts; all that changes them is in `meter` and in what the operator's calls use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account import Usage
from audio_gateway.metering.account_item import Account, account_from, account_key, usage_from

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class AccountStore:
    """The accounts in the gateway's table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key_id: str, now_ms: int) -> tuple[Account, Usage] | None:
        """The account of a key and what it has used at this moment (unix milliseconds); None if there is none.

        One consistent read: a request that was settled before is in it.

        Raises:
            MeteringUnavailable: the account cannot be read now.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.get_item(TableName=self._table, Key=account_key(key_id), ConsistentRead=True)
        except (BotoCoreError, ClientError) as error:
            raise MeteringUnavailable("The account of the key cannot be read at the moment. Try again.") from error
        item = answer.get("Item")
        return None if item is None else (account_from(item), usage_from(item, now_ms))
