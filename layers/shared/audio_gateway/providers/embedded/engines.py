"""The embedded engines as one provider of the catalogue."""

from __future__ import annotations

from audio_gateway.providers.embedded.espeak import EspeakSpeech
from audio_gateway.providers.embedded.sphinx import PocketsphinxTranscription


class EmbeddedEngines(EspeakSpeech, PocketsphinxTranscription):
    """`espeak-ng` speaks and `pocketsphinx` listens. Each is loaded when it is first used."""
