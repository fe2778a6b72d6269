"""A check: what it is called, what is right, and the function that finds out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from audio_gateway.cli.doctor.visit import Visit

State = Literal["green", "red", "skipped"]


class Red(Exception):
    """Something is wrong: the message says what, and `do` what to do about it."""

    def __init__(self, wrong: str, do: str = "") -> None:
        super().__init__(wrong)
        self.do = do


class Skip(Exception):
    """The check cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    `name` is what the page and scripts know it by. `run` returns what it saw, or raises `Red` or `Skip`; it is given up
    after `seconds`. `not_local` says why a local stack has nothing of it, and is empty where it has.
    """

    name: str
    right: str
    run: Callable[[Visit], str]
    seconds: float = 20
    not_local: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one kind, in the order in which they are made."""

    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check. `text` is what was seen, or is wrong, or why it was skipped; `do` is empty unless red."""

    check: Check
    group: str
    state: State
    text: str
    do: str
    seconds: float
