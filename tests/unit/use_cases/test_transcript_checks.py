"""An empty transcript is right of silence, and wrong of speech, as far as there is time to hear it."""

from __future__ import annotations

import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderBadAnswer
from audio_gateway.transcripts.transcript import Transcript, Word
from audio_gateway.use_cases.transcript_checks import check_heard
from tests.fakes.providers import model
from tests.sound import clip, wav

EMPTY = Transcript(text=" ", duration_ms=5_000)
IN_TIME = Deadline.after(3_600)


def test_an_empty_transcript_of_speech_is_a_bad_answer() -> None:
    with pytest.raises(ProviderBadAnswer, match="somebody speaks"):
        check_heard(EMPTY, measure(clip("austen-0880")), model(), IN_TIME)


def test_an_empty_transcript_of_silence_is_right() -> None:
    check_heard(EMPTY, measure(wav(bytes(64_000))), model(), IN_TIME)


@pytest.mark.parametrize(
    "transcript", [Transcript("Words.", 5_000), Transcript("", 5_000, words=(Word("Words", 0, 9),))]
)
def test_a_transcript_with_words_needs_no_check(transcript: Transcript) -> None:
    check_heard(transcript, measure(clip("austen-0880")), model(), IN_TIME)


def test_an_empty_transcript_is_right_if_there_is_no_time_to_check_it() -> None:
    check_heard(EMPTY, measure(clip("austen-0880")), model(), Deadline.after(0.5))
