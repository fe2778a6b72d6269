"""A function imports only the kinds of jobs that it works on, and the steps import them in their init phase."""

from __future__ import annotations

import subprocess
import sys

import pytest

SPEECH = "audio_gateway.use_cases.speech"
TRANSCRIPTION = "audio_gateway.use_cases.transcription"
KINDS = {"audio_gateway.use_cases.jobs.kinds.speech", "audio_gateway.use_cases.jobs.kinds.transcription"}


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


def test_the_handler_of_a_step_imports_all_kinds_before_its_first_call() -> None:
    code = "from types import SimpleNamespace\nfrom audio_gateway.workers.job_steps import chunk_handler\n"
    assert imported_by(code).isdisjoint(KINDS)
    assert imported_by(code + "chunk_handler(SimpleNamespace(files=None))") >= KINDS
