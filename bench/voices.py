"""Measures the voices of hibari: pitch, level, and speed on one thread; draws their spectrograms for the docs.

    python -m bench.voices [--spectrograms FOLDER]

`times real time` is seconds of speech by second of processor time. The last row is the network's own work without the
rest. A spectrogram shows 0 to 8 kHz of the first sentence, 80 dB, 10 ms a pixel.
"""

from __future__ import annotations

import argparse
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "layers/shared"))

from audio_gateway.deadline import Deadline  # noqa: E402 - the layer is not installed
from audio_gateway.providers.embedded.hibari.model import acoustic_model  # noqa: E402 - likewise
from audio_gateway.providers.embedded.hibari.pronunciation import pronunciation  # noqa: E402 - likewise
from audio_gateway.providers.embedded.hibari.speech import HibariSpeech  # noqa: E402 - likewise
from audio_gateway.providers.embedded.hibari.voices import VOICES  # noqa: E402 - likewise
from audio_gateway.providers.port import SynthesisCall  # noqa: E402 - likewise
from bench.table import ResultRow, ResultTable, save  # noqa: E402 - likewise
from tests.pitch import RATE, median_f0  # noqa: E402 - likewise

SENTENCES: Final = (
    "Hello, thank you for calling. How may I help you today?",
    "Please remember to bring your passport, your ticket and a warm jacket.",
    "Although the old bridge had been closed for years, the villagers still crossed it every day.",
    "The museum opens at nine in the morning and closes at five in the afternoon.",
)
_WINDOW, _HOP, _HIGHEST_HZ, _RANGE_DB = 768, 240, 8000, 80.0

Samples = np.ndarray[Any, np.dtype[np.float32]]


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spectrograms", type=Path)
    folder = parser.parse_args().spectrograms
    engine, text = HibariSpeech(), " ".join(SENTENCES)
    engine.start()
    table = ResultTable("Voices", ["pitch", "formants", "median Hz", "peak dBFS", "x real time"])
    for name, voice in VOICES.items():
        spoken(engine, SENTENCES[0], name)  # loads its dictionaries
        started = time.process_time()
        samples = spoken(engine, text, name)
        took = time.process_time() - started
        peak = 20 * float(np.log10(np.abs(samples).max()))
        figures = [voice.timbre.pitch, voice.timbre.formants, median_f0(samples), peak, len(samples) / RATE / took]
        table.add(ResultRow(f"{name}, {voice.gender}, {'en-GB' if voice.british else 'en-US'}", figures))
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(png(spectrogram(spoken(engine, SENTENCES[0], name))))
    network_s, sound_s = network_time()
    table.add(ResultRow("the network alone", [None, None, None, None, sound_s / network_s]))
    save("voices", [table])


def spoken(engine: HibariSpeech, text: str, voice: str) -> Samples:
    """The speech, from -1 to 1."""
    call = SynthesisCall("hibari", text, voice, "pcm", Deadline.after(600))
    pcm = b"".join(chunk.data for chunk in engine.synthesize(call))
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(1 << 15)


def network_time() -> tuple[float, float]:
    """The processor time of the network for the sentences, and the seconds of speech that it made."""
    utterances = [part for text in SENTENCES for part in pronunciation(british=False).utterances(text)]
    started = time.process_time()
    frames = sum(len(acoustic_model().frames(phonemes)) for phonemes in utterances)
    return time.process_time() - started, frames / 80


def spectrogram(samples: Samples) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Rows of pixels from the highest frequency to the lowest: black is silent, white is the loudest."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(windows))[:, : _HIGHEST_HZ * _WINDOW // RATE]
    decibels = 20 * np.log10(np.maximum(power / power.max(), 1e-9))
    return np.clip(255 * (1 + decibels / _RANGE_DB), 0, 255).astype(np.uint8).T[::-1]


def png(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """A greyscale image."""
    height, width = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


if __name__ == "__main__":
    main()
