"""Samples for the models that listen: heard, be it as nothing. They get what was decoded, so any samples may come."""

from __future__ import annotations

import random
from array import array

from audio_gateway.audio.silero import SPEECH_SAMPLE_RATE, speech_probabilities
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.moonshine.ears import Ears
from audio_gateway.providers.embedded.moonshine.model import Moonshine
from audio_gateway.providers.embedded.moonshine.wording import text_of, words_of
from audio_gateway.providers.embedded.word_times.aligner import Aligner
from tests.fuzz.apart import work_apart
from tests.fuzz.tally import Tally
from tests.sound import CLIPS, clip

LIMIT_S = 60.0
_EXTREMES = (-32_768, 32_767, 0, 1, -1)
_LONG = "x" * 200
_WORDS = (
    "hello",
    "$9.99",
    "1999",
    "Zürich",
    "\N{EIGHTH NOTE}",
    "x" * 200,
    "O'Brien's",
    "((",
    "日本",
    "\x00",
    "<s>",
    "a(2)",
)


def fuzz_sounds(seed: int, count: int) -> Tally:
    """Listen to so many sounds of a fraction of a second up to some seconds, as if all of them were speech."""
    tally = Tally("sounds", ("heard",), LIMIT_S)
    ears = Ears(Moonshine(), Aligner)
    work_apart(tally, count, str, lambda number: _work(random.Random(f"sound {seed} {number}"), ears))
    return tally


def _work(dice: random.Random, ears: Ears) -> str:
    pcm = _sound(dice)
    piece = SpeechPiece(0, pcm, tuple(speech_probabilities([pcm])), goes_on=False)
    words = words_of(text_of(ears.tokens(piece, Deadline.after(LIMIT_S))))
    ears.times(piece, words or dice.choices(_WORDS, k=dice.randint(0, 9)))
    return "heard"


def _sound(dice: random.Random) -> bytes:
    samples = array("h")
    for _ in range(dice.randint(1, 6)):
        length = int(SPEECH_SAMPLE_RATE * dice.choice((0.00007, 0.01, 0.1, 0.5, 1.0)))
        kind = dice.randrange(4)
        if kind == 0:
            samples.extend(dice.choice(_EXTREMES) for _ in range(length))
        elif kind == 1:
            samples.extend([dice.choice(_EXTREMES)] * length)
        elif kind == 2:
            samples.extend(array("h", dice.randbytes(2 * length)))
        else:
            speech = array("h", clip(dice.choice(CLIPS))[44:])
            start = dice.randrange(len(speech) - length)
            gain = dice.choice((-1, 1, 3))
            samples.extend(max(-32_768, min(32_767, gain * value)) for value in speech[start : start + length])
    return samples.tobytes()
