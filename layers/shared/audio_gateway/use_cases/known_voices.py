"""Recordings of known speakers: the provider gets what we measured of each, and nothing else of the file.

They are not transcribed and cost nothing. A file that we cannot decode is passed on unchanged: the provider says
whether it can use it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Final

from audio_gateway.audio.measure import measure
from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.audio.sniff import MEDIA_TYPES
from audio_gateway.errors import AudioTooLong, InvalidAudio, InvalidRequest
from audio_gateway.providers.port import KnownSpeaker

MAX_MS: Final = 10_000
_PADDING_MS: Final = 200  # what an encoder puts around the sound
_MOST_BYTES: Final = 10_000_000
_STANDARD: Final = str.maketrans("-_", "+/")


def measured_voices(speakers: tuple[KnownSpeaker, ...]) -> tuple[KnownSpeaker, ...]:
    """The same names, each with a file that holds the voice and nothing else.

    Raises `InvalidRequest` for a reference that is not base64, or that is longer than 10 seconds.
    """
    return tuple(_measured(speaker, number) for number, speaker in enumerate(speakers, 1))


def _measured(speaker: KnownSpeaker, number: int) -> KnownSpeaker:
    encoded = speaker.reference.partition(",")[2].translate(_STANDARD)
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise _refused(number, "it is not base64.") from error
    try:
        audio = measure(data, limit_ms=MAX_MS + _PADDING_MS)
        plain = as_plain_file(audio, most_bytes=_MOST_BYTES)
    except AudioTooLong as error:
        raise _refused(number, f"it is longer than {MAX_MS // 1000} s.") from error
    except InvalidAudio:
        return speaker
    if audio.plain:
        return speaker
    return replace(
        speaker,
        reference=f"data:{MEDIA_TYPES[plain.container]};base64,{base64.b64encode(plain.data).decode('ascii')}",
    )


def _refused(number: int, why: str) -> InvalidRequest:
    message = f"Voice {number} of 'known_speaker_references[]' cannot be used: {why}"
    return InvalidRequest(message, param="known_speaker_references", code="invalid_value")
