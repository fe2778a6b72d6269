"""Parts of speech become one file that is as long as they are, without a click between them."""

from __future__ import annotations

import array
import io
import itertools
import math
import tracemalloc
from collections.abc import Iterator

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.join import SpokenPart, join
from audio_gateway.audio.measure import measure
from audio_gateway.errors import InvalidAudio
from tests.examples import examples
from tests.sound import clip, look, tone
from tests.unit.audio.files import in_pieces
from tests.unit.audio.signals import largest_step, power

RATE = 24_000
PADDING = {"mp3": 0.072, "aac": 0.086}
"""Seconds that an encoder adds to a whole file and cannot say so (see `encode`)."""
CUT_TONES = [tone(1.0031, RATE, 440), tone(2.0112, RATE, 330), tone(0.5003, RATE, 220)]
"""They begin at zero and end wherever they are."""


def joined(parts: list[bytes], format: SpeechFormat, samples: int | None = None) -> bytes:  # noqa: A002
    return b"".join(join((SpokenPart(in_pieces(part)) for part in parts), format=format, samples=samples))


def count(parts: list[bytes]) -> int:
    return sum(len(part) // 2 for part in parts)


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
@pytest.mark.parametrize("known", [True, False])
def test_a_file_in_each_format_is_as_long_as_its_parts(kind: SpeechFormat, known: bool) -> None:
    total = count(CUT_TONES)
    file = joined(CUT_TONES, kind, total if known else None)
    if kind == "pcm":
        assert len(file) == total * 2
        return
    assert 0 <= look(file).seconds - total / RATE <= PADDING.get(kind, 0)
    assert 0 <= measure(file).duration_ms - total * 1000 / RATE <= 1000 * PADDING.get(kind, 0) + 1


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_headers_say_how_long_the_file_is_when_it_is_known(kind: SpeechFormat) -> None:
    total = count(CUT_TONES)
    file = joined(CUT_TONES, kind, total)
    with av.open(io.BytesIO(file)) as reader:
        assert reader.duration == pytest.approx(total / RATE * 1_000_000, abs=50)
    if kind == "wav":
        assert int.from_bytes(file[40:44], "little") == total * 2
        assert int.from_bytes(file[4:8], "little") == len(file) - 8


def test_a_length_that_was_not_true_is_found_out() -> None:
    with pytest.raises(ValueError, match="100 samples, not 99"):
        joined([bytes(200)], "wav", 99)


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "flac", "wav"])
def test_parts_that_are_files_are_joined_too(kind: SpeechFormat) -> None:
    files = [b"".join(encode([part], sample_rate=RATE, format=kind)) for part in CUT_TONES]
    pcm = b"".join(join((SpokenPart(in_pieces(file), kind) for file in files), format="pcm"))
    padding = PADDING.get(kind, 0) * len(files)
    assert 0 <= len(pcm) / 2 - count(CUT_TONES) <= padding * RATE
    assert power(pcm[2_000:40_000], RATE, 440) > 5_000
    assert power(pcm[-20_000:-4_000], RATE, 220) > 5_000


def test_parts_may_have_a_rate_of_their_own() -> None:
    parts = [SpokenPart([tone(1.0, 16_000)], sample_rate=16_000), SpokenPart([tone(1.0, RATE)])]
    pcm = b"".join(join(parts, format="pcm"))
    assert abs(len(pcm) / 2 / RATE - 2.0) < 0.001


def test_a_part_that_is_something_else_is_refused() -> None:
    with pytest.raises(InvalidAudio):
        list(join([SpokenPart([tone(0.1, RATE)]), SpokenPart([b"<html>" * 1_000], "mp3")], format="pcm"))


# ---------------------------------------------------------------- seams
def test_a_step_between_parts_is_spread_and_nothing_else_is_touched() -> None:
    plain = b"".join(CUT_TONES)
    pcm = joined(CUT_TONES, "pcm")
    assert largest_step(plain) > 8_000, "the parts would click"
    assert largest_step(pcm) < 1_600
    changed = [
        at for at, (a, b) in enumerate(zip(array.array("h", plain), array.array("h", pcm), strict=True)) if a != b
    ]
    seams = [count(CUT_TONES[:1]), count(CUT_TONES[:2])]
    assert all(min(abs(at - seam) for seam in seams) <= RATE // 100 for at in changed)


def test_sound_that_goes_on_from_part_to_part_is_not_touched() -> None:
    whole = tone(3.0, RATE, 437)
    parts = [whole[:50_001], whole[50_001:50_003], whole[50_003:90_000], whole[90_000:]]
    assert b"".join(join((SpokenPart([part]) for part in [whole[:40_000], whole[40_000:]]), format="pcm")) == whole
    with_odd_bytes = joined(parts, "pcm")
    assert len(with_odd_bytes) == sum(len(part) // 2 * 2 for part in parts)


def test_people_who_pause_between_parts_sound_as_before() -> None:
    parts = [clip("austen-0870")[44:], clip("austen-0880")[44:]]
    before, behind = (array.array("h", pcm) for pcm in (b"".join(parts), joined(parts, "pcm")))
    assert max(abs(a - b) for a, b in zip(before, behind, strict=True)) < 100, "no more than the noise of the room"


@given(st.lists(st.binary(max_size=1_500), max_size=6), st.integers(1, 700))
@examples(80)
def test_any_parts_keep_their_length(parts: list[bytes], size: int) -> None:
    pcm = b"".join(join((SpokenPart(in_pieces(part, size)) for part in parts), format="pcm"))
    assert len(pcm) // 2 == sum(len(part) // 2 for part in parts)


@given(st.lists(st.tuples(st.integers(-30_000, 30_000), st.integers(300, 900)), min_size=2, max_size=5))
@examples(50)
def test_no_step_is_left_between_parts_of_any_level(levels: list[tuple[int, int]]) -> None:
    parts = [array.array("h", [level] * length).tobytes() for level, length in levels]
    steps = [abs(a - b) for (a, _), (b, _) in itertools.pairwise(levels)]
    assert largest_step(joined(parts, "pcm")) <= math.ceil(2 * max(steps) / (2 * 150)) + 2


# ---------------------------------------------------------------- memory
@pytest.mark.parametrize("kind", ["mp3", "wav", "flac"])
def test_memory_does_not_grow_with_the_number_of_parts(kind: SpeechFormat) -> None:
    second = tone(1.0, RATE)

    def parts(number: int) -> Iterator[SpokenPart]:
        return (SpokenPart(in_pieces(second, 16_000)) for _ in range(number))

    def peak_of(number: int) -> int:
        tracemalloc.start()
        for _ in join(parts(number), format=kind):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_of(3) + 100_000 > peak_of(40)
