"""`audio-gateway transcribe`: recordings to text and subtitles."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote, urlsplit

import typer

from audio_gateway.cli.api_options import ApiOptions, api_errors_reported
from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.output import note, printable
from audio_gateway.cli.progress import ProgressDisplay, ProgressLine, WorkCancelled

_STDOUT: Final = "-"
_INTERRUPTED: Final = 130
_URL: Final = re.compile(r"https?://", re.IGNORECASE)


class TranscriptFormat(StrEnum):
    """Formats of the transcript."""

    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"

    @property
    def ending(self) -> str:
        """The extension of the transcript's file."""
        return {"text": ".txt", "srt": ".srt", "vtt": ".vtt"}.get(self.value, ".json")


@dataclass(frozen=True, slots=True)
class TranscriptionTask:
    """A file or URL to transcribe, and where the transcript goes (None: stdout)."""

    source: str
    target: Path | None

    @property
    def is_url(self) -> bool:
        """Whether the gateway fetches the source from a URL."""
        return bool(_URL.match(self.source))


@dataclass(frozen=True)
class TranscribeOptions:
    """The options of a transcription request."""

    wanted: Annotated[TranscriptFormat, typer.Option("--format", "-f", help="Format of the transcript.")] = (
        TranscriptFormat.TEXT
    )
    model: Annotated[str | None, typer.Option("--model", "-m", help="Default: the gateway's first suitable model.")] = (
        None
    )
    language: Annotated[str | None, typer.Option("--language", "-l", help="Language of the speech, such as en.")] = None
    prompt: Annotated[str | None, typer.Option(help="Names and words that occur in the recording.")] = None
    translate: Annotated[bool, typer.Option("--translate", help="Translate into English.")] = False

    @property
    def endpoint(self) -> str:
        """The API's endpoint."""
        return "translations" if self.translate else "transcriptions"

    def fields(self) -> dict[str, str]:
        """Return the fields of the request, without audio and model."""
        given = {"response_format": self.wanted.value, "language": self.language, "prompt": self.prompt}
        return {name: value for name, value in given.items() if value is not None}


def transcribe(
    api: ApiOptions,
    options: TranscribeOptions,
    sources: Annotated[list[str], typer.Argument(metavar="FILE|URL...", help="Recordings of any size and length.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A file, a folder/, or - for stdout. Default: beside the file."
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--at-once", "-j", min=1, max=32, help="Number of files to transcribe at the same time.")
    ] = 4,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing transcripts.")] = False,
) -> None:
    """Transcribe recordings: files, or URLs that the gateway fetches.

    The transcript of talk.mp3 is written to talk.txt beside it, or to talk.srt with --format srt. Big files are
    uploaded and become jobs. Ctrl-C cancels the jobs; the work done by then is charged. If a recording fails, the
    others are still transcribed, and the exit code is 1.
    """
    tasks = plan_tasks(sources, options.wanted.ending, output, force=force)
    if output is not None and _is_folder(output):
        _make(Path(output))
    fields = options.fields() | {"model": api.model(options.model, options.endpoint, options.language)}

    def work(task: TranscriptionTask, line: ProgressLine) -> bytes:
        return _transcript(api, f"/audio/{options.endpoint}", fields, task, line)

    failed = _run_all(tasks, work, concurrency)
    for task, why in failed:
        note(f"{task.source}: {why}")
    if failed:
        done = len(tasks) - len(failed)
        raise CommandFailed(f"{len(failed)} of {len(tasks)} failed" + (f"; {done} done." if done else "."))


def plan_tasks(sources: list[str], ending: str, output: str | None, *, force: bool) -> list[TranscriptionTask]:
    """Decide where each transcript goes. Raises `UsageError` on a conflict, before anything is sent."""
    for source in sources:
        if not _URL.match(source) and not Path(source).is_file():
            raise UsageError(f"The file {printable(source)} does not exist.")
    tasks = [TranscriptionTask(source, _target(source, ending, output, alone=len(sources) == 1)) for source in sources]
    taken: dict[Path, str] = {}
    for task in tasks:
        target = task.target
        if target is None:
            continue
        other = taken.setdefault(target.resolve(), task.source)
        if other is not task.source:
            raise UsageError(f"{printable(other)} and {printable(task.source)} would both be written to {target}.")
        if not task.is_url and target.exists() and target.samefile(task.source):
            raise UsageError(f"{target} is the recording itself. Choose another file with --output.")
        if target.exists() and not force:
            raise UsageError(f"{target} already exists. --force overwrites it, --output chooses another path.")
        if not target.parent.is_dir() and not _is_folder(output):
            raise UsageError(f"The folder {target.parent} does not exist. An --output that ends with / is created.")
    return tasks


def _is_folder(output: str | None) -> bool:
    """Whether --output names a folder, existing or not."""
    return output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"The folder {folder} cannot be created: {error.strerror}") from error


