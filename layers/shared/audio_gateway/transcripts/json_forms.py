"""The JSON objects that formats and stream events share (contract sections 3.3 and 3.4)."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word

_MS_PER_S: Final = 1000
_MS_PER_SEEK_FRAME: Final = 10
_PART_OF_WORDS: Final = "'\u2019-%&@#*/"
"""Punctuation in Unicode that belongs to the adjacent word: dogs', -5, 50%, @home."""
_NO_CHANCE: Final = -9999.0
"""OpenAI's value for minus infinity, which JSON does not have."""


def seconds(milliseconds: int) -> float:
    """Seconds in JSON: 1700 ms are 1.7."""
    return milliseconds / _MS_PER_S


def spaced(text: str) -> str:
    """A segment's text as OpenAI writes it, with a leading space: joined, the segments are the transcript."""
    bare = text.strip()
    return f" {bare}" if bare else ""


def usage_of(transcript: Transcript) -> dict[str, Any]:
    """Tokens if the provider counted them, otherwise the duration."""
    return duration_usage(transcript) if transcript.token_usage is None else token_usage(transcript.token_usage)


def duration_usage(transcript: Transcript) -> dict[str, Any]:
    """Whole seconds, rounded up: 1.7 s are 2."""
    used_ms = transcript.duration_ms if transcript.used_ms is None else transcript.used_ms
    return {"type": "duration", "seconds": -(-used_ms // _MS_PER_S)}


def token_usage(usage: TokenUsage) -> dict[str, Any]:
    """Tokens as the provider counted them; the details only if it reported both."""
    form: dict[str, Any] = {
        "type": "tokens",
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
    }
    if usage.input_text_tokens is not None and usage.input_audio_tokens is not None:
        form["input_token_details"] = {
            "text_tokens": usage.input_text_tokens,
            "audio_tokens": usage.input_audio_tokens,
        }
    return form


def logprobs_of(logprobs: Iterable[TokenLogprob]) -> list[dict[str, Any]]:
    """One object per token."""
    return [{"token": t.token, "logprob": _finite(t.logprob, _NO_CHANCE), "bytes": list(t.utf8)} for t in logprobs]


def verbose_segment(index: int, segment: Segment) -> dict[str, Any]:
    """The ten fields of a `verbose_json` segment; `seek` counts 10 ms frames."""
    return {
        "id": index,
        "seek": segment.start_ms // _MS_PER_SEEK_FRAME,
        "start": seconds(segment.start_ms),
        "end": seconds(segment.end_ms),
        "text": spaced(segment.text),
        "tokens": list(segment.tokens),
        "temperature": _finite(segment.temperature),
        "avg_logprob": _finite(segment.avg_logprob, _NO_CHANCE),
        "compression_ratio": _finite(segment.compression_ratio),
        "no_speech_prob": _finite(segment.no_speech_prob),
    }


def verbose_word(word: Word) -> dict[str, Any]:
    """A `verbose_json` word, without the space and punctuation around it; empty if it has nothing else."""
    return {
        "word": _bare(word.text),
        "start": seconds(word.start_ms),
        "end": seconds(word.end_ms),
    }


def _bare(word: str) -> str:
    first, last = 0, len(word)
    while first < last and _is_around_words(word[first]):
        first += 1
    while last > first and _is_around_words(word[last - 1]):
        last -= 1
    return word[first:last]


def _is_around_words(character: str) -> bool:
    is_punctuation = unicodedata.category(character).startswith("P")
    return character.isspace() or (is_punctuation and character not in _PART_OF_WORDS)


def _finite(figure: float, otherwise: float = 0.0) -> float:
    """JSON has no infinity and no NaN, which decoders report for odd audio."""
    return figure if math.isfinite(figure) else otherwise
