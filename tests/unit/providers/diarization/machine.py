"""A voice that no human has."""

from __future__ import annotations

from functools import cache

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
from audio_gateway.providers.port import SynthesisCall
from tests.sound import wav


@cache
def machine_voice() -> bytes:
    """Two sentences of eSpeak NG, six seconds, as s16le mono at 16 kHz."""
    text = "Please remember to bring your passport. The museum opens at nine, and closes at five in the afternoon."
    chunks = list(EspeakSpeech().synthesize(SynthesisCall("espeak-ng", text, "en-us", "pcm", Deadline.after(60))))
    spoken = wav(b"".join(chunk.data for chunk in chunks), chunks[0].sample_rate)
    return b"".join(decode_pcm(spoken, 16_000))
