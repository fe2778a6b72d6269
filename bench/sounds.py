"""Sounds to measure with: speech under bad conditions, noises, and music, made of clips and formulas."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "layers/shared"))

from audio_gateway.audio.decode import decode_pcm  # noqa: E402 - the layer is not installed, but on the path
from audio_gateway.audio.resample import resample  # noqa: E402 - likewise

Sound = np.ndarray[Any, np.dtype[np.float64]]
"""Mono samples at `RATE`, from -1 to 1."""
Chance = np.random.Generator

RATE: Final = 16_000
SPEECH_DB: Final = -23.0  # the usual level of speech, relative to full scale
SENTENCES: Final = (
    "Hello, thank you for calling. How may I help you today?",
    "Please remember to bring your passport, your ticket and a warm jacket.",
    "The museum opens at nine in the morning and closes at five.",
)
WORDS: Final = ("Yes.", "No, thanks.", "Hello?", "Twenty-four.", "Tomorrow morning.")
_SILENT: Final = 1e-9


# ------------------------------------------------------------------------------------------------ speech


@cache
def utterances() -> tuple[Sound, ...]:
    """Sentences of one reader, of two others made of her by another pace and pitch, and of the embedded voice."""
    read = [np.frombuffer(b"".join(decode_pcm(file.read_bytes(), RATE)), "<i2") / 32_768 for file in clips()]
    faster = [at_pace(sound, pace) for sound in read for pace in (0.8, 1.2)]
    return tuple(at_level(sound, SPEECH_DB) for sound in (*read, *faster, *spoken(SENTENCES)))


@cache
def single_words() -> tuple[Sound, ...]:
    """Words on their own: cut out of the readings at their times, and said by the embedded voice."""
    cut = []
    for file, sound in zip(clips(), utterances(), strict=False):
        cut += [sound[int(start * RATE) : int(end * RATE)] for start, end in times(file) if end - start >= 0.3]
    return tuple(at_level(sound, SPEECH_DB) for sound in (*cut, *spoken(WORDS)))


def clips() -> list[Path]:
    """The recordings of the tests."""
    return sorted((ROOT / "tests/data/speech").glob("*.wav"))


def spoken(texts: tuple[str, ...]) -> list[Sound]:
    """The texts in the embedded voice; nothing without it."""
    try:
        from hibari import Hibari  # type: ignore[import-not-found, unused-ignore]  # in a layer, not in CI
    except ImportError:
        print("SKIPPED: the embedded voice is not installed", file=sys.stderr)
        return []
    voice = Hibari()
    return [at_rate(np.asarray(voice(text, seed=0), np.float64), 24_000) for text in texts]


def reading(seconds: float, chance: Chance) -> tuple[Sound, list[tuple[float, float]]]:
    """So many seconds of the reader, from a random moment on, and when each word begins and ends, in seconds."""
    parts, words, at = [], [], 0
    while at < (seconds + 6) * RATE:
        file, sound = clips()[number := int(chance.integers(len(clips())))], utterances()[number]
        words += [(at / RATE + start, at / RATE + end) for start, end in times(file)]
        parts.append(sound)
        at += len(sound)
    first = int(chance.integers(0, at - int(seconds * RATE)))
    sound = np.concatenate(parts)[first : first + int(seconds * RATE)]
    return sound, [(start - first / RATE, end - first / RATE) for start, end in words]


def times(clip: Path) -> list[tuple[float, float]]:
    """When each word of a clip begins and ends, in seconds."""
    rows = (line.split("\t") for line in clip.with_suffix(".words.tsv").read_text().splitlines() if line)
    return [(float(start), float(end)) for start, end, _ in rows]


def at_pace(sound: Sound, pace: float) -> Sound:
    """The same recording played faster: with a higher voice, too."""
    return np.interp(np.arange(0, len(sound), pace), np.arange(len(sound)), sound)


def at_rate(sound: Sound, rate: int) -> Sound:
    """A sound of another sample rate."""
    return from_pcm(b"".join(resample([to_pcm(sound)], from_rate=rate, to_rate=RATE)))


def at_level(sound: Sound, decibels: float) -> Sound:
    """The same with that level (RMS, relative to full scale)."""
    rms = np.sqrt(np.mean(sound**2))
    return sound * (10 ** (decibels / 20) / rms) if rms > _SILENT else sound


def telephone(sound: Sound) -> Sound:
    """As through a telephone: 300 to 3400 Hz, 8 kHz, 8 bits on the mu-law scale."""
    sound = sound[: len(sound) // 2 * 2]
    narrow = band(sound, 300, 3_400)[::2]
    scaled = np.sign(narrow) * np.log1p(255 * np.abs(narrow).clip(0, 1)) / np.log(256)
    coarse = np.round(scaled * 127) / 127
    return at_rate(np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255, RATE // 2)


def whispered(sound: Sound, chance: Chance) -> Sound:
    """The same without a voice: the resonances of the mouth (linear prediction), with noise in place of the glottis.

    A real whisper has less energy at low frequencies than the voice; so has this, as the pre-emphasis is not undone.
    """
    order, frame, hop = 18, 400, 160
    raised = np.append(sound[0], sound[1:] - 0.97 * sound[:-1])
    breath = chance.standard_normal(len(raised))
    heard, memory, window = np.zeros(len(raised)), np.zeros(order), np.hamming(frame)
    for at in range(0, len(raised) - frame, hop):
        part = raised[at : at + frame] * window
        lags = np.array([part[: frame - lag] @ part[lag:] for lag in range(order + 1)])
        lags[0] = lags[0] * 1.0001 + _SILENT
        toeplitz = lags[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
        filters = np.linalg.solve(toeplitz, lags[1:])
        gain = np.sqrt(max(lags[0] - filters @ lags[1:], 0) / (window @ window))
        for place in range(at, at + hop):
            heard[place] = gain * breath[place] + filters @ memory
            memory[1:], memory[0] = memory[:-1].copy(), heard[place]
    return at_level(heard, SPEECH_DB)


def reverberant(sound: Sound, chance: Chance) -> Sound:
    """As in a hall: an echo of 0.8 s, mostly indirect sound."""
    decay = chance.standard_normal(RATE) * 10 ** (-3 * np.arange(RATE) / (0.8 * RATE))
    decay[0] = 4
    length = len(sound) + len(decay)
    echoed = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(decay, length), length)
    return at_level(echoed[: len(sound)], SPEECH_DB)


def over(sound: Sound, other: Sound, decibels: float) -> Sound:
    """Speech over another sound, which is so many decibels below it."""
    return at_level(sound, SPEECH_DB) + at_level(np.resize(other, len(sound)), SPEECH_DB - decibels)


def in_silence(sound: Sound, seconds: float, chance: Chance) -> Sound:
    """A sound somewhere in a long silence of a quiet room."""
    room = chance.standard_normal(int(seconds * RATE)) * 2e-4
    at = int(chance.integers(0, len(room) - len(sound)))
    room[at : at + len(sound)] += sound
    return room


# ------------------------------------------------------------------------------------------------ other sounds


def noise(chance: Chance, seconds: float = 10, slope: float = 0) -> Sound:
    """White noise, or pink (-3 dB per octave) or brown (-6)."""
    spectrum = np.fft.rfft(chance.standard_normal(int(seconds * RATE)))
    octaves = np.log2(np.maximum(np.arange(len(spectrum)) * RATE / 2 / len(spectrum), 20) / 1_000)
    return at_level(np.fft.irfft(spectrum * 10 ** (slope * octaves / 20)), SPEECH_DB)


def band(sound: Sound, low: float, high: float) -> Sound:
    """The frequencies between two limits in hertz."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    return np.fft.irfft(spectrum * ((hertz >= low) & (hertz <= high)), len(sound))


