"""How long a text takes to be spoken is not guessed too low, whatever it is made of."""

from __future__ import annotations

import pytest

from audio_gateway.audio.formats import SpeechFormat
from audio_gateway.deadline import Deadline
from audio_gateway.errors import WorkTooLong
from audio_gateway.use_cases.time_limits import check_file_fits, check_speech_fits
from tests.fakes.providers import model

MODEL = model(speed_factor=20)


@pytest.mark.parametrize("text", ["7" * 4096, "a%" * 2048, "= " * 2048, "\u4f60" * 4096])
def test_what_is_written_short_and_spoken_long_becomes_a_job(text: str) -> None:
    with pytest.raises(WorkTooLong, match="4096 characters"):
        check_speech_fits(text, 1, MODEL, Deadline.after(29))


def test_a_page_of_prose_with_some_numbers_fits() -> None:
    text = "On 12 March, 1,204 people (most of them well-known) came to the fair. " * 58
    check_speech_fits(text, 1, MODEL, Deadline.after(29))


@pytest.mark.parametrize(
    ("speech_format", "fits", "too_many"),
    [("wav", 50_000, 60_000), ("pcm", 50_000, 60_000), ("flac", 50_000, 60_000), ("mp3", 120_000, 140_000),
     ("aac", 150_000, 170_000), ("opus", 150_000, 170_000)],
)  # fmt: skip
def test_speech_that_may_be_more_than_200_megabytes_becomes_a_job(
    speech_format: SpeechFormat, fits: int, too_many: int
) -> None:
    check_file_fits("a" * fits, 1, speech_format, 200_000_000)
    check_file_fits("a" * too_many, 2, speech_format, 200_000_000)
    with pytest.raises(WorkTooLong, match="200,000,000 bytes"):
        check_file_fits("a" * too_many, 1, speech_format, 200_000_000)
