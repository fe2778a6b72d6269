"""A provider hears exactly what was measured: the file as it came, or one that holds that and nothing else."""

from __future__ import annotations

import functools
import io
import random
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.measure import measure
from audio_gateway.audio.rewrite import as_plain_file
from audio_gateway.audio.source import AudioSource
from audio_gateway.errors import AudioTooLong, InvalidAudio, RequestTooLarge
from tests.examples import examples
from tests.sound import ENCODINGS, Encoding, clip, encode, look, silent_flac, tone_wav
from tests.unit.audio.files import (
    EVERY_FORMAT,
    NEEDS_FFMPEG,
    Track,
    any_file,
    box,
    encoded,
    heard_by_ffmpeg,
    id3,
    mp3,
    mp4_with_video,
    riff,
    spoken,
    with_tracks,
)

ENOUGH = 10_000_000
FRAME_S = 0.06
ID3V1 = b"TAG" + bytes(125)


def sent(data: bytes) -> AudioSource:
    """What a provider is given of a file."""
    return as_plain_file(measure(data), most_bytes=ENOUGH)


@pytest.mark.parametrize("name", [name for name in EVERY_FORMAT if name != "mp4 with video"])
def test_a_file_of_one_plain_track_goes_as_it_came(name: str) -> None:
    data = any_file(name, 1.0)
    assert sent(data).data is data


@pytest.mark.parametrize("kind", ["mp3", "flac"])
def test_tags_in_front_and_behind_are_plain(kind: str) -> None:
    data = id3(bytes(3_000)) + spoken(kind, 1.0) + ID3V1
    assert sent(data).data is data


def test_pictures_and_chunks_of_tags_are_plain() -> None:
    flac = spoken("flac")
    picture = b"\x06" + (5_000).to_bytes(3, "big") + bytes(5_000)
    with_picture = flac[:42] + picture + flac[42:]
    m4a = encoded("m4a 44.1 kHz stereo") + box(b"free", bytes(5_000))
    wav = riff(bytes(32_000), after=b"LIST" + struct.pack("<I", 12) + b"INFOINAM" + bytes(4))
    for data in (with_picture, m4a, wav):
        assert sent(data).data is data


def _ape(size: int) -> bytes:
    return b"APETAGEX" + struct.pack("<IIII8x", 2000, size, 0, 0)


def _lying_flac() -> bytes:
    data = spoken("flac", 2.0)
    return data[:21] + bytes([data[21] & 0xF0]) + (24_000).to_bytes(4, "big") + data[26:]


def _trimmed_m4a() -> bytes:
    """An edit list leaves half of the track out: a player that does not heed it would play it."""
    data = encoded("m4a 44.1 kHz stereo", 2.0)
    at = data.index(b"elst") + 12
    half = int.from_bytes(data[at : at + 4], "big") // 2
    return data[:at] + half.to_bytes(4, "big") + data[at + 4 :]


def _lying_xing() -> bytes:
    data = mp3(2.0)
    at = data.index(b"Info" if b"Info" in data else b"Xing") + 8
    return data[:at] + (20).to_bytes(4, "big") + data[at + 4 :]


def _hidden_block() -> bytes:
    """A block of an undeclared track: FFmpeg leaves out what stands behind it, another player would not."""
    data = encoded("webm opus 48 kHz", 2.0)
    duration = data.index(b"\x44\x89\x88") + 3
    data = data[:duration] + struct.pack(">d", 300.0) + data[duration + 8 :]
    number = next(at for at in range(4_000, len(data)) if data[at] == 0xA3 and data[at + 3] == 0x81) + 3
    return data[:number] + b"\x85" + data[number + 1 :]


