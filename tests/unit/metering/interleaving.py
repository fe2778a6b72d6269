"""DynamoDB clients that count their calls, die at one of them, or take turns with those of other processes."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any


class Crash(BaseException):
    """The process is gone: nothing in it catches this."""


class Counting:
    """Passes calls on and counts them, and the items that they read."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self.items = 0

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            answer = getattr(self._client, name)(**arguments)
            self.calls[name] += 1
            self.items += _items_in(name, arguments, answer)
            return answer

        return call


class Dying:
    """Passes a number of calls on, and raises `Crash` instead of the next."""

    def __init__(self, client: Any, calls: int) -> None:
        self._client = client
        self._left = calls

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Crash
            return getattr(self._client, name)(**arguments)

        return call


class TakingTurns:
    """A client for each of several processes that run in parallel; each waits before every call until it is its turn.

    `turns` says whose it is, counted among those that are still running; when it is at its end, it starts again. So any
    interleaving can be had, and had again.
    """

    def __init__(self, client: Any, processes: Sequence[Callable[[Any], object]], turns: Sequence[int]) -> None:
        self._client = client
        self._turns = turns
        self._at_the_gate: queue.Queue[int | None] = queue.Queue()
        self._gates = [threading.Semaphore(0) for _ in processes]
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._live, args=(number, process), daemon=True)
            for number, process in enumerate(processes)
        ]

    def run(self) -> None:
        """Run all processes to their end; raises what one of them raised, but for a `Crash`."""
        waiting: list[int] = []
        for thread in self._threads:
            thread.start()
            self._arrival(waiting)
        step = 0
        while waiting:
            waiting.sort()
            number = waiting.pop(self._turns[step % len(self._turns)] % len(waiting))
            step += 1
            self._gates[number].release()
            self._arrival(waiting)
        for error in self._errors:
            raise error

    def _arrival(self, waiting: list[int]) -> None:
        number = self._at_the_gate.get(timeout=60)
        if number is not None:
            waiting.append(number)

    def _live(self, number: int, process: Callable[[Any], object]) -> None:
        try:
            process(_Gated(self._client, lambda: self._wait(number)))
        except Crash:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again where the test is
            self._errors.append(error)
        finally:
            self._at_the_gate.put(None)

    def _wait(self, number: int) -> None:
        self._at_the_gate.put(number)
        self._gates[number].acquire()


class _Gated:
    def __init__(self, client: Any, wait: Callable[[], None]) -> None:
        self._client = client
        self._wait = wait

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self._wait()
            return getattr(self._client, name)(**arguments)

        return call


def _items_in(name: str, arguments: dict[str, Any], answer: dict[str, Any]) -> int:
    """How many items a call is billed for: including missing ones."""
    if name == "batch_get_item":
        return sum(len(each["Keys"]) for each in arguments["RequestItems"].values())
    if name == "query":
        return len(answer["Items"])
    return int(name == "get_item")
