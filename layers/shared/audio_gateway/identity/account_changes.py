"""What the operator changes in an account: its status and its limits, never its counters or holds.

Each change is one conditional update that raises `version`, so that whoever remembers the old limits learns the new
ones at the next admission (ADR 0012). A change of limits therefore cannot lose what is spent or held at that moment.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from audio_gateway.identity.keys import KeyStatus
from audio_gateway.metering.account_item import account_key, limits_text
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.open_accounts import LISTED, list_of

AccountStatus = Literal["active", "disabled", "archived", "deleted"]
"""Only `active` admits. `archived` is for good, with its project; `deleted` waits for its open holds to be settled."""

_CHANGEABLE: Final = "#status IN (:active, :disabled)"


def change(
    key_id: str, *, status: KeyStatus | None = None, limits: Limits | None = None, version: int | None = None
) -> dict[str, Any]:
    """The update that gives a living account another status, other limits, or both; with a `version` only that one."""
    values: dict[str, dict[str, str]] = {":active": {"S": "active"}, ":disabled": {"S": "disabled"}}
    condition, clauses = _CHANGEABLE, ["version = version + :one"]
    if status is not None:
        clauses.append("#status = :status")
        values[":status"] = {"S": status}
    if limits is not None:
        clauses.append("limits = :limits")
        values[":limits"] = {"S": limits_text(limits)}
    if version is not None:
        condition += " AND version = :version"
        values[":version"] = {"N": str(version)}
    return _update(key_id, condition, clauses, values)


def archival(key_id: str) -> dict[str, Any]:
    """The update that ends an account with its project; it succeeds again on one that was archived before."""
    values = {":active": {"S": "active"}, ":disabled": {"S": "disabled"}, ":archived": {"S": "archived"}}
    condition = "#status IN (:active, :disabled, :archived)"
    return _update(key_id, condition, ["version = version + :one", "#status = :archived"], values)


def deletion(key_id: str) -> dict[str, Any]:
    """The update that ends an account and leaves its holds to be settled; it succeeds again on a deleted one.

    It lists the account: the sweeper removes it when it has no open hold.
    """
    clauses = ["version = version + :one", "#status = :deleted", f"{LISTED} = :list"]
    values = {":deleted": {"S": "deleted"}, ":list": {"S": list_of(key_id)}}
    return _update(key_id, "attribute_exists(pk)", clauses, values)


def removal(key_id: str) -> dict[str, Any]:
    """The delete of a deleted account without holds, as a transaction's."""
    return {
        "Key": account_key(key_id),
        "ConditionExpression": "#status = :deleted AND size(holds) = :none",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":deleted": {"S": "deleted"}, ":none": {"N": "0"}},
    }


def _update(key_id: str, condition: str, clauses: list[str], values: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "Key": account_key(key_id),
        "ConditionExpression": condition,
        "UpdateExpression": "SET " + ", ".join(clauses),
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {**values, ":one": {"N": "1"}},
    }
