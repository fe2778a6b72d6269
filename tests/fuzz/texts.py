"""Texts for the engines that speak, through their adapters: spoken, or a 400 behind which the next one is spoken."""

from __future__ import annotations

import random
import time

from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderRejected, TextUnspeakable
from audio_gateway.providers.embedded.espeak.speech import EspeakSpeech
from audio_gateway.providers.embedded.hibari.speech import HibariSpeech
from audio_gateway.providers.embedded.hibari.voices import VOICES as HIBARI_VOICES
from audio_gateway.providers.port import SpeechAdapter, SynthesisCall
from tests.fuzz.tally import Tally

LONGEST = 4096  # characters, as the shipped catalogue has it
LONGEST_OF_HIBARI = 200  # it takes ten times as long as eSpeak NG, and more for many lines
LIMIT_S = 20.0  # five of processor time are the process's own limit; the rest is for a busy machine

VOICES = (
    "en", "en-us", "en-gb", "en-us+f3:pitch=70", "de", "fr-fr", "cmn", "yue", "ja", "hi", "ar", "ru", "ko", "tr", "eo",
    "ro", "hr", "vi", "id", "ta", "el", "he", "th", "my", "fa", "hy", "ka", "am", "chr", "pl", "it", "pt-br", "es",
)  # fmt: skip
# What is read in a way of its own, or has been found to break something.
UNITS = (
    "A.B.", "z.B. ", "e.g. ", "e.g.", "i.e. p.m. a.m. ", "\u2019s", "'s ", "Dr. ", "1st ", "1,", "1.",
    "3.14159 ", "1e9 ",
    "$5.00 ",
    "a1", "MCMXC ", "http://", "a@b.c ", "&lt;", "&#99999;", "<break/>", "[[h@l]]", "9", "0", "A", "a", "!", "?!",
    "...", "-", "\u2014", '"', "(", "[", "%", "\u20ac", "\u00b2", "\u00bd", "\u0301", "\u200d", "\u202e", "\ue000",
    "\U0010ffff", "\t", "\n", "\n\n", "\u00a0", "\U0001f468\u200d", "\U0001f600", "\u4e00", "\uac00", "\u3042",
    "\u0915\u094d", "\u0e01", "\u1000\u1039", "\u0627", "\u05d0", "\u0416", "\u03b1", "\u1820", "\u13a0",
    "bcdfg", "aeiou",
    "caf\u00e9 ", "na\u00efve", "x" * 60, "Hello world. ",
)  # fmt: skip
JOINTS = ("", "", "", " ", "  ", "\t", "\n", ".", ", ", "-", "\u200b", " \u2014 ")


def text_of(dice: random.Random) -> str:
    """Units in a row, a soup of units, or any characters, up to a length that is mostly short."""
    length = int(LONGEST ** dice.uniform(0.3, 1.0))
    kind = dice.randrange(3)
    if kind == 0:
        unit = dice.choice(UNITS) + dice.choice(JOINTS)
        return (dice.choice(("", "Hello. ")) + unit * length)[:length]
    if kind == 1:
        few = dice.sample(UNITS, dice.randint(2, 8))
        return "".join(dice.choice(few) + dice.choice(JOINTS) for _ in range(length))[:length]
    highest = dice.choice((0x7F, 0x24F, 0x52F, 0xFFFF, 0x10FFFF))
    return "".join(chr(dice.randint(1, highest)) for _ in range(length))


def fuzz_texts(seed: int, count: int) -> Tally:
    """Speak so many texts."""
    tally, espeak, hibari = Tally("texts", ("spoken", "unspeakable"), LIMIT_S), EspeakSpeech(), HibariSpeech()
    for number in range(count):
        dice = random.Random(f"text {seed} {number}")
        engine, voice = (hibari, dice.choice(list(HIBARI_VOICES))) if number % 4 == 0 else (espeak, dice.choice(VOICES))
        text = text_of(dice)[: LONGEST_OF_HIBARI if engine is hibari else LONGEST]
        started = time.monotonic()
        outcome = _outcome(engine, voice, text)
        name = f"{number} {voice} {len(text)} characters {text[:12]!a}"
        tally.add(name, outcome, time.monotonic() - started)
        if outcome != "spoken":
            tally.add(f"the text behind {name}", _outcome(engine, "en" if engine is espeak else voice, "Hello."), 0.0)
    return tally


def _outcome(engine: SpeechAdapter, voice: str, text: str) -> str:
    request = SynthesisCall("", text, voice, "pcm", Deadline.after(60))
    try:
        spoken = sum(len(chunk.data) for chunk in engine.synthesize(request))
    except (TextUnspeakable, ProviderRejected):
        return "unspeakable"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
        return f"{type(error).__name__}: {error}"
    return "spoken" if spoken else "nothing"
