"""Measures how well speakers are told apart, in mixtures of single speakers whose turns are known.

    python -m bench.speakers [RECORDINGS]

RECORDINGS has one folder for each person, with recordings of a few seconds in any format, such as the speakers of
LibriSpeech's test-other. Without it the only person is the reader of the tests.

The diarization error rate (DER) is the time with a wrong speaker, with speech that was missed, and with speech where
there is none, over the time of the speech; 250 ms on both sides of the ends of a turn do not count. `count` is the
share of mixtures with the right number of speakers. Speeds are seconds of audio per second of processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any, Final

import numpy as np

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.resample import resample
from audio_gateway.audio.speech_pieces import speech_pieces
from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.diarization.encoder import voice_encoder
from audio_gateway.providers.embedded.diarization.voices import Voices
from audio_gateway.providers.embedded.engines import EmbeddedEngines
from audio_gateway.providers.port import SynthesisCall
from audio_gateway.transcripts.transcript import Word
from bench.table import ResultRow, ResultTable, save
from tests.sound import CLIPS, clip

RATE: Final = 16_000
TICK: Final = RATE // 100
COLLAR: Final = 25  # ticks
LOUDNESS: Final = 0.06  # root mean square of each turn, give or take 3 dB
SPEECH_DB: Final = 32  # how far below the loudest 5 % speech may be
GAP: Final = 50  # ticks without speech that are within a turn
MACHINES: Final = (("hibari", "nova"), ("hibari", "onyx"), ("espeak-ng", "en-us"), ("espeak-ng", "en-us+m8"))
TEXTS: Final = (
    "Your appointment has been moved to Thursday afternoon, because the doctor is not available in the morning.",
    "Please remember to bring your passport, your ticket, and a warm jacket for the evening.",
    "The weather tomorrow will be mostly sunny, with a gentle breeze from the west.",
    "Although the old bridge had been closed for years, the villagers still crossed it every day.",
    "If you would like to speak with a person, please stay on the line.",
    "The museum opens at nine in the morning and closes at five in the afternoon.",
)
Speakers = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Conditions:
    """Mixtures of so many people and machines; turns in seconds, white noise in dB below the speech or None."""

    name: str
    people: int
    machines: int
    turns: tuple[float, float] = (1.5, 10.0)
    noise_db: float | None = None
    mixtures: int = 10


ALL: Final = (
    Conditions("1 person", 1, 0),
    Conditions("1 person, noise 15 dB", 1, 0, noise_db=15),
    Conditions("1 machine", 0, 1),
    Conditions("2 people", 2, 0),
    Conditions("2 people, short turns", 2, 0, turns=(1.5, 4.0)),
    Conditions("2 people, noise 15 dB", 2, 0, noise_db=15),
    Conditions("3 people", 3, 0),
    Conditions("4 people", 4, 0),
    Conditions("1 person, 1 machine", 1, 1),
    Conditions("2 people, 1 machine", 2, 1),
    Conditions("2 machines", 0, 2),
)


def people(folder: Path | None) -> Speakers:
    """The recordings of each person, as samples from -1 to 1."""
    found = {"reader": [samples(clip(name)) for name in CLIPS]}
    for person in sorted(folder.iterdir()) if folder else ():
        if person.is_dir():
            found[person.name] = [samples(file.read_bytes()) for file in sorted(person.iterdir())]
    return found


@cache
def machines() -> Speakers:
    engines = EmbeddedEngines()

    def spoken(model: str, voice: str, text: str) -> Any:
        chunks = list(engines.synthesize(SynthesisCall(model, text, voice, "pcm", Deadline.after(60))))
        pieces = resample((chunk.data for chunk in chunks), from_rate=chunks[0].sample_rate, to_rate=RATE)
        return np.frombuffer(b"".join(pieces), "<i2").astype(np.float32) / 32_768

    return {f"{model} {voice}": [spoken(model, voice, text) for text in TEXTS] for model, voice in MACHINES}


def samples(file: bytes) -> Any:
    return np.frombuffer(b"".join(decode_pcm(file, RATE)), "<i2").astype(np.float32) / 32_768


def speaks(sound: Any) -> Any:
    """Whether somebody speaks in each tick of a recording without noise, by its level."""
    ticks = sound[: len(sound) // TICK * TICK].reshape(-1, TICK)
    level = np.convolve(np.sqrt((ticks**2).mean(axis=1)), np.ones(5) / 5, "same")
    loud, floor = np.percentile(level, 95), np.percentile(level, 5)
    active = np.flatnonzero(level > max(loud * 10 ** (-SPEECH_DB / 20), min(floor * 2.5, loud / 4)))
    found = np.zeros(len(level), bool)
    for tick, following in zip(active, [*active[1:], active[-1]], strict=True):
        found[tick : following if following - tick <= GAP else tick + 1] = True
    return found


def turn(sounds: Sequence[Any], seconds: float, rng: Any) -> tuple[Any, Any]:
    """About so many seconds from the beginning of speech in one recording, and whether somebody speaks in each tick."""
    sound = sounds[int(rng.integers(len(sounds)))]
    spoken = speaks(sound)
    begins = np.flatnonzero(spoken & ~np.roll(spoken, 1))
    early = [begin for begin in begins if begin + 80 <= len(spoken)]
    begin = int(rng.choice(early)) if early else 0
    end = min(begin + int(seconds * 100), len(spoken))
    part = sound[begin * TICK : end * TICK]
    loudness = LOUDNESS * 10 ** (rng.uniform(-3, 3) / 20)
    return part * loudness / np.sqrt((part**2).mean()), spoken[begin:end]


def mixture(chosen: Sequence[Sequence[Any]], conditions: Conditions, rng: Any) -> tuple[Any, Any]:
    """A mixture of about a minute, and who speaks in each tick: the number of the speaker, or -1."""
    sounds, truth, last = [np.zeros(50 * TICK, np.float32)], [np.full(50, -1)], -1
    while len(truth) < 6 * len(chosen) or sum(map(len, truth)) < 4_500:
        upcoming = len(truth) // 2 if len(truth) < 2 * len(chosen) else int(rng.integers(len(chosen)))
        if upcoming == last and len(chosen) > 1:
            continue
        last = upcoming
        sound, spoken = turn(chosen[upcoming], rng.uniform(*conditions.turns), rng)
        pause = int(rng.uniform(0, 100))
        sounds += [sound, np.zeros(pause * TICK, np.float32)]
        truth += [np.where(spoken, upcoming, -1), np.full(pause, -1)]
    mixed = np.concatenate(sounds)
    noise = 10 ** (-conditions.noise_db / 20) * LOUDNESS if conditions.noise_db else 1e-4
    return mixed + rng.standard_normal(len(mixed)) * noise, np.concatenate(truth)


def heard(sound: Any, ticks: int) -> tuple[Any, float]:
    """Who is heard in each tick, and the processor time."""
    pcm = (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
    voices, found, took = Voices(voice_encoder()), np.full(ticks, -1), 0.0
    spoken: list[int] = []
    for piece in speech_pieces([pcm], longest_ms=12_000, gap_ms=640):
        started = time.process_time()
        voices.add(piece)
        took += time.process_time() - started
        likely = np.repeat(np.array(piece.probabilities) > 0.35, 32)
        spoken += [piece.start_ms // 10 + ms // 10 for ms in range(0, len(likely), 10) if likely[ms]]
    started = time.process_time()
    words = [Word("", tick * 10, tick * 10 + 10) for tick in spoken if tick < ticks]
    numbers = voices.most_alike(words, voices.speakers()) if voices.seconds else []
    took += time.process_time() - started
    for word, number in zip(words, numbers, strict=True):
        found[word.start_ms // 10] = number
    return filled(found), took


def filled(found: Any) -> Any:
    """The same speaker also in the short gaps of one speaker's turn."""
    active = np.flatnonzero(found >= 0)
    for tick, following in pairwise(active):
        if following - tick <= GAP and found[tick] == found[following]:
            found[tick:following] = found[tick]
    return found


