"""The packages of the layer: the purpose of each one, and the packages that it may import.

This is the only definition of the import rules: tests/unit/test_architecture.py enforces it, and `make docs` writes the
table of docs/architecture.md from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Package:
    """A package, or a module beside the packages, and the names of those that it may import."""

    purpose: str
    imports: frozenset[str]


def _package(purpose: str, imports: str = "") -> Package:
    return Package(purpose, frozenset(imports.split()))


# From the lowest layer to the highest: a package imports only packages listed before it.
PACKAGES: Final[dict[str, Package]] = {
    "errors": _package("the errors that the domain raises; no HTTP status"),
    "clock": _package("the time of day, as accounts, ledger and jobs count it"),
    "deadline": _package("the moment by which an answer must be ready"),
    "init_phase": _package("the first and the last line of a function: a faster cold start"),
    "aws": _package("clients of AWS's services", "errors"),
    "audio": _package("recognise, choose the track, measure, decode, encode, write anew", "errors"),
    "text": _package("written language: graphemes, sentences, spacing"),
    "transcripts": _package("the one transcript and its six formats", "text"),
    "catalog": _package("models, voices, prices", "errors audio transcripts"),
    "providers": _package(
        "the port, and one module or folder per adapter", "errors aws deadline audio transcripts catalog"
    ),
    "metering": _package(
        "keys and the authorizer, limits, holds, the ledger, sweeper, roll-up, reports", "errors aws clock catalog"
    ),
    "jobs": _package(
        "uploads, jobs and their files, executions, webhooks, audio at a URL",
        "errors aws deadline catalog metering",
    ),
    "replay": _package(
        "what is given again: to the same Idempotency-Key, to a call that an SDK repeats, and speech from the cache",
        "errors aws jobs metering",
    ),
    "use_cases": _package(
        "what happens: refuse, measure, ask, normalise",
        "errors clock deadline audio text transcripts catalog providers metering jobs replay",
    ),
    "api": _package(
        "HTTP: bodies, fields, identity, errors, answers, log line",
        "errors aws clock deadline audio text transcripts catalog providers metering jobs replay use_cases",
    ),
    "cli": _package(
        "the [command line](operations.md), left out of the deployed layer",
        "errors clock catalog metering providers jobs",
    ),
    "__main__": _package("starts the command line", "cli"),
}


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the table in docs/architecture.md, from the highest layer to the lowest."""
    for name, package in reversed(PACKAGES.items()):
        named = [f"`{other}`" for other in PACKAGES if other in package.imports]
        yield f"`{name}`", package.purpose, ", ".join(named)
