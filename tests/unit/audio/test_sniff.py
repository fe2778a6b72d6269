"""Files are recognised by what is in them."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.sniff import looks_like, sniff
from tests.unit.audio.files import EVERY_FORMAT, any_file, id3, mp3, riff, spoken


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_format_is_recognised_by_its_content(name: str) -> None:
    extension = name.partition(" ")[0]
    assert sniff(any_file(name, 0.5)) == {"m4a": "mp4"}.get(extension, extension)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_mp3_of_all_mpeg_versions_is_recognised(rate: int) -> None:
    assert sniff(mp3(0.5, rate=rate, xing=False)) == "mp3"


def test_an_id3_tag_says_nothing_about_what_follows() -> None:
    assert sniff(id3() + spoken("mp3", 0.5)) == "mp3"
    assert sniff(id3() + spoken("aac", 0.5)) == "aac"
    assert sniff(id3() + spoken("flac", 0.5)) == "flac"
    assert sniff(id3() + id3() + spoken("mp3", 0.5)) == "mp3"
    assert sniff(id3() + b"<html>") is None
    assert sniff(id3()) is None


def test_mp3_is_found_behind_some_junk() -> None:
    assert sniff(bytes(700) + b"\xff\xfb\x90" + mp3(1.0)[100:]) == "mp3"


def test_rf64_is_a_wav() -> None:
    assert sniff(riff(bytes(100), magic=b"RF64")) == "wav"


def test_a_quicktime_file_without_ftyp_is_an_mp4() -> None:
    assert sniff(b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat") == "mp4"
    assert sniff(b"\x00\x00\x01\x00moov" + bytes(8)) == "mp4"


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        (b"<!DOCTYPE html><html><body>Bad gateway", "HTML"),
        (b"  <html>", "HTML"),
        (b'<?xml version="1.0"?><Error/>', "XML"),
        (b'{"error": {"message": "no"}}', "JSON"),
        (b'\xef\xbb\xbf[{"a": 1}]', "JSON"),
        (b"hello, I am not audio", "text"),
        ("Grüße".encode()[:-1], "text"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "program"),
        (b"MZ\x90\x00" + bytes(100), "program"),
        (b"FORM\x00\x00\x00\x00AIFF", "AIFF"),
        (b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(9), None),
        (b"", None),
        (b"\x00" * 5_000, None),
        (b"\xff" * 5_000, None),
    ],
)
def test_what_is_no_audio_is_none_and_named_where_it_can_be(data: bytes, looks: str | None) -> None:
    assert sniff(data) is None
    named = looks_like(data)
    assert named is None if looks is None else looks in (named or "")


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_not_taken_for_mpeg_audio(seed: int) -> None:
    assert sniff(random.Random(seed).randbytes(100_000)) is None


def test_noise_full_of_sync_bytes_is_not_taken_for_mpeg_audio() -> None:
    noise = random.Random(7)
    assert sniff(bytes(noise.choice((0xFF, 0xFB, 0xF1, 0x90, noise.randrange(256))) for _ in range(20_000))) is None


def test_one_frame_header_alone_is_not_enough() -> None:
    assert sniff(b"\xff\xfb\x90\x64" + os.urandom(1_000).replace(b"\xff", b"\xfe")) is None


@given(st.binary(max_size=200))
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    sniff(data)
    looks_like(data)
