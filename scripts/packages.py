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
    "response_stream": _package("a response that is sent while it is made"),
    "lambda_runtime": _package(
        "a Lambda runtime that streams responses, in place of AWS's runtime client", "response_stream"
    ),
    "spool": _package("bytes that are collected in memory, or in a temporary file"),
    "ahead": _package("an iterator that works ahead of its reader, in a thread"),
    "init_phase": _package("the first and the last line of a function: a faster cold start"),
    "engine_files": _package("where the files of the embedded models lie", "errors"),
    "inference": _package("neural models on onnxruntime, one thread each", "errors"),
    "fingerprint": _package("a hash of what a request asks for, however it is written"),
    "loggable_names": _package("the names of fields, parameters and headers that may be logged"),
    "aws": _package("clients of AWS's services, and the one DynamoDB table", "errors"),
    "net": _package(
        "outgoing connections, bounded in time and size, and guarded where callers name the address", "errors deadline"
    ),
    "audio": _package(
        "recognise, choose the track, measure, decode, encode, rewrite, find speech", "errors engine_files inference"
    ),
    "text": _package("written language: graphemes, sentences, spacing, which language, and English in words"),
    "transcripts": _package("the one transcript and its six formats", "text"),
    "storage": _package("objects in the gateway's bucket", "errors fingerprint aws"),
    "catalog": _package("models, voices, prices and what work costs", "errors audio transcripts"),
    "providers": _package(
        "the port, and one module or folder per adapter",
        "errors deadline engine_files inference aws net audio text transcripts catalog",
    ),
    "metering": _package("accounts, limits, holds, the ledger, the sweeper", "errors clock aws catalog"),
    "identity": _package("projects, service accounts, keys and the authorizer", "errors aws metering"),
    "usage": _package(
        "reports: the roll-up, totals, the audit, the ledger as CSV", "clock aws catalog metering identity"
    ),
    "uploads": _package("audio that callers upload, or name by a URL", "errors aws net storage metering"),
    "jobs": _package("jobs, their files and executions", "errors aws net storage catalog metering uploads"),
    "webhooks": _package("webhook endpoints, and the events sent to them", "errors aws net jobs"),
    "idempotency": _package(
        "one answer for a request that is sent again, with an Idempotency-Key or by an SDK",
        "errors deadline spool aws metering jobs",
    ),
    "use_cases": _package(
        "what happens: check, measure, hold, ask providers, settle",
        "errors deadline ahead net audio text transcripts storage catalog providers metering identity uploads jobs"
        " webhooks",
    ),
    "telemetry": _package("log lines and metrics", "errors loggable_names catalog metering use_cases"),
    "api": _package(
        "the endpoints; `api/http` reads requests and writes responses",
        "errors clock deadline response_stream spool fingerprint net audio text transcripts storage catalog providers"
        " metering identity usage uploads jobs webhooks idempotency use_cases telemetry",
    ),
    "workers": _package(
        "functions without HTTP: steps of jobs, schedules, webhook delivery",
        "errors deadline metering usage jobs webhooks use_cases telemetry api",
    ),
    "wiring": _package(
        "composition: the only package that names adapters and AWS clients together; only functions import it",
        "errors clock aws net storage catalog providers metering identity usage uploads jobs webhooks idempotency"
        " use_cases telemetry api",
    ),
    "cli": _package(
        "the [command line](operations.md), left out of the deployed layer",
        "errors clock aws catalog providers metering identity usage jobs webhooks",
    ),
    "__main__": _package("starts the command line", "cli"),
}


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the table in docs/architecture.md, from the highest layer to the lowest."""
    for name, package in reversed(PACKAGES.items()):
        named = [f"`{other}`" for other in PACKAGES if other in package.imports]
        yield f"`{name}`", package.purpose, ", ".join(named)
