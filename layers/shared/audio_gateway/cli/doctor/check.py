"""A check and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from audio_gateway.cli.doctor.context import CheckContext

State = Literal["green", "red", "skipped"]


class CheckFailed(Exception):
    """Something is wrong. The message says what, and `do` says what to do."""

    def __init__(self, wrong: str, do: str = "") -> None:
        super().__init__(wrong)
        self.do = do


class CheckSkipped(Exception):
    """The check cannot be made. The message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    `name` identifies the check in the documentation and in scripts. `run` returns what it found, or raises
    `CheckFailed` or `CheckSkipped`; it is abandoned after `seconds`. `not_local` says why the check does not apply to a
    local stack; it is empty if the check does apply.
    """

    name: str
    right: str
    run: Callable[[CheckContext], str]
    seconds: float = 20
    not_local: str = ""


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """Checks of one kind, in the order in which they run."""

    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: `text` is the finding, the fault or the reason to skip. `do` is empty unless red."""

    check: Check
    group: str
    state: State
    text: str
    do: str
    seconds: float
