"""Measures jobs on the local stack: their overhead over the work of their chunks, and the time, memory and state of
every step for ten hours of audio, files of two gigabytes and texts of a million characters.

    python -m bench.jobs [--quick]

Each row of the large jobs has its own stack and a provider that responds immediately, so peaks belong to one job.
Times of steps come from their log lines. Speeds are per second of processor time. The local S3 keeps everything in
memory, some of it three times: if the memory is too small, the text is shorter, and its row says so. The run takes
about twenty minutes of processor time; `--quick` leaves out the ten hours, the two gigabytes and the million
characters. Needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_gateway.audio.cut import CutRule, cut
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE
from bench.audio import clip, speech
from bench.job_stack import STEPS, BenchStack, StepUsage, TimedUpstream, started
from bench.long import LARGEST_FILE, largest, page, wav_header
from bench.table import ResultRow, ResultTable, save

RATE = 16_000
CHUNKS, CHUNK_SECONDS, CONCURRENCY, ANSWER_S = 12, 20, 6, 1.0
IDEAL_S = CHUNKS / CONCURRENCY * ANSWER_S
TARGET_RATIO, TARGET_OVERHEAD_S, TARGET_MB, TARGET_SPEED = 1.3, 3, 300, 100
STACKS, WARM_JOBS = 3, 4  # jobs of each stack after the first
LONGEST_TEXT = 1_000_000
CHARACTER_MS, PART_S = 60, 235  # of speech; a part has some 3,900 characters
COPIES_IN_S3 = {"mp3": 2, "wav": 3}  # at most: the job's parts, the parts of the multipart upload, and the joined file
MERGE_S, STATE_BYTES, EVENTS, LANES = 900, 256 * 1024, 25_000, 10
EVERY_TIME = {"response_format": "verbose_json", "timestamp_granularities": ["word", "segment"]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of jobs on the local stack.")
    parser.add_argument("--quick", action="store_true", help="no ten hours, two gigabytes, or million characters")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        save("jobs", [job_overhead(Path(folder))])
        save("job_steps", steps(Path(folder), quick=options.quick))


# ---------------------------------------------------------------- what a job adds
def job_overhead(folder: Path) -> ResultTable:
    """Compare the time from request to result with the time from the first provider call to the last response.

    The difference is the job's overhead. It is processor work, so `slowdown` shows how busy the machine was.
    """
    table = ResultTable(
        f"{CHUNKS} chunks, {CONCURRENCY} of them concurrently, with a provider that takes {ANSWER_S:g} s each; medians"
        f" (targets: {TARGET_RATIO} x ideal, {TARGET_OVERHEAD_S} s)",
        ["chunks s", "ideal s", "x ideal", "job s", "overhead s", "slowdown"],
    )
    path = folder / "twelve.wav"
    path.write_bytes(twelve_chunks())
    first, later = [], []
    for number in range(STACKS):
        print(f"  twelve chunks, stack {number + 1} of {STACKS}", file=sys.stderr)
        with started(TimedUpstream(transcript(CHUNK_SECONDS), "application/json", ANSWER_S)) as stack:
            upload = stack.upload(path)
            first.append(one_job(stack, upload))
            later += [one_job(stack, upload) for _ in range(WARM_JOBS)]
    best = [min(later, key=lambda each: each[1])]
    for name, measured in (
        ("first job, while functions start", first),
        ("later jobs", later),
        ("the best of them", best),
    ):
        chunks, job, slow = (statistics.median(each) for each in zip(*measured, strict=True))
        overhead = statistics.median(job - chunks for chunks, job, _slow in measured)
        table.add(ResultRow(name, [chunks, IDEAL_S, chunks / IDEAL_S, job, overhead, slow]))
    return table


def one_job(stack: BenchStack, upload: str) -> tuple[float, float, float]:
    """Run a job, and return the seconds of its chunks, the seconds of the whole job, and the slowdown."""
    slow = slowdown()
    stack.upstream.came.clear()
    begun = time.monotonic()
    job = stack.call("POST", "/audio/transcriptions", {"model": "twelve", "upload_id": upload, "background": True})
    stack.call("GET", f"/audio/jobs/{job['id']}/content?wait=25")
    took = time.monotonic() - begun
    assert len(stack.upstream.came) == CHUNKS, stack.upstream.came
    return stack.upstream.phase(), took, slow


def slowdown() -> float:
    """Return the wall time of a second of processor time: 1 on an idle machine."""
    begun, before = time.perf_counter(), time.process_time()
    while (spent := time.process_time() - before) < 0.2:
        pass
    return (time.perf_counter() - begun) / spent


def twelve_chunks() -> bytes:
    """Return speech up to the end of the twelfth chunk."""
    pcm = b"".join(decode_pcm(clip("wav", speech(2 * CHUNKS * CHUNK_SECONDS * SPEECH_SAMPLE_RATE)), RATE))
    *_, last = itertools.islice(cut([pcm], CutRule(CHUNK_SECONDS)), CHUNKS)
    size = last.end * 2
    return wav_header(RATE, 1, size) + pcm[:size]


def transcript(seconds: int) -> bytes:
    """Return the transcript of a chunk: three words per second."""
    words = [{"word": f"w{at}", "start": at / 3, "end": at / 3 + 0.3} for at in range(seconds * 3)]
    lines = [words[at : at + 12] for at in range(0, len(words), 12)]
    segments = [
        {"id": i, "start": line[0]["start"], "end": line[-1]["end"], "text": " ".join(str(w["word"]) for w in line)}
        for i, line in enumerate(lines)
    ]
    text = " ".join(str(word["word"]) for word in words)
    heard = {"text": text, "language": "english", "duration": seconds, "words": words, "segments": segments}
    return json.dumps(heard).encode()


# ---------------------------------------------------------------- time, memory and state of the steps
@dataclass
class JobRun:
    """A job that has ended. `last` is the step that ended it, `merge` or `end`."""

    name: str
    hours: float
    characters: int
    chunks: int
    last: str
    seconds: dict[str, float]
    usage: dict[str, StepUsage]
    result_mb: float
    history: list[dict[str, Any]]


def steps(folder: Path, *, quick: bool) -> list[ResultTable]:
    heard, spoken = list(recordings(folder, quick=quick)), list(speeches(quick=quick))
    jobs = [*heard, *spoken]
    return [times(jobs), memory(jobs), merging(spoken), state(jobs)]


def recordings(folder: Path, *, quick: bool) -> Iterator[JobRun]:
    """Run jobs of the longest and the largest files, and of the same with a chunk that never ends."""
    hour, path = clip("mp3", speech(3_600 * SPEECH_SAMPLE_RATE)), folder / "recording"
    path.write_bytes(hour)
    yield from twice("1 h mp3", path, 1.0)
    if not quick:
        for name, hours in largest(path, hour):
            yield from twice(name, path, hours)


def twice(name: str, path: Path, hours: float) -> Iterator[JobRun]:
    """Run a recording's job, and again with an interruption before the last chunk is done."""
    found = listen(name, path, hours)
    yield found
    if path.stat().st_size < LARGEST_FILE:
        yield listen(f"{name}, interrupted", path, hours, never=found.chunks)


