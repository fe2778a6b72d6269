"""`audio-gateway speak`: text to speech."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from audio_gateway.cli.api_options import ApiOptions, api_errors_reported
from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.output import note, printable
from audio_gateway.cli.progress import ProgressDisplay, ProgressLine

if TYPE_CHECKING:
    from openai import OpenAI

_STD: Final = "-"
_INTERRUPTED: Final = 130
_PATH: Final = re.compile(
    r"\S*[/\\]\S*|~\S*|\S*\.[a-z][a-z0-9]{0,4}|.*\.(txt|md|rst|html?|srt|vtt|csv|json|xml|pdf|docx?|odt|epub)",
    re.IGNORECASE,
)
"""Looks like a file path: one word with a slash or an extension, or any line that ends in a text file's extension."""


class SoundFormat(StrEnum):
    """Audio formats of the output."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


_ENDINGS: Final = {"ogg": SoundFormat.OPUS, **{each.value: each for each in SoundFormat}}


@dataclass(frozen=True)
class SpeakOptions:
    """The options of a speech request."""

    wanted: Annotated[
        SoundFormat | None, typer.Option("--format", "-f", help="Default: from the file's extension, or else mp3.")
    ] = None
    model: Annotated[str | None, typer.Option("--model", "-m", help="Default: the gateway's first suitable model.")] = (
        None
    )
    voice: Annotated[str, typer.Option("--voice", "-v", help="A voice of the model; see `voices`.")] = "alloy"
    speed: Annotated[float | None, typer.Option(min=0.25, max=4.0, help="1 is normal speed.")] = None
    instructions: Annotated[str | None, typer.Option(help="How to speak, in words, for models that support it.")] = None

    def fields(self, target: Path | None) -> dict[str, Any]:
        """Return the fields of the request, without text and model."""
        given = {"speed": self.speed, "instructions": self.instructions}
        sound = self.wanted or _format_of(target)
        return {"voice": self.voice, "response_format": sound.value} | {
            name: value for name, value in given.items() if value is not None
        }


def speak(
    api: ApiOptions,
    options: SpeakOptions,
    text: Annotated[str, typer.Argument(metavar="WORDS|FILE|-", help="The text, a text file, or - for stdin.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Output file such as out.mp3, or - for stdout.")
    ],
    *,
    is_text: Annotated[bool, typer.Option("--text", help="Speak WORDS even if they look like a file name.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Speak a text of up to a million characters.

    Long texts become jobs. Ctrl-C cancels a job; the work done by then is charged.
    """
    target = None if output == _STD else _target(output, force=force)
    fields = options.fields(target) | {"input": _read_text(text, is_text=is_text)}
    fields["model"] = api.model(options.model, "speech")
    display = ProgressDisplay()
    try:
        with display:
            line = display.line(output if target is not None else "speech")
            line.begin()
            with api_errors_reported(), api.client(on_job=line.on_job) as client:
                _write(client, fields, target, line)
            line.end("done")
    except KeyboardInterrupt:
        note("Stopped. Running work was cancelled.")
        for message in display.charged():
            note(message)
        raise typer.Exit(_INTERRUPTED) from None


def _write(client: OpenAI, fields: dict[str, Any], target: Path | None, line: ProgressLine) -> None:
    """Write the audio as it arrives. A file appears when it is complete."""
    with client.audio.speech.with_streaming_response.create(**fields) as answer:
        total = int(answer.headers.get("content-length", 0))
        if target is None:
            _copy(answer, sys.stdout.buffer, total, line)
            sys.stdout.buffer.flush()
            return
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as file:
                _copy(answer, file, total, line)
            part.replace(target)
        except OSError as error:
            raise CommandFailed(f"{target} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _copy(answer: Any, file: IO[bytes], total: int, line: ProgressLine) -> None:
    written = 0
    for piece in answer.iter_bytes(64 * 1024):
        written += file.write(piece)
        line.on_download(written, max(total, written))


def _target(output: str, *, force: bool) -> Path:
    target = Path(output)
    if target.is_dir():
        raise UsageError(f"--output {output} is a folder. Name a file in it, such as {target / 'speech.mp3'}.")
    if not target.parent.is_dir():
        raise UsageError(f"The folder {target.parent} does not exist.")
    if target.exists() and not force:
        raise UsageError(f"{output} already exists. --force overwrites it.")
    return target


def _format_of(target: Path | None) -> SoundFormat:
    if target is None:
        return SoundFormat.MP3
    found = _ENDINGS.get(target.suffix.lower().removeprefix("."))
    if found is None:
        raise UsageError(f"{target} has no known audio extension. Use one of {', '.join(_ENDINGS)}, or give --format.")
    return found


def _read_text(text: str, *, is_text: bool) -> str:
    try:
        if is_text:
            words = text
        elif text == _STD:
            words = sys.stdin.buffer.read().decode("utf-8-sig")
        elif _is_file(text):
            words = Path(text).read_text("utf-8-sig")
        else:
            _refuse_path(text)
            words = text
    except UnicodeDecodeError as error:
        raise UsageError(f"{printable(text)} is not UTF-8 text.") from error
    except OSError as error:
        raise CommandFailed(f"{printable(text)} cannot be read: {error.strerror}") from error
    if not words.strip():
        raise UsageError("The text is empty. Give some words to speak.")
    return words


def _refuse_path(text: str) -> None:
    """Refuse a text that was probably meant as a file: its name would be spoken and charged."""
    name = printable(text)
    if _is(text, Path.is_dir):
        raise UsageError(f"{name} is a folder. Name a text file, or add --text to speak the word.")
    if _PATH.fullmatch(text):
        raise UsageError(f"The file {name} does not exist. If these are the words to speak, add --text.")


def _is_file(text: str) -> bool:
    return _is(text, Path.is_file)


def _is(text: str, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(Path(text))
    except (OSError, ValueError):  # too long for a file name, or not a valid one
        return False
