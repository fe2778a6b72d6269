"""Speech gets faster and slower, not higher and lower."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.stretch import stretch
from tests.examples import examples
from tests.sound import clip
from tests.unit.audio.files import in_pieces, tone
from tests.unit.audio.signals import loudness, power

SPEEDS = [0.25, 0.3, 0.5, 0.75, 1.1, 1.5, 2.0, 2.5, 3.0, 4.0]


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("seconds", [0.3, 1.0, 5.0])
def test_the_length_is_right(speed: float, seconds: float) -> None:
    pcm = b"".join(stretch([tone(seconds, 24_000)], sample_rate=24_000, speed=speed))
    assert len(pcm) / 48_000 == pytest.approx(seconds / speed, rel=0.02)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_pitch_is_kept(speed: float) -> None:
    pcm = b"".join(stretch([tone(4.0, 16_000)], sample_rate=16_000, speed=speed))
    for other in (440 * speed, 440 / speed):
        assert power(pcm, 16_000, 440) > 5 * power(pcm, 16_000, other)


@pytest.mark.parametrize("speed", [0.25, 0.8, 2.0, 4.0])
def test_the_end_of_speech_is_still_heard(speed: float) -> None:
    pcm = b"".join(stretch([tone(2.0, 24_000)], sample_rate=24_000, speed=speed))
    assert loudness(pcm[-4_800:]) > 3_000


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_speed_one_changes_nothing(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert b"".join(stretch(pieces, sample_rate=24_000, speed=1.0)) == whole[: len(whole) & ~1]


@given(st.sampled_from(SPEEDS), st.integers(min_value=1, max_value=5_000))
@examples(20)
def test_the_length_does_not_depend_on_the_pieces(speed: float, size: int) -> None:
    pcm = tone(0.4, 16_000)
    whole = b"".join(stretch([pcm], sample_rate=16_000, speed=speed))
    assert len(b"".join(stretch(in_pieces(pcm, size), sample_rate=16_000, speed=speed))) == len(whole)


def test_human_speech_keeps_its_loudness() -> None:
    pcm = b"".join(decode_pcm(clip("austen-0890"), 24_000))
    fast = b"".join(stretch([pcm], sample_rate=24_000, speed=1.5))
    assert loudness(fast) == pytest.approx(loudness(pcm), rel=0.1)


def test_nothing_stays_nothing() -> None:
    assert b"".join(stretch([], sample_rate=24_000, speed=2.0)) == b""


@pytest.mark.parametrize("speed", [0.24, 4.01, 0.0, -1.0, float("nan")])
def test_other_speeds_are_a_mistake_of_the_program(speed: float) -> None:
    with pytest.raises(ValueError, match="not between"):
        stretch([], sample_rate=24_000, speed=speed)
