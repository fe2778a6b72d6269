"""Updates of accounts whose conditions are the limits of the key, as this process remembers them.

Where they were changed meanwhile, the refusal brings the item, and the update is made again with what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from audio_gateway.aws.update import Update
from audio_gateway.errors import LimitReached, MeteringUnavailable, PermissionDenied
from audio_gateway.metering.account_item import Account, account_from, no_account
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.limits import Limits

UNKNOWN: Final = Account("active", 0, Limits())
"""No account has version 0: the first update learns the real one."""

MAX_LEARNING: Final = 3

Refuse = Callable[[Account, dict[str, Any]], LimitReached | PermissionDenied | None]


class LimitedUpdates:
    """The updates of one process."""

    def __init__(self, accounts: AccountWriter) -> None:
        self._accounts = accounts
        self._known: dict[str, Account] = {}

    def make(self, key_id: str, update_for: Callable[[Account], Update], refuse: Refuse) -> Account:
        """Make the update that `update_for` an account gives; the account by whose limits it was allowed.

        `refuse` is asked why the account refused, with the item as it was; None for that it may be tried once more.

        Raises what `refuse` says; `PermissionDenied` for a key that is gone; `MeteringUnavailable`.
        """
        for _ in range(MAX_LEARNING):
            account = self._known.get(key_id, UNKNOWN)
            held, item, _twice = self._accounts.update(update_for(account))
            if held:
                return account
            if not item:
                raise no_account()
            current = self._known[key_id] = account_from(item)
            refusal = refuse(current, item)
            if refusal is not None and (current == account or isinstance(refusal, PermissionDenied)):
                raise refusal
        raise MeteringUnavailable("The account of the key is being changed; try again.")