def hum(chance: Chance, seconds: float = 10) -> Sound:
    """Mains hum of 50 or 60 Hz with its harmonics."""
    base = chance.choice([50, 60])
    return at_level(note(base, seconds, 1 / np.arange(1, 12) ** 1.2), -30) + at_level(noise(chance, seconds), -65)


def wind(chance: Chance) -> Sound:
    """Gusts: brown noise that swells and fades within seconds."""
    gusts = np.interp(np.arange(10 * RATE), np.linspace(0, 10 * RATE, 14), chance.uniform(0.05, 1, 14))
    return at_level(noise(chance, slope=-6) * gusts, SPEECH_DB)


def applause(chance: Chance) -> Sound:
    """Hundreds of claps: short bursts of noise."""
    return at_level(bursts(chance, 400, 0.01), SPEECH_DB)


def typing(chance: Chance) -> Sound:
    """Some clicks in a second, in a quiet room."""
    return at_level(bursts(chance, 60, 0.003), -32) + at_level(noise(chance), -70)


def bursts(chance: Chance, count: int, length: float) -> Sound:
    """Bursts of noise that fade within `length` seconds, at random moments of ten seconds."""
    whole, size = np.zeros(10 * RATE), int(length * 8 * RATE)
    fade = np.exp(-np.arange(size) / (length * RATE))
    for at in chance.integers(0, len(whole) - size, count):
        whole[at : at + size] += chance.standard_normal(size) * fade * chance.uniform(0.3, 1)
    return whole


