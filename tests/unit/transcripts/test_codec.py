"""Transcripts between the steps of a job: every field comes back as it was."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.transcripts.codec import from_bytes, to_bytes
from audio_gateway.transcripts.transcript import Segment, TokenLogprob, TokenUsage, Transcript, Word

TEXTS = st.text(st.characters(), max_size=20)
NUMBERS = st.integers(0, 10**9)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MAYBE = st.one_of(st.none(), TEXTS)
COUNTS = st.one_of(st.none(), NUMBERS)


def tuples(items: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(items, max_size=4).map(tuple)


SEGMENTS = st.builds(
    Segment, TEXTS, NUMBERS, NUMBERS, MAYBE, tuples(NUMBERS), FLOATS, FLOATS, FLOATS, FLOATS
)  # fmt: skip
TRANSCRIPTS = st.builds(
    Transcript,
    text=TEXTS,
    duration_ms=NUMBERS,
    language=MAYBE,
    words=st.one_of(st.none(), tuples(st.builds(Word, TEXTS, NUMBERS, NUMBERS, MAYBE))),
    segments=st.one_of(st.none(), tuples(SEGMENTS)),
    languages=st.one_of(st.none(), tuples(TEXTS)),
    logprobs=st.one_of(st.none(), tuples(st.builds(TokenLogprob, TEXTS, FLOATS, tuples(st.integers(0, 255))))),
    token_usage=st.one_of(st.none(), st.builds(TokenUsage, NUMBERS, NUMBERS, NUMBERS, COUNTS, COUNTS)),
    used_ms=COUNTS,
)


@given(TRANSCRIPTS)
def test_it_comes_back_as_it_was(transcript: Transcript) -> None:
    assert from_bytes(to_bytes(transcript)) == transcript


def test_no_field_is_forgotten() -> None:
    fields = {
        Transcript: 9, Word: 4, Segment: 9, TokenLogprob: 3, TokenUsage: 5,
    }  # fmt: skip
    assert {kind: len(dataclasses.fields(kind)) for kind in fields} == fields, "transcripts/codec.py must know it"
