"""Gives each word its speaker: one of the caller's known speakers by name, all others by number."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final

import numpy as np

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.silero import SPEECH_SAMPLE_RATE
from audio_gateway.audio.speech_pieces import SpeechPiece, speech_pieces
from audio_gateway.errors import InvalidAudio, ProviderRejected
from audio_gateway.providers.embedded.diarization.encoder import voice_encoder
from audio_gateway.providers.embedded.diarization.voices import Encoder, Voices
from audio_gateway.providers.port import KnownSpeaker
from audio_gateway.transcripts.transcript import Word

_PROVIDER: Final = "embedded"
_ALIKE: Final = 0.72  # cosine of a reference and a speaker: mostly over 0.77 for the same voice, below 0.7 for others
_LEAST_SECONDS: Final = 1.0  # of speech in a reference; less says little about a voice
_LONGEST_MS: Final = 12_000
_GAP_MS: Final = 640


class Speakers:
    """The speakers of one recording.

    Raises:
        ProviderRejected: a reference of a known speaker cannot be decoded, or holds less than a second of speech.
        ConfigurationError: no layer of the function has the models.
    """

    def __init__(self, known: Sequence[KnownSpeaker], encoder: Encoder | None = None) -> None:
        self._encoder = encoder or voice_encoder()
        self._voices = Voices(self._encoder)
        self._names = [speaker.name for speaker in known]
        self._references = [self._direction(speaker, number) for number, speaker in enumerate(known, 1)]

    def add(self, piece: SpeechPiece) -> None:
        """Add a piece in which words were heard; pieces come in the order of their times."""
        self._voices.add(piece)

    def named(self, words: Sequence[Word]) -> list[Word]:
        """The words of all pieces with their speakers."""
        if not self._voices.seconds:  # whispers, for example, that the detector is never sure of
            return [replace(word, speaker=next(self._free_names())) for word in words]
        centroids = self._voices.speakers()
        names = self._named(centroids)
        return [
            replace(word, speaker=names[number])
            for word, number in zip(words, self._voices.most_alike(words, centroids), strict=True)
        ]

    def _named(self, centroids: Any) -> list[str]:
        """A name for each speaker; the pairs of speaker and reference that are most alike come first."""
        free = self._free_names()
        names: dict[int, str] = {}
        if self._references:
            alike = centroids @ np.array(self._references).T
            while alike.max() >= _ALIKE:
                speaker, reference = divmod(int(alike.argmax()), alike.shape[1])
                names[speaker] = self._names[reference]
                alike[speaker], alike[:, reference] = -1, -1
        return [names.get(speaker) or next(free) for speaker in range(len(centroids))]

    def _free_names(self) -> Iterator[str]:
        return (name for number in count(1) if (name := f"speaker {number}") not in self._names)

    def _direction(self, speaker: KnownSpeaker, number: int) -> Any:
        """The direction of a reference's voice."""
        voices = Voices(self._encoder)
        try:
            data = base64.b64decode(speaker.reference.partition(",")[2])
            for piece in speech_pieces(decode_pcm(data, SPEECH_SAMPLE_RATE), longest_ms=_LONGEST_MS, gap_ms=_GAP_MS):
                voices.add(piece)
        except (binascii.Error, InvalidAudio) as error:
            raise _refused(number, "it cannot be decoded.") from error
        if voices.seconds < _LEAST_SECONDS:
            raise _refused(number, "less than a second of speech is in it. Send 2 to 10 seconds of the voice.")
        return voices.mean()


def _refused(number: int, why: str) -> ProviderRejected:
    message = f"Voice {number} of 'known_speaker_references[]' cannot be used: {why}"
    return ProviderRejected(message, provider=_PROVIDER, upstream_status=400, param="known_speaker_references")
