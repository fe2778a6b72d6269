"""s16le mono becomes one valid file at 24 kHz mono in every format."""

from __future__ import annotations

import io
import wave
from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.containers.flac import read_info
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.encode import encode, with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.measure import measure
from tests.examples import examples
from tests.sound import look
from tests.unit.audio.files import in_pieces, spoken, tone
from tests.unit.audio.signals import largest_step, loudness, power

CODEC = {"mp3": "mp3float", "opus": "opus", "aac": "aac", "flac": "flac", "wav": "pcm_s16le"}
DELAY_S = {"mp3": 0.072, "aac": 0.086}
"""What these two add: 1105 + 623 and 1024 + 1023 samples at most, of the encoder's delay and the last frame."""
START_S = {"mp3": 1_105 / 24_000, "aac": 1_024 / 24_000}
"""The part of it that is before the sound."""


def samples_of(kind: SpeechFormat, data: bytes) -> bytes:
    return data if kind == "pcm" else b"".join(decode_pcm(data, 24_000))


@pytest.mark.parametrize("kind", CODEC)
def test_files_are_what_they_are_called(kind: SpeechFormat) -> None:
    sound = look(with_true_sizes(kind, spoken(kind)))
    assert sound.codec == CODEC[kind]
    assert sound.rate == (48_000 if kind == "opus" else 24_000)
    assert sound.channels == 1
    assert 0.3 < sound.peak < 0.45


@pytest.mark.parametrize(
    ("kind", "magic"),
    [
        ("mp3", b"\xff\xf3\xc4\xc4"),  # MPEG-2 layer III, no checksum, 128 kbit/s, 24 kHz, mono
        ("opus", b"OggS"),
        ("aac", b"\xff\xf1"),
        ("flac", b"fLaC"),
        ("wav", b"RIFF\xff\xff\xff\xffWAVEfmt "),
    ],
)
def test_first_bytes_are_those_of_openai(kind: SpeechFormat, magic: bytes) -> None:
    assert spoken(kind).startswith(magic)


def test_mp3_has_a_constant_bit_rate_of_128_kbit_per_second() -> None:
    data = spoken("mp3", 10.0)
    at = frames = 0
    while at < len(data):
        assert data[at : at + 2] == b"\xff\xf3"
        assert data[at + 2] & 0xFC == 0xC4
        at += 384 + (data[at + 2] >> 1 & 1)
        frames += 1
    assert at == len(data)
    assert frames * 576 / 24_000 == pytest.approx(len(data) * 8 / 128_000)


def test_opus_says_the_rate_that_went_in() -> None:
    head = spoken("opus")
    at = head.index(b"OpusHead")
    assert head[at + 9] == 1
    assert int.from_bytes(head[at + 12 : at + 16], "little") == 24_000


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
@pytest.mark.parametrize("seconds", [0.2, 0.731, 3.3333])
@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000])
def test_no_tail_is_lost_and_little_is_added(kind: SpeechFormat, seconds: float, rate: int) -> None:
    pcm = samples_of(kind, spoken(kind, seconds, rate))
    added = len(pcm) / 48_000 - seconds
    assert -0.001 < added <= DELAY_S.get(kind, 0.001)
    end = int((seconds + (0.046 if kind in DELAY_S else 0.0)) * 24_000) * 2
    assert loudness(pcm[end - 960 : end - 240]) > 4_000


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_the_sound_begins_after_the_delay_of_the_encoder(kind: SpeechFormat) -> None:
    start = int(START_S.get(kind, 0) * 24_000)
    pcm = samples_of(kind, spoken(kind))
    strength = power(pcm[2 * start : 2 * start + 4_800], 24_000, 440)
    assert strength == pytest.approx(12_000, rel=0.1)
    if start:
        assert loudness(pcm[: 2 * start - 400]) < 1_000


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_the_tone_is_kept_without_clicks(kind: SpeechFormat) -> None:
    pcm = samples_of(kind, spoken(kind))
    inner = pcm[9_600:-9_600]
    assert power(inner, 24_000, 440) == pytest.approx(12_000, rel=0.1)
    assert largest_step(inner) < 2_200  # 12000 * 2 * pi * 440 / 24000 = 1382


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_small_pieces_make_the_same_file_as_one(kind: SpeechFormat) -> None:
    pcm = tone(0.5, 24_000)
    whole = b"".join(encode([pcm], sample_rate=24_000, format=kind))
    assert b"".join(encode(in_pieces(pcm, 777), sample_rate=24_000, format=kind)) == whole


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_bytes_come_out_before_all_went_in(kind: SpeechFormat) -> None:
    fed = 0

    def endless() -> Iterator[bytes]:
        nonlocal fed
        while True:
            fed += 1
            yield tone(0.1, 24_000)

    made = encode(endless(), sample_rate=24_000, format=kind)
    got = 0
    while got < 2_000:
        got += len(next(made))
    assert fed < 25
    assert isinstance(made, Generator)
    made.close()


@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_nothing_makes_a_file_without_audio(kind: SpeechFormat) -> None:
    data = b"".join(encode([], sample_rate=24_000, format=kind))
    assert len(data) < 1_000
    if kind == "pcm":
        assert data == b""


@given(st.lists(st.binary(max_size=50), max_size=20))
@examples(50)
def test_pcm_passes_as_it_is_but_for_half_a_sample(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    made = list(encode(pieces, sample_rate=24_000, format="pcm"))
    assert b"".join(made) == whole[: len(whole) & ~1]
    assert all(len(piece) % 2 == 0 for piece in made)


def test_true_sizes_are_those_of_the_bytes() -> None:
    data = with_true_sizes("wav", spoken("wav", 1.5))
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnframes(), file.getframerate(), file.getnchannels()) == (36_000, 24_000, 1)
    assert with_true_sizes("wav", data) == data


@pytest.mark.parametrize("samples", [1, 192, 2_304, 4_608, 4_609, 24_000 * 3 + 1, 24_000 * 30])
def test_the_true_length_is_written_into_a_flac(samples: int) -> None:
    pcm = tone(samples / 24_000, 24_000)[: samples * 2]
    data = with_true_sizes("flac", b"".join(encode([pcm], sample_rate=24_000, format="flac")))
    assert data == b"".join(encode([pcm], sample_rate=24_000, format="flac", samples=samples))
    info = read_info(data)
    assert info is not None
    assert info.total_samples == samples
    assert with_true_sizes("flac", data) == data


@given(st.binary(max_size=200))
@examples(50)
def test_a_file_that_is_not_flac_stays_unchanged(data: bytes) -> None:
    assert with_true_sizes("flac", data) == data


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "pcm"])
def test_other_formats_have_no_sizes_to_correct(kind: SpeechFormat) -> None:
    data = spoken(kind, 0.3)
    assert with_true_sizes(kind, data) is data


def test_no_program_leaves_its_name_or_the_time() -> None:
    assert spoken("flac") == spoken("flac")
    assert b"Lavf" not in spoken("opus") + spoken("flac") + spoken("mp3")


@pytest.mark.parametrize("kind", CODEC)
def test_our_own_files_can_be_measured(kind: SpeechFormat) -> None:
    assert 2_000 <= measure(spoken(kind)).duration_ms <= 2_000 + DELAY_S.get(kind, 0) * 1_000
