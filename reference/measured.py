"""The tables of docs/engines.md with what `make bench` has measured, from bench/results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from reference.schemas import table

_VOICE: Final = "nova"

_Rows = Mapping[str, Sequence[float]]


def measured(results: Path) -> str:
    """The tables in Markdown, from the files of the folder `results`."""
    loading, speech, transcription = _tables(results / "engines.json")
    recognition, times, voices = _tables(results / "quality.json")
    lines = [
        *table(("one thread", *(f"`{engine}`" for engine in loading)), _speeds(loading, speech, transcription)),
        *table(
            ("words wrong of 100", "`moonshine-tiny`", "`whisper-base`"),
            ((name, *(f"{100 * rate:.1f}" for rate in rates)) for name, rates in recognition.items()),
        ),
        *table(
            ("times of words, error in ms", "start: median", "90 %", "end: median", "90 %"),
            ((f"`{engine}`", *(f"{error:.0f}" for error in errors[:4])) for engine, errors in times.items()),
        ),
        *table(("voice", "words of 100 that `whisper-base` mishears"), _intelligibility(voices)),
    ]
    return "\n".join(lines)


def _tables(file: Path) -> Iterator[dict[str, Sequence[Any]]]:
    for each in json.loads(file.read_text())["tables"]:
        yield {row["name"]: row["figures"] for row in each["rows"]}


def _speeds(loading: _Rows, speech: _Rows, transcription: _Rows) -> Iterator[tuple[str, ...]]:
    hibari, espeak = speech[f"hibari {_VOICE}"], speech["espeak-ng"]
    words, text, whisper = (transcription[f"{name}"][0] for name in _HEARD)
    yield (
        "times real time",
        f"{hibari[0]:.0f}",
        f"{espeak[0]:.0f}",
        f"{words:.0f} with times of words, {text:.0f} without",
        f"{whisper:.1f}",
    )
    yield "first sentence, ms", f"{hibari[1]:.0f}", f"{espeak[1]:.0f}", "", ""
    yield "loading, s", *(f"{figures[0]:.1f}" for figures in loading.values())
    yield "memory of a function, MB", *(f"{figures[2]:.0f}" for figures in loading.values())


_HEARD: Final = ("moonshine-tiny, words", "moonshine-tiny, text", "whisper-base, 30 s")


def _intelligibility(voices: _Rows) -> Iterator[tuple[str, str]]:
    for name, (_, _, rate) in voices.items():
        model, voice = name.split()
        yield f"`{voice}` of `{model}`", f"{100 * rate:.1f}"