def listen(name: str, path: Path, hours: float, *, never: int | None = None) -> JobRun:
    with started(TimedUpstream(transcript(300), "application/json", never=never)) as stack:
        body = {"model": "listener", "upload_id": stack.upload(path), "background": True} | EVERY_TIME
        return run_job(stack, name, "transcriptions", body, hours=hours)


def speeches(*, quick: bool) -> Iterator[JobRun]:
    """Run jobs of a long text in each format, one with a part that never ends, and of the longest text."""
    found = speak("flac", 100_000)
    yield found
    yield speak("flac", 100_000, never=found.chunks)
    for kind in ("wav", "pcm", "mp3", "aac", "opus"):
        yield speak(kind, 100_000)
    if not quick:
        for kind in ("mp3", "wav"):
            yield speak(kind, fits_in_memory(LONGEST_TEXT, kind))


def fits_in_memory(characters: int, kind: str) -> int:
    """Return the number of characters, or fewer if their speech would not fit into two thirds of the free memory."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = 1_024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    most = int(free * 2 / 3 / (CHARACTER_MS * SPEECH_SAMPLE_RATE * 2 / 1_000) / COPIES_IN_S3[kind])
    if most < characters:
        print(f"  FEWER CHARACTERS of {kind}: {free / 1e9:.1f} GB are free, enough for {most:,}", file=sys.stderr)
    return min(characters, most)


def speak(kind: str, characters: int, *, never: int | None = None) -> JobRun:
    text = (page() * (characters // len(page()) + 1))[:characters]
    name = f"{characters:,} characters, {kind}" + (", interrupted" if never else "")
    with started(TimedUpstream(speech(PART_S * SPEECH_SAMPLE_RATE), "audio/pcm", never=never)) as stack:
        body = {"model": "speaker", "voice": "alloy", "input": text, "response_format": kind, "background": True}
        return run_job(stack, name, "speech", body, characters=characters)


def run_job(
    stack: BenchStack, name: str, endpoint: str, body: dict[str, Any], *, hours: float = 0.0, characters: int = 0
) -> JobRun:
    job_id = stack.call("POST", f"/audio/{endpoint}", body)["id"]
    never = stack.upstream.never
    if never is None:
        job = stack.until_over(job_id)
    else:
        stack.until_over(job_id, completed=never - 1)
        stack.end(job_id)
        job = stack.job(job_id)
        assert job["status"] == "failed", job
    chunks, last = job["progress"]["total"], "merge" if never is None else "end"
    found = JobRun(
        name=name,
        hours=hours or chunks * PART_S / 3_600,
        characters=characters,
        chunks=chunks,
        last=last,
        seconds=stack.seconds(job_id, last),
        usage=stack.usage(),
        result_mb=stack.size_of_result(job_id) / 1_000_000,
        history=stack.history(job_id),
    )
    print(f"  {name}: {found.seconds} {found.usage}", file=sys.stderr)
    return found


def times(jobs: list[JobRun]) -> ResultTable:
    table = ResultTable(
        "seconds of the steps, of chunks the median, from and to the local S3, and of processor time"
        f" (target: audio is prepared at {TARGET_SPEED} x real time)",
        ["hours", "chunks", "prepare", "processor", "x real time", "chunk", "last step", "processor"],
    )
    for job in jobs:
        seconds, prepare, last = job.seconds, job.usage["prepare"].seconds, job.usage[job.last].seconds
        speed = None if job.characters else job.hours * 3_600 / prepare
        figures = [seconds["prepare"], prepare, speed, seconds["chunk"], seconds[job.last], last]
        table.add(ResultRow(job.name, [job.hours, job.chunks, *figures]))
    return table


def memory(jobs: list[JobRun]) -> ResultTable:
    table = ResultTable(f"peak MB of each step, of its largest process (target: under {TARGET_MB})", [*STEPS])
    for job in jobs:
        table.add(ResultRow(job.name, [job.usage[step].peak_mb or None for step in STEPS]))
    return table


def merging(jobs: list[JobRun]) -> ResultTable:
    table = ResultTable(
        f"make one file of the parts of a long text, from and to the local S3 (target: under {MERGE_S} s for a million"
        " characters)",
        ["hours", "MB", "seconds", "processor", "a million", "processor"],
    )
    for job in jobs:
        seconds, processor, share = job.seconds[job.last], job.usage[job.last].seconds, LONGEST_TEXT / job.characters
        figures = [job.hours, job.result_mb, seconds, processor, seconds * share, processor * share]
        table.add(ResultRow(job.name, [*figures]))
    return table


def state(jobs: list[JobRun]) -> ResultTable:
    """Report the largest input or output in the history. Events are counted as AWS records them, which has more."""
    table = ResultTable(
        f"state between steps, and events of the execution (limits: {STATE_BYTES:,} bytes, {EVENTS:,} events)",
        ["chunks", "bytes", "% of limit", "events", "% of limit"],
    )
    for job in jobs:
        size = max(len(text.encode()) for event in job.history for text in texts(event))
        events = events_of(job.chunks)
        table.add(ResultRow(job.name, [job.chunks, size, 100 * size / STATE_BYTES, events, 100 * events / EVENTS]))
    return table


def texts(event: dict[str, Any]) -> Iterator[str]:
    """Yield the data in an event: inputs, outputs, parameters."""
    for details in event.values():
        if isinstance(details, dict):
            yield from (value for value in details.values() if isinstance(value, str))


def events_of(chunks: int) -> int:
    """Count the events of a job without retries: start and end, prepare, the lanes with a map each, and merge."""
    lanes = min(LANES, chunks)
    task, map_, iteration = 5, 4, 2  # a task is entered, scheduled, started, succeeded, and exited
    return 2 + 2 * task + map_ + lanes * (iteration + map_) + chunks * (iteration + task)


if __name__ == "__main__":
    main()
