"""Measures long audio and long text: speed and memory of cutting recordings, merging transcripts, splitting text and
joining speech.

    python -m bench.long [--quick]

Speeds are seconds of audio per second of processor time. Each figure of cutting and joining comes from its own process,
and so does its memory peak. Files are read from the disk in ranges, as from a bucket. The run takes about eight minutes
of processor time; `--quick` leaves out the ten hours and the two gigabytes.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from audio_gateway.audio.content import StoredContent
from audio_gateway.audio.cut import CutRule, cut
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.encode import flac_file
from audio_gateway.audio.formats import SPEECH_FORMATS, SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.audio.join import SpokenPart, join
from audio_gateway.audio.recording import Recording
from audio_gateway.text.split import split
from audio_gateway.transcripts.merge import ChunkTranscript, merge
from audio_gateway.transcripts.transcript import Segment, Transcript, Word
from bench.audio import clip, peak_kb, speech
from bench.table import ResultRow, ResultTable, save
from tests import tones

RATE = 16_000
RULE = CutRule(300, max_seconds=1_400, max_bytes=26_214_400)
TARGET_SPEED, TARGET_MB, TARGET_MERGE_S, TARGET_LATE_MS = 100, 300, 2, 50
LARGEST_FILE = 2_000_000_000


class FileOnDisk:
    """A file that is read in ranges, like an object in a bucket."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.size = path.stat().st_size

    def read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of long audio and long text.")
    parser.add_argument("--quick", action="store_true", help="no ten hours and no two gigabytes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tables = [cutting(Path(folder), quick=options.quick), on_time(Path(folder))]
    save("long", [*tables, merging(), splitting(), joining()])


# ---------------------------------------------------------------- recordings
def cutting(folder: Path, *, quick: bool) -> ResultTable:
    table = ResultTable(
        f"cut a recording into chunks of 300 s, each a FLAC file (targets: {TARGET_SPEED} x, under {TARGET_MB} MB)",
        ["hours", "MB", "x real time", "chunks", "peak MB"],
    )
    for name, path in recordings(folder, quick=quick):
        print(f"  cutting {name}", file=sys.stderr)
        table.add(ResultRow(name, in_own_process("cut", str(path))))
        path.unlink()
    return table


def recordings(folder: Path, *, quick: bool) -> Iterator[tuple[str, Path]]:
    """Yield repeated speech in files of each kind, then the longest and the largest file."""
    hour = speech(3_600 * SPEECH_SAMPLE_RATE)
    path = folder / "recording"
    for name in ("mp3", "m4a", "ogg", "flac", "wav"):
        path.write_bytes(clip(name, hour))
        yield f"1 h {name}", path
    if not quick:
        yield from ((name, path) for name, _hours in largest(path, clip("mp3", hour)))


def largest(path: Path, hour: bytes) -> Iterator[tuple[str, float]]:
    """Write the longest file and then the largest file, and yield the name and the hours of each."""
    with path.open("wb") as file:
        file.writelines(itertools.repeat(hour, 10))
    yield "10 h mp3", 10.0
    ten_minutes = speech(600 * SPEECH_SAMPLE_RATE)
    wide = b"".join(sample * 4 for sample in in_pieces(ten_minutes, 2))  # 48 kHz, stereo
    with path.open("wb") as file:
        file.write(wav_header(48_000, 2, LARGEST_FILE))
        for _ in range(LARGEST_FILE // len(wide) + 1):
            file.write(wide[: LARGEST_FILE - file.tell() + 44])
    yield "2 GB wav", LARGEST_FILE / 48_000 / 4 / 3_600


def wav_header(rate: int, channels: int, size: int) -> bytes:
    from audio_gateway.audio.containers.riff import header

    fmt = b"".join(
        number.to_bytes(width, "little")
        for number, width in ((1, 2), (channels, 2), (rate, 4), (rate * channels * 2, 4), (channels * 2, 2), (16, 2))
    )
    return header(fmt, size)


def cut_file(path: str) -> list[float]:
    recording = Recording(StoredContent(FileOnDisk(Path(path))))
    before, chunks = time.process_time(), 0
    for chunk in cut(recording.pcm(RATE), RULE):
        flac_file((chunk.pcm,), RATE)
        chunks += 1
    seconds = recording.duration_ms / 1000
    size = Path(path).stat().st_size / 1_000_000
    return [seconds / 3_600, size, seconds / (time.process_time() - before), chunks]


def on_time(folder: Path) -> ResultTable:
    """Transcribe three hours of known words, as mp3 with a variable bit rate, chunk by chunk."""
    table = ResultTable(
        f"words of 3 hours of VBR mp3, cut, heard and merged (target: none, and {TARGET_LATE_MS} ms)",
        ["words", "lost", "doubled", "worst ms"],
    )
    for name, gaps_ms in (("with pauses", tones.natural_gaps()), ("continuous", (0,))):
        print(f"  listening to 3 h {name}", file=sys.stderr)
        words = tones.talk(3 * 3_600_000 // (tones.WORD_MS + sum(gaps_ms) // len(gaps_ms)), gaps_ms=gaps_ms)
        path = folder / "words.mp3"
        path.write_bytes(vbr_mp3(tones.sound(words)))
        recording = Recording(StoredContent(FileOnDisk(path)))
        heard = merge(
            [ChunkTranscript(c.start, c.end, tones.transcript(c.pcm)) for c in cut(recording.pcm(RATE), RULE)],
            duration_ms=recording.duration_ms,
        )
        table.add(ResultRow(name, compare(words, heard.words or ())))
    return table


def compare(spoken: list[tones.Spoken], heard: tuple[Word, ...]) -> list[float]:
    """Compare the words. Each number occurs once, so its text identifies the word."""
    starts: dict[str, list[int]] = {}
    for word in heard:
        starts.setdefault(word.text, []).append(word.start_ms)
    worst = max(abs(starts[word.text][0] - word.start_ms) for word in spoken if word.text in starts)
    doubled = len(heard) - len(starts)
    return [len(spoken), sum(word.text not in starts for word in spoken), doubled, worst]


def vbr_mp3(pcm: Iterator[bytes]) -> bytes:
    import av

    from audio_gateway.audio.resample import to_frames

    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as muxer:
        stream = muxer.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.codec_context.qscale = True
        stream.codec_context.options = {"global_quality": str(6 * 118), "compression_level": "9"}
        for frame in (*to_frames(pcm, RATE), None):
            muxer.mux(stream.encode(frame))
    return out.getvalue()


# ---------------------------------------------------------------- transcripts and text
def merging() -> ResultTable:
    table = ResultTable(
        f"merge 10 hours, 100,000 words in 120 chunks (target: under {TARGET_MERGE_S} s)", ["seconds", "words"]
    )
    for name, overlap_s in (("cut in silence", 0), ("3 s shared", 3), ("20 s shared", 20)):
        step, length = 300 * RATE, (300 + overlap_s) * RATE
        for kind in ("words and segments", "segments", "text"):
            heard = transcript(kind, length)
            chunks = [ChunkTranscript(i * step, i * step + length, heard) for i in range(120)]
            seconds, merged = timed(partial(merge, chunks, duration_ms=36_000_000))
            table.add(ResultRow(f"{name}, {kind}", [seconds, len(merged.words or merged.text.split())]))
    return table


def transcript(kind: str, samples: int) -> Transcript:
    each_ms = 360
    words = tuple(
        Word(f"w{at // each_ms}", at, at + each_ms - 20) for at in range(0, samples * 1000 // RATE - each_ms, each_ms)
    )
    lines = [words[at : at + 10] for at in range(0, len(words), 10)]
    segments = tuple(Segment(" ".join(w.text for w in line), line[0].start_ms, line[-1].end_ms) for line in lines)
    return Transcript(
        text=" ".join(word.text for word in words),
        duration_ms=samples * 1000 // RATE,
        language="en",
        words=words if kind == "words and segments" else None,
        segments=None if kind == "text" else segments,
    )


def page() -> str:
    """Return a paragraph of English sentences."""
    said = sorted((Path(__file__).parents[1] / "tests/data/speech").glob("*.txt"))
    return " ".join(path.read_text().strip().capitalize() + "." for path in said) + "\n\n"


def splitting() -> ResultTable:
    table = ResultTable("split a million characters at 4,096", ["seconds", "pieces"])
    chinese = "今天天气很好。我们去公园吧。"
    for name, once in (("English", page()), ("Chinese", chinese), ("no punctuation", "word " * 9)):
        text = (once * (1_000_000 // len(once) + 1))[:1_000_000]
        seconds, pieces = timed(partial(split, text, 4_096))
        table.add(ResultRow(name, [seconds, len(pieces)]))
    return table


# ---------------------------------------------------------------- speech
def joining() -> ResultTable:
    table = ResultTable(
        f"join an hour of speech from 60 parts of pcm (target: under {TARGET_MB} MB)",
        ["x real time", "MB", "peak MB"],
    )
    for kind in SPEECH_FORMATS:
        print(f"  joining {kind}", file=sys.stderr)
        table.add(ResultRow(kind, in_own_process("join", kind)))
    return table


def join_parts(kind: SpeechFormat) -> list[float]:
    clips = sorted((Path(__file__).parents[1] / "tests/data/speech").glob("*.wav"))
    once = b"".join(piece for path in clips for piece in decode_pcm(path.read_bytes(), SPEECH_SAMPLE_RATE))
    minute = (once * 9)[: 60 * SPEECH_SAMPLE_RATE * 2]
    parts = (SpokenPart(in_pieces(minute, 65_536)) for _ in range(60))
    before, size = time.process_time(), 0
    for piece in join(parts, format=kind, samples=3_600 * SPEECH_SAMPLE_RATE):
        size += len(piece)
    return [3_600 / (time.process_time() - before), size / 1_000_000]


# ---------------------------------------------------------------- measuring
def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    before = time.process_time()
    made = work()
    return time.process_time() - before, made


def in_own_process(*arguments: str) -> list[float | None]:
    """Run a task in a new process, and return its figures and its peak memory, including Python and FFmpeg."""
    command = [sys.executable, "-m", "bench.long", "--alone", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(figure) for figure in json.loads(out.stdout)]


def alone(task: str, argument: str) -> None:
    figures = cut_file(argument) if task == "cut" else join_parts(argument)  # type: ignore[arg-type] # one of the six
    print(json.dumps([*figures, peak_kb() / 1024]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(*sys.argv[2:])
    else:
        main()
