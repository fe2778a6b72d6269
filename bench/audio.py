"""Measures the speed of decoding, encoding and measuring audio, compared with the ffmpeg command line.

    python -m bench.audio [--json PATH] [--minutes N] [--rounds N] [--only-live]

Speeds are seconds of audio per second of processor time, which depends less on other programs than wall time. Each
round runs our code and then ffmpeg; the best round counts. ffmpeg's time includes its start, which is short compared
with clips of this length. Both use the same encoder settings. Our code uses the libraries in PyAV's wheel.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "layers/shared"))

from audio_gateway.audio.decode import decode_pcm  # noqa: E402 - the layer is not installed, but on the path
from audio_gateway.audio.encode import encode, with_true_sizes  # noqa: E402 - likewise
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat  # noqa: E402 - likewise
from audio_gateway.audio.measure import measure  # noqa: E402 - likewise

RATE = 24_000
CHUNK = 48_000
TARGET_RATIO = 0.9
TARGET_PEAK_MB = 200
LARGEST_BODY = 4_500_000
HOT_WAV = 160_000
FFMPEG_ENCODERS: dict[SpeechFormat, list[str]] = {
    "mp3": [
        "-c:a",
        "libmp3lame",
        "-b:a",
        "128k",
        "-compression_level",
        "5",
        "-write_xing",
        "0",
        "-id3v2_version",
        "0",
        "-f",
        "mp3",
    ],
    "opus": ["-c:a", "libopus", "-b:a", "64k", "-page_duration", "20000", "-f", "ogg"],
    "aac": ["-c:a", "aac", "-aac_coder", "fast", "-b:a", "96k", "-f", "adts"],
    "flac": ["-c:a", "flac", "-frame_size", "1152", "-f", "flac"],
    "wav": ["-c:a", "pcm_s16le", "-f", "wav"],
    "pcm": ["-c:a", "pcm_s16le", "-f", "s16le"],
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Benchmark of the audio package, compared with the ffmpeg command line."
    )
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--minutes", type=float, default=20.0, help="length of the clips")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only-live", action="store_true", help="measure only the section `live`, and keep the others")
    options = parser.parse_args()
    from bench.live_audio import live

    if options.only_live:
        section = {"live": live(speech(61 * RATE))}
        if options.json:
            kept = json.loads(options.json.read_text()) if options.json.exists() else {}
            options.json.write_text(json.dumps(kept | section, indent=2) + "\n")
        return
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        print("SKIPPED: ffmpeg is not installed, so there is no comparison", file=sys.stderr)
    pcm = speech(int(options.minutes * 60 * RATE))
    with tempfile.TemporaryDirectory() as folder:
        speeds = compare(pcm, Path(folder), ffmpeg, options.rounds)
    results: dict[str, Any] = {"speeds": speeds, "memory": peaks(), "hot_wav_ms": hot_wav_ms()}
    print_results(results)
    results["live"] = live(pcm)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def speech(samples: int) -> bytes:
    """Return the speech clips of the tests, repeated, at 24 kHz."""
    clips = sorted((ROOT / "tests/data/speech").glob("*.wav"))
    once = b"".join(piece for clip in clips for piece in decode_pcm(clip.read_bytes(), RATE))
    return (once * (samples * 2 // len(once) + 1))[: samples * 2]


def compare(pcm: bytes, folder: Path, ffmpeg: str | None, rounds: int) -> list[dict[str, Any]]:
    seconds = len(pcm) / 2 / RATE
    raw = folder / "clip.pcm"
    raw.write_bytes(pcm)
    files = {name: folder / f"clip.{name}" for name in ("mp3", "m4a", "ogg", "flac", "wav")}
    for name, path in files.items():
        path.write_bytes(clip(name, pcm))
    rows = []
    for name, path in files.items():
        data = path.read_bytes()
        command = [ffmpeg or "", "-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
        rows.append(row("decode", name, seconds, partial(decoded, data), command, rounds))
    for name in SPEECH_FORMATS:
        command = [
            ffmpeg or "",
            "-f",
            "s16le",
            "-ar",
            str(RATE),
            "-ac",
            "1",
            "-i",
            str(raw),
            *FFMPEG_ENCODERS[name],
            "-",
        ]
        ours = lambda name=name: drain(encode(pieces(pcm), sample_rate=RATE, format=name))  # noqa: E731 - one use
        rows.append(row("encode", name, seconds, ours, command, rounds))
    return rows


def row(
    task: str, name: str, seconds: float, ours: Callable[[], None], command: list[str], rounds: int
) -> dict[str, Any]:
    mine = theirs = float("inf")
    for _ in range(rounds):
        mine = min(mine, cpu_of(ours))
        if command[0]:
            theirs = min(theirs, cpu_of_ffmpeg(command))
    ratio = theirs / mine if command[0] else None
    print(f"  measured {task} {name}", file=sys.stderr)
    return {
        "task": task,
        "format": name,
        "ours_x": seconds / mine,
        "ffmpeg_x": seconds / theirs if command[0] else None,
        "ratio": ratio,
    }


def cpu_of(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def cpu_of_ffmpeg(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    quiet = [command[0], "-nostdin", "-v", "error", *command[1:]]
    subprocess.run(quiet, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pieces(pcm: bytes) -> Iterator[bytes]:
    return (pcm[at : at + CHUNK] for at in range(0, len(pcm), CHUNK))


def drain(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass


def decoded(data: bytes) -> None:
    drain(decode_pcm(data, 16_000))


def clip(name: str, pcm: bytes) -> bytes:
    """Encode a clip as a caller would send it."""
    if name == "m4a":
        return m4a(pcm)
    wanted: SpeechFormat = {"ogg": "opus"}.get(name, name)  # type: ignore[assignment] # one of the five above
    return with_true_sizes(wanted, b"".join(encode(pieces(pcm), sample_rate=RATE, format=wanted)))


def m4a(pcm: bytes) -> bytes:
    import av

    from audio_gateway.audio.resample import to_frames

    file = io.BytesIO()
    with av.open(file, "w", format="ipod") as muxer:
        stream = muxer.add_stream("aac", rate=RATE, layout="mono")
        for frame in (*to_frames(pieces(pcm), RATE), None):
            muxer.mux(stream.encode(frame))
    return file.getvalue()


def peaks() -> list[dict[str, Any]]:
    """Measure the largest bodies of a very low bit rate, each in its own process; returns peak memory above idle."""
    rows = []
    for kind in ("opus", "mp3", "flac"):
        out = subprocess.run([sys.executable, __file__, "--peak-of", kind], check=True, capture_output=True, text=True)
        rows.append(json.loads(out.stdout))
    return rows


def peak_of(kind: str) -> None:
    """Create the body, let another process measure it, and print that process's figures."""
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as file:
        file.write(silence(kind))
        file.flush()
        out = subprocess.run(
            [sys.executable, __file__, "--measure", file.name], check=True, capture_output=True, text=True
        )
    print(json.dumps({"body": kind, **json.loads(out.stdout)}))


