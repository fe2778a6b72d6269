"""What decoding may take, and that nothing of the limit is left behind."""

from __future__ import annotations

import ctypes
import mmap
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from audio_gateway.audio import bounds as module
from audio_gateway.audio.bounds import MOST_BYTES, Bounds
from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.errors import AudioTooLong, InvalidAudio
from tests.unit.audio.files import any_file, spoken

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory is in use")
MEGABYTE = 1024 * 1024


def limit() -> int:
    return resource.getrlimit(resource.RLIMIT_AS)[0]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = limit()
    yield
    assert limit() == before


def test_more_than_the_rest_is_an_error_of_the_file() -> None:
    bounds = Bounds("mp3")
    with bounds.limited_memory():
        kept = mmap.mmap(-1, module.MOST_BYTES // 2)
    with pytest.raises(InvalidAudio, match="more memory"), bounds.limited_memory():
        bytearray(module.MOST_BYTES * 2)
    kept.close()


def test_what_is_given_back_counts_wherever_that_happens() -> None:
    bounds = Bounds("mp3")
    for _ in range(4):
        with bounds.limited_memory():
            kept = mmap.mmap(-1, module.MOST_BYTES * 3 // 4)
        kept.close()


def test_what_a_file_has_given_back_is_not_there_for_the_next_one_beside_its_own() -> None:
    """As glibc is by itself, it keeps pieces of up to 32 MB for later once one of that size was given back."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    Bounds("mp3")
    libc.free(libc.malloc(30 * MEGABYTE))
    before = module._address_space() or 0
    pieces = [libc.malloc(MEGABYTE) for _ in range(100)]
    kept = libc.malloc(MEGABYTE)  # above them, so the heap cannot shrink
    for piece in pieces:
        libc.free(piece)
    left_behind = (module._address_space() or 0) - before
    libc.free(kept)
    assert left_behind < 10 * MEGABYTE


def test_who_works_with_the_audio_meanwhile_may_take_what_it_likes() -> None:
    bounds = Bounds("mp3")
    with bounds.limited_memory():
        assert limit() != resource.RLIM_INFINITY
    model = bytearray(module.MOST_BYTES * 2)
    with bounds.limited_memory():
        bytearray(module.MOST_BYTES // 2)
    assert len(model) == module.MOST_BYTES * 2


def test_the_last_of_several_threads_restores_the_limit() -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with Bounds("mp3").limited_memory():
            inside.set()
            assert leave.wait(60)

    before, thread = limit(), threading.Thread(target=hold)
    thread.start()
    assert inside.wait(60)
    with Bounds("mp4").limited_memory():
        pass
    assert limit() != before
    leave.set()
    thread.join()
    assert limit() == before


def test_a_limit_that_is_lower_stays() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    lower = 1 << 40
    resource.setrlimit(resource.RLIMIT_AS, (lower, hard))
    try:
        with Bounds("mp3").limited_memory():
            assert limit() < lower
        assert limit() == lower
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize(
    "name",
    ["mp3 44.1 kHz stereo", "m4a 44.1 kHz stereo", "ogg vorbis 44.1 kHz stereo", "webm opus 48 kHz", "flac 48 kHz 5.1"],
)
def test_whatever_allocation_fails_it_is_an_error_of_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = any_file(name, 0.5)
    duration_ms = measure(data).duration_ms
    for kilobytes in [*range(0, 600, 60), *range(600, 8_000, 800)]:
        monkeypatch.setattr(module, "MOST_BYTES", kilobytes * 1024)
        monkeypatch.setattr(module, "MOST_MP4_BYTES", kilobytes * 1024)
        with suppress(InvalidAudio):
            assert measure(data).duration_ms == duration_ms


def test_the_clock_is_looked_at_for_each_packet() -> None:
    asked = iter([False] * 40)
    with pytest.raises(AudioTooLong) as raised:
        list(Recording(spoken("mp3", 10.0)).pcm(16_000, out_of_time=lambda: next(asked, True)))
    assert raised.value.limit_ms < 1_000


def test_a_part_of_the_work_may_be_given_less_than_is_left() -> None:
    """What is looked at of each track must not cost as much as the tables of the file, which are read once."""
    bounds = Bounds("mp4")
    with bounds.limited_memory():
        bytearray(200 * 1024 * 1024)
    with pytest.raises(InvalidAudio, match="more memory"), bounds.limited_memory(MOST_BYTES):
        bytearray(200 * 1024 * 1024)
