"""Draws the voices of hibari, and measures their pitch: `python -m bench.voices`.

Writes docs/images/voices.svg, a spectrogram of the same sentence in each voice with its pitch drawn over it, and prints
the table of docs/engines.md. The pitch is measured in the sound, by autocorrelation, and not read from the settings.
"""

from __future__ import annotations

import base64
import struct
import time
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.hibari.speech import HibariSpeech
from audio_gateway.providers.embedded.hibari.voices import VOICES
from audio_gateway.providers.port import SynthesisCall

SENTENCE: Final = "The north wind and the sun were disputing which was the stronger."
PICTURE: Final = Path(__file__).parents[1] / "docs" / "images" / "voices.svg"
RATE: Final = 24_000
HOP: Final = 240  # samples: 10 ms
WINDOW: Final = 1_024
HIGHEST_HZ: Final = 6_000
HEIGHT: Final = 96  # pixels of a spectrogram
SCALE: Final = 1.4  # pixels for 10 ms
COLUMNS: Final = 2
PITCHES: Final = (50, 450)  # Hz


def spoken(engine: HibariSpeech, voice: str) -> Any:
    """The sentence as samples between -1 and 1, at `RATE`."""
    call = SynthesisCall("hibari", SENTENCE, voice, "pcm", Deadline.after(60))
    pcm = b"".join(chunk.data for chunk in engine.synthesize(call))
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768


def frames_of(samples: Any, length: int) -> Any:
    padded = np.pad(samples, length // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::HOP]


def pitch(samples: Any) -> Any:
    """Hz every 10 ms; 0 where the sound is not voiced."""
    length = RATE // PITCHES[0] * 2
    frames = frames_of(samples, length) * np.hanning(length)
    power = np.abs(np.fft.rfft(frames, 2 * length)) ** 2
    correlation = np.fft.irfft(power)[:, :length]
    own = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(length), 2 * length)) ** 2)[:length]
    correlation = correlation / np.maximum(correlation[:, :1], 1e-9) / np.maximum(own / own[0], 1e-3)
    lags = slice(RATE // PITCHES[1], RATE // PITCHES[0])
    best = correlation[:, lags].argmax(axis=1)
    strength = correlation[np.arange(len(best)), lags.start + best]
    loud = np.sqrt((frames**2).mean(axis=1)) > 0.1 * np.sqrt((frames**2).mean(axis=1)).max()
    return np.where((strength > 0.6) & loud, RATE / (lags.start + best), 0.0)


def spectrogram(samples: Any) -> Any:
    """Grey values, the lowest frequency in the last row."""
    power = np.abs(np.fft.rfft(frames_of(samples, WINDOW) * np.hanning(WINDOW))) ** 2
    bins = power[:, : WINDOW * HIGHEST_HZ // RATE]
    rows = np.stack([part.mean(axis=1) for part in np.array_split(bins, HEIGHT, axis=1)])[::-1]
    level = 10 * np.log10(rows + 1e-9)
    grey = np.clip((level - level.max() + 65) / 65, 0, 1)
    return (255 - 23 * np.round(grey * 11)).astype(np.uint8)  # 12 shades: a small file


def png(grey: Any) -> bytes:
    """A greyscale picture."""
    height, width = grey.shape
    raw = b"".join(b"\0" + row.tobytes() for row in grey)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def panel(voice: str, samples: Any, track: Any, x: float, y: float) -> str:
    """The spectrogram of a voice, 0 to 6 kHz, with the pitch over it, magnified eight times."""
    grey = spectrogram(samples)
    width = grey.shape[1] * SCALE
    picture = base64.b64encode(png(grey)).decode()
    dots = " ".join(
        f"M{x + at * SCALE:.1f} {y + HEIGHT * (1 - min(hertz * 8, HIGHEST_HZ) / HIGHEST_HZ):.1f}h{SCALE + 0.4:.1f}"
        for at, hertz in enumerate(track)
        if hertz
    )
    median = np.median(track[track > 0])
    return (
        f'<text x="{x}" y="{y - 5}">{voice}: {VOICES[voice].gender}, {median:.0f} Hz</text>'
        f'<image x="{x}" y="{y}" width="{width:.0f}" height="{HEIGHT}" preserveAspectRatio="none"'
        f' href="data:image/png;base64,{picture}"/><path d="{dots}" stroke="#d00" stroke-width="1.6" fill="none"/>'
    )


def main() -> None:
    engine = HibariSpeech()
    engine.start()
    panels, rows, left = [], [], 10.0
    tracks = {voice: spoken(engine, voice) for voice in VOICES}
    measured = {voice: pitch(samples) for voice, samples in tracks.items()}
    medians = {voice: float(np.median(track[track > 0])) for voice, track in measured.items()}
    longest = max(len(samples) for samples in tracks.values()) / HOP * SCALE + 20
    for number, voice in enumerate(sorted(VOICES, key=medians.__getitem__)):
        x, y = left + number % COLUMNS * longest, 30.0 + number // COLUMNS * (HEIGHT + 30)
        panels.append(panel(voice, tracks[voice], measured[voice], x, y))
        voiced = measured[voice][measured[voice] > 0]
        low, high = np.percentile(voiced, [10, 90])
        start = time.process_time()
        spoken(engine, voice)
        factor = len(tracks[voice]) / RATE / (time.process_time() - start)
        setting = VOICES[voice]
        rows.append(
            f"| `{voice}` | {setting.gender} | {'British' if setting.british else 'American'} | {medians[voice]:.0f} |"
            f" {low:.0f}–{high:.0f} | {setting.timbre.formants:.2f} | {factor:.0f} |"  # noqa: RUF001 - a range
        )
    width, height = left + COLUMNS * longest, 30 + -(-len(VOICES) // COLUMNS) * (HEIGHT + 30)
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-family="sans-serif"'
        f' font-size="13"><rect width="100%" height="100%" fill="#fff"/>{"".join(panels)}</svg>\n',
        encoding="utf-8",
    )
    print("| voice | gender | accent | median pitch, Hz | range, Hz | formants | times real time |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
