"""Releases holds, and repeats failed releases with the next release of the same key.

A throttled release leaves its hold in the account, which makes every write of the account more expensive and causes
more throttling. So a process remembers failed releases, and sends them again with the next release of that key, many in
one update. The sweeper releases those that it forgets, because there are too many or the process ends.

Nothing is released twice: an update changes nothing unless all of its holds exist, and the refusal says which do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account_item import holds_from
from audio_gateway.metering.account_updates import MAX_RELEASES, Release, release_update
from audio_gateway.metering.account_writer import AccountWriter

_MAX_PER_KEY: Final = 100
_MAX_KEYS: Final = 20
_MAX_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Released:
    """The holds that existed and are released now; `account` is the item that lacked the others, empty if none did."""

    releases: Sequence[Release]
    account: dict[str, Any]


def release_all(accounts: AccountWriter, batch: Sequence[Release], now_ms: int, stale: Sequence[str] = ()) -> Released:
    """Release those of some holds of one account that exist: with one update, if all do.

    The amount that the account holds is returned: a job's hold may have its size before or after a correction. At most
    `MAX_RELEASES` holds. `stale` attributes are removed with them. Raises `MeteringUnavailable`.
    """
    account: dict[str, Any] = {}
    there = {each.hold.work.request_id: each.hold for each in batch}
    for _ in range(_MAX_TRIES):
        batch = [each for each in batch if each.hold.work.request_id in there]
        if not batch:
            return Released((), account)
        actual = [replace(each, hold=there[each.hold.work.request_id]) for each in batch]
        outcome = accounts.update(release_update(actual, now_ms, stale))
        if outcome.held:
            return Released(batch, account)
        account = outcome.item
        there = {hold.work.request_id: hold for hold in holds_from(account)} if account else {}
    raise MeteringUnavailable("Another request is releasing the holds of the key. Try again.")


class Releases:
    """The releases of one process. `now_ms` is the clock."""

    def __init__(self, accounts: AccountWriter, now_ms: Callable[[], int]) -> None:
        self._accounts = accounts
        self._now_ms = now_ms
        self._waiting: dict[str, dict[str, Release]] = {}

    def send(self, release: Release, stale: Sequence[str] = ()) -> dict[str, Any] | None:
        """Release a hold, and with it some holds of its key that could not be released before.

        Returns None, or the account if it does not have the hold: it was released before, or never held.

        Raises:
            MeteringUnavailable: it cannot be written now; the release is remembered.
        """
        key_id = release.hold.caller.key_id
        waiting = self._waiting.pop(key_id, {})
        waiting.pop(release.hold.work.request_id, None)
        batch = (release, *self._alive(waiting.values())[: MAX_RELEASES - 1])
        try:
            released = release_all(self._accounts, batch, self._now_ms(), stale)
        except MeteringUnavailable:
            self._keep(key_id, waiting | {release.hold.work.request_id: release})
            raise
        self._keep(key_id, {name: each for name, each in waiting.items() if each not in batch})
        return None if release in released.releases else released.account

    def remember(self, release: Release) -> None:
        """Send a release with the next one of its key, as no time is left now."""
        key_id = release.hold.caller.key_id
        self._keep(key_id, self._waiting.pop(key_id, {}) | {release.hold.work.request_id: release})

    def _alive(self, releases: Iterable[Release]) -> list[Release]:
        """Those whose hold has not expired; the sweeper releases the others."""
        now_s = self._now_ms() // 1000
        return [each for each in releases if each.hold.expires_s > now_s]

    def _keep(self, key_id: str, waiting: dict[str, Release]) -> None:
        """Remember the newest releases of a key, and the keys that failed last."""
        alive = self._alive(waiting.values())[-_MAX_PER_KEY:]
        if alive:
            self._waiting[key_id] = {each.hold.work.request_id: each for each in alive}
            while len(self._waiting) > _MAX_KEYS:
                del self._waiting[next(iter(self._waiting))]
