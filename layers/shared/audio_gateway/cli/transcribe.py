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

from audio_gateway.cli.caller import Caller, told_by_the_gateway
from audio_gateway.cli.failures import Failed, WrongUse
from audio_gateway.cli.output import printable, remark
from audio_gateway.cli.progress import Board, Line, Stopped

_STDOUT: Final = "-"
_INTERRUPTED: Final = 130
_URL: Final = re.compile(r"https?://", re.IGNORECASE)


class TranscriptFormat(StrEnum):
    """How the transcript is written."""

    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    VERBOSE_JSON = "verbose_json"
    DIARIZED_JSON = "diarized_json"

    @property
    def ending(self) -> str:
        """Of the files."""
        return {"text": ".txt", "srt": ".srt", "vtt": ".vtt"}.get(self.value, ".json")


@dataclass(frozen=True, slots=True)
class Recording:
    """What is transcribed, and where the transcript goes; None is stdout."""

    source: str
    target: Path | None

    @property
    def is_url(self) -> bool:
        """Whether the gateway is to fetch it."""
        return bool(_URL.match(self.source))


@dataclass(frozen=True)
class Wish:
    """The options that say what is wanted."""

    wanted: Annotated[TranscriptFormat, typer.Option("--format", "-f", help="How the transcript is written.")] = (
        TranscriptFormat.TEXT
    )
    model: Annotated[str | None, typer.Option("--model", "-m", help="Default: the gateway's first.")] = None
    language: Annotated[str | None, typer.Option("--language", "-l", help="Of the speech, such as en.")] = None
    prompt: Annotated[str | None, typer.Option(help="Names and words that occur.")] = None
    translate: Annotated[bool, typer.Option("--translate", help="Into English.")] = False

    @property
    def endpoint(self) -> str:
        """That does it."""
        return "translations" if self.translate else "transcriptions"

    def fields(self) -> dict[str, str]:
        """Of the request, without audio and model."""
        given = {"response_format": self.wanted.value, "language": self.language, "prompt": self.prompt}
        return {name: value for name, value in given.items() if value is not None}


def transcribe(
    caller: Caller,
    wish: Wish,
    sources: Annotated[list[str], typer.Argument(metavar="FILE|URL...", help="Recordings of any size and length.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A file, a folder/, or - for stdout; else beside the file."
        ),
    ] = None,
    at_once: Annotated[int, typer.Option("--at-once", "-j", min=1, max=32, help="How many files at once.")] = 4,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite transcripts that are there.")] = False,
) -> None:
    """Transcribe recordings: files, or URLs which the gateway fetches.

    The transcript of talk.mp3 is written to talk.txt beside it, or with --format srt to talk.srt. Big files are
    uploaded first and worked on as jobs; Ctrl-C cancels them, and what was done by then is charged. Exit code 1 if one
    of them failed; the others are done.
    """
    recordings = plan(sources, wish.wanted.ending, output, force=force)
    if output is not None and _is_folder(output):
        _make(Path(output))
    fields = wish.fields() | {"model": caller.model(wish.model, wish.endpoint)}

    def work(recording: Recording, line: Line) -> bytes:
        return _transcript(caller, f"/audio/{wish.endpoint}", fields, recording, line)

    failed = _all_of(recordings, work, at_once)
    for recording, why in failed:
        remark(f"{recording.source}: {why}")
    if failed:
        done = len(recordings) - len(failed)
        raise Failed(f"{len(failed)} of {len(recordings)} failed" + (f"; {done} done." if done else "."))


def plan(sources: list[str], ending: str, output: str | None, *, force: bool) -> list[Recording]:
    """Where each transcript goes; raises `WrongUse` if that cannot be, before anything is sent."""
    for source in sources:
        if not _URL.match(source) and not Path(source).is_file():
            raise WrongUse(f"There is no file {printable(source)}.")
    recordings = [Recording(source, _target(source, ending, output, alone=len(sources) == 1)) for source in sources]
    taken: dict[Path, str] = {}
    for recording in recordings:
        target = recording.target
        if target is None:
            continue
        other = taken.setdefault(target.resolve(), recording.source)
        if other is not recording.source:
            raise WrongUse(f"{printable(other)} and {printable(recording.source)} would both be written to {target}.")
        if not recording.is_url and target.exists() and target.samefile(recording.source):
            raise WrongUse(f"{target} is the recording itself. Choose another file with --output.")
        if target.exists() and not force:
            raise WrongUse(f"{target} is there already. --force overwrites it, --output chooses another place.")
        if not target.parent.is_dir() and not _is_folder(output):
            raise WrongUse(f"There is no folder {target.parent}. An --output that ends with / is made.")
    return recordings


def _is_folder(output: str | None) -> bool:
    """Whether --output names a folder, there or not."""
    return output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failed(f"The folder {folder} cannot be made: {error.strerror}") from error


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
        raise WrongUse(f"--output {output} must be a folder for several recordings, such as {output}/, or -.")
    return Path(output)


def _transcript(caller: Caller, path: str, fields: dict[str, str], recording: Recording, line: Line) -> bytes:
    import httpx2

    line.begin()
    with (
        told_by_the_gateway(),
        ExitStack() as opened,
        caller.client(on_upload=line.on_upload, on_job=line.on_job) as client,
    ):
        if recording.is_url:
            answer = client.post(path, cast_to=httpx2.Response, body={**fields, "file_url": recording.source})
        else:
            try:
                file = opened.enter_context(Path(recording.source).open("rb"))
            except OSError as error:
                raise Failed(f"It cannot be read: {error.strerror}") from error
            headers = {"Content-Type": "multipart/form-data"}
            answer = client.post(
                path, cast_to=httpx2.Response, body=fields, files=[("file", file)], options={"headers": headers}
            )
        return answer.content


def _all_of(
    recordings: list[Recording], work: Callable[[Recording, Line], bytes], at_once: int
) -> list[tuple[Recording, str]]:
    """Do the work for all of them, and write what comes out in their order; returns those that failed, and why."""
    failed: list[tuple[Recording, str]] = []
    with Board() as board, ThreadPoolExecutor(at_once) as pool:
        lines = [board.line(recording.source) for recording in recordings]
        running: list[Any] = [pool.submit(_finished, work, *pair) for pair in zip(recordings, lines, strict=True)]
        try:
            for recording, future in zip(recordings, running, strict=True):
                try:
                    data = future.result()
                except Failed as error:
                    failed.append((recording, str(error)))
                else:
                    if recording.target is None:
                        with board.aside():
                            sys.stdout.buffer.write(data)
                            sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            board.stop()
            for future in running:
                future.cancel()
            remark("Stopping; what is being worked on is cancelled.")
            pool.shutdown(wait=True)
            for told in board.charged():
                remark(told)
            raise typer.Exit(_INTERRUPTED) from None
    return failed


def _finished(work: Callable[[Recording, Line], bytes], recording: Recording, line: Line) -> bytes:
    """The transcript, in its file if it has one."""
    try:
        data = work(recording, line)
        if recording.target is not None:
            try:
                recording.target.write_bytes(data)
            except OSError as error:
                raise Failed(f"{recording.target} cannot be written: {error.strerror}") from error
    except (Failed, WrongUse):
        line.end("failed")
        raise
    except Stopped:
        line.end("cancelled")
        raise
    line.end(f"done: {recording.target}" if recording.target is not None else "done")
    return data
