"""What the operator changes in an account: its status and its limits, never its counters or holds.

Each change is one conditional update that raises `version`, so a process that remembers the old limits reads the new
ones at the next admission (ADR 0012). A change of limits therefore loses nothing that is spent or held at that moment.
"""

from __future__ import annotations

from typing import Final, Literal

from audio_gateway.aws.table import TransactionWrite
from audio_gateway.aws.update import Condition, Update
from audio_gateway.identity.keys import KeyStatus
from audio_gateway.metering.account_item import account_key, limits_text
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.open_accounts import LISTED, list_of

AccountStatus = Literal["active", "disabled", "archived", "deleted"]
"""Only `active` admits. `archived` is permanent, as its project is; `deleted` waits for open holds to be settled."""

_CHANGEABLE: Final = "#status IN (:active, :disabled)"


def change(
    key_id: str, *, status: KeyStatus | None = None, limits: Limits | None = None, version: int | None = None
) -> Update:
    """The update that gives a usable or disabled account another status, other limits, or both.

    With a `version`, only an account of that version is changed.
    """
    update = _next_version(key_id).require(_CHANGEABLE, active="active", disabled="disabled")
    if status is not None:
        update.set("#status", status)
    if limits is not None:
        update.set("limits", limits_text(limits))
    if version is not None:
        update.require("version = :version", version=version)
    return update


def archival(key_id: str) -> Update:
    """The update that ends an account with its project; it succeeds again on one that was archived before."""
    update = _next_version(key_id).set("#status", "archived", placeholder="archived")
    return update.require("#status IN (:active, :disabled, :archived)", active="active", disabled="disabled")


def deletion(key_id: str) -> Update:
    """The update that ends an account and leaves its holds to be settled; it succeeds again on a deleted one.

    It lists the account: the sweeper removes it when it has no open hold.
    """
    update = _next_version(key_id).require("attribute_exists(pk)")
    return update.set("#status", "deleted").set(LISTED, list_of(key_id))


def removal(key_id: str) -> TransactionWrite:
    """The delete of a deleted account without holds."""
    condition = Condition("#status = :deleted AND size(holds) = :none", deleted="deleted", none=0)
    return TransactionWrite.delete_if(account_key(key_id), condition)


def _next_version(key_id: str) -> Update:
    return Update(account_key(key_id)).add("version", 1)
