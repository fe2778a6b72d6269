"""Merges the transcripts of the chunks of a recording.

Times are relative to the exact sample at which each chunk was cut, and are rounded to milliseconds once: there is no
drift. In the overlap of two chunks, words up to about its middle come from the left one, and the rest from the right
one (`seam`); without an overlap all words are kept.

A provider names the speakers of each chunk separately. Labels that are the caller's own names mean the same person in
all chunks. Other labels mean the same person if they speak at the same time in the overlap of two chunks. A label that
is not in the overlap becomes a new speaker, because giving two people one name is worse than the reverse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from audio_gateway.text.spacing import space_between
from audio_gateway.transcripts.clipping import DroppedWords
from audio_gateway.transcripts.seam import Seam, Token, seam_by_pairs, seam_by_run, seam_in_middle, tokens_of
from audio_gateway.transcripts.speaker_linking import unify_speakers
from audio_gateway.transcripts.timeline import TimedTranscript
from audio_gateway.transcripts.transcript import TokenUsage, Transcript

SAMPLE_RATE: Final = 16_000
"""The sample rate in hertz in which the positions of chunks are counted."""

_LATE_MS: Final = 250  # how far outside of an overlap the times of its words may be
_WORDS_PER_SECOND: Final = 8  # at most, in any language; characters in scripts without spaces
_BESIDE: Final = 3  # words next to the seam, to find the cut in a text that spells the others differently

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class ChunkTranscript:
    """The transcript of the samples from `start` up to `end`; its times count from `start`."""

    start: int
    end: int
    transcript: Transcript


def merge(chunks: Iterable[ChunkTranscript], *, duration_ms: int, known_speakers: Collection[str] = ()) -> Transcript:
    """One transcript of a recording of `duration_ms` from those of its chunks, in the order of their starts.

    Chunks may be missing: the others keep their times. The result has words if all chunks with text have them, segments
    if some have them and the others have words to make them from, and log probabilities and usage only if all have
    them. The language is that of the most text.
    """
    parts = [TimedTranscript.shifted(_ms(chunk.start), _ms(chunk.end), chunk.transcript) for chunk in chunks]
    if any(part.segments is not None for part in parts):
        for part in parts:
            part.make_segments()
    for number, (left, right) in enumerate(pairwise(parts), 1):
        unify_speakers(left, right, number, known_speakers)
        if left.end_ms > right.start_ms:
            _join_at_seam(left, right)
    heard = [part for part in parts if part.heard] or parts
    return Transcript(
        text=_text(part.text for part in parts),
        duration_ms=duration_ms,
        language=_language(heard),
        words=_joined([part.words for part in heard]),
        segments=_joined([part.segments for part in heard]),
        languages=_languages(heard),
        logprobs=_joined([part.logprobs for part in heard]),
        token_usage=_usage([part.source.token_usage for part in parts]),
    )


def _ms(samples: int) -> int:
    return (samples * 1000 + SAMPLE_RATE // 2) // SAMPLE_RATE


def _join_at_seam(left: TimedTranscript, right: TimedTranscript) -> None:
    """Remove from each chunk the words of the overlap that come from the other."""
    last, first = left.last_words(right.start_ms - _LATE_MS), right.first_words(left.end_ms + _LATE_MS)
    timed = last is not None and first is not None
    if last is None or first is None:
        most = (left.end_ms - right.start_ms) * _WORDS_PER_SECOND // 1000 + _WORDS_PER_SECOND
        last, first = tokens_of(left.text)[-most:], tokens_of(right.text)[:most]
    seam = _seam(left, right, last, first) if timed else (seam_by_run(last, first) or Seam(0, 0))
    border = len(last) - seam.left
    kept = last[:border]
    end_ms = kept[-1].end_ms if timed and kept else None
    left.drop_end(DroppedWords(_letters(last[border:]), _letters(kept[-_BESIDE:])), end_ms)
    kept = first[seam.right :]
    start_ms = kept[0].start_ms if timed and kept else None
    right.drop_beginning(DroppedWords(_letters(first[: seam.right]), _letters(kept[:_BESIDE])), start_ms)
    right.start_after(left)


def _seam(left: TimedTranscript, right: TimedTranscript, last: Sequence[Token], first: Sequence[Token]) -> Seam:
    """Find the seam by the times of words, or by their order if the times were only estimated from segments."""
    middle_ms = (left.end_ms + right.start_ms) / 2
    seam = seam_by_pairs(last, first, middle_ms) if left.words is not None and right.words is not None else None
    return seam or seam_by_run(last, first) or seam_in_middle(last, first, middle_ms)


def _letters(tokens: Iterable[Token]) -> str:
    return "".join(token.letters for token in tokens)


def _text(texts: Iterable[str]) -> str:
    pieces: list[str] = []
    for text in texts:
        if text:
            pieces += (space_between(pieces[-1] if pieces else "", text), text)
    return "".join(pieces)


def _joined(lists: Sequence[Sequence[_Item] | None]) -> tuple[_Item, ...] | None:
    given = [items for items in lists if items is not None]
    return tuple(item for items in given for item in items) if len(given) == len(lists) else None


def _language(parts: Sequence[TimedTranscript]) -> str | None:
    """The language of the most text; the first of equals."""
    lengths = Counter[str]()
    for part in parts:
        if part.source.language is not None:
            lengths[part.source.language] += len(part.text)
    return max(lengths, key=lambda language: lengths[language], default=None)


def _languages(parts: Sequence[TimedTranscript]) -> tuple[str, ...] | None:
    """All languages, in the order of their first occurrence."""
    given = [part.source.languages for part in parts if part.source.languages is not None]
    return tuple(dict.fromkeys(code for codes in given for code in codes)) if given else None


def _usage(usages: Sequence[TokenUsage | None]) -> TokenUsage | None:
    """The sum; None if one of them is missing."""
    given = [usage for usage in usages if usage is not None]
    if not given or len(given) < len(usages):
        return None
    return TokenUsage(
        input_tokens=sum(usage.input_tokens for usage in given),
        output_tokens=sum(usage.output_tokens for usage in given),
        total_tokens=sum(usage.total_tokens for usage in given),
        input_text_tokens=_sum([usage.input_text_tokens for usage in given]),
        input_audio_tokens=_sum([usage.input_audio_tokens for usage in given]),
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    given = [count for count in counts if count is not None]
    return sum(given) if len(given) == len(counts) else None