ODD_FILES: dict[str, Callable[[], bytes]] = {
    "a film": lambda: mp4_with_video(1.0),
    "mp3 behind mp3": lambda: mp3(0.5) + mp3(1.0),
    "mp3 of other rate behind mp3": lambda: mp3(0.5) + mp3(1.0, rate=44_100, layout="stereo"),
    "mp3 with text behind it": lambda: mp3(1.0) + b"hello world" * 300,
    "mp3 with junk before it": lambda: bytes([1]) * 300 + mp3(1.0, xing=False),
    "mp3 in an APE tag": lambda: mp3(0.5) + mp3(1.0, xing=False) + _ape(len(mp3(1.0, xing=False)) + 32),
    "mp3 whose header says less": _lying_xing,
    "aac with junk between": lambda: encoded("aac adts 24 kHz", 0.5) + bytes(900) + encoded("aac adts 24 kHz", 0.5),
    "flac behind flac": lambda: spoken("flac", 0.5) + spoken("flac", 1.0),
    "flac whose header says less": _lying_flac,
    "wav behind flac": lambda: spoken("flac", 0.5) + tone_wav(1.0),
    "wav of unknown length": lambda: spoken("wav", 1.0),
    "wav of two pieces": lambda: riff(bytes(16_000), after=b"data" + struct.pack("<I", 16_000) + bytes(16_000)),
    "wav with a few bytes behind it": lambda: riff(bytes(16_000)) + b"xyz",
    "wav that says it is shorter": lambda: b"RIFF" + struct.pack("<I", 100) + riff(bytes(16_000))[8:],
    "a chain of opus": lambda: spoken("opus", 0.5) + spoken("opus", 1.0),
    "vorbis behind opus": lambda: spoken("opus", 0.5) + encoded("ogg vorbis 44.1 kHz stereo", 1.0),
    "ogg with zeros behind it": lambda: spoken("opus", 1.0) + bytes(5_000),
    "ogg with a damaged checksum": lambda: _damaged_page(spoken("opus", 1.0)),
    "webm behind webm": lambda: encoded("webm opus 48 kHz", 0.5) + encoded("webm opus 48 kHz", 1.0),
    "webm that begins late": lambda: encode(tone_wav(1.0), ENCODINGS["webm opus 48 kHz"], late_s=5.0),
    "webm with a block of no track": _hidden_block,
    "m4a that begins late": lambda: encode(tone_wav(1.0), ENCODINGS["m4a 44.1 kHz stereo"], late_s=5.0),
    "m4a that is trimmed": _trimmed_m4a,
    "m4a with junk behind it": lambda: encoded("m4a 44.1 kHz stereo", 1.0) + bytes(1_000),
    "m4a behind m4a": lambda: 2 * encoded("m4a 44.1 kHz stereo", 0.5),
    "two tracks": lambda: with_tracks("webm", Track(0.3), Track(0.6, "stereo")),
    "aac and aac in Matroska": lambda: with_tracks("mkv", Track(0.3), Track(0.6, default=True)),
}


def _damaged_page(data: bytes) -> bytes:
    at = data.rindex(b"OggS") + 22
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize("name", ODD_FILES)
def test_every_other_file_is_rewritten(name: str) -> None:
    data = ODD_FILES[name]()
    audio = measure(data)
    new = as_plain_file(audio, most_bytes=ENOUGH)
    assert not audio.plain
    assert new.plain
    assert new.data != data
    assert new.duration_ms == audio.duration_ms
    assert replace(measure(new.data), timeline=new.timeline) == new
    assert look(new.data).seconds == pytest.approx(audio.duration_ms / 1_000, abs=FRAME_S)


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [
        ("a film", "mp4", "aac"),
        ("two tracks", "webm", "opus"),
        ("aac and aac in Matroska", "mp4", "aac"),
        ("ogg with zeros behind it", "ogg", "opus"),
        ("wav of unknown length", "wav", "pcm_s16le"),
        ("aac with junk between", "aac", "aac"),
        ("mp3 behind mp3", "flac", "flac"),
        ("a chain of opus", "flac", "flac"),
    ],
)
def test_a_track_is_copied_where_it_can_be_and_else_encoded_without_loss(name: str, container: str, codec: str) -> None:
    new = sent(ODD_FILES[name]())
    with av.open(io.BytesIO(new.data)) as file:
        assert len(file.streams) == 1
        assert (new.container, file.streams.audio[0].codec_context.codec.canonical_name) == (container, codec)


def test_a_file_that_is_encoded_again_keeps_its_samples() -> None:
    pcm = b"".join(measure(clip("austen-0870")).pcm(16_000))
    flac = encode(clip("austen-0870"), Encoding("flac", "flac", 16_000))
    new = sent(flac + flac)
    assert (new.container, new.sample_rate, new.channels) == ("flac", 16_000, 1)
    assert b"".join(new.pcm(16_000)) == pcm + pcm


def test_a_high_rate_is_brought_down_and_nothing_is_added() -> None:
    flac = encode(tone_wav(1.0, 96_000), Encoding("flac", "flac", 96_000))
    new = sent(flac + flac)
    assert (new.sample_rate, new.duration_ms) == (48_000, 2_000)
    assert measure(new.data).duration_ms == 2_000


