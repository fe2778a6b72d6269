"""The kinds of jobs.

Each is imported when it is first used: a function of the API starts jobs of one kind, and needs no other.
"""

from __future__ import annotations

from typing import Any

from audio_gateway.catalog.models import Endpoint
from audio_gateway.use_cases.jobs.kinds.kind import JobKind


def kind_of(endpoint: Endpoint) -> JobKind[Any]:
    """The kind of the jobs of an endpoint."""
    return kind_named("speech" if endpoint == "speech" else "transcription")


def kind_named(name: str) -> JobKind[Any]:
    """The kind with this name in `order.json`."""
    if name == "speech":
        from audio_gateway.use_cases.jobs.kinds.speech import SpeechJobs

        return SpeechJobs()
    from audio_gateway.use_cases.jobs.kinds.transcription import TranscriptionJobs

    return TranscriptionJobs()


def load_kinds() -> None:
    """Import all kinds, in the init phase of a function that works on all of them."""
    for name in ("speech", "transcription"):
        kind_named(name)
