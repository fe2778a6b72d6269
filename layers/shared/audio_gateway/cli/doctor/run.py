"""Makes the checks, one after the other, each bounded in time: whatever one of them does, the next one is made."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Generator, Iterable
from typing import Final

from audio_gateway.cli.doctor.check import Check, Group, Red, Result, Skip
from audio_gateway.cli.doctor.stack import told
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.errors import GatewayError

_LEAVING_S: Final = 10


class _Attempt:
    """A check that runs in a thread of its own, so that it can be given up."""

    def __init__(self, check: Check, visit: Visit) -> None:
        self.check = check
        self.text = ""
        self.error: Exception | None = None
        self._visit = visit
        self.thread = threading.Thread(target=self._run, name=check.name, daemon=True)

    def _run(self) -> None:
        try:
            with told():
                self.text = self.check.run(self._visit)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told as the check's result
            self.error = error


def results(groups: Iterable[Group], visit: Visit) -> Generator[Result, None, None]:
    """The result of each check as soon as there is one. What was begun is given a moment to end, also on Ctrl-C."""
    begun: list[threading.Thread] = []
    try:
        for group in groups:
            for check in group.checks:
                if visit.stack.local and check.not_local:
                    yield Result(check, group.title, "skipped", check.not_local, "", 0.0)
                    continue
                attempt = _Attempt(check, visit)
                begun.append(attempt.thread)
                started = time.monotonic()
                attempt.thread.start()
                attempt.thread.join(check.seconds)
                yield _result(attempt, group.title, time.monotonic() - started)
    finally:
        give_up_at = time.monotonic() + _LEAVING_S
        for thread in begun:
            thread.join(max(0.0, give_up_at - time.monotonic()))


def _result(attempt: _Attempt, group: str, seconds: float) -> Result:
    check = attempt.check
    if attempt.thread.is_alive():
        text = f"no result within {check.seconds:.0f} s"
        return Result(
            check, group, "red", text, "Run doctor again; if it stays so, read the log of the function.", seconds
        )
    match attempt.error:
        case None:
            return Result(check, group, "green", attempt.text, "", seconds)
        case Skip() as error:
            return Result(check, group, "skipped", str(error), "", seconds)
        case Red() as error:
            return Result(check, group, "red", str(error), error.do, seconds)
        case GatewayError() as error:
            cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
            return Result(check, group, "red", error.message + cause, "Can the table be read from here?", seconds)
        case error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = f"the check itself broke: {type(error).__name__}: {error} ({place.name}, line {place.lineno})"
            return Result(check, group, "red", text, "Is this checkout the one that was deployed?", seconds)
