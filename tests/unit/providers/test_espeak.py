"""Speech by eSpeak NG."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected
from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
from audio_gateway.providers.port import SpeechAdapter, SynthesisCall
from tests.examples import examples
from tests.sound import look_pcm

pytestmark = pytest.mark.slow

RATE = 22_050
TEXT = "Hello world, this is a test. And here is another sentence, with some more words."


def request(text: str, voice: str = "en-us", speed: float = 1.0, deadline_s: float = 30) -> SynthesisCall:
    return SynthesisCall("espeak-ng", text, voice, "pcm", Deadline.after(deadline_s), speed=speed)


def say(text: str, voice: str = "en-us", speed: float = 1.0) -> bytes:
    return b"".join(chunk.data for chunk in EspeakSpeech().synthesize(request(text, voice, speed)))


def seconds(text: str, voice: str = "en-us", speed: float = 1.0) -> float:
    return look_pcm(say(text, voice, speed), RATE).seconds


def test_it_speaks() -> None:
    assert isinstance(EspeakSpeech(), SpeechAdapter)


def test_speech_is_audible_pcm_at_the_engine_s_own_rate() -> None:
    chunks = list(EspeakSpeech().synthesize(request(TEXT)))
    assert {(chunk.format, chunk.sample_rate) for chunk in chunks} == {("pcm", RATE)}
    sound = look_pcm(b"".join(chunk.data for chunk in chunks), RATE)
    assert 3 < sound.seconds < 8
    assert sound.peak > 0.1


def test_speech_comes_in_pieces_of_a_fraction_of_a_second() -> None:
    chunks = list(EspeakSpeech().synthesize(request(TEXT * 10)))
    assert len(chunks) > 100
    assert all(len(chunk.data) <= RATE for chunk in chunks)


@pytest.mark.parametrize("speed", [0.25, 0.4, 0.5, 0.8, 1.0, 1.25, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("text", [TEXT, "Yes, of course.", "One. Two. Three. Four."])
def test_speed_changes_the_length_by_what_it_says(text: str, speed: float) -> None:
    assert seconds(text, speed=speed) == pytest.approx(seconds(text) / speed, rel=0.05, abs=0.02)


@pytest.mark.parametrize("text", ["", " ", "...", "\N{ZERO WIDTH SPACE}", "\x00", "\x01\x02", "(", "\ud800", "\n\n"])
def test_text_with_nothing_to_say_is_a_short_silence(text: str) -> None:
    sound = look_pcm(say(text), RATE)
    assert 0.1 <= sound.seconds < 0.5
    assert sound.peak < 0.01


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("before \x00 and after this", "before"),
        ("<speak>hi</speak>", "hi"),
        ('one <break time="5s"/> two', "one two"),
        ("&amp; &lt;", "and"),
        ("[[h@loU]]", "hello"),
        ("\x0190S one two three", "one two three"),
        ("hello \N{GRINNING FACE}", "hello"),
    ],
)
def test_nothing_in_a_text_is_a_command(text: str, shorter: str) -> None:
    assert seconds(text) > 1.1 * seconds(shorter)
    assert seconds(text) < 5


def test_the_longest_text_is_spoken_to_its_end() -> None:
    text = ("The quick brown fox jumps over the lazy dog. " * 100)[:4096]
    assert seconds(text) > 200


@given(st.text(max_size=200))
@examples(60)
def test_any_text_is_spoken(text: str) -> None:
    sound = look_pcm(say(text), RATE)
    assert sound.seconds >= 0.1


def test_languages_are_spoken_by_their_voices() -> None:
    text = "Wir haben heute schönes Wetter, und morgen kommt das Gewitter."
    assert seconds(text, "de") != pytest.approx(seconds(text, "en-us"), rel=0.02)


@pytest.mark.parametrize(
    "voice",
    ["en-us", "EN-US", "en-gb", "de", "fr-fr", "cmn", "en-us+f2", "en-us+F2", "de+croak:pitch=0", "en-gb:pitch=65",
     "en-us+mr serious", "yue-latn-jyutping"],
)  # fmt: skip
def test_a_voice_that_it_has_speaks(voice: str) -> None:
    assert EspeakSpeech().find_voice(voice) is not None
    assert look_pcm(say("hello", voice), RATE).peak > 0.01


@pytest.mark.parametrize(
    "voice",
    ["", "klingonese", "en-us+nobody", "+f2", "f2", "en-us+f2+f3", "../en", "en-us+../f2", "en-us\n", "en-us:pitch=100",
     "en-us:pitch=", "en-us:pitch=-1", "en-us:speed=3", "alloy"],
)  # fmt: skip
def test_a_voice_that_it_has_not_is_refused(voice: str) -> None:
    assert EspeakSpeech().find_voice(voice) is None
    with pytest.raises(ProviderRejected) as caught:
        say("hello", voice)
    assert caught.value.param == "voice"


def test_every_voice_that_is_listed_speaks() -> None:
    voices = EspeakSpeech().voices()
    assert len(voices) > 100
    assert len({voice.id for voice in voices}) == len(voices)
    for voice in voices:
        assert look_pcm(say("12", voice.id), RATE).seconds >= 0.1


def test_voices_have_their_language_in_the_usual_writing() -> None:
    languages = {voice.id: voice.language for voice in EspeakSpeech().voices()}
    assert languages["en-us"] == "en-US"
    assert languages["en-gb-x-rp"] == "en-GB-x-rp"
    assert languages["cmn-latn-pinyin"] == "cmn-Latn-pinyin"
    assert languages["de"] == "de"


def test_one_caller_s_voice_does_not_stay_for_the_next() -> None:
    before = seconds(TEXT)
    say(TEXT, "en-us+f5:pitch=99")
    assert seconds(TEXT) == pytest.approx(before, rel=0.01)


def test_callers_at_the_same_time_each_get_their_own_speech() -> None:
    texts = [TEXT, TEXT * 2, TEXT * 3, "Hi."]
    alone = [seconds(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(seconds, texts * 3))
    assert together == pytest.approx(alone * 3, rel=0.01, abs=0.03)


def test_a_reader_that_waits_delays_no_other() -> None:
    waiting = EspeakSpeech().synthesize(request(TEXT * 20))
    next(waiting)
    assert seconds("Hi.") > 0.1
    assert sum(len(chunk.data) for chunk in waiting) > 60 * RATE


@pytest.mark.parametrize(
    ("name", "language", "gender"),
    [("en-us", "en-US", "male"), ("en-gb+f2:pitch=60", "en-GB", "female"), ("DE+Linda", "de", "female")],
)
def test_a_voice_is_described_with_its_variant(name: str, language: str, gender: str) -> None:
    voice = EspeakSpeech().find_voice(name)
    assert voice is not None
    assert (voice.id, voice.language, voice.gender) == (name, language, gender)
