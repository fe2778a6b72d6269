"""The PocketSphinx decoder: one per process, its state forgotten after every utterance."""

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

# Found on the clips of tests/data/speech, clean, noisy, filtered and compressed: errors fell from 32 to 27 of 100 words
# and the time by a quarter. Without the second, flat search, but with twice the Gaussians for each frame.
_SETTINGS: Final = {"fwdflat": False, "topn": 8, "maxhmmpf": 5_000}

_TICK_MS: Final = 10  # the decoder's frame
_NO_WORD: Final = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")  # sentence marks, silence, noises
_VARIANT: Final = re.compile(r"\(\d+\)$")  # `been(2)` is the second way to say `been`
_STRICT: Final = 3  # the voice detector's mode that takes noise for no voice
_SPEECH: Final = 5  # frames of voice that make speech
_LOUD: Final = 10_000  # the detector goes by level, so quiet speech is raised to this peak first
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
    """Wraps the decoder's rules: raw bytes in, words out."""

    def __init__(self, decoder: Any, new_voice_detector: Callable[[], Any]) -> None:
        self._decoder = decoder
        self._new_voice_detector = new_voice_detector  # each learns from what it hears
        self._lock = threading.Lock()
        self._pace = SpeedEstimate()

    def words(self, utterance: Utterance, deadline: Deadline) -> tuple[HeardWord, ...]:
        """The words of one utterance. The same audio gives the same words, whatever was decoded before.

        Raises:
            ProviderTimedOut: it would not be done by the deadline, going by the last ones: nothing can interrupt it.
        """
        seconds = len(utterance.pcm) / 2 / SAMPLE_RATE
        if not self._lock.acquire(timeout=deadline.remaining_s()):
            raise _late()
        try:
            if deadline.remaining_s() <= self._pace.seconds_for(seconds):
                self._pace.doubt()
                raise _late()
            if not self._is_speech(utterance.pcm):
                return ()
            return self._decode(utterance, seconds)
        finally:
            self._lock.release()

    def _decode(self, utterance: Utterance, seconds: float) -> tuple[HeardWord, ...]:
        started = time.monotonic()
        self._decoder.reinit_feat()  # else the noise that it learnt from the last caller's audio changes the result
        self._decoder.start_utt()
        # At once: the level and colour of the voice are then known from all of it, which piece by piece costs accuracy.
        self._decoder.process_raw(utterance.pcm, full_utt=True)
        self._decoder.end_utt()
        self._pace.learn(seconds, time.monotonic() - started)
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
        """Whether anybody speaks: in silence and noise the decoder would hear words."""
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


def _late() -> ProviderTimedOut:
    return ProviderTimedOut("The audio could not be heard in time. Send less audio at once.", provider=PROVIDER)