# ---------------------------------------------------------------- bounds
def test_a_file_that_gets_too_large_is_refused_while_it_is_written() -> None:
    audio = measure(2 * mp3(5.0))
    with pytest.raises(RequestTooLarge):
        as_plain_file(audio, most_bytes=20_000)


def test_writing_stops_when_the_time_is_up() -> None:
    flac = silent_flac(600)
    audio = measure(flac + flac)
    asked = 0

    def out_of_time() -> bool:
        nonlocal asked
        asked += 1
        return asked > 50

    with pytest.raises(AudioTooLong):
        as_plain_file(audio, most_bytes=ENOUGH, out_of_time=out_of_time)
    assert asked < 60


# ---------------------------------------------------------------- any file
PIECES: dict[str, Callable[[float], bytes]] = {
    "mp3": mp3,
    "mp3 bare": lambda seconds: mp3(seconds, xing=False),
    "aac": lambda seconds: encoded("aac adts 24 kHz", seconds),
    "opus": lambda seconds: spoken("opus", seconds),
    "vorbis": lambda seconds: encoded("ogg vorbis 44.1 kHz stereo", seconds),
    "flac": lambda seconds: spoken("flac", seconds),
    "wav": tone_wav,
    "adpcm": lambda seconds: encode(tone_wav(seconds), Encoding("wav", "adpcm_ima_wav", 16_000)),
    "m4a": lambda seconds: encoded("m4a 44.1 kHz stereo", seconds),
    "webm": lambda seconds: encoded("webm opus 48 kHz", seconds),
    "two in ogg": lambda seconds: with_tracks("ogg", Track(seconds), Track(0.6, "stereo")),
    "two in webm": lambda seconds: with_tracks("webm", Track(seconds, default=True), Track(0.6, "stereo")),
    "two in mp4": lambda seconds: with_tracks("mp4", Track(seconds), Track(0.6, default=True)),
}
JUNK = {
    "nothing": b"",
    "zeros": bytes(1_000),
    "noise": random.Random(3).randbytes(3_000),
    "ID3v1": ID3V1,
    "ID3v2": id3(bytes(2_000)),
    "APE": _ape(32),
    "text": b"hello world " * 200,
}


@functools.cache
def piece(kind: str, seconds: float) -> bytes:
    return PIECES[kind](seconds)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """One to three recordings, mostly of one kind, with junk before, between and behind them."""
    kind = draw(st.sampled_from(sorted(PIECES)))
    kinds = [kind, *draw(st.lists(st.sampled_from([kind, kind, *sorted(PIECES)]), max_size=2))]
    data = draw(st.sampled_from([b"", b"", JUNK["ID3v2"], JUNK["zeros"]]))
    for each in kinds:
        data += piece(each, draw(st.sampled_from([0.3, 1.2]))) + JUNK[draw(st.sampled_from(sorted(JUNK)))]
    return data


def given_to_a_provider(data: bytes) -> AudioSource | None:
    """What a provider is given; None for what is refused."""
    try:
        return sent(data)
    except InvalidAudio:
        return None


@pytest.mark.slow
@given(files())
@examples(120)
def test_whatever_a_file_is_made_of_what_is_sent_is_as_long_as_was_measured(data: bytes) -> None:
    new = given_to_a_provider(data)
    if new is not None:
        assert new.duration_ms == measure(data).duration_ms
        assert look(new.data).seconds <= new.duration_ms / 1_000 + FRAME_S


@pytest.mark.slow
@NEEDS_FFMPEG
def test_ffmpeg_hears_what_was_measured() -> None:
    chance = random.Random(7)
    made = []
    for kind in sorted(PIECES):
        again = chance.choice([kind, kind, chance.choice(sorted(PIECES))])
        made.append(piece(kind, 0.3) + JUNK[chance.choice(sorted(JUNK))] + piece(again, 1.2))
    given_ones = [
        new for data in (*made, *(piece(kind, 0.3) for kind in sorted(PIECES))) if (new := given_to_a_provider(data))
    ]
    assert len(given_ones) >= len(PIECES)
    with ThreadPoolExecutor(2) as pool:
        heard = list(pool.map(lambda new: heard_by_ffmpeg(new.data, new.container), given_ones))
    wrong = [
        (new.container, new.duration_ms, seconds)
        for new, seconds in zip(given_ones, heard, strict=True)
        if abs(seconds - new.duration_ms / 1_000) > FRAME_S
    ]
    assert wrong == []
