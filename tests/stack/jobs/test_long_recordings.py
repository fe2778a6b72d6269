"""Recordings of minutes and of more than an hour, every word and time of which is known, through the whole system.

Uploaded by presigned POST, cut, heard by a provider that decodes tones, merged; through the official SDK with our
transport, and through the command line.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.audio.frame import AudioFrame
from av.packet import Packet
from openai import OpenAI

import audio_gateway_client
from tests import tones
from tests.sound import ENCODINGS, encode, wav
from tests.stack.jobs.conftest import JobHarness, Running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[3]
LATE_MS = 50
LENGTH_MS = 72 * 60_000
FRAME = 576  # samples of an mp3 frame at 16 kHz, 36 ms

# Ten seconds of talk, then half a minute without: cheap to hear, and as hard to keep in time.
SPARSE = (*tones.natural_gaps()[:29], 27_000)


def vbr_mp3(pcm: Iterable[bytes], arrange: Callable[[list[Packet[Any]]], Iterable[Packet[Any]]] = list) -> bytes:
    """A file with a variable bit rate. No frame needs the ones before it: they may be rearranged."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp3") as writer:
        stream = writer.add_stream("libmp3lame", rate=tones.RATE, layout="mono")
        stream.codec_context.qscale = True
        stream.codec_context.options = {"global_quality": str(6 * 118), "compression_level": "9", "reservoir": "0"}
        encoded: list[Packet[Any]] = []
        at = 0
        for piece in pcm:
            frame = AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
            frame.planes[0].update(piece.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate, frame.pts, frame.time_base = tones.RATE, at, Fraction(1, tones.RATE)
            at += frame.samples
            encoded += stream.encode(frame)
        encoded += stream.encode(None)
        delay = encoded[0].pts or 0
        for number, packet in enumerate(arrange(encoded)):  # the first and the last say what the encoder has added
            packet.time_base, packet.pts = Fraction(1, tones.RATE), delay + number * FRAME
            packet.dts = packet.pts
            writer.mux(packet)
    return out.getvalue()


def repeated(words: Sequence[tones.Spoken], period_ms: int, times: int) -> list[tones.Spoken]:
    return [tones.Spoken(word.number, word.start_ms + turn * period_ms) for turn in range(times) for word in words]


def more_than_an_hour() -> tuple[list[tones.Spoken], int, bytes]:
    """A VBR mp3 and its length, made in seconds: some minutes are encoded, and their frames repeated.

    The period fits into no chunk length, so that no two chunks hold the same.
    """
    frames = 6_948
    period_ms = frames * FRAME * 1000 // tones.RATE
    words = tones.talk(420, gaps_ms=SPARSE, start_ms=500)
    words = [word for word in words if word.end_ms < period_ms - 500]
    times = -(-LENGTH_MS // period_ms)

    def over_and_over(encoded: list[Packet[Any]]) -> list[Packet[Any]]:
        first, middle, last = encoded[:frames], encoded[frames : 2 * frames], encoded[2 * frames :]
        return [*first, *(middle * (times - 2)), *last]

    sound = tones.sound(repeated(words, period_ms, 3), end_ms=3 * period_ms)
    return repeated(words, period_ms, times), times * period_ms, vbr_mp3(sound, over_and_over)


def check(heard: list[dict[str, Any]], spoken: Sequence[tones.Spoken]) -> None:
    """Each word once, in order, at its time."""
    assert [word["word"] for word in heard] == [word.text for word in spoken]
    for end, true in (("start", "start_ms"), ("end", "end_ms")):
        off = [abs(word[end] * 1000 - getattr(said, true)) for word, said in zip(heard, spoken, strict=True)]
        assert max(off) <= LATE_MS


def test_more_than_an_hour_through_the_official_sdk(harness: JobHarness, tmp_path: Path) -> None:
    spoken, length_ms, data = more_than_an_hour()
    path = tmp_path / "long.mp3"
    path.write_bytes(data)
    assert length_ms >= LENGTH_MS
    sent: list[int] = []
    jobs: list[Any] = []
    http = audio_gateway_client.http_client(on_upload=lambda done, _total: sent.append(done), on_job=jobs.append)
    key = harness.client.api_key
    client = OpenAI(base_url=harness.info["base_url"], api_key=key, max_retries=0, http_client=http)
    with client, path.open("rb") as file:
        answer = client.audio.transcriptions.create(
            model="long", file=file, response_format="verbose_json", timestamp_granularities=["word"]
        )
    assert sent[-1] == len(data) > audio_gateway_client.DEFAULT_THRESHOLD
    assert answer.words is not None
    check([word.model_dump() for word in answer.words], spoken)
    job = harness.end(harness.by_id(jobs[-1]["id"]))
    assert job.completed == job.total == len(harness.upstream.calls) > 10
    (row,) = harness.rows(job)
    assert row.amount == round(answer.duration * 1000) == length_ms
    assert harness.spent() == row.price_microusd == row.amount
    assert harness.nothing_is_held()


MINUTES: dict[str, tuple[tuple[int, ...], str, float]] = {
    "pauses-vbr.mp3": (tones.natural_gaps(), "vbr", 0),
    "continuous.mp3": ((0,), "mp3 44.1 kHz stereo", 0),
    "late.webm": (tones.natural_gaps(), "webm opus 48 kHz", 3_600),
    "continuous-late.m4a": ((0,), "m4a 44.1 kHz stereo", 7.3),
}
COUNT = 330


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, list[tones.Spoken]]:
    """Of some minutes each: with pauses to cut in and without, and such as start late."""
    folder, made = tmp_path_factory.mktemp("recordings"), {}
    for name, (gaps_ms, encoding, late_s) in MINUTES.items():
        words = tones.talk(COUNT, gaps_ms=gaps_ms, start_ms=700, first=30_000)
        pcm = list(tones.sound(words, end_ms=words[-1].end_ms + 400, hiss=60))
        vbr = encoding == "vbr"
        data = vbr_mp3(pcm) if vbr else encode(wav(b"".join(pcm)), ENCODINGS[encoding], late_s=late_s)
        (folder / name).write_bytes(data)
        made[folder / name] = words
    return made


def transcribed(running: Running, files: Iterable[Path], transcript_format: str) -> None:
    """By the command line, beside the files."""
    paths = f"{ROOT}/layers/shared:{ROOT}/clients/python"
    own = {"OPENAI_BASE_URL": running.info["base_url"], "OPENAI_API_KEY": running.info["api_key"], "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-m", "audio_gateway", "transcribe", *map(str, files), "--format", transcript_format,
         "--model", "tones"],
        env=os.environ | own, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert not done.returncode, done.stderr


def cues(subtitles: str) -> Iterator[tuple[int, int, list[str]]]:
    """Begin and end in milliseconds, and the words of each."""
    for number, block in enumerate(subtitles.strip().split("\n\n"), 1):
        index, times, *lines = block.split("\n")
        assert index == str(number)
        begin, end = (_milliseconds(clock) for clock in times.split(" --> "))
        yield begin, end, " ".join(lines).split()


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60) * 1000 + float(seconds) * 1000)


def test_minutes_through_the_command_line(running: Running, recordings: dict[Path, list[tones.Spoken]]) -> None:
    running.upstream.reset()
    transcribed(running, recordings, "srt")
    for path, spoken in recordings.items():
        left = list(spoken)
        for begin, end, words in cues(path.with_suffix(".srt").read_text()):
            said, left = left[: len(words)], left[len(words) :]
            assert words == [word.text for word in said], path.name
            assert abs(begin - said[0].start_ms) <= LATE_MS, path.name
            assert abs(end - said[-1].end_ms) <= LATE_MS, path.name
        assert left == [], path.name
