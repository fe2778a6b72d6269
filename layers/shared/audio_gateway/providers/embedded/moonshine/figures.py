"""The figures of a segment: what the models say about it, as Whisper's decoder reports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from audio_gateway.audio.silero import WINDOW_MS
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.providers.embedded.moonshine.model import Token
from audio_gateway.providers.embedded.moonshine.wording import compression_ratio
from audio_gateway.transcripts.transcript import Segment


class Doubt:
    """How unlikely speech is at each time, by the model that finds it."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, tuple[float, ...]]] = []

    def add(self, piece: SpeechPiece) -> None:
        """Add a piece; pieces come in the order of their times."""
        self._pieces.append((piece.start_ms, piece.probabilities))

    def between(self, start_ms: int, end_ms: int) -> float:
        """The mean probability of no speech, over the windows that begin in this time; 0.0 without one."""
        likely = list(self._within(start_ms, end_ms))
        return 1 - sum(likely) / len(likely) if likely else 0.0

    def _within(self, start_ms: int, end_ms: int) -> Iterator[float]:
        for piece_start, probabilities in self._pieces:
            first = max(0, -(-(start_ms - piece_start) // WINDOW_MS))
            yield from probabilities[first : max(0, -(-(end_ms - piece_start) // WINDOW_MS))]


def with_figures(segments: Iterable[Segment], tokens: Sequence[Token], doubt: Doubt) -> Iterator[Segment]:
    """The segments of the text of the tokens with their tokens, log probability, compression and doubt."""
    text = b"".join(token.utf8 for token in tokens)
    starts = list(accumulate((len(token.utf8) for token in tokens), initial=0))
    first, at = 0, 0
    for segment in segments:
        written = segment.text.encode()
        at = text.index(written, at) + len(written)
        last = first
        while last < len(tokens) and starts[last] < at:
            last += 1
        own = tokens[first:last]
        yield replace(
            segment,
            tokens=tuple(token.number for token in own),
            avg_logprob=sum(token.logprob for token in own) / len(own) if own else 0.0,
            compression_ratio=compression_ratio(written),
            no_speech_prob=doubt.between(segment.start_ms, segment.end_ms),
        )
        first = last
