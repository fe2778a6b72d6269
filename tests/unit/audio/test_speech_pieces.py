"""Audio is cut into pieces of speech, in pauses."""

from __future__ import annotations

import array
import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio import speech_pieces as module
from audio_gateway.audio.silero import WINDOW_MS
from audio_gateway.audio.speech_pieces import SpeechPiece, halves, speech_pieces
from tests.examples import examples
from tests.sound import CLIPS, clip, timed_words

LONGEST = 3_200  # 100 windows
GAP = 640  # 20 windows
WINDOW_BYTES = 1024


class Listener:
    """Takes the level of a window, 0 to 100, for the probability of speech."""

    def probability(self, window: bytes) -> float:
        return window[0] / 100


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SpeechDetector", Listener)


def sound(*parts: tuple[int, int]) -> bytes:
    """Windows with a probability in percent; each has its number in its third and fourth byte."""
    likely = [percent for percent, count in parts for _ in range(count)]
    return b"".join(
        bytes((percent, 0)) + number.to_bytes(2, "little") + bytes(WINDOW_BYTES - 4)
        for number, percent in enumerate(likely)
    )


def cut(pcm: bytes, longest_ms: int = LONGEST, gap_ms: int = GAP) -> list[SpeechPiece]:
    return list(speech_pieces([pcm], longest_ms=longest_ms, gap_ms=gap_ms))


def spans(pieces: list[SpeechPiece]) -> list[tuple[int, int]]:
    """First window and the one after the last of each piece; the piece has exactly the audio of these windows."""
    found = []
    for piece in pieces:
        begin, end = piece.start_ms // WINDOW_MS, piece.end_ms // WINDOW_MS
        windows = (piece.pcm[at : at + WINDOW_BYTES] for at in range(0, len(piece.pcm), WINDOW_BYTES))
        numbers = [int.from_bytes(window[2:4], "little") for window in windows]
        assert numbers == list(range(begin, end))
        assert len(piece.probabilities) == end - begin
        found.append((begin, end))
    return found


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([(0, 200)], []),
        ([(90, 2)], []),
        ([(0, 20), (90, 2), (0, 40)], []),
        ([(90, 30)], [(0, 30)]),
        ([(0, 50), (90, 30), (0, 50)], [(44, 86)]),
        ([(0, 3), (90, 30), (0, 3)], [(0, 36)]),
        ([(90, 30), (0, 20), (90, 30)], [(0, 80)]),
        ([(90, 30), (0, 21), (90, 30)], [(0, 36), (45, 81)]),
        ([(45, 30), (90, 5), (40, 20), (30, 40), (45, 30)], [(24, 61)]),
        ([(0, 20), (90, 2), (0, 10), (90, 10), (0, 30)], [(14, 48)]),
    ],
    ids=[
        "nothing",
        "silence",
        "too little to be speech",
        "a click",
        "speech alone",
        "speech in silence",
        "speech with little around it",
        "a short silence",
        "a long silence",
        "speech begins clearly and ends in doubt",
        "a click before speech",
    ],
)
def test_pieces_are_speech_with_a_little_around_it(
    parts: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    pieces = cut(sound(*parts))
    assert spans(pieces) == expected
    assert not any(piece.goes_on for piece in pieces)


@pytest.mark.usefixtures("levels")
def test_long_speech_is_cut_in_its_longest_pause() -> None:
    pieces = cut(sound((90, 40), (0, 6), (90, 20), (0, 10), (90, 60)))
    assert spans(pieces) == [(0, 71), (71, 136)]
    assert not pieces[0].goes_on


@pytest.mark.usefixtures("levels")
def test_the_quietest_place_of_a_pause_is_cut_at() -> None:
    quiet_word = bytearray(sound((90, 40), (0, 20), (90, 60)))
    for number in range(40, 55):
        quiet_word[number * WINDOW_BYTES + 5] = 0x20
    assert spans(cut(bytes(quiet_word))) == [(0, 46), (56, 120)]


@pytest.mark.usefixtures("levels")
def test_a_pause_at_the_very_beginning_of_a_piece_is_not_used() -> None:
    pieces = cut(sound((90, 10), (0, 10), (90, 60), (0, 5), (90, 60)))
    assert spans(pieces) == [(0, 82), (82, 145)]


@pytest.mark.usefixtures("levels")
def test_without_a_pause_it_is_cut_where_speech_is_least_likely() -> None:
    pieces = cut(sound((90, 50), (60, 4), (90, 70)))
    assert [begin in {0, 51, 52, 53} for begin, _ in spans(pieces)] == [True, True]
    assert [piece.goes_on for piece in pieces] == [True, False]


@pytest.mark.usefixtures("levels")
def test_of_places_where_speech_is_as_likely_the_quietest_is_cut_at() -> None:
    loud = bytearray(sound((90, 120)))
    for number in range(120):
        if number not in {70, 71}:
            loud[number * WINDOW_BYTES + 5] = 0x20
    assert spans(cut(bytes(loud))) == [(0, 71), (71, 120)]


@pytest.mark.usefixtures("levels")
def test_silence_around_a_cut_is_in_no_piece() -> None:
    assert spans(cut(sound((90, 50), (0, 18), (90, 60)))) == [(0, 56), (62, 128)]


@pytest.mark.usefixtures("levels")
@examples(100)
@given(
    st.lists(st.tuples(st.sampled_from((0, 30, 40, 60, 95)), st.integers(1, 60)), max_size=12),
    st.integers(1, 5_000),
)
def test_no_speech_is_lost_or_repeated_however_it_comes(parts: list[tuple[int, int]], size: int) -> None:
    pcm = sound(*parts)
    pieces = list(
        speech_pieces((pcm[at : at + size] for at in range(0, len(pcm), size)), longest_ms=LONGEST, gap_ms=GAP)
    )
    found = spans(pieces)
    assert all(begin < end <= begin + 100 for begin, end in found)
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(found))
    covered = {window for begin, end in found for window in range(begin, end)}
    likely = [percent for percent, count in parts for _ in range(count)]
    missed = [number for number, percent in enumerate(likely) if percent > 50 and number not in covered]
    runs = [number for number in missed if number + 1 in missed and number + 2 in missed]
    assert not runs


