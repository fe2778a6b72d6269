"""Damaged files, through `measure` and decoding: measured, or refused."""

from __future__ import annotations

import random
from functools import cache

from audio_gateway.audio.measure import measure
from audio_gateway.errors import InvalidAudio
from tests.fuzz.apart import work_apart
from tests.fuzz.tally import Tally
from tests.unit.audio.files import EVERY_FORMAT, any_file

LIMIT_S = 20.0
_RATE = 16_000


def fuzz_media(seed: int, count: int) -> Tally:
    """Measure so many files, and decode those that are measured."""
    tally = Tally("media files", ("measured", "refused"), LIMIT_S)
    for name in EVERY_FORMAT:
        _sample(name)
    work_apart(tally, count, lambda number: f"{number} {_damaged(seed, number)[0]}", lambda number: _work(seed, number))
    return tally


def _work(seed: int, number: int) -> str:
    _, data = _damaged(seed, number)
    try:
        for _ in measure(data, limit_ms=600_000).pcm(_RATE):
            pass
    except InvalidAudio:
        return "refused"
    return "measured"


@cache
def _sample(name: str) -> bytes:
    return any_file(name, 0.6)


def _damaged(seed: int, number: int) -> tuple[str, bytes]:
    """What is damaged, and the damaged file."""
    dice = random.Random(f"media {seed} {number}")
    name = dice.choice(EVERY_FORMAT)
    data = bytearray(_sample(name))
    for _ in range(dice.randint(1, 6)):
        dice.choice((_change, _change, _grow, _cut, _double, _graft))(dice, data)
    return name, bytes(data)


def _place(dice: random.Random, data: bytearray) -> int:
    """Somewhere, mostly in the headers."""
    return dice.randrange(min(len(data), dice.choice((64, 512, 4096, len(data) or 1))) or 1)


def _change(dice: random.Random, data: bytearray) -> None:
    for _ in range(dice.randint(1, 16)):
        if data:
            data[_place(dice, data) % len(data)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))


def _grow(dice: random.Random, data: bytearray) -> None:
    """A number of four bytes becomes a very large or a very small one."""
    at = _place(dice, data)
    data[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00", dice.randbytes(4)))


def _cut(dice: random.Random, data: bytearray) -> None:
    at = _place(dice, data)
    del data[at : at + dice.choice((1, 4, 100, 5000))]


def _double(dice: random.Random, data: bytearray) -> None:
    at = _place(dice, data)
    data[at:at] = data[at : at + dice.choice((8, 200, 4000))] * dice.choice((1, 2, 50))


def _graft(dice: random.Random, data: bytearray) -> None:
    """Something of another format."""
    other = _sample(dice.choice(EVERY_FORMAT))
    at, start = _place(dice, data), dice.randrange(len(other))
    data[at:at] = other[start : start + dice.choice((16, 300, 5000))]
