"""Work on inputs in a process of its own, which they may kill: the rest is worked on in the next one."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

from tests.fuzz.tally import Tally

MEMORY_BYTES = 1769 * 1024 * 1024  # of addresses: what a function has


def work_apart(tally: Tally, count: int, name_of: Callable[[int], str], work: Callable[[int], str]) -> None:
    """Have `work` done with each number below `count`, and its answers counted."""
    number = 0
    while number < count:
        receiving, sending = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(receiving)
            _work(sending, range(number, count), work)
        os.close(sending)
        with os.fdopen(receiving, encoding="utf-8") as answers:
            for answer in answers:
                seconds, outcome = answer.rstrip("\n").split(" ", 1)
                tally.add(name_of(number), outcome, float(seconds))
                number += 1
        _, status = os.waitpid(child, 0)
        if number < count:
            tally.add(name_of(number), f"killed by {os.waitstatus_to_exitcode(status)}", 0.0)
            number += 1


def _work(sending: int, numbers: range, work: Callable[[int], str]) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in numbers:
            started = time.monotonic()
            try:
                outcome = work(number)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                outcome = f"{type(error).__name__}: {error}"
            line = f"{time.monotonic() - started:.3f} {outcome.splitlines()[0]}\n"
            os.write(sending, line.encode())
    finally:
        os._exit(1 if numbers else 0)
