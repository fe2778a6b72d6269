"""The PocketSphinx decoder: one per process, reset after every utterance."""

from __future__ import annotations

import math
import re
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, ProviderTimedOut
from audio_gateway.providers.embedded.speed_estimate import SpeedEstimate
from audio_gateway.providers.embedded.utterances import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, Utterance

PROVIDER: Final = "embedded"

# Measured with the clips of tests/data/speech, clean, noisy, filtered and compressed: errors fell from 32 to 27 of 100
# words, and the time by a quarter. There is no second, flat search, but twice the Gaussians for each frame.
_SETTINGS: Final = {"fwdflat": False, "topn": 8, "maxhmmpf": 5_000}

_TICK_MS: Final = 10  # the decoder's frame
_NO_WORD: Final = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")  # sentence marks, silence, noises
_VARIANT: Final = re.compile(r"\(\d+\)$")  # `been(2)` is the second pronunciation of `been`
_STRICT: Final = 3  # the voice detector's mode that best rejects noise
_SPEECH: Final = 5  # frames of voice that count as speech
_LOUD: Final = 10_000  # the detector depends on the level, so quiet speech is amplified to this peak first
_INAUDIBLE: Final = 32  # a peak of -60 dB
_UNLIKELY: Final = 1e-10


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word with its times from the start of the audio, and the decoder's log probability of it."""

    text: str
    start_ms: int
    end_ms: int
    logprob: float


class SphinxDecoder:
    """Wraps the decoder: raw bytes in, words out."""

    def __init__(self, decoder: Any, new_voice_detector: Callable[[], Any]) -> None:
        self._decoder = decoder
        self._new_voice_detector = new_voice_detector  # each adapts to the audio that it gets
        self._lock = threading.Lock()
        self._speed = SpeedEstimate()

    def words(self, utterance: Utterance, deadline: Deadline) -> tuple[HeardWord, ...]:
        """The words of one utterance. The same audio gives the same words, whatever was decoded before.

        Raises:
            ProviderTimedOut: the estimate is past the deadline, and decoding cannot be interrupted.
        """
        seconds = len(utterance.pcm) / 2 / SAMPLE_RATE
        if not self._lock.acquire(timeout=deadline.remaining_s()):
            raise _out_of_time()
        try:
            if deadline.remaining_s() <= self._speed.seconds_for(seconds):
                self._speed.halve()
                raise _out_of_time()
            if not self._is_speech(utterance.pcm):
                return ()
            return self._decode(utterance, seconds)
        finally:
            self._lock.release()

    def _decode(self, utterance: Utterance, seconds: float) -> tuple[HeardWord, ...]:
        started = time.monotonic()
        self._decoder.reinit_feat()  # otherwise the noise of the last caller's audio changes the result
        self._decoder.start_utt()
        # All of it in one call: the decoder then normalises with the whole utterance, which improves accuracy.
        self._decoder.process_raw(utterance.pcm, full_utt=True)
        self._decoder.end_utt()
        self._speed.record(seconds, time.monotonic() - started)
        return tuple(self._heard(utterance.start_ms))

    def _heard(self, start_ms: int) -> Iterator[HeardWord]:
        if self._decoder.hyp() is None:
            return
        for part in self._decoder.seg():
            if not _NO_WORD.fullmatch(part.word):
                yield HeardWord(
                    text=_VARIANT.sub("", part.word),
                    start_ms=start_ms + part.start_frame * _TICK_MS,
                    end_ms=start_ms + (part.end_frame + 1) * _TICK_MS,
                    logprob=math.log(max(part.prob, _UNLIKELY)),
                )

    def _is_speech(self, pcm: bytes) -> bool:
        """Whether there is speech: the decoder finds words in silence and noise, too."""
        samples = array("h", pcm)
        highest, lowest = max(samples), min(samples)
        peak = max(highest, -lowest)
        if peak <= _INAUDIBLE:
            return False
        if peak < _LOUD:
            gain = _LOUD // peak
            pcm = array("h", [sample * gain for sample in samples]).tobytes()
        frames = (pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES))
        detector = self._new_voice_detector()
        return sum(bool(detector.is_speech(frame)) for frame in frames) >= _SPEECH


@cache
def decoder() -> SphinxDecoder:
    """The process's decoder, made on first use (half a second).

    Raises:
        ConfigurationError: the function has no engines layer.
    """
    try:
        from pocketsphinx import Decoder, Vad
    except ImportError as missing:
        raise ConfigurationError(
            "The model pocketsphinx needs the layer 'engines', which is not installed"
        ) from missing
    made = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL", **_SETTINGS)
    return SphinxDecoder(made, lambda: Vad(_STRICT, SAMPLE_RATE, FRAME_MS / 1000))


def _out_of_time() -> ProviderTimedOut:
    return ProviderTimedOut(
        "The audio could not be transcribed in time. Send less audio in one request.", provider=PROVIDER
    )
