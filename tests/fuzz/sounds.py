"""Samples for PocketSphinx: heard, be it as nothing. It gets what was decoded, so that any samples may come."""

from __future__ import annotations

import random
from array import array

from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.sphinx_decoder import decoder
from audio_gateway.providers.embedded.utterances import SAMPLE_RATE, utterances
from tests.fuzz.apart import work_apart
from tests.fuzz.tally import Tally
from tests.sound import CLIPS, clip

LIMIT_S = 60.0
_EXTREMES = (-32_768, 32_767, 0, 1, -1)


def fuzz_sounds(seed: int, count: int) -> Tally:
    """Listen to so many sounds of a fraction of a second up to some seconds."""
    tally = Tally("sounds", ("heard",), LIMIT_S)
    decoder()
    work_apart(tally, count, str, lambda number: _work(random.Random(f"sound {seed} {number}")))
    return tally


def _work(dice: random.Random) -> str:
    for utterance in utterances([_sound(dice)]):
        decoder().words(utterance, Deadline.after(LIMIT_S))
    return "heard"


def _sound(dice: random.Random) -> bytes:
    samples = array("h")
    for _ in range(dice.randint(1, 6)):
        length = int(SAMPLE_RATE * dice.choice((0.00007, 0.01, 0.1, 0.5, 1.0)))
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
