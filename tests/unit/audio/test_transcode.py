"""Whatever a provider returned becomes what the caller asked for, or is refused."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.measure import measure
from audio_gateway.audio.transcode import transcode
from audio_gateway.errors import InvalidAudio
from tests.unit.audio.files import EVERY_FORMAT, any_file, encoded, id3, in_pieces, mp3, riff, spoken, tone
from tests.unit.audio.signals import power

pytestmark = pytest.mark.slow

CONTAINERS: tuple[SpeechFormat, ...] = ("mp3", "opus", "aac", "flac", "wav")
PADDED_S = 0.2


def conformed(
    data: bytes, wanted: SpeechFormat, *, declared: SpeechFormat = "mp3", rate: int = 24_000, speed: float = 1.0
) -> bytes:
    pieces = in_pieces(data, 700)
    return b"".join(transcode(pieces, declared=declared, sample_rate=rate, wanted=wanted, speed=speed))


def seconds(kind: SpeechFormat, data: bytes) -> float:
    return len(data) / 48_000 if kind == "pcm" else measure(data).duration_ms / 1_000


# ---------------------------------------------------------------- what passes through
@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("size", [1, 4_095, 1_000_000])
def test_what_already_is_as_wanted_is_not_touched(kind: SpeechFormat, size: int) -> None:
    data = spoken(kind, 0.5)
    assert b"".join(transcode(in_pieces(data, size), declared=kind, sample_rate=0, wanted=kind)) == data


def test_pcm_at_24_khz_is_not_touched() -> None:
    pcm = tone(0.5, 24_000)
    assert conformed(pcm, "pcm", declared="pcm") == pcm
    assert conformed(pcm + b"\x01", "pcm", declared="pcm") == pcm


@pytest.mark.parametrize("size", [1, 64, 5_000])
def test_an_id3_tag_in_front_of_an_mp3_is_dropped(size: int) -> None:
    data = spoken("mp3", 0.5)
    for tags in (id3(), id3(bytes(20_000)), id3() + id3(b"x")):
        made = b"".join(transcode(in_pieces(tags + data, size), declared="mp3", sample_rate=0, wanted="mp3"))
        assert made == data


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
@pytest.mark.parametrize("declared", ["pcm", "mp3"])
def test_bytes_come_out_before_all_came_in(kind: SpeechFormat, declared: SpeechFormat) -> None:
    data = tone(20.0, 24_000) if declared == "pcm" else spoken("mp3", 20.0)
    read = 0

    def arriving() -> Iterator[bytes]:
        nonlocal read
        for piece in in_pieces(data, 500):
            read += len(piece)
            yield piece

    made = transcode(arriving(), declared=declared, sample_rate=24_000, wanted=kind)
    got = 0
    while got < 2_000:
        got += len(next(made))
    assert read < len(data) / 4


# ---------------------------------------------------------------- what is encoded again
@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_any_audio_becomes_any_format(name: str, wanted: SpeechFormat) -> None:
    data = conformed(any_file(name, 1.0), wanted)
    assert abs(seconds(wanted, data) - 1.0) < PADDED_S
    if wanted != "pcm":
        source = measure(data)
        assert (source.sample_rate, source.channels) == (48_000 if wanted == "opus" else 24_000, 1)


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100])
def test_pcm_at_any_rate_becomes_any_format(rate: int, wanted: SpeechFormat) -> None:
    data = conformed(tone(1.0, rate), wanted, declared="pcm", rate=rate)
    assert abs(seconds(wanted, data) - 1.0) < PADDED_S


def test_samples_that_happen_to_hold_frame_headers_are_still_samples() -> None:
    pcm, length = bytearray(tone(0.5, 24_000)), 400
    header = bytes([0xFF, 0xF1, 0x58, 0x40 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC])
    for start in (0, 1_001):
        for at in range(start, start + 4 * length, length):
            pcm[at : at + len(header)] = header
        assert conformed(bytes(pcm), "pcm", declared="pcm") == bytes(pcm)


def test_mp3_that_was_declared_pcm_is_still_mp3() -> None:
    assert len(conformed(spoken("mp3"), "pcm", declared="pcm")) == pytest.approx(
        len(conformed(spoken("mp3"), "pcm", declared="mp3"))
    )


def test_a_wav_is_not_pcm_although_it_was_declared_so() -> None:
    pcm = conformed(riff(tone(1.0, 16_000), after=b"LIST\x04\x00\x00\x00INFO"), "pcm", declared="pcm", rate=24_000)
    assert len(pcm) == pytest.approx(48_000, abs=50)
    assert power(pcm, 24_000, 440) == pytest.approx(12_000, rel=0.05)
    assert power(pcm[:480], 24_000, 440) < 13_000


def test_the_bytes_of_a_wav_in_the_wanted_rate_are_kept() -> None:
    samples = tone(0.5, 24_000)
    assert conformed(riff(samples, rate=24_000, size=0xFFFFFFFF), "pcm", declared="wav") == samples


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
def test_speed_applies_whatever_the_format(wanted: SpeechFormat) -> None:
    fast = conformed(spoken("mp3", 3.0), wanted, speed=2.0)
    slow = conformed(tone(1.0, 16_000), wanted, declared="pcm", rate=16_000, speed=0.5)
    assert abs(seconds(wanted, fast) - 1.5) < PADDED_S
    assert abs(seconds(wanted, slow) - 2.0) < PADDED_S


@pytest.mark.parametrize("data", [mp3(1.0, rate=44_100, xing=False), mp3(1.0, layout="stereo", xing=False)])
def test_an_mp3_of_another_kind_is_encoded_again(data: bytes) -> None:
    made = conformed(data, "mp3")
    assert made[:4] == b"\xff\xf3\xc4\xc4"
    assert measure(made).channels == 1


def test_stereo_opus_is_made_mono() -> None:
    assert measure(conformed(encoded("ogg opus 48 kHz stereo"), "opus", declared="opus")).channels == 1


# ---------------------------------------------------------------- what is refused
@pytest.mark.parametrize("declared", SPEECH_FORMATS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        b'{"error": {"message": "quota"}}',
        b"Internal Server Error",
        b"PK\x03\x04" + bytes(2_000),
        id3(),
        id3() + b"<html>",
    ],
)
def test_what_is_no_audio_is_refused_before_the_first_byte(declared: SpeechFormat, data: bytes) -> None:
    for wanted in SPEECH_FORMATS:
        made = transcode(in_pieces(data, 100), declared=declared, sample_rate=24_000, wanted=wanted)
        with pytest.raises(InvalidAudio):
            next(made)


@pytest.mark.parametrize("declared", CONTAINERS)
def test_noise_in_the_place_of_a_file_is_refused(declared: SpeechFormat) -> None:
    with pytest.raises(InvalidAudio, match=f"not {declared} audio"):
        conformed(bytes(range(256)) * 100, "mp3", declared=declared)


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.71])
def test_a_file_cut_off_in_the_middle_fails_at_its_end(kind: SpeechFormat, wanted: SpeechFormat, share: float) -> None:
    data = spoken(kind, 3.0)
    if kind == "wav":
        data = riff(tone(3.0, 24_000), rate=24_000)
    cut = data[: int(len(data) * share) | 1]
    made = transcode(in_pieces(cut), declared=kind, sample_rate=0, wanted=wanted)
    assert next(made)
    with pytest.raises(InvalidAudio, match="cut off"):
        list(made)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_headers_without_sound_are_refused_before_the_first_byte(kind: SpeechFormat) -> None:
    empty = riff(b"", rate=24_000) if kind == "wav" else spoken(kind, 0.0)
    with pytest.raises(InvalidAudio):
        conformed(empty, "pcm", declared=kind)


def test_what_the_provider_raises_comes_out_as_it_is() -> None:
    class Gone(Exception):
        pass

    def breaking(data: bytes) -> Iterator[bytes]:
        yield data[: len(data) // 2]
        raise Gone

    files: dict[SpeechFormat, bytes] = {
        "mp3": spoken("mp3"),
        "pcm": tone(1.0, 24_000),
        "wav": encoded("wav 44.1 kHz 24 bit"),
    }
    for declared, data in files.items():
        for wanted in SPEECH_FORMATS:
            with pytest.raises(Gone):
                list(transcode(breaking(data), declared=declared, sample_rate=24_000, wanted=wanted))


def test_closing_the_answer_closes_the_provider() -> None:
    closed = False

    def provider() -> Iterator[bytes]:
        nonlocal closed
        try:
            while True:
                yield tone(0.1, 16_000)
        finally:
            closed = True

    made = transcode(provider(), declared="pcm", sample_rate=16_000, wanted="mp3")
    next(made)
    assert isinstance(made, Generator)
    made.close()
    del made
    assert closed
