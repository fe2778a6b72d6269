"""`audio-gateway speak`: text to sound."""

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

from audio_gateway.cli.caller import Caller, told_by_the_gateway
from audio_gateway.cli.failures import Failed, WrongUse
from audio_gateway.cli.output import printable, remark
from audio_gateway.cli.progress import Board, Line

if TYPE_CHECKING:
    from openai import OpenAI

_STD: Final = "-"
_INTERRUPTED: Final = 130
_PATH: Final = re.compile(
    r"\S*[/\\]\S*|~\S*|\S*\.[a-z][a-z0-9]{0,4}|.*\.(txt|md|rst|html?|srt|vtt|csv|json|xml|pdf|docx?|odt|epub)",
    re.IGNORECASE,
)
"""What looks like the path of a file: one word with a slash or an ending, or any line with the ending of a text."""


class SoundFormat(StrEnum):
    """How the sound is written."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


_ENDINGS: Final = {"ogg": SoundFormat.OPUS, **{each.value: each for each in SoundFormat}}


@dataclass(frozen=True)
class Manner:
    """The options that say how it is spoken."""

    wanted: Annotated[
        SoundFormat | None, typer.Option("--format", "-f", help="Default: as the file's ending says, else mp3.")
    ] = None
    model: Annotated[str | None, typer.Option("--model", "-m", help="Default: the gateway's first.")] = None
    voice: Annotated[str, typer.Option("--voice", "-v", help="One of the model's.")] = "alloy"
    speed: Annotated[float | None, typer.Option(min=0.25, max=4.0, help="1 is as usual.")] = None
    instructions: Annotated[str | None, typer.Option(help="In words, for models that take them.")] = None

    def fields(self, target: Path | None) -> dict[str, Any]:
        """Of the request, without text and model."""
        given = {"speed": self.speed, "instructions": self.instructions}
        sound = self.wanted or _format_of(target)
        return {"voice": self.voice, "response_format": sound.value} | {
            name: value for name, value in given.items() if value is not None
        }


def speak(
    caller: Caller,
    manner: Manner,
    text: Annotated[str, typer.Argument(metavar="WORDS|FILE|-", help="The text, a text file, or - for stdin.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Such as out.mp3, or - for stdout.")],
    *,
    is_text: Annotated[bool, typer.Option("--text", help="Speak WORDS even if they look like a file's name.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Speak a text of any length up to a million characters.

    Long texts are worked on as jobs; Ctrl-C cancels them, and what was done by then is charged.
    """
    target = None if output == _STD else _target(output, force=force)
    fields = manner.fields(target) | {"input": _words(text, is_text=is_text)}
    fields["model"] = caller.model(manner.model, "speech")
    board = Board()
    try:
        with board:
            line = board.line(output if target is not None else "speech")
            line.begin()
            with told_by_the_gateway(), caller.client(on_job=line.on_job) as client:
                _write(client, fields, target, line)
            line.end("done")
    except KeyboardInterrupt:
        remark("Stopped; what was being worked on is cancelled.")
        for told in board.charged():
            remark(told)
        raise typer.Exit(_INTERRUPTED) from None


def _write(client: OpenAI, fields: dict[str, Any], target: Path | None, line: Line) -> None:
    """Write the sound as it comes; a file is there once it is whole."""
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
            raise Failed(f"{target} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _copy(answer: Any, file: IO[bytes], total: int, line: Line) -> None:
    written = 0
    for piece in answer.iter_bytes(64 * 1024):
        written += file.write(piece)
        line.on_download(written, max(total, written))


def _target(output: str, *, force: bool) -> Path:
    target = Path(output)
    if target.is_dir():
        raise WrongUse(f"--output {output} is a folder; name a file in it, such as {target / 'speech.mp3'}.")
    if not target.parent.is_dir():
        raise WrongUse(f"There is no folder {target.parent}.")
    if target.exists() and not force:
        raise WrongUse(f"{output} is there already. --force overwrites it.")
    return target


def _format_of(target: Path | None) -> SoundFormat:
    if target is None:
        return SoundFormat.MP3
    found = _ENDINGS.get(target.suffix.lower().removeprefix("."))
    if found is None:
        raise WrongUse(f"{target} has no ending of a sound format; use one of {', '.join(_ENDINGS)}, or give --format.")
    return found


def _words(text: str, *, is_text: bool) -> str:
    try:
        if is_text:
            words = text
        elif text == _STD:
            words = sys.stdin.buffer.read().decode("utf-8-sig")
        elif _is_file(text):
            words = Path(text).read_text("utf-8-sig")
        else:
            _check_no_path(text)
            words = text
    except UnicodeDecodeError as error:
        raise WrongUse(f"{printable(text)} is no text in UTF-8.") from error
    except OSError as error:
        raise Failed(f"{printable(text)} cannot be read: {error.strerror}") from error
    if not words.strip():
        raise WrongUse("There is nothing to speak: the text is empty.")
    return words


def _check_no_path(text: str) -> None:
    """Refuse what was meant as a file, surely or probably: spoken and charged would be its name."""
    name = printable(text)
    if _is(text, Path.is_dir):
        raise WrongUse(f"{name} is a folder. Name a text file, or add --text to speak the word.")
    if _PATH.fullmatch(text):
        raise WrongUse(f"There is no file {name}. If these are the words to speak, add --text.")


def _is_file(text: str) -> bool:
    return _is(text, Path.is_file)


def _is(text: str, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(Path(text))
    except (OSError, ValueError):  # too long for a name, or what none can have
        return False
