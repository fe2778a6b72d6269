"""Alerts, once for each key and month, that most of a key's budget is spent: before callers are refused, not after.

The check follows the roll-up, so it costs no request anything. It compares the sum that admissions compare, spent and
held.

    pk  ALERTS#<month>      sk <key id>      at_ms, ttl
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import attributes, item_key
from audio_gateway.clock import now_ms
from audio_gateway.metering.account import month_of
from audio_gateway.metering.account_item import account_from, account_key, usage_from

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

ALERT_PERCENT: Final = 80
_ROLLED_UP_WITHIN_MS: Final = 15 * 60_000
"""How long after a request the roll-up may count it; for this long, the last month is checked, too."""

_ALERT_KEPT_SECONDS: Final = 70 * 24 * 3600
"""Longer than the month and the time after it in which the month is checked."""


@dataclass(frozen=True, slots=True)
class SpendAlert:
    """A key that has passed `ALERT_PERCENT` of its budget; money is micro-dollars, the month is as 202611."""

    key_id: str
    month: str
    committed_microusd: int
    budget_microusd: int


class SpendAlerts:
    """The alerts of the gateway's table. `now_ms` is the clock."""

    def __init__(self, client: DynamoDBClient, table: str, now_ms: Callable[[], int] = now_ms) -> None:
        self._table = Table(client, table)
        self._now_ms = now_ms
        self._reported: set[tuple[str, str]] = set()

    def new(self, key_ids: Collection[str]) -> list[SpendAlert]:
        """The alerts for those of these keys that have passed the mark and were not reported before.

        They count as reported from now on. Raises `MeteringUnavailable`.
        """
        now_ms = self._now_ms()
        accounts = self._table.get_many(map(account_key, sorted(key_ids)), consistent=False)
        alerts = [alert for item in accounts for alert in _passed(item, now_ms)]
        return [alert for alert in alerts if self._is_first(alert, now_ms)]

    def _is_first(self, alert: SpendAlert, now_ms: int) -> bool:
        """Record that the alert is reported; False if another run has done so."""
        if (alert.month, alert.key_id) in self._reported:
            return False
        item = item_key(f"ALERTS#{alert.month}", alert.key_id) | attributes(
            at_ms=now_ms, ttl=now_ms // 1000 + _ALERT_KEPT_SECONDS
        )
        first = self._table.put_if_absent(item).written
        self._reported.add((alert.month, alert.key_id))
        return first


def _passed(item: dict[str, Any], now_ms: int) -> Iterator[SpendAlert]:
    budget = account_from(item).limits.monthly_budget_microusd
    if budget is None:
        return
    for at_ms in sorted({month_of(at): at for at in (now_ms - _ROLLED_UP_WITHIN_MS, now_ms)}.values()):
        committed = usage_from(item, at_ms).committed_microusd
        if committed and committed * 100 >= budget * ALERT_PERCENT:
            yield SpendAlert(item["pk"]["S"].partition("#")[2], month_of(at_ms), committed, budget)