def _target(source: str, ending: str, output: str | None, *, alone: bool) -> Path | None:
    if output == _STDOUT:
        return None
    is_url = bool(_URL.match(source))
    name = unquote(urlsplit(source).path).rstrip("/").rpartition("/")[2] if is_url else Path(source).name
    name = (Path(printable(name)).stem if name.strip(".") else "") or "transcript"
    if output is None:
        return (Path() if is_url else Path(source).parent) / (name + ending)
    if _is_folder(output):
        return Path(output) / (name + ending)
    if not alone:
        raise UsageError(f"--output {output} must be a folder for several recordings, such as {output}/, or -.")
    return Path(output)


def _transcript(
    api: ApiOptions, path: str, fields: dict[str, str], task: TranscriptionTask, line: ProgressLine
) -> bytes:
    import httpx2

    line.begin()
    with (
        api_errors_reported(),
        ExitStack() as opened,
        api.client(on_upload=line.on_upload, on_job=line.on_job) as client,
    ):
        if task.is_url:
            answer = client.post(path, cast_to=httpx2.Response, body={**fields, "file_url": task.source})
        else:
            try:
                file = opened.enter_context(Path(task.source).open("rb"))
            except OSError as error:
                raise CommandFailed(f"The file cannot be read: {error.strerror}") from error
            headers = {"Content-Type": "multipart/form-data"}
            answer = client.post(
                path, cast_to=httpx2.Response, body=fields, files=[("file", file)], options={"headers": headers}
            )
        return answer.content


def _run_all(
    tasks: list[TranscriptionTask], work: Callable[[TranscriptionTask, ProgressLine], bytes], concurrency: int
) -> list[tuple[TranscriptionTask, str]]:
    """Run all tasks and write results for stdout in the given order. Returns the failed tasks with reasons."""
    failed: list[tuple[TranscriptionTask, str]] = []
    with ProgressDisplay() as display, ThreadPoolExecutor(concurrency) as pool:
        lines = [display.line(task.source) for task in tasks]
        running: list[Any] = [pool.submit(_transcribe_to_file, work, *pair) for pair in zip(tasks, lines, strict=True)]
        try:
            for task, future in zip(tasks, running, strict=True):
                try:
                    data = future.result()
                except CommandFailed as error:
                    failed.append((task, str(error)))
                else:
                    if task.target is None:
                        with display.aside():
                            sys.stdout.buffer.write(data)
                            sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            display.stop()
            for future in running:
                future.cancel()
            note("Stopping. Running work is cancelled.")
            pool.shutdown(wait=True)
            for message in display.charged():
                note(message)
            raise typer.Exit(_INTERRUPTED) from None
    return failed


def _transcribe_to_file(
    work: Callable[[TranscriptionTask, ProgressLine], bytes], task: TranscriptionTask, line: ProgressLine
) -> bytes:
    """Run a task, and write the transcript to its file if it has one."""
    try:
        data = work(task, line)
        if task.target is not None:
            try:
                task.target.write_bytes(data)
            except OSError as error:
                raise CommandFailed(f"{task.target} cannot be written: {error.strerror}") from error
    except (CommandFailed, UsageError):
        line.end("failed")
        raise
    except WorkCancelled:
        line.end("cancelled")
        raise
    line.end(f"done: {task.target}" if task.target is not None else "done")
    return data