def note(hertz: float, seconds: float, harmonics: Sound, fade: float = 0) -> Sound:
    """A tone with harmonics of these amplitudes, which fades by the factor e within `fade` seconds."""
    t = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros(len(t))
    for number, amplitude in enumerate(harmonics, 1):
        if hertz * number < RATE / 2:
            sound += amplitude * np.sin(2 * np.pi * hertz * number * t)
    attack = np.minimum(t / 0.01, 1)
    return sound * attack * (np.exp(-t / fade) if fade else 1)


def chord(chance: Chance) -> Sound:
    """Three notes of an organ, held for ten seconds."""
    root = 110 * 2 ** (chance.integers(0, 24) / 12)
    notes = (note(root * 2 ** (step / 12), 10, 1 / np.arange(1, 9)) for step in (0, 4, 7))
    return at_level(sum(notes, np.zeros(10 * RATE)), SPEECH_DB)


def beeps(chance: Chance) -> Sound:
    """A telephone's busy tone, or its keys."""
    pairs = chance.choice([(425, 425), (697, 1_209), (852, 1_477), (941, 1_633)], 20)
    pause = np.zeros(RATE // 4)
    tones = [(note(low, 0.25, np.ones(1)) + note(high, 0.25, np.ones(1)), pause) for low, high in pairs]
    return at_level(np.concatenate([each for tone in tones for each in tone]), SPEECH_DB)


def siren(chance: Chance) -> Sound:
    """A tone that glides up and down between 500 and 1500 Hz."""
    t = np.arange(10 * RATE) / RATE
    hertz = 1_000 + 500 * np.sin(2 * np.pi * chance.uniform(0.2, 1) * t)
    return at_level(np.sin(2 * np.pi * np.cumsum(hertz) / RATE), SPEECH_DB)


def birds(chance: Chance) -> Sound:
    """Chirps: short glides between 2 and 6 kHz."""
    whole = at_level(noise(chance), -65)
    for at in chance.integers(0, 9 * RATE, 40):
        size = int(chance.uniform(0.05, 0.2) * RATE)
        hertz = np.linspace(chance.uniform(2_000, 6_000), chance.uniform(2_000, 6_000), size)
        whole[at : at + size] += 0.1 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.hanning(size)
    return whole


def drums(chance: Chance) -> Sound:
    """A beat: bass drum, snare and cymbal."""
    beat = RATE * 60 / chance.uniform(80, 160)
    whole = np.zeros(10 * RATE)
    t = np.arange(RATE // 4) / RATE
    kick = np.sin(2 * np.pi * np.cumsum(50 + 100 * np.exp(-t / 0.03)) / RATE) * np.exp(-t / 0.08)
    for step in range(int(2 * len(whole) / beat)):
        at = int(step * beat / 2)
        hiss = chance.standard_normal(len(t))
        hit = 0.3 * hiss * np.exp(-t / 0.02)
        if step % 2 == 0:
            hit = hit + (kick if step % 4 == 0 else 0.6 * hiss * np.exp(-t / 0.07))
        rest = whole[at : at + len(t)]
        rest += hit[: len(rest)]
    return at_level(whole, SPEECH_DB)


def melody(chance: Chance, harmonics: Sound, fade: float) -> Sound:
    """Notes of a scale, one after the other."""
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    notes = [
        note(220 * 2 ** (chance.choice(scale) / 12), length, harmonics, fade)
        for length in chance.choice([0.25, 0.25, 0.5, 1.0], 40)
    ]
    return at_level(np.concatenate(notes)[: 10 * RATE], SPEECH_DB)


PIANO: Final = 1 / np.arange(1, 9) ** 1.5
STRING: Final = 1 / np.arange(1, 25)


def band_music(chance: Chance) -> Sound:
    """Drums, a chord in each bar, and a melody."""
    whole = drums(chance) + at_level(melody(chance, PIANO, 0.4), SPEECH_DB - 3)
    bars = [chord(chance)[: 2 * RATE] for _ in range(5)]
    return at_level(whole + at_level(np.concatenate(bars), SPEECH_DB - 4), SPEECH_DB - 3)


def to_pcm(sound: Sound) -> bytes:
    """The sound as s16le."""
    return (sound.clip(-1, 1) * 32_767).astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> Sound:
    """The sound of s16le."""
    return np.frombuffer(pcm, "<i2") / 32_768
