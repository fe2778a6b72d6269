"""Updates of accounts whose conditions are the limits of the key, as this process remembers them.

If the limits have changed since, the refusal contains the item, and the update is made again with the new limits.
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
"""No account has version 0, so the first update is refused and reads the account."""

MAX_TRIES: Final = 3

Refuse = Callable[[Account, dict[str, Any]], LimitReached | PermissionDenied | None]


class LimitedUpdates:
    """The updates of one process."""

    def __init__(self, accounts: AccountWriter) -> None:
        self._accounts = accounts
        self._known: dict[str, Account] = {}

    def make(self, key_id: str, update_for: Callable[[Account], Update], refuse: Refuse) -> Account:
        """Make the update that `update_for` builds for an account; returns the account whose limits allowed it.

        `refuse` is called with the item that refused the update. It returns the error to raise, or None to try again.

        Raises:
            LimitReached: `refuse` returned it.
            PermissionDenied: `refuse` returned it, or the key was deleted.
            MeteringUnavailable: the account cannot be written now.
        """
        for _ in range(MAX_TRIES):
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
        raise being_changed()


def being_changed() -> MeteringUnavailable:
    """The account has been changed again and again while an update was tried."""
    return MeteringUnavailable("Another request is changing the account of the key. Try again.")
