"""The kinds of jobs.

Each is imported when it is first used: a function of the API starts jobs of one kind, and needs no other.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from audio_gateway.catalog.models import Endpoint
from audio_gateway.use_cases.jobs.kinds.kind import JobKind

KindName = Literal["speech", "transcription"]
"""The name of a kind in `order.json`, in the state machine and in the names of its functions."""

_ALL: Final[tuple[KindName, ...]] = get_args(KindName)


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


def load_kinds(*names: KindName) -> None:
    """Import these kinds, or all, in the init phase of a function that works on them: it is faster than a call."""
    for name in names or _ALL:
        kind_named(name)
