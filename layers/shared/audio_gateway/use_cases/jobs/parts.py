"""How a job's input is divided, and how much of it one job takes.

The catalogue says how long the parts of a model are, and a job has `MOST_PIECES` of them at most: more input than they
hold is refused, at the start where the amount is known by then, and otherwise when it is cut.
"""

from __future__ import annotations

from typing import Final

from audio_gateway.audio.cut import CutRule
from audio_gateway.catalog.models import Model
from audio_gateway.errors import WorkTooLong
from audio_gateway.jobs.plan import MOST_PIECES
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

_MOST_CHARACTERS: Final = 4096  # of a part where the model has no limit: parts are what can be done at the same time
_SPEAKERS_OVERLAP_S: Final = 10.0  # so that the same speakers can be told by what they say in both chunks

_SURELY_FILLED: Final = 3 / 4  # of the parts, on average: they end where something else does


def characters_of_a_part(model: Model) -> int:
    """The most characters of one part of a text."""
    return min(model.max_characters or _MOST_CHARACTERS, _MOST_CHARACTERS)


def cut_rule(order: TranscriptionRequest, model: Model) -> CutRule:
    """How a recording is cut for a model."""
    rule = CutRule(model.chunk_seconds, model.max_seconds, model.max_bytes)
    if order.response_format != "diarized_json":
        return rule
    overlap = min(_SPEAKERS_OVERLAP_S, rule.chunk_seconds / 4, rule.longest_seconds / 4)
    return CutRule(model.chunk_seconds, model.max_seconds, model.max_bytes, overlap)


def check_amount(order: SpeechRequest | TranscriptionRequest, model: Model, amount: int) -> None:
    """Raises `WorkTooLong` for more than one job takes; `amount` is in characters or milliseconds, 0 if not known."""
    if isinstance(order, SpeechRequest):
        fits = amount <= _most_characters(model)
    else:
        fits = amount <= _most_seconds(order, model) * 1000
    if not fits:
        raise too_many_parts(order, model)


def too_many_parts(order: SpeechRequest | TranscriptionRequest, model: Model) -> WorkTooLong:
    """The error for input that would be more parts than there is room for."""
    if isinstance(order, SpeechRequest):
        message = (
            f"'input' is too long for one job: the model '{model.id}' speaks {characters_of_a_part(model)} characters "
            f"at once, and a job has {MOST_PIECES} parts at most. Send it in texts of at most "
            f"{_most_characters(model)} characters, or ask a model that speaks more at once."
        )
        return WorkTooLong(message, param="input")
    message = (
        f"The audio is too long for one job: it is cut for the model '{model.id}' into parts of about "
        f"{cut_rule(order, model).usual_seconds:g} s, and a job has {MOST_PIECES} of them at most. Send it in "
        f"recordings of at most {_clock(_most_seconds(order, model))}, or ask a model that takes longer parts."
    )
    return WorkTooLong(message, param=order.audio_field)


def _most_characters(model: Model) -> int:
    return int(characters_of_a_part(model) * MOST_PIECES * _SURELY_FILLED)


def _most_seconds(order: TranscriptionRequest, model: Model) -> int:
    return int(cut_rule(order, model).usual_seconds * MOST_PIECES * _SURELY_FILLED)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600} h {seconds // 60 % 60} min" if seconds >= 3600 else f"{seconds // 60} min"  # noqa: PLR2004
