"""Speech by eSpeak NG."""

from __future__ import annotations

import queue
import threading
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, ProviderTimedOut
from audio_gateway.providers.embedded.espeak_library import SAMPLE_RATE, EspeakLibrary, Utterance, library
from audio_gateway.providers.embedded.espeak_voices import VoiceNames
from audio_gateway.providers.port import AudioChunk, ProviderVoice, SpeechRequest

PROVIDER: Final = "embedded"

_SHORTEST: Final = b"\0\0" * (SAMPLE_RATE // 10)  # 100 ms: less is refused by some encoders and players


class EspeakSpeech:
    """A `SpeechProvider` and `VoiceLister`: s16le mono at 22,050 Hz, made while it is read.

    The text is read as it stands: no SSML, no phonemes, no control characters. A text with nothing to pronounce gives
    100 ms of silence.
    """

    def voices(self) -> tuple[ProviderVoice, ...]:
        """Every language of eSpeak NG, each with its plain voice."""
        return self._names.listed()

    def find_voice(self, name: str) -> ProviderVoice | None:
        """The voice of a name by the grammar of `espeak_voices`."""
        return self._names.describe(name)

    def synthesize(self, request: SpeechRequest) -> Iterator[AudioChunk]:
        """Speak as fast as eSpeak NG can; closing the iterator stops it.

        Raises:
            ProviderRejected: there is no such voice.
            ProviderTimedOut: nothing more had come when the deadline passed.
        """
        voice = self._names.find(request.voice)
        if voice is None:
            message = f"eSpeak NG has no voice '{request.voice}'. GET /v1/audio/voices lists those it has."
            raise ProviderRejected(message, provider=PROVIDER, upstream_status=400, param="voice")
        pieces = _spoken(self._library, Utterance(_readable(request.text), voice.name, voice.pitch), request.deadline)
        return _chunks(_at_speed(pieces, request.speed))

    @property
    def _library(self) -> EspeakLibrary:
        return library()

    @cached_property
    def _names(self) -> VoiceNames:
        return VoiceNames(self._library.language_voices(), self._library.variants(), self._library.gender_of)


def _chunks(pieces: Iterator[bytes]) -> Iterator[AudioChunk]:
    length = 0
    for piece in pieces:
        length += len(piece)
        yield AudioChunk(piece, "pcm", SAMPLE_RATE)
    if length < len(_SHORTEST):
        yield AudioChunk(_SHORTEST[length:], "pcm", SAMPLE_RATE)


def _at_speed(pieces: Iterator[bytes], speed: float) -> Iterator[bytes]:
    """Faster or slower by a filter, to the sample.

    eSpeak NG's own words per minute are no measure: its pauses and short sentences hardly follow them. At twice the
    rate, "One. Two. Three." takes as long as before.
    """
    if speed == 1:
        return pieces
    from audio_gateway.audio.stretch import stretch

    return stretch(pieces, sample_rate=SAMPLE_RATE, speed=speed)


def _spoken(espeak: EspeakLibrary, utterance: Utterance, deadline: Deadline) -> Iterator[bytes]:
    """The utterance in pieces, as they are made in a thread of their own.

    The queue is not bounded on purpose. eSpeak NG speaks hundreds of times faster than real time and serves one caller
    at a time: a full queue would let a slow reader hold up every other one. 4,096 characters are 13 MB in
    English, and some 50 MB in scripts whose letters are spelled out.
    """
    made: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
    closed = threading.Event()

    def take(piece: bytes) -> bool:
        made.put(piece)
        return not closed.is_set()

    def speak() -> None:
        try:
            espeak.speak(utterance, take)
        except Exception as error:  # noqa: BLE001 - it is raised again, in the reader's thread
            made.put(error)
        else:
            made.put(None)

    thread = threading.Thread(target=speak, name="espeak-ng", daemon=True)
    thread.start()
    try:
        while (piece := _next(made, deadline)) is not None:
            yield piece
    finally:
        closed.set()
        thread.join()


def _next(made: queue.SimpleQueue[bytes | Exception | None], deadline: Deadline) -> bytes | None:
    try:
        piece = made.get(timeout=deadline.remaining_s())
    except queue.Empty:
        raise ProviderTimedOut("The speech was not ready in time. Send less text at once.", provider=PROVIDER) from None
    if isinstance(piece, Exception):
        raise piece
    return piece


def _readable(text: str) -> str:
    """The text without what C or eSpeak NG would take for a command: NUL ends a string, U+0001 starts a setting."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} and c != "\n" else c for c in text)
