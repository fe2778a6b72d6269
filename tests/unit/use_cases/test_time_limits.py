"""How long a text takes to be spoken is not guessed too low, whatever it is made of."""

from __future__ import annotations

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import WorkTooLong
from audio_gateway.use_cases.time_limits import check_speech_fits
from tests.fakes.providers import model

MODEL = model(speed_factor=20)


@pytest.mark.parametrize("text", ["7" * 4096, "a%" * 2048, "= " * 2048, "\u4f60" * 4096])
def test_what_is_written_short_and_spoken_long_becomes_a_job(text: str) -> None:
    with pytest.raises(WorkTooLong, match="4096 characters"):
        check_speech_fits(text, 1, MODEL, Deadline.after(29))


def test_a_page_of_prose_with_some_numbers_fits() -> None:
    text = "On 12 March, 1,204 people (most of them well-known) came to the fair. " * 58
    check_speech_fits(text, 1, MODEL, Deadline.after(29))
