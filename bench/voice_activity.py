"""Measures how well the detectors hear speech, and where they cut it.

    python -m bench.voice_activity [--rounds N] [--cuts N]

In the first table there is speech, in the second there is none: the figures are the shares of clips in which a detector
hears speech. The third shows other thresholds of the model. The fourth cuts readings of a known reader: the figures are
the shares of cuts within a word, by the level alone, with the model as the functions do it, and by the model alone, and
the share of cuts in a silent pause, which need no overlap. Each round draws other noises, melodies and cuts. Speeds are
seconds of audio per second of processor time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, repeat
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from audio_gateway.audio.cut import CutRule, cut
from audio_gateway.audio.level_detector import LEVEL_SAMPLE_RATE, sounds_like_speech
from audio_gateway.audio.resample import resample
from audio_gateway.audio.silence import best_cut
from audio_gateway.audio.silero import WINDOW, WINDOW_MS, speech_probabilities
from audio_gateway.audio.voice_activity import has_speech
from audio_gateway.errors import ConfigurationError
from bench import sounds as s
from bench.sounds import RATE, SPEECH_DB, Chance, Sound, to_pcm
from bench.table import ResultRow, ResultTable, save

SECONDS_TO_CUT: Final = 12.0  # what is searched around the end of a chunk of 30 s
NO_SPEECH_BELOW: Final = 0.35  # the probability
EDGE_S: Final = 0.03  # how exact the times of words are
THRESHOLDS: Final = tuple((least, windows) for least in (0.3, 0.5, 0.7, 0.9) for windows in (2, 4, 7, 10))


@dataclass(frozen=True)
class Condition:
    """Clips of one kind; `make` yields those of a round."""

    name: str
    make: Callable[[Chance], Iterator[Sound]]


Change = Callable[[Sound, Chance], Sound]


def of_each(change: Change, sources: Callable[[], tuple[Sound, ...]] = s.utterances) -> Any:
    """What `change` makes of each utterance."""
    return lambda chance: (change(sound, chance) for sound in sources())


def some(make: Callable[[Chance], Sound], count: int = 8) -> Any:
    """So many clips."""
    return lambda chance: (make(chance) for _ in range(count))


def padded(sound: Sound, chance: Chance) -> Sound:
    """A short sound with a quiet room around it."""
    return s.in_silence(sound, len(sound) / RATE + 0.6, chance)


def in_noise(slope: float, below: float) -> Change:
    """Speech over noise that is so many decibels below it."""
    return lambda sound, chance: s.over(sound, s.noise(chance, slope=slope), below)


CHANGES: Final[dict[str, Change]] = {
    "clean": lambda sound, _: sound,
    "20 dB quieter": lambda sound, _: sound * 0.1,
    "40 dB quieter": lambda sound, _: sound * 0.01,
    "telephone": lambda sound, _: s.telephone(sound),
    "whispered": s.whispered,
    "whispered, 20 dB quieter": lambda sound, chance: s.whispered(sound, chance) * 0.1,
    "reverberation": s.reverberant,
    "white noise 10 dB below": in_noise(0, 10),
    "white noise 5 dB below": in_noise(0, 5),
    "white noise as loud": in_noise(0, 0),
    "brown noise 5 dB below": in_noise(-6, 5),
    "brown noise as loud": in_noise(-6, 0),
    "music 5 dB below": lambda sound, chance: s.over(sound, s.band_music(chance), 5),
    "music as loud": lambda sound, chance: s.over(sound, s.band_music(chance), 0),
}

SPEECH: Final = (
    *(Condition(name, of_each(change)) for name, change in CHANGES.items()),
    Condition("hum 10 dB below", of_each(lambda sound, chance: s.over(sound, s.hum(chance), 10))),
    Condition("single word", of_each(padded, s.single_words)),
    Condition("single word, nothing around it", of_each(lambda sound, _: sound, s.single_words)),
    Condition("single word, telephone", of_each(lambda sound, c: s.telephone(padded(sound, c)), s.single_words)),
    Condition("in two silent minutes", of_each(lambda sound, chance: s.in_silence(sound, 120, chance))),
)

NO_SPEECH: Final = (
    Condition("digital silence", some(lambda _: np.zeros(10 * RATE), 1)),
    Condition("quiet room, -70 dB", some(lambda chance: s.at_level(s.noise(chance), -70))),
    Condition("white noise", some(s.noise)),
    Condition("white noise, -50 dB", some(lambda chance: s.at_level(s.noise(chance), -50))),
    Condition("pink noise", some(partial(s.noise, slope=-3))),
    Condition("brown noise", some(partial(s.noise, slope=-6))),
    Condition("gusts of wind", some(s.wind)),
    Condition("hum", some(s.hum)),
    Condition("tone", some(lambda chance: s.at_level(s.note(chance.uniform(100, 2_000), 10, np.ones(1)), SPEECH_DB))),
    Condition("beeps", some(s.beeps)),
    Condition("siren", some(s.siren)),
    Condition("chord", some(s.chord)),
    Condition("melody, piano", some(lambda chance: s.melody(chance, s.PIANO, 0.4))),
    Condition("melody, strings", some(lambda chance: s.melody(chance, s.STRING, 0))),
    Condition("drums", some(s.drums)),
    Condition("drums, chords and melody", some(s.band_music)),
    Condition("clicks, typing", some(s.typing)),
    Condition("applause", some(s.applause)),
    Condition("birds", some(s.birds)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of the detectors of speech.")
    parser.add_argument("--rounds", type=int, default=1, help="how often each clip is made and heard")
    parser.add_argument("--cuts", type=int, default=20, help="cuts for each condition")
    options = parser.parse_args()
    speech, no_speech = heard(SPEECH, options.rounds), heard(NO_SPEECH, options.rounds)
    tables = [
        hits("Somebody speaks: share of clips with speech", speech),
        hits("No speech: share of clips with speech", no_speech),
        thresholds(speech, no_speech),
        cuts(options.cuts),
        speeds(),
    ]
    save("voice_activity", tables)


# ------------------------------------------------------------------------------------------------ is it speech?


@dataclass
class Heard:
    """What the detectors hear in a clip."""

    by_level: bool
    by_model: bool
    probabilities: list[float]


def heard(conditions: Sequence[Condition], rounds: int) -> dict[str, list[Heard]]:
    """What is heard in all clips of each condition."""
    return {
        condition.name: [
            hear(to_pcm(sound)) for seed in range(rounds) for sound in condition.make(np.random.default_rng(seed))
        ]
        for condition in conditions
    }


def hear(pcm: bytes) -> Heard:
    """The clip as both detectors hear it."""

    def pcm_at(rate: int) -> Iterator[bytes]:
        return resample(pieces(pcm), from_rate=RATE, to_rate=rate)

    return Heard(
        sounds_like_speech(pcm_at(LEVEL_SAMPLE_RATE)), has_speech(pcm_at), list(speech_probabilities(pieces(pcm)))
    )


def hits(title: str, found: dict[str, list[Heard]]) -> ResultTable:
    """One row per condition, and one for all conditions."""
    table = ResultTable(title, ["clips", "level", "model"])
    for name, clips in found.items():
        table.add(ResultRow(name, [len(clips), share(c.by_level for c in clips), share(c.by_model for c in clips)]))
    everything = [clip for clips in found.values() for clip in clips]
    table.add(
        ResultRow(
            "all",
            [len(everything), share(c.by_level for c in everything), share(c.by_model for c in everything)],
        )
    )
    return table


def thresholds(speech: dict[str, list[Heard]], no_speech: dict[str, list[Heard]]) -> ResultTable:
    """What other thresholds would find: a probability, and for how long it must be exceeded."""
    table = ResultTable("Thresholds of the model: probability, duration", ["speech", "no speech"])
    for least, windows in THRESHOLDS:
        shares = [
            share(longest(clip.probabilities, least) >= windows for clips in found.values() for clip in clips)
            for found in (speech, no_speech)
        ]
        table.add(ResultRow(f"{least}, {windows * WINDOW_MS} ms", shares))
    return table


def longest(probabilities: list[float], least: float) -> int:
    """The most windows in a row above a probability."""
    runs = groupby(probability > least for probability in probabilities)
    return max((sum(1 for _ in run) for above, run in runs if above), default=0)


def share(values: Iterator[bool]) -> float:
    """The share that is true."""
    found = list(values)
    return sum(found) / len(found)


def pieces(pcm: bytes) -> Iterator[bytes]:
    """The samples in pieces, as a decoder gives them."""
    return (pcm[at : at + 16_384] for at in range(0, len(pcm), 16_384))


# ------------------------------------------------------------------------------------------------ where to cut


def cuts(count: int) -> ResultTable:
    """Cuts of the same clips by the level alone, and with the model."""
    columns = ["level", "with model", "model alone", "in a pause"]
    table = ResultTable("Cuts: share within a word, and in a silent pause", columns)
    sums = np.zeros(len(columns))
    for name, change in CHANGES.items():
        chance = np.random.default_rng(5)
        found = np.mean([one_cut(change, chance) for _ in range(count)], 0)
        table.add(ResultRow(name, [float(each) for each in found]))
        sums += found
    table.add(ResultRow("all", [float(each) for each in sums / len(CHANGES)]))
    return table


def one_cut(change: Change, chance: Chance) -> tuple[bool, bool, bool, bool]:
    """Whether a cut is within a word, by each of the columns, and whether it is in a silent pause."""
    sound, words = s.reading(SECONDS_TO_CUT, chance)
    pcm = to_pcm(change(sound, chance))
    with_model = best_cut(pcm, len(pcm) // 4)
    with patch("audio_gateway.audio.silence.speech_probabilities", missing):
        by_level = best_cut(pcm, len(pcm) // 4)
    samples = (by_level.sample, with_model.sample, middle_of_longest_pause(pcm))
    by_level_only, both, by_model_only = (within(words, sample) for sample in samples)
    return by_level_only, both, by_model_only, with_model.silent


def middle_of_longest_pause(pcm: bytes) -> int:
    """The sample to cut at if the model alone decides: where it is longest sure of no speech."""
    best, at = (0, 0.0), 0
    for silent, run in groupby(probability < NO_SPEECH_BELOW for probability in speech_probabilities([pcm])):
        length = sum(1 for _ in run)
        best = max(best, (length, at + length / 2)) if silent else best
        at += length
    return int(best[1] * WINDOW)


def within(words: Sequence[tuple[float, float]], sample: int) -> bool:
    """Whether a cut at a sample divides one of the words."""
    return any(start + EDGE_S < sample / RATE < end - EDGE_S for start, end in words)


def missing(_pcm: object) -> Iterator[float]:
    """The model of a function whose layers do not have it."""
    raise ConfigurationError("The model is switched off")


# ------------------------------------------------------------------------------------------------ speed


def speeds() -> ResultTable:
    """Seconds of audio per second of processor time: of the model, of the level, and of cutting an hour."""
    table = ResultTable("Speed, times real time", ["x"])
    spoken = np.resize(np.concatenate(s.utterances()), 300 * RATE)
    clean, noisy = to_pcm(spoken), to_pcm(s.over(spoken, s.noise(np.random.default_rng(1)), 0))
    silent = bytes(300 * LEVEL_SAMPLE_RATE * 2)
    work: dict[str, tuple[float, Callable[[], object]]] = {
        "model": (300, lambda: list(speech_probabilities(pieces(clean)))),
        "level": (300, lambda: sounds_like_speech(pieces(silent))),
        "cut, clean": (3_600, lambda: cut_hour(clean)),
        "cut, noise as loud": (3_600, lambda: cut_hour(noisy)),
    }
    for name, (seconds, run) in work.items():
        before = time.process_time()
        run()
        table.add(ResultRow(name, [seconds / (time.process_time() - before)]))
    return table


def cut_hour(five_minutes: bytes) -> None:
    """Cut an hour of the same five minutes into chunks."""
    hour = (piece for again in repeat(five_minutes, 12) for piece in pieces(again))
    for _ in cut(hour, CutRule(chunk_seconds=300)):
        pass


if __name__ == "__main__":
    main()
