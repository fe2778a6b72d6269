"""Links the speakers of two chunks: those who speak at the same time in the overlap are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from audio_gateway.transcripts.timeline import TimedTranscript


class _Turn(NamedTuple):
    speaker: str
    start_ms: int
    end_ms: int


def unify_speakers(left: TimedTranscript, right: TimedTranscript, number: int, known: Collection[str]) -> None:
    """Give the speakers of the right chunk, the `number`-th, their names from the left one.

    Speakers with a name in `known` keep it. The others are matched one by one, those with the most shared time first. A
    speaker without a match gets a unique name.
    """
    labels = sorted({turn.speaker for turn in _turns(right)} - set(known))
    if not labels:
        return
    names = {label: f"{number}/{label}" for label in labels}
    taken = set[str]()
    for (name, label), _ in _time_together(left, right, known).most_common():
        if names[label] not in taken and name not in taken:
            names[label] = name
            taken.add(name)
    right.rename_speakers(names | {name: name for name in known})


def _time_together(left: TimedTranscript, right: TimedTranscript, known: Collection[str]) -> Counter[tuple[str, str]]:
    """Milliseconds in which each speaker of the left chunk and each of the right one speak at the same time."""
    together = Counter[tuple[str, str]]()
    there = [turn for turn in _turns(right) if turn.start_ms < left.end_ms and turn.speaker not in known]
    here = [turn for turn in _turns(left) if turn.end_ms > right.start_ms and turn.speaker not in known]
    for turn in here:
        for other in there:
            shared_ms = min(turn.end_ms, other.end_ms) - max(turn.start_ms, other.start_ms)
            if shared_ms > 0:
                together[turn.speaker, other.speaker] += shared_ms
    return together


def _turns(part: TimedTranscript) -> Iterator[_Turn]:
    for item in (part.segments or ()) or (part.words or ()):
        if item.speaker is not None:
            yield _Turn(item.speaker, item.start_ms, item.end_ms)