def measure_file(path: str) -> None:
    import av  # noqa: F401 - part of what an idle process holds

    data = Path(path).read_bytes()
    idle = peak_kb()
    before = time.perf_counter()
    source = measure(data)
    took = time.perf_counter() - before
    peak = peak_kb()
    hours = source.duration_ms / 3_600_000
    print(json.dumps({"bytes": len(data), "hours": hours, "seconds": took, "peak_mb": (peak - idle) / 1024}))


def peak_kb() -> int:
    """Return the peak memory of this process. On Linux, ru_maxrss would include the parent's memory before the fork."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def silence(kind: str) -> bytes:
    """Return hours of silence in about 4.5 MB."""
    import av
    from av.audio.stream import AudioStream

    codec, muxer, rate, options = {
        "opus": ("libopus", "ogg", 48_000, {"b": "6000", "frame_duration": "60", "compression_level": "0", "dtx": "1"}),
        "mp3": ("libmp3lame", "mp3", 8_000, {"b": "8000"}),
        "flac": ("flac", "flac", 8_000, {"compression_level": "5"}),
    }[kind]
    file = io.BytesIO()
    frame = av.AudioFrame(format="s16", layout="mono", samples=rate * 10)
    frame.planes[0].update(bytes(rate * 20))
    frame.sample_rate = rate
    with av.open(file, "w", format=muxer) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        stream.options = {**options}
        packets = stream.encode(frame)
        while file.tell() < 60_000:
            output.mux(packets)
            packets = stream.encode(frame)
        output.mux([packet for packet in (*packets, *stream.encode(None)) if packet.size])
    once = file.getvalue()
    return once * (LARGEST_BODY // len(once))


def hot_wav_ms() -> float:
    """Return the median of milliseconds to measure a WAV of 160 KB."""
    data = with_true_sizes("wav", b"".join(encode([bytes(HOT_WAV)], sample_rate=RATE, format="wav")))
    times = []
    for _ in range(2_000):
        before = time.perf_counter()
        measure(data)
        times.append(time.perf_counter() - before)
    return sorted(times)[1_000] * 1_000


def print_results(results: dict[str, Any]) -> None:
    print(f"{'':16}{'ours':>12}{'ffmpeg':>12}{'ratio':>8}   (times real time, per second of processor)")
    for row_ in results["speeds"]:
        name = f"{row_['task']} {row_['format']}"
        if row_["ratio"] is None:
            print(f"{name:16}{row_['ours_x']:>11.0f}x{'-':>12}{'-':>8}")
            continue
        verdict = "" if row_["ratio"] >= TARGET_RATIO else f"   below {TARGET_RATIO}"
        print(f"{name:16}{row_['ours_x']:>11.0f}x{row_['ffmpeg_x']:>11.0f}x{row_['ratio']:>8.2f}{verdict}")
    head = f"\n{'measuring':16}{'bytes':>12}{'audio':>12}{'seconds':>9}{'peak MB':>9}"
    print(f"{head}   (target: under {TARGET_PEAK_MB} MB above idle)")
    for row_ in results["memory"]:
        body = f"{row_['body']:16}{row_['bytes']:>12}{row_['hours']:>10.1f} h"
        print(f"{body}{row_['seconds']:>9.2f}{row_['peak_mb']:>9.1f}")
    print(f"\nmeasure() of a WAV of {HOT_WAV // 1000} KB: {results['hot_wav_ms']:.4f} ms (target: under 0.15 ms)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak-of"]:
        peak_of(sys.argv[2])
    elif sys.argv[1:2] == ["--measure"]:
        measure_file(sys.argv[2])
    else:
        main()
