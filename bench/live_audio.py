"""Delay and speed of speech that is transcoded while it arrives, beside the bare encoders.

Times are of the processor, so other programs matter little; the best round counts. A delay is the audio that had
arrived, in milliseconds, when the first sound came out, after the headers; it includes what the encoder looks ahead. A
bare encoder gets the same pieces and writes no container.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.transcode import transcode
from bench.table import ResultRow, ResultTable

RATE = 24_000
PIECE_MS = 20
SENTENCE_MS = 4_000
SECONDS = 60
DELAY_SECONDS = 4
ROUNDS = 3
HEADER_BYTES = {"wav": 44, "opus": 97, "flac": 60}
"""Of the files that we write; a bare encoder writes none."""
BARE: dict[SpeechFormat, tuple[str, int, dict[str, str]]] = {
    "opus": ("libopus", 64_000, {}),
    "aac": ("aac", 96_000, {"aac_coder": "fast"}),
    "flac": ("flac", 0, {"frame_size": "1152"}),
}


@dataclass
class Delay:
    """When the first sound came out: after that much audio, and that much time of the processor."""

    audio_ms: float
    cpu_ms: float


def live(pcm: bytes) -> list[dict[str, Any]]:
    """Measure, print and return two tables; `pcm` is at least a minute of speech at 24 kHz."""
    tables = [encoders(pcm[: SECONDS * RATE * 2]), delays(pcm[: DELAY_SECONDS * RATE * 2])]
    for table in tables:
        print(table)
    return [asdict(table) for table in tables]


def encoders(pcm: bytes) -> ResultTable:
    title = f"encoding 24 kHz speech in pieces of {PIECE_MS} ms, and of whole sentences ({SENTENCE_MS} ms)"
    table = ResultTable(title, ["x real time", "sentences", "bare x", "first ms", "bare ms", "cpu ms", "bare cpu"])
    for kind in SPEECH_FORMATS:
        ours = partial(encode, sample_rate=RATE, format=kind)
        bare = partial(bare_encoder, kind) if kind == "mp3" or kind in BARE else None
        first, bare_first = delay(ours, pcm, kind), delay(bare, pcm, "pcm") if bare else None
        figures = [
            speed(ours, pcm, PIECE_MS),
            speed(ours, pcm, SENTENCE_MS),
            speed(bare, pcm, PIECE_MS) if bare else None,
            first.audio_ms,
            bare_first.audio_ms if bare_first else None,
            first.cpu_ms,
            bare_first.cpu_ms if bare_first else None,
        ]
        table.add(ResultRow(kind, figures))
    return table


def delays(pcm: bytes) -> ResultTable:
    title = f"first sound, in ms of arrived audio and ms of processor, of a source in pieces of {PIECE_MS} ms"
    columns = [f"{kind} {unit}" for kind in SPEECH_FORMATS for unit in ("ms", "cpu")]
    table = ResultTable(title, columns)
    for kind in SPEECH_FORMATS:
        data = pcm if kind == "pcm" else b"".join(encode([pcm], sample_rate=RATE, format=kind))
        figures: list[float | None] = []
        for wanted in SPEECH_FORMATS:
            work = partial(transcode, declared=kind, sample_rate=RATE, wanted=wanted)
            found = delay(work, data, wanted, seconds=DELAY_SECONDS)
            figures += [found.audio_ms, found.cpu_ms]
        table.add(ResultRow(f"from {kind}", figures))
    return table


def speed(work: Callable[[Iterator[bytes]], Iterator[bytes]], pcm: bytes, piece_ms: int) -> float:
    """Seconds of audio per second of processor."""
    best, pieces = float("inf"), cut(pcm, piece_ms * RATE // 1_000 * 2)
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in work(iter(pieces)):
            pass
        best = min(best, time.process_time() - before)
    return len(pcm) / 2 / RATE / best


def delay(
    work: Callable[[Iterator[bytes]], Iterator[bytes]], data: bytes, wanted: SpeechFormat, seconds: float = SECONDS
) -> Delay:
    """The delay of the first sound; data of another format than pcm is cut by its share of the time."""
    source = cut(data, max(1, int(len(data) / seconds * PIECE_MS / 1_000)))
    found = []
    for _ in range(ROUNDS):
        arriving = CountedPieces(source)
        before, counted = time.process_time(), 0
        for made in work(arriving):
            counted += len(made)
            if counted > HEADER_BYTES.get(wanted, 0):
                break
        found.append(Delay(arriving.taken * PIECE_MS, (time.process_time() - before) * 1_000))
    return min(found, key=lambda each: each.cpu_ms)


class CountedPieces:
    """Pieces, and how many have been taken."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.taken += 1
        return piece


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def bare_encoder(kind: SpeechFormat, pieces: Iterator[bytes]) -> Iterator[bytes]:
    return bare_lame(pieces) if kind == "mp3" else bare_av(kind, pieces)


def bare_lame(pieces: Iterator[bytes]) -> Iterator[bytes]:
    import lameenc

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_bit_rate(128)
    encoder.set_quality(5)
    yield from filter(None, (bytes(encoder.encode(piece)) for piece in pieces))
    yield bytes(encoder.flush())


def bare_av(kind: SpeechFormat, pieces: Iterator[bytes]) -> Iterator[bytes]:
    import av
    from av.audio.codeccontext import AudioCodecContext

    name, bit_rate, options = BARE[kind]
    codec = cast("AudioCodecContext", AudioCodecContext.create(name, "w"))
    codec.sample_rate, codec.layout, codec.options = RATE, "mono", options
    codec.format = "fltp" if kind == "aac" else "s16"
    if bit_rate:
        codec.bit_rate = bit_rate
    codec.open()
    for piece in itertools.chain(pieces, (None,)):
        frame = None
        if piece is not None:
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
            frame.planes[0].update(piece)
            frame.sample_rate = RATE
        yield from (bytes(packet) for packet in codec.encode(frame) if packet.size)
