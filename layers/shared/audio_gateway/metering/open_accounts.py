"""The list of the accounts that may have open holds: an index of the table that contains only them (ADR 0020).

    index open_holds      listed_in → the account's key      keys only

An admission lists its account in the same update, if it is not listed yet. Only the sweeper takes it off, when it has
no hold and is not in use. So an account with open holds is always listed, and unused accounts cost nothing.
"""

from __future__ import annotations

import random
import zlib
from typing import TYPE_CHECKING, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Item, Update

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

INDEX: Final = "open_holds"
LISTED: Final = "listed_in"
"""The attribute of an account that puts it on a list; the index's partition key."""

# Each partition of the index takes 1,000 writes a second; one is written when a key is used again after some minutes.
_LISTS: Final = tuple(f"OPEN_HOLDS#{number}" for number in range(4))


def list_of(key_id: str) -> str:
    """The list of a key's account."""
    return _LISTS[zlib.crc32(key_id.encode()) % len(_LISTS)]


def unlisting(account_key: Item, stale: tuple[str, ...] = ()) -> Update:
    """The update that takes an account off the list if it has no open hold, and `stale` attributes with it."""
    update = Update(account_key).require(f"size(holds) = :none AND attribute_exists({LISTED})", none=0).remove(LISTED)
    for at, name in enumerate(stale):
        update.name(f"#s{at}", name).remove(f"#s{at}")
    return update


class OpenAccounts:
    """Reads the list. Every call raises `MeteringUnavailable` if it cannot be made."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = Table(client, table)

    def key_ids(self) -> list[str]:
        """The ids of all keys whose accounts are listed, eventually consistent.

        The order is random, so a sweep that has no time for all of them reaches each one sooner or later.
        """
        items = (item for each in _LISTS for item in self._table.query_index(INDEX, LISTED, each))
        found = [item["pk"]["S"].removeprefix("ACCOUNT#") for item in items]
        random.shuffle(found)
        return found