def errors(truth: Any, found: Any) -> tuple[float, float, float]:
    """Ticks of speech, ticks that are wrong, and those of them with a wrong speaker."""
    edges = np.flatnonzero(np.diff(truth))
    counted = np.ones(len(truth), bool)
    for edge in edges:
        counted[max(0, edge - COLLAR) : edge + COLLAR] = False
    truth, found = truth[counted], found[counted]
    spoken, both = truth >= 0, (truth >= 0) & (found >= 0)
    wrong = int((spoken != (found >= 0)).sum())
    size = max(truth.max(), found.max()) + 1
    together = np.zeros((size, size))
    np.add.at(together, (truth[both], found[both]), 1)
    right = max(sum(together[i, j] for i, j in enumerate(order)) for order in permutations(range(size)))
    confused = int(both.sum() - right)
    return int(spoken.sum()), wrong + confused, confused


def measure(conditions: Conditions, persons: Speakers, rng: Any) -> ResultRow:
    total, wrong, confused, right_counts, took = 0.0, 0.0, 0.0, 0, 0.0
    length = 0
    for _ in range(conditions.mixtures):
        names = [*rng.choice(sorted(persons), conditions.people, replace=False)]
        chosen = [persons[name] for name in names]
        chosen += [machines()[name] for name in rng.choice(sorted(machines()), conditions.machines, replace=False)]
        sound, truth = mixture(chosen, conditions, rng)
        found, seconds = heard(sound, len(truth))
        of_one = errors(truth, found)
        total, wrong, confused = total + of_one[0], wrong + of_one[1], confused + of_one[2]
        right_counts += len(set(found[found >= 0])) == len(chosen)
        took, length = took + seconds, length + len(truth)
    return ResultRow(
        conditions.name, (wrong / total, confused / total, right_counts / conditions.mixtures, length / 100 / took)
    )


def rows(persons: Speakers) -> Iterator[ResultRow]:
    rng = np.random.default_rng(0)
    for conditions in ALL:
        if conditions.people <= len(persons):
            row = measure(conditions, persons, rng)
            print(row, flush=True)
            yield row


def main(folder: Path | None) -> None:
    persons = people(folder)
    title = f"Speakers told apart: {len(persons)} people, {len(MACHINES)} machines"
    save("speakers", [ResultTable(title, ["DER", "confusion", "count", "speed"], list(rows(persons)))])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