@pytest.mark.usefixtures("levels")
def test_a_piece_comes_as_soon_as_it_is_complete() -> None:
    read = 0

    def pcm() -> Iterator[bytes]:
        nonlocal read
        for _ in range(1_000):
            read += 1
            yield sound((90, 1))

    for piece in speech_pieces(pcm(), longest_ms=LONGEST, gap_ms=GAP):
        assert read <= piece.start_ms // WINDOW_MS + 100


@pytest.mark.parametrize("longest_ms", [12_000, 30_000])
def test_human_speech_is_cut_between_words(longest_ms: int) -> None:
    """The clips one after the other, without a pause between them that would be long enough to end a piece."""
    pcm = b"".join(clip(name)[44:] for name in CLIPS * 4)
    words: list[tuple[float, float]] = []
    offset = 0.0
    for name in CLIPS * 4:
        words += [(offset + start, offset + end) for start, end, _ in timed_words(name)]
        offset += (len(clip(name)) - 44) / 32_000
    pieces = cut(pcm, longest_ms=longest_ms, gap_ms=800)
    for piece in pieces:
        for border in (piece.start_ms / 1000, piece.end_ms / 1000):
            assert not any(start + 0.05 < border < end - 0.05 for start, end in words)
    assert all(
        any(piece.start_ms / 1000 <= start + 0.1 and end - 0.1 <= piece.end_ms / 1000 for piece in pieces)
        for start, end in words
    )
    assert all(len(piece.pcm) <= longest_ms * 32 for piece in pieces)


def test_nothing_is_heard_in_noise_and_silence() -> None:
    dice = random.Random(3)
    noise = array.array("h", (int(dice.gauss(0, 1_500)) for _ in range(48_000))).tobytes()
    assert cut(noise + bytes(96_000) + noise, 12_000, 800) == []


@given(st.lists(st.integers(0, 100), min_size=6, max_size=300))
@examples(100)
def test_halves_are_all_of_a_piece(percents: list[int]) -> None:
    pcm = sound(*((percent, 1) for percent in percents))
    piece = SpeechPiece(320, pcm, tuple(percent / 100 for percent in percents), goes_on=True)
    first, second = halves(piece)
    assert first.pcm + second.pcm == pcm
    assert first.probabilities + second.probabilities == piece.probabilities
    assert (first.start_ms, first.end_ms, second.end_ms) == (320, second.start_ms, piece.end_ms)
    assert min(first.duration_ms, second.duration_ms) >= piece.duration_ms // 3 - WINDOW_MS
    assert second.goes_on


@pytest.mark.parametrize(("middle", "goes_on"), [(0, False), (60, True)])
def test_halves_meet_where_speech_is_least_likely(middle: int, goes_on: bool) -> None:
    pcm = sound((90, 40), (middle, 10), (90, 40))
    first, _ = halves(SpeechPiece(0, pcm, (*[0.9] * 40, *[middle / 100] * 10, *[0.9] * 40), goes_on=False))
    assert 40 < len(first.probabilities) < 50
    assert first.goes_on == goes_on
