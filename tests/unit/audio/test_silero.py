"""The Silero model: it finds speech, and nothing else."""

from __future__ import annotations

import array
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio import silero
from audio_gateway.audio.silero import WINDOW, WINDOW_MS, speech_probabilities, windows
from audio_gateway.errors import ConfigurationError
from tests.examples import examples
from tests.sound import CLIPS, clip, timed_words, tone

SPEECH = clip("austen-0880")[44:]


def noise(seconds: float, loudness: float) -> bytes:
    """White noise with that standard deviation."""
    dice = random.Random(7)
    return array.array("h", (int(dice.gauss(0, loudness)) for _ in range(int(seconds * 16_000)))).tobytes()


def probabilities(*pieces: bytes) -> list[float]:
    return list(speech_probabilities(pieces))


@pytest.mark.parametrize("name", CLIPS)
def test_speech_is_found_where_it_is(name: str) -> None:
    heard = probabilities(clip(name)[44:])
    spoken = [
        likely
        for start, end, _ in timed_words(name)
        for likely in heard[int(start * 1000) // WINDOW_MS + 1 : int(end * 1000) // WINDOW_MS]
    ]
    assert sum(likely > 0.5 for likely in spoken) > 0.9 * len(spoken)


def test_faint_speech_is_speech() -> None:
    faint = array.array("h", (int(value / 100) for value in array.array("h", SPEECH))).tobytes()
    spoken = sum(likely > 0.5 for likely in probabilities(SPEECH))
    assert sum(likely > 0.5 for likely in probabilities(faint)) > 0.9 * spoken


def test_faint_speech_after_loud_speech_is_speech() -> None:
    faint = array.array("h", (int(value / 20) for value in array.array("h", SPEECH))).tobytes()
    spoken = sum(likely > 0.5 for likely in probabilities(SPEECH))
    assert sum(likely > 0.5 for likely in probabilities(SPEECH, bytes(64_000), faint)) > 1.6 * spoken


@pytest.mark.parametrize(
    "pcm",
    [
        bytes(64_000),
        noise(2, 8),
        noise(2, 3_000),
        tone(2, hertz=50),
        tone(2),
        array.array("h", random.Random(1).choices((-32_768, 32_767), k=32_000)).tobytes(),
        b"\xff\x7f" * 32_000,
    ],
    ids=["silence", "faint noise", "loud noise", "hum", "a tone", "clipped noise", "an offset"],
)
def test_there_is_no_speech_in_what_is_none(pcm: bytes) -> None:
    assert max(probabilities(pcm)[2:]) < 0.5


def test_nothing_has_no_windows() -> None:
    assert probabilities() == probabilities(b"") == probabilities(b"\x01") == []


def test_the_last_window_is_filled_up_with_silence() -> None:
    short = SPEECH[: WINDOW * 2 * 20 + 700]
    filled = short + bytes(-len(short) % (WINDOW * 2))
    assert probabilities(short) == probabilities(filled)


def test_the_first_windows_do_not_depend_on_what_follows() -> None:
    some = probabilities(SPEECH[: WINDOW * 2 * 30])
    assert probabilities(SPEECH[: WINDOW * 2 * 60])[:30] == some


@examples(20)
@given(st.lists(st.integers(0, 5_000), max_size=6))
def test_it_does_not_matter_how_the_audio_is_cut(cuts: list[int]) -> None:
    pcm = SPEECH[:20_001]
    pieces = [pcm[start:end] for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), None], strict=True)]
    assert probabilities(*pieces) == probabilities(pcm)
    assert b"".join(windows(pieces)) == pcm[:-1]


def test_audio_is_judged_alone_even_if_other_audio_is_read_at_the_same_time() -> None:
    alone = probabilities(SPEECH[:40_000])
    mixed = zip(speech_probabilities([SPEECH[:40_000]]), speech_probabilities([noise(1.25, 5_000)]), strict=True)
    assert [likely for likely, _ in mixed] == alone


def test_a_function_without_the_model_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    silero._session.cache_clear()
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConfigurationError, match="silero"):
        speech_probabilities([])
