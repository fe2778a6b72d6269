"""A function imports only the kinds of jobs that it works on, and the steps import them in their init phase."""

from __future__ import annotations

import subprocess
import sys

import pytest

SPEECH = "audio_gateway.use_cases.speech"
TRANSCRIPTION = "audio_gateway.use_cases.transcription"
PACKAGE = "audio_gateway.use_cases.jobs.kinds"
KINDS = {f"{PACKAGE}.speech", f"{PACKAGE}.transcription"}


def imported_by(code: str) -> set[str]:
    """The modules that a new process has imported after this code."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    )


@pytest.mark.parametrize(
    ("module", "needed", "other"), [("speech", SPEECH, TRANSCRIPTION), ("transcriptions", TRANSCRIPTION, SPEECH)]
)
def test_an_endpoint_imports_its_own_kind_of_work_only(module: str, needed: str, other: str) -> None:
    imported = imported_by(f"import audio_gateway.api.{module}")
    assert needed in imported
    assert other not in imported
    assert imported.isdisjoint(KINDS)


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        ("prepare_handler(deps)", KINDS),
        ('chunk_handler(deps, "speech")', {f"{PACKAGE}.speech"}),
        ('chunk_handler(deps, "transcription")', {f"{PACKAGE}.transcription"}),
        ("merge_handler(deps)", KINDS),
        ("end_handler(deps)", KINDS),
    ],
)
def test_the_handler_of_a_step_imports_the_kinds_it_works_on_before_its_first_call(
    handler: str, kinds: set[str]
) -> None:
    code = "from types import SimpleNamespace\nfrom audio_gateway.workers.job_steps import *\n"
    assert imported_by(code).isdisjoint(KINDS)
    made = imported_by(f"{code}deps = SimpleNamespace(files=None)\n{handler}")
    assert made & KINDS == kinds
