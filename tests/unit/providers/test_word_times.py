"""The times of known words in audio."""

from __future__ import annotations

import itertools
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.embedded.word_times.aligner import Aligner
from audio_gateway.providers.embedded.word_times.letter_sounds import sounds_of, spelled
from audio_gateway.providers.embedded.word_times.pronunciations import pronounced, spoken_words
from audio_gateway.providers.embedded.word_times.spread import spread
from tests.examples import examples
from tests.sound import CLIPS, clip, said, timed_words

CLIP = CLIPS[1]


@cache
def aligner() -> Aligner:
    return Aligner()


def times(words: str, pcm: bytes | None = None) -> list[tuple[int, int]] | None:
    return aligner().times(clip(CLIP)[44:] if pcm is None else pcm, words.split())


@pytest.mark.parametrize("name", CLIPS)
def test_words_are_found_where_they_are_spoken(name: str) -> None:
    found = times(said(name), clip(name)[44:])
    assert found
    for (start_ms, end_ms), (start, end, _) in zip(found, timed_words(name), strict=True):
        assert abs(start_ms - 1000 * start) <= 60
        assert abs(end_ms - 1000 * end) <= 60


def test_written_words_are_found_however_they_are_written() -> None:
    plain = times("he was not an ill disposed young man")
    written = times("He was not, an Ill-disposed \N{EM DASH} YOUNG man.".replace("\N{EM DASH} ", ""))
    assert plain
    assert written == [*plain[:4], (plain[4][0], plain[5][1]), *plain[6:]]


def test_an_unknown_word_does_not_move_its_neighbours() -> None:
    plain, strange = times("he was not an ill disposed young man"), times("he was not an ilse disposd yung man")
    assert plain
    assert strange
    assert all(abs(a - b) <= 250 for a, b in zip(itertools.chain(*plain), itertools.chain(*strange), strict=True))


def test_a_word_without_a_sound_is_between_its_neighbours() -> None:
    found = times("he was \N{CJK UNIFIED IDEOGRAPH-65E5} an ill disposed young man")
    assert found
    assert found[1][1] <= found[2][0] <= found[2][1] <= found[3][0]


@pytest.mark.parametrize(
    ("words", "pcm"),
    [("", None), ("hello", b""), ("hello", bytes(320)), (said(CLIPS[0]), None), ("hello " * 40, bytes(32_000))],
    ids=["no words", "no audio", "a moment", "other words", "too many words"],
)
def test_words_that_are_not_there_have_no_times(words: str, pcm: bytes | None) -> None:
    assert times(words, pcm) is None


def test_the_result_does_not_depend_on_what_was_aligned_before() -> None:
    first = times("he was not an ill disposed yung man")
    times("hello there", bytes(64_000))
    times("yung", clip(CLIPS[0])[44:])
    assert times("he was not an ill disposed yung man") == first


def test_the_dictionary_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_gateway.providers.embedded.word_times.aligner._MOST_ADDED", 3)
    made = Aligner()
    before = made.times(clip(CLIP)[44:], ["yungster"])
    for number in range(6):
        made.times(clip(CLIP)[44:], [f"zzyx{'abcdef'[number]}"])
    assert made._added <= 4
    assert made.times(clip(CLIP)[44:], ["yungster"]) == before


def test_a_function_without_the_layer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(ConfigurationError, match="pocketsphinx"):
        Aligner()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("hello", "hello"),
        ("$9.99", "nine dollars and ninety nine cents"),
        ("1999", "nineteen ninety nine"),
        ("50%", "fifty percent"),
        ("ill-disposed", "ill disposed"),
        ("3rd", "third"),
        ("men's", "men's"),
        ("&", "and"),
    ],
)
def test_what_is_said_for_a_written_word(written: str, words: str) -> None:
    assert " ".join(spoken_words(written)) == words


KNOWN = {"moon": "M UW N", "shine": "SH AY N", "box": "B AA K S", "cat": "K AE T", "mark": "M AA R K"}


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("moonshine", "M UW N SH AY N"),
        ("Moonshine's", "M UW N SH AY N Z"),
        ("boxs", "B AA K S IH Z"),
        ("cats", "K AE T S"),
        ("cat\N{RIGHT SINGLE QUOTATION MARK}s", "K AE T S"),
        ("DVLA", "D IY V IY EH L EY"),
        ("blick", "B L IH K"),
        ("zake", "Z EY K"),
        ("phothing", "F AA TH IH NG"),
        ("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", "Z OW"),
        ("\N{CJK UNIFIED IDEOGRAPH-65E5}", "AH"),
    ],
)
def test_how_an_unknown_word_is_pronounced(word: str, phones: str) -> None:
    assert pronounced(word, KNOWN.get) == phones


@examples(200)
@given(st.text(max_size=20))
def test_every_word_has_sounds_that_the_acoustic_model_knows(word: str) -> None:
    lookup = aligner()._decoder.lookup_word
    known = {phone for example in PHONES.split() for phone in (lookup(example) or "").split()}
    assert set(sounds_of(word).split()) <= known
    assert set(spelled(word).split()) <= known
    assert set(pronounced(word, KNOWN.get).split()) <= known


PHONES = (
    "odd at hut ought cow hide be cheese dee thee ed hurt eight fee green he it eat gee key lee me knee ping oat toy"
    " pee read sea she tea theta hood two vee we yield zee seizure"
)


@examples(100)
@given(
    st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=9),
    st.lists(st.sampled_from((0.0, 0.9)), min_size=1, max_size=60),
)
def test_words_spread_over_the_speech_are_in_order_and_within_it(words: list[str], likely: list[float]) -> None:
    found = spread(words, likely)
    assert len(found) == len(words)
    assert all(start <= end for start, end in found)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(found))
    spoken = [number for number, probability in enumerate(likely) if probability > 0.5] or [*range(len(likely))]
    assert found[0][0] == spoken[0] * 32
    assert found[-1][1] == (spoken[-1] + 1) * 32


def test_words_spread_get_time_by_their_characters_and_none_in_silence() -> None:
    assert spread(["ab", "cd"], [0.9, 0.9, 0.0, 0.0, 0.9, 0.9]) == [(0, 64), (128, 192)]
    assert spread(["a", "bcd"], [0.9] * 4) == [(0, 32), (32, 128)]
