"""A WAV is measured by the bytes that are there; its header is not believed."""

from __future__ import annotations

import struct
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.containers.riff import read_head
from audio_gateway.audio.measure import measure
from audio_gateway.errors import AudioTooLong, InvalidAudio
from tests.unit.audio.files import EXTENSIBLE, FLOAT, PCM, encoded, riff

SECOND = bytes(32_000)  # 16 kHz, 16 bits, mono


@pytest.mark.parametrize(("tag", "bits"), [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)])
@pytest.mark.parametrize("channels", [1, 2, 6, 9])
@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_plain_samples_of_any_kind_are_counted(tag: int, bits: int, channels: int, rate: int) -> None:
    block = channels * bits // 8
    source = measure(riff(bytes(rate * block // 2), tag=tag, bits=bits, channels=channels, rate=rate))
    assert (source.duration_ms, source.sample_rate, source.channels) == (500, rate, channels)


def test_plain_samples_are_counted_without_loading_ffmpeg() -> None:
    import subprocess

    code = (
        "import sys; from audio_gateway.audio.measure import measure; from tests.unit.audio.files import riff\n"
        "sys.modules.pop('av'); measure(riff(bytes(32000))); assert 'av' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


@given(st.integers(min_value=1_600, max_value=200_000))
def test_milliseconds_are_rounded_up_once(samples: int) -> None:
    assert measure(riff(bytes(2 * samples))).duration_ms == -(-samples * 1_000 // 16_000)


def test_extensible_with_pcm_is_plain() -> None:
    assert measure(riff(SECOND, tag=EXTENSIBLE)).duration_ms == 1_000


LEFT_OPEN = (
    0,
    0xFFFFFFFF,
    0xFFFFFFFF - 36,
    0x7FFFFFFF,
    0x7FFFFFFF - 36,
    0x7FFFF000,
    0x80000000,
    0x40000000,
    0x10000000,
    2_000_000_000,
    1_000_000_000,
    100_000_000,
)


@pytest.mark.parametrize("size", LEFT_OPEN)
def test_sizes_of_streams_mean_all_that_follows(size: int) -> None:
    assert measure(riff(SECOND, size=size)).duration_ms == 1_000
    head = read_head(riff(SECOND, size=size))
    assert head is not None
    assert head.size is None
    assert not measure(riff(SECOND, size=size)).plain


def test_it_may_be_the_size_of_the_file_that_was_left_open() -> None:
    data = riff(SECOND, size=2_000_000_000 - 36)
    assert measure(data[:4] + struct.pack("<I", 2_000_000_000) + data[8:]).duration_ms == 1_000


@pytest.mark.parametrize("size", [0, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFF, 10_000_000_000])
def test_sizes_of_64_bits_can_be_left_open_too(size: int) -> None:
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, size, size, 0, 0)
    assert measure(riff(SECOND, magic=b"RF64", size=0xFFFFFFFF, before=ds64)).duration_ms == 1_000


def test_a_large_recording_that_was_cut_off_is_no_stream() -> None:
    with pytest.raises(InvalidAudio, match="cut off"):
        measure(riff(SECOND, size=3_123_456_788))
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, 5_123_456_788, 0, 0)
    with pytest.raises(InvalidAudio, match="cut off"):
        measure(riff(SECOND, magic=b"RF64", size=0xFFFFFFFF, before=ds64))


def test_rf64_takes_its_size_from_the_ds64_chunk() -> None:
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 0, 16_000, 8_000, 0)
    short = measure(riff(SECOND[:16_000], magic=b"RF64", size=0xFFFFFFFF, before=ds64))
    assert short.duration_ms == 500
    with pytest.raises(InvalidAudio, match="more bytes follow"):
        measure(riff(b"\x01\x80" * 16_000, magic=b"RF64", size=0xFFFFFFFF, before=ds64))


@pytest.mark.parametrize("size", [40_000, 32_000 * 3_600])
def test_a_size_that_promises_more_is_a_file_that_was_cut_off(size: int) -> None:
    with pytest.raises(InvalidAudio, match=rf"cut off.*{size - 32_000:,}.*missing") as raised:
        measure(riff(SECOND, size=size))
    assert raised.value.param is None


def test_the_last_bytes_may_be_missing() -> None:
    assert measure(riff(SECOND, size=len(SECOND) + 1_000)).duration_ms == 1_000


def test_audio_cannot_be_hidden_behind_a_small_size() -> None:
    with pytest.raises(InvalidAudio, match="more bytes follow that are not a RIFF chunk"):
        measure(riff(b"\x34\x12" * 16_000 * 60, size=16_000))


def test_a_second_file_cannot_be_hidden_behind_the_first() -> None:
    with pytest.raises(InvalidAudio, match="not valid"):
        measure(riff(SECOND) + riff(SECOND))


def test_chunks_behind_the_audio_are_not_audio() -> None:
    tags = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + bytes(18)
    assert measure(riff(SECOND, after=tags)).duration_ms == 1_000
    odd = riff(bytes(8_001), bits=8, after=b"\x00" + tags, rate=8_000)
    assert measure(odd).duration_ms == 1_001
    assert measure(riff(bytes(8_001), bits=8, after=tags, rate=8_000)).duration_ms == 1_001


def test_all_data_chunks_count() -> None:
    assert measure(riff(SECOND, after=b"data" + struct.pack("<I", len(SECOND)) + SECOND)).duration_ms == 2_000


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"channels": 0, "block": 2}, "0 channels"),
        ({"channels": 60_000, "block": 2}, "60000 channels"),
        ({"rate": 0}, "sample rate of 0"),
        ({"rate": 10}, "sample rate of 10"),
        ({"rate": 2_000_000}, "sample rate of 2000000"),
        ({"block": 0}, "blocks of 0 bytes"),
        ({"block": 8}, "do not fit blocks of 8 bytes"),
        ({"before": b"data" + struct.pack("<I", 4) + bytes(4)}, "not described before"),
    ],
)
def test_headers_that_contradict_themselves_are_refused(header: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidAudio, match=reason):
        measure(riff(SECOND, **header))


def test_a_file_without_audio_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="no data chunk"):
        measure(riff(b"")[:36])
    with pytest.raises(InvalidAudio, match="too short") as raised:
        measure(riff(b""))
    assert raised.value.code == "audio_too_short"


def test_chunks_without_number_are_refused() -> None:
    with pytest.raises(InvalidAudio, match="more than 1000 chunks"):
        measure(b"RIFF\x00\x00\x00\x00WAVE" + b"JUNK\x00\x00\x00\x00" * 100_000)


def test_the_limit_is_exact() -> None:
    assert measure(riff(SECOND), limit_ms=1_000).duration_ms == 1_000
    with pytest.raises(AudioTooLong) as raised:
        measure(riff(SECOND + b"\x00\x00"), limit_ms=1_000)
    assert raised.value.limit_ms == 1_000


def test_compressed_samples_are_decoded_and_held_to_the_same_rules() -> None:
    data = encoded("wav 8 kHz mu-law")
    assert measure(data).duration_ms == 2_000
    with pytest.raises(InvalidAudio, match="cut off"):
        measure(data[:-8_000])
