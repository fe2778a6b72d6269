"""How much work fits into the time for a response. What takes longer can only be done by a job."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

from audio_gateway.audio.file_sizes import most_bytes
from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.catalog.models import Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import WorkTooLong

MEASURING_SPEED: Final = 300.0
"""Seconds of audio that are decoded in a second to measure them: what the slowest codec reaches on one whole vCPU."""

# Seconds that a character takes at most, in texts that have many of them: letters with their spaces; characters that
# are a syllable or more, such as those of Chinese and Korean, and signs; digits, which are read as numbers; capitals,
# which may be spelt; and the pauses after sentences and lines. Measured with hibari.
_LETTER_S: Final = 1 / 13
_SYLLABLE_S: Final = 0.25
_DIGIT_S: Final = 0.65
_CAPITAL_S: Final = 0.45
_SENTENCE_S: Final = 0.4
_LINE_S: Final = 0.6
_FIRST_WIDE: Final = "\u2e80"
_SPOKEN_MARKS: Final = frozenset("#%&@/\u00a7")


def check_speech_fits(text: str, speed: float, model: Model, deadline: Deadline) -> None:
    """Raises `WorkTooLong` for text that takes longer to speak than there is time."""
    if _spoken_seconds(text, speed) / model.speed_factor > deadline.remaining_s():
        message = (
            f"'input' has {len(text)} characters, more than the model '{model.id}' can speak within the "
            f"{deadline.limit_s}-second response limit. Send it with background=true, in shorter parts, or use a "
            "faster model."
        )
        raise WorkTooLong(message, param="input", amount=len(text))


def check_file_fits(text: str, speed: float, speech_format: SpeechFormat, most: int) -> None:
    """Raises `WorkTooLong` for text whose speech may be a file of more than `most` bytes."""
    if most_bytes(_spoken_seconds(text, speed), speech_format) > most:
        message = (
            f"'input' has {len(text)} characters, whose speech may have more than the {most:,} bytes of a streamed "
            "response. Send it with background=true, in shorter parts, or in a format that takes fewer bytes."
        )
        raise WorkTooLong(message, param="input", amount=len(text))


def check_audio_fits(duration_ms: int, model: Model, deadline: Deadline) -> None:
    """Raises `WorkTooLong`, without a field, for audio that takes longer to transcribe than there is time."""
    longest_s = longest_audio_s(model, deadline)
    if duration_ms <= longest_s * 1000:
        return
    if model.max_seconds is not None and int(longest_s) >= int(model.max_seconds):
        message = f"The audio is longer than the {model.max_seconds:g} s that the model '{model.id}' takes."
    else:
        message = (
            f"The audio is longer than the {int(longest_s)} s that the model '{model.id}' can transcribe within the "
            f"{deadline.limit_s}-second response limit."
        )
    message += " Send it with background=true, in shorter parts, or use a faster model."
    raise WorkTooLong(message, amount=duration_ms)


def longest_audio_s(model: Model, deadline: Deadline) -> float:
    """How many seconds of audio can be measured and transcribed before the deadline, at the catalogue's speed."""
    in_time = deadline.remaining_s() / (1 / model.speed_factor + 1 / MEASURING_SPEED)
    return in_time if model.max_seconds is None else min(in_time, model.max_seconds)


def _spoken_seconds(text: str, speed: float) -> float:
    """About how long the text takes to be spoken: an estimate that is high rather than low."""
    return sum(count * _seconds(character) for character, count in Counter(text).items()) / speed


def _seconds(character: str) -> float:
    """The seconds that a character takes."""
    if character == "\n":
        return _LINE_S
    if character in ".!?":
        return _SENTENCE_S
    category = unicodedata.category(character)
    if category[0] == "N":
        return _DIGIT_S
    if category == "Lu":
        return _CAPITAL_S
    if character >= _FIRST_WIDE or category[0] == "S" or character in _SPOKEN_MARKS:
        return _SYLLABLE_S
    return _LETTER_S
