"""The transcript to which every provider's response is converted. Times are integer milliseconds from the start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word, without surrounding space. `speaker` is None if the provider does not identify speakers."""

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the speech, about the size of a subtitle. `text` has no surrounding space.

    The decoder's figures (`tokens` … `no_speech_prob`) are the provider's; their defaults mean "not reported".
    """

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None = None
    tokens: tuple[int, ...] = ()
    temperature: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 0.0
    no_speech_prob: float = 0.0


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of the text with its log probability. `utf8` are the token's bytes."""

    token: str
    logprob: float
    utf8: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens as the provider counted them. Only for the caller's information: prices never depend on them."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_text_tokens: int | None = None
    input_audio_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one piece of audio.

    `duration_ms` is the measured length, never the provider's. `language` is an ISO 639-1 code, or None if unknown.
    `words` and `segments` are None if the provider returns no times, and empty if nothing was said. `used_ms` is how
    much of the audio was transcribed and is charged; None means all of it.
    """

    text: str
    duration_ms: int
    language: str | None = None
    words: tuple[Word, ...] | None = None
    segments: tuple[Segment, ...] | None = None
    languages: tuple[str, ...] | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    token_usage: TokenUsage | None = None
    used_ms: int | None = None
