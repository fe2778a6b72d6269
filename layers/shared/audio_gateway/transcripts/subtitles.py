"""SubRip and WebVTT.

The bytes are those of OpenAI, except where these would break players: a cue's text is on one line (a blank line would
end the cue), cues are in the order of their starts, and each lasts at least a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audio_gateway.transcripts.transcript import Segment


@dataclass(frozen=True, slots=True)
class _Cue:
    start_ms: int
    end_ms: int
    text: str


def srt(segments: Iterable[Segment]) -> str:
    """SubRip: numbered cues, and an additional line break at the end, even of an empty file."""
    blocks = (
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{cue.text}\n\n"
        for number, cue in enumerate(_cues(segments), start=1)
    )
    return "".join(blocks) + "\n"


def vtt(segments: Iterable[Segment]) -> str:
    """WebVTT. `&`, `<` and `-->` in the text are written as character references, as the format requires.

    OpenAI does not escape them, and a browser then hides everything after a `<`.
    """
    blocks = (
        f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n{_escaped(cue.text)}\n\n"
        for cue in _cues(segments)
    )
    return "WEBVTT\n\n" + "".join(blocks)


def _cues(segments: Iterable[Segment]) -> Iterator[_Cue]:
    for segment in sorted(segments, key=lambda s: s.start_ms):
        text = _one_line(segment.text)
        start_ms = max(0, segment.start_ms)
        if text:
            yield _Cue(start_ms, max(segment.end_ms, start_ms + 1), text)


def _one_line(text: str) -> str:
    return " ".join(stripped for line in text.splitlines() if (stripped := line.strip()))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")


def _clock(milliseconds: int, point: str) -> str:
    """HH:MM:SS and thousandths; the hours have more digits if needed."""
    whole_seconds, thousandths = divmod(milliseconds, 1000)
    minutes, second = divmod(whole_seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{thousandths:03}"
