"""Runs the checks in order, each with a time limit: a check that fails or hangs does not stop the next one."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Generator, Iterable
from typing import Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckResult, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.stack import aws_errors_as_results
from audio_gateway.errors import GatewayError

_LEAVING_S: Final = 10


class _CheckThread:
    """A check in its own thread, so it can be abandoned."""

    def __init__(self, check: Check, context: CheckContext) -> None:
        self.check = check
        self.text = ""
        self.error: Exception | None = None
        self._visit = context
        self.thread = threading.Thread(target=self._run, name=check.name, daemon=True)

    def _run(self) -> None:
        try:
            with aws_errors_as_results():
                self.text = self.check.run(self._visit)
        except Exception as error:  # noqa: BLE001 - any error becomes the check's result
            self.error = error


def results(groups: Iterable[CheckGroup], context: CheckContext) -> Generator[CheckResult, None, None]:
    """Yield the result of each check as it comes. At the end, or on Ctrl-C, running checks get a moment to finish."""
    threads: list[threading.Thread] = []
    try:
        for group in groups:
            for check in group.checks:
                if context.stack.local and check.not_local:
                    yield CheckResult(check, group.title, "skipped", check.not_local, "", 0.0)
                    continue
                attempt = _CheckThread(check, context)
                threads.append(attempt.thread)
                started = time.monotonic()
                attempt.thread.start()
                attempt.thread.join(check.seconds)
                yield _result(attempt, group.title, time.monotonic() - started)
    finally:
        give_up_at = time.monotonic() + _LEAVING_S
        for thread in threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))


def _result(attempt: _CheckThread, group: str, seconds: float) -> CheckResult:
    check = attempt.check
    if attempt.thread.is_alive():
        text = f"no result within {check.seconds:.0f} s"
        return CheckResult(
            check, group, "red", text, "Run doctor again. If it stays red, read the log of the function.", seconds
        )
    match attempt.error:
        case None:
            return CheckResult(check, group, "green", attempt.text, "", seconds)
        case CheckSkipped() as error:
            return CheckResult(check, group, "skipped", str(error), "", seconds)
        case CheckFailed() as error:
            return CheckResult(check, group, "red", str(error), error.do, seconds)
        case GatewayError() as error:
            cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
            return CheckResult(
                check, group, "red", error.message + cause, "Check that the table can be read from here.", seconds
            )
        case error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = f"the check itself failed: {type(error).__name__}: {error} ({place.name}, line {place.lineno})"
            return CheckResult(
                check, group, "red", text, "Check that this checkout is the one that was deployed.", seconds
            )
