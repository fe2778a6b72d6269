"""The numbers and tests that docs/streaming.md names are those of the code."""

from __future__ import annotations

import re
from typing import Final

import pytest

from audio_gateway.api.http import request_scope
from audio_gateway.api.http.sse import KEEP_ALIVE
from audio_gateway.api.http.streamed import KEEP_ALIVE_S
from audio_gateway.api.idempotency import MAX_BUFFERED_BYTES, MAX_STREAMED_BYTES
from audio_gateway.api.job_serializers import LONGEST_WAIT_S
from audio_gateway.api.job_speech import _CONVERTING_SPEED, _MOST_EVENT_BYTES, MOST_TRANSCODED_BYTES
from audio_gateway.api.job_transcript import MOST_TRANSCRIPT_BYTES
from audio_gateway.api.speech import MOST_BUFFERED_CHARACTERS, MOST_CHARACTERS
from audio_gateway.api.speech_responses import most_audio_bytes
from audio_gateway.audio.file_sizes import most_bytes
from audio_gateway.audio.formats import SPEECH_FORMATS
from audio_gateway.deadline import BUFFERED_LIMIT_S, SETTLING_S
from audio_gateway.storage.results import _LINK_SECONDS
from audio_gateway.uploads.upload import FORM_SECONDS, MAX_BYTES
from reference.openapi.requests import MAX_REQUEST_BYTES
from tests.unit.docs.pages import ROOT

PAGE = (ROOT / "docs" / "streaming.md").read_text("utf-8")
ON, OFF = PAGE.split("## What applies when\n")[1].split("\n## ")[0].split("With `ResponseStreaming=false`:\n")
FIRST_S, WHOLE_S = request_scope._FIRST_BYTE_S, request_scope._WHOLE_STREAM_S


def seconds(value: float) -> str:
    return f"{value:g} s"


def megabytes(value: float) -> str:
    return f"{int(value / 100_000) / 10:g} MB" if value < 10_000_000 else f"{int(value / 1_000_000)} MB"


STREAMED: Final = {
    "speech, `audio`": (
        seconds(FIRST_S - SETTLING_S), seconds(WHOLE_S - SETTLING_S), megabytes(MAX_STREAMED_BYTES),
        f"{MOST_CHARACTERS:,} characters",
    ),
    "speech, `sse`": (
        seconds(KEEP_ALIVE_S), seconds(WHOLE_S - SETTLING_S), megabytes(MAX_STREAMED_BYTES),
        megabytes(most_audio_bytes(as_events=True)),
    ),
    "transcription or translation, without `stream`": (
        seconds(FIRST_S - SETTLING_S), seconds(FIRST_S - SETTLING_S), megabytes(MAX_STREAMED_BYTES),
    ),
    "transcription, `stream=true`": (
        seconds(KEEP_ALIVE_S), seconds(WHOLE_S - SETTLING_S), megabytes(MAX_STREAMED_BYTES),
    ),
    "job content, as it was made": (
        seconds(LONGEST_WAIT_S), seconds(WHOLE_S - SETTLING_S), megabytes(MAX_STREAMED_BYTES),
    ),
    "job content, speech in another format": (
        seconds(WHOLE_S - SETTLING_S), f"at {seconds(_CONVERTING_SPEED)} of speech in a second",
        megabytes(MAX_STREAMED_BYTES), megabytes(most_audio_bytes(as_events=True)),
    ),
    "job content, transcript": (
        seconds(WHOLE_S - SETTLING_S), megabytes(MAX_STREAMED_BYTES), megabytes(MOST_TRANSCRIPT_BYTES),
    ),
    "audio in a request": (megabytes(MAX_REQUEST_BYTES),),
    "upload": (f"{FORM_SECONDS // 60} min", f"{MAX_BYTES // 1_000_000_000} GB"),
}  # fmt: skip

BUFFERED: Final = {
    "speech": (
        seconds(BUFFERED_LIMIT_S - SETTLING_S), megabytes(MAX_BUFFERED_BYTES),
        f"{MOST_BUFFERED_CHARACTERS:,} characters",
    ),
    "transcription or translation, also with `stream=true`": (
        seconds(BUFFERED_LIMIT_S - SETTLING_S), "6 MB",
    ),
    "job content, as it was made": (seconds(LONGEST_WAIT_S), megabytes(MAX_BUFFERED_BYTES), "6 MB"),
    "job content, speech in another format": (
        seconds(BUFFERED_LIMIT_S - SETTLING_S), megabytes(MOST_TRANSCODED_BYTES), megabytes(_MOST_EVENT_BYTES),
    ),
    "audio in a request, upload": (megabytes(MAX_REQUEST_BYTES), f"{MAX_BYTES // 1_000_000_000} GB"),
}  # fmt: skip

NUMBER = re.compile(r"[\d,.]*\d (?:s|min|MB|GB|characters)\b")


def rows(table: str) -> dict[str, str]:
    """The rest of each row, by its first cell."""
    lines = [line.strip("| ") for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    return {name: rest for name, _, rest in (line.partition(" | ") for line in lines) if name != "call"}


@pytest.mark.parametrize(("table", "expected"), [(ON, STREAMED), (OFF, BUFFERED)], ids=["streamed", "buffered"])
def test_each_row_has_the_numbers_of_the_code_and_no_others(table: str, expected: dict[str, tuple[str, ...]]) -> None:
    found = rows(table)
    assert set(found) == set(expected)
    for name, texts in expected.items():
        assert all(text in found[name] for text in texts), name
        assert set(NUMBER.findall(found[name])) == {number for text in texts for number in NUMBER.findall(text)}, name


def test_the_sentences_have_the_numbers_of_the_code() -> None:
    text = re.sub(r"\s+", " ", PAGE)
    assert f"at {FIRST_S} s, {WHOLE_S} s and {BUFFERED_LIMIT_S} s, and another {SETTLING_S:g} s earlier" in text
    assert text.count(f"{KEEP_ALIVE_S:g} seconds") >= 3
    assert f"`input` may have up to {MOST_CHARACTERS:,} characters" in text
    assert f"valid for {_LINK_SECONDS // 60} minutes" in text
    assert f"`{KEEP_ALIVE.decode().strip()}`" in text


def test_the_minutes_of_each_format_are_those_of_the_largest_answer() -> None:
    minutes = {name: int(MAX_STREAMED_BYTES / most_bytes(60, name)) for name in SPEECH_FORMATS}
    (sentence,) = re.findall(r"200 MB are [^.]+\.", PAGE)
    said: dict[str, int] = {}
    for number, names in re.findall(r"(\d+)(?: minutes)? of (`\w+`(?: or `\w+`)*)", sentence):
        said |= dict.fromkeys(re.findall(r"`(\w+)`", names), int(number))
    assert said == minutes
