"""Speech by hibari with its real model."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.models import OPENAI_VOICES
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ConfigurationError, ProviderRejected, ProviderTimedOut, TextUnspeakable
from audio_gateway.providers.embedded.hibari import foreign, model
from audio_gateway.providers.embedded.hibari.pronunciation import LONGEST, Pronunciation, pronunciation
from audio_gateway.providers.embedded.hibari.speech import HibariSpeech
from audio_gateway.providers.embedded.hibari.voices import VOICES, Voice
from audio_gateway.providers.port import SpeechAdapter, SynthesisCall
from tests.examples import examples
from tests.pitch import median_f0

pytestmark = pytest.mark.slow

RATE = 24_000
OWN_F0 = 195  # of the model, before it is moved
TEXT = "Hello, this is a test. And here is another sentence, with some more words."
ENGINE = HibariSpeech()


def request(text: str, voice: str = "nova", speed: float = 1.0, deadline_s: float = 60) -> SynthesisCall:
    return SynthesisCall("hibari", text, voice, "pcm", Deadline.after(deadline_s), speed=speed)


def say(text: str, voice: str = "nova", speed: float = 1.0) -> bytes:
    return b"".join(chunk.data for chunk in ENGINE.synthesize(request(text, voice, speed)))


@cache
def sound(text: str, voice: str = "nova", speed: float = 1.0) -> np.ndarray:
    return np.frombuffer(say(text, voice, speed), "<i2").astype(np.float32) / 32768


def silences(samples: np.ndarray) -> list[int]:
    """The lengths in ms of the runs of 10 ms blocks below -50 dBFS, with those at both ends, even if they are 0."""
    blocks = np.abs(samples[: len(samples) // 240 * 240].reshape(-1, 240)).max(axis=1) > 0.003
    runs = [(loud, 10 * len(list(run))) for loud, run in itertools.groupby(blocks)]
    return [
        *([0] if runs[0][0] else []),
        *(length for loud, length in runs if not loud),
        *([0] if runs[-1][0] else []),
    ]


def test_it_speaks_sentence_by_sentence() -> None:
    assert isinstance(ENGINE, SpeechAdapter)
    chunks = list(ENGINE.synthesize(request(TEXT)))
    assert {(chunk.format, chunk.sample_rate) for chunk in chunks} == {("pcm", RATE)}
    assert len(chunks) == 2
    assert 4 < sum(len(chunk.data) for chunk in chunks) / 2 / RATE < 7


def test_it_has_openais_voices() -> None:
    assert {voice.id for voice in ENGINE.voices()} == set(OPENAI_VOICES) == set(VOICES)
    assert {voice.language for voice in ENGINE.voices()} == {"en-US", "en-GB"}
    assert ENGINE.find_voice("Fable") == next(voice for voice in ENGINE.voices() if voice.id == "fable")
    assert ENGINE.find_voice("en-us") is None


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(VOICES.values(), 2)))
def test_a_listener_can_tell_two_voices_apart(one: Voice, other: Voice) -> None:
    semitones = abs(12 * math.log2(one.timbre.pitch / other.timbre.pitch))
    formants = abs(math.log(one.timbre.formants / other.timbre.formants))
    assert semitones >= 1 or formants >= 0.04 or one.british != other.british


def test_the_pitch_of_each_voice_is_its_own_and_onyx_is_the_deepest() -> None:
    heard = {name: median_f0(sound(TEXT, name)) for name in VOICES}
    for name, voice in VOICES.items():
        assert heard[name] == pytest.approx(OWN_F0 * voice.timbre.pitch, rel=0.12), name
    of = {kind: [heard[name] for name, voice in VOICES.items() if voice.gender == kind] for kind in ("male", "female")}
    assert min(heard, key=lambda name: heard[name]) == "onyx"
    assert max(of["male"]) < heard["alloy"] < min(of["female"])


def phonemes(text: str, *, british: bool) -> str:
    return " ".join(pronunciation(british=british).utterances(text)).translate(dict.fromkeys(map(ord, "\u02c8\u02cc")))


@pytest.mark.parametrize(
    ("text", "american", "british"),
    [
        ("car", "k\u0251ɹ", "k\u0251\u0251"),
        ("bath", "bæθ", "b\u0251\u0251θ"),
        ("better", "bɛTəɹ", "bɛtə"),
        ("boat", "bOt", "bəʊt"),
        ("four", "fɔɹ", "fɔɹ"),
        ("law", "lɔ", "lɔ"),
    ],
)
def test_fable_speaks_british_english(text: str, american: str, british: str) -> None:
    assert (phonemes(text, british=False), phonemes(text, british=True)) == (american, british)


@pytest.mark.parametrize("voice", ["onyx", "nova", "shimmer"])
@pytest.mark.parametrize("text", [TEXT, "Yes.", "Psst, hush, she sat still.", "NO! NEVER AGAIN!"])
def test_every_sentence_has_the_same_level_and_no_silence_before_it(text: str, voice: str) -> None:
    for chunk in ENGINE.synthesize(request(text, voice)):
        peak = np.abs(np.frombuffer(chunk.data, "<i2").astype(np.float32)).max() / 32768
        assert -3 <= 20 * math.log10(peak) <= -1
    before, *_, behind = silences(sound(text, voice))
    assert before < 100
    assert behind < 200


def test_pauses_are_longer_at_paragraphs() -> None:
    at_sentence, at_paragraph = (max(silences(sound(f"Yes.{end}No."))) for end in (" ", "\n\n"))
    assert 350 < at_sentence < 600
    assert at_sentence + 300 < at_paragraph < 1200


def test_sentences_are_joined_without_a_click() -> None:
    chunks = [chunk.data for chunk in ENGINE.synthesize(request(TEXT))]
    samples = np.frombuffer(b"".join(chunks), "<i2").astype(np.int32)
    for joint in (0, len(chunks[0]) // 2, len(samples)):
        around = np.pad(samples, 1)[max(0, joint - 24) : joint + 26]
        assert np.abs(np.diff(around)).max() < 330  # -40 dBFS


@examples(12)
@given(speed=st.floats(0.25, 4), text=st.sampled_from([TEXT, "Yes, of course.", "One. Two. Three. Four."]))
def test_speed_changes_the_length_by_what_it_says(speed: float, text: str) -> None:
    assert len(say(text, speed=speed)) == pytest.approx(len(sound(text)) * 2 / speed, rel=0.04, abs=2 * 600)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_keeps_the_pitch(speed: float) -> None:
    # Within a semitone: the network reads fast and slow speech with a slightly different melody.
    assert median_f0(sound(TEXT, "nova", speed)) == pytest.approx(median_f0(sound(TEXT, "nova")), rel=0.059)


def test_equal_texts_become_equal_audio_also_at_the_same_time() -> None:
    calls = [("nova", TEXT), ("fable", TEXT), ("nova", "Something else.")] * 3
    alone = {call: say(call[1], call[0]) for call in set(calls)}
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda call: say(call[1], call[0]), calls)) == [alone[call] for call in calls]


def test_another_language_is_spoken_by_espeak_at_the_same_level() -> None:
    samples = sound("Guten Tag, das ist ein Satz auf Deutsch.\n\nAnd this is English.", "onyx")
    assert -3 <= 20 * math.log10(np.abs(samples).max()) <= -1
    before, *between, behind = silences(samples)
    assert before < 100
    assert behind < 200
    assert max(between) > 600


@pytest.mark.parametrize("voice", list(VOICES.values()))
def test_every_voice_has_one_in_other_languages(voice: Voice) -> None:
    assert foreign.ForeignSpeech().voice_name("de", voice).startswith("de")


@pytest.mark.parametrize("language", ["fr", "zh", "ru", "ja", "pt", "nb", "vi", "ko", "ar"])
def test_a_language_has_its_usual_voice(language: str) -> None:
    assert foreign.ForeignSpeech().voice_name(language, VOICES["nova"])


def test_a_language_without_a_voice_is_refused() -> None:
    with pytest.raises(ProviderRejected, match=r"'bo'.*espeak-ng") as caught:
        ENGINE.synthesize(request("བོད་ཡིག"))
    assert caught.value.param == "input"


def test_a_long_text_is_heard_before_the_end_of_it_is_looked_at() -> None:
    long = "One more sentence is said. " * 200
    with pytest.raises(ProviderRejected, match="'bo'"):
        ENGINE.synthesize(request(long[:2000] + "\n\nབོད་ཡིག"))
    chunks = ENGINE.synthesize(request(long + "\n\nབོད་ཡིག"))
    assert next(chunks).data
    with pytest.raises(ProviderRejected, match="'bo'"):
        list(chunks)


def test_other_languages_are_refused_without_the_layer_of_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_voice(self, name: str) -> None:
            raise ConfigurationError(name)

    engine = HibariSpeech()
    monkeypatch.setitem(vars(engine._foreign), "_espeak", Missing())
    with pytest.raises(ProviderRejected, match="'de'"):
        engine.synthesize(request("Das ist nicht gut."))
    assert list(engine.synthesize(request("This is good.")))


def test_an_unknown_voice_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ProviderRejected, match=r"no voice 'en-us'.*alloy, ash.*verse") as caught:
        ENGINE.synthesize(request("Hello.", "en-us"))
    assert caught.value.param == "voice"


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u2060", "ᏣᎳᎩ", "\u0301" * 500, "____", "\uf8d0"])
def test_a_text_without_anything_to_pronounce_is_refused_instead_of_silence(text: str) -> None:
    with pytest.raises(ProviderRejected, match="Send words") as caught:
        list(ENGINE.synthesize(request(text)))
    assert (caught.value.param, caught.value.code) == ("input", "text_unspeakable")
    assert not isinstance(caught.value, TextUnspeakable)  # eSpeak NG, a fallback, would return silence for its price


def test_speaking_ends_at_the_deadline() -> None:
    with pytest.raises(ProviderTimedOut):
        list(ENGINE.synthesize(request("This is a sentence. " * 50, deadline_s=-1)))


@pytest.mark.parametrize("text", ["word " * 2000, "1" * 4096, "x" * 4096, "A.B." * 1000, "\N{GRINNING FACE}" * 10_000])
def test_the_first_piece_of_an_endless_text_is_ready_soon(text: str) -> None:
    first = next(iter(ENGINE.synthesize(request(text))))
    assert 0 < len(first.data) < 2 * RATE * 45


@examples(40)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_spoken_or_refused(text: str) -> None:
    try:
        spoken = say(text, "fable")
    except ProviderRejected as error:
        spoken, refused = b"", error.param
    else:
        refused = None
    assert spoken or refused == "input"


@pytest.mark.parametrize("text", ["9" * 60, "-" * 50, "1,2,3" * 30, "£0.001", "$.5", "½" * 90, "[a](/b/)", "a\u0301"])
def test_odd_words_never_stop_the_rules_of_pronunciation(text: str) -> None:
    for british in (False, True):
        assert all(0 < len(part) <= LONGEST for part in pronunciation(british=british).utterances(text))


def test_a_word_that_the_rules_cannot_read_costs_no_other() -> None:
    def picky(text: str, *, normalize_text: bool) -> str:
        if "odd" in text or normalize_text:
            raise ValueError(text)
        return text

    assert list(Pronunciation(picky).utterances("hello odd there")) == ["hello there"]


def test_a_fault_of_the_rules_is_not_hidden() -> None:
    def broken(text: str, *, normalize_text: bool) -> str:
        raise KeyError(text, normalize_text)

    with pytest.raises(KeyError):
        list(Pronunciation(broken).utterances("Hello."))


def test_voices_are_listed_without_numpy() -> None:
    code = "import sys; sys.modules['numpy'] = None; from audio_gateway.providers.embedded.hibari import speech"
    listing = f"{code}; print(len(speech.HibariSpeech().voices()))"
    found = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "13"


@pytest.mark.parametrize("text", ["a-" * 200, "a/" * 200, "a_" * 200, "aB" * 200, "co-op-" * 66])
def test_chains_of_words_are_pronounced_in_time(text: str) -> None:
    rules = pronunciation(british=False)
    started = time.process_time()
    assert list(rules.utterances(text))
    assert time.process_time() - started < 1  # as one word each, they take 3 to 17 s


def test_a_long_word_is_pronounced_to_its_end() -> None:
    assert len(phonemes("x" * 400, british=False)) > 3 * len(phonemes("x" * 100, british=False))


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the package tried to download something")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    monkeypatch.setattr("hibari.voices.download", fail)
    model._loaded.cache_clear()
    for name in VOICES:
        assert next(iter(ENGINE.synthesize(request("Yes.", name)))).data


def test_a_missing_layer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "hibari", None)
    model._loaded.cache_clear()
    with pytest.raises(ConfigurationError, match="layers 'hibari' and 'inference'"):
        HibariSpeech().start()
