"""Audio is as long as what can be decoded of it."""

from __future__ import annotations

import io
import resource
import tracemalloc
from pathlib import Path

import av
import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.errors import AudioTooLong, InvalidAudio
from tests.sound import ENCODINGS, Encoding, film, silent_flac
from tests.unit.audio.files import EVERY_FORMAT, any_file, encoded, id3, mp3, riff, spoken

pytestmark = pytest.mark.slow

PADDING_MS = {"aac": 90, "m4a": 70, "mp4": 100}  # of the last frame, and of the encoder's start where nothing says it


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_every_format_is_measured(name: str) -> None:
    source = measure(any_file(name))
    padding = 72 if name == "mp3 cbr without xing" else PADDING_MS.get(name.partition(" ")[0], 3)
    assert 2_000 <= source.duration_ms <= 2_000 + padding
    layout = ENCODINGS[name].layout if name in ENCODINGS else "mono"
    assert source.channels == {"mono": 1, "stereo": 2, "5.1": 6}[layout]


def test_rate_and_channels_are_those_of_the_audio() -> None:
    source = measure(encoded("ogg vorbis 44.1 kHz stereo"))
    assert (source.sample_rate, source.channels, source.container) == (44_100, 2, "ogg")


def test_the_file_itself_is_kept() -> None:
    data = spoken("flac")
    assert measure(data).data is data


# ---------------------------------------------------------------- what is refused
def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="empty") as raised:
        measure(b"")
    assert raised.value.param is None


@pytest.mark.parametrize(
    ("data", "looks"),
    [(b"<html>", "HTML"), (b'{"a": 1}', "JSON"), (b"PK\x03\x04", "ZIP"), (bytes(99), "none of these")],
)
def test_what_is_no_audio_is_refused_with_the_formats_that_are(data: bytes, looks: str) -> None:
    with pytest.raises(InvalidAudio, match=looks) as raised:
        measure(data)
    assert raised.value.message.startswith(
        "Invalid file format. Supported formats: "
        "['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm']"
    )
    assert raised.value.param is None


def test_a_film_without_sound_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="no audio stream"):
        measure(film(None, Encoding("mp4", "aac", 24_000)))


def test_less_than_a_tenth_of_a_second_is_refused() -> None:
    with pytest.raises(InvalidAudio, match=r"too short: 0\.05 s") as raised:
        measure(spoken("flac", 0.05))
    assert raised.value.code == "audio_too_short"
    assert measure(spoken("flac", 0.1)).duration_ms == 100


@pytest.mark.parametrize("name", ["mp4 32 kHz", "webm opus 48 kHz", "ogg opus 16 kHz", "flac 16 kHz"])
def test_a_header_without_audio_is_refused(name: str) -> None:
    with pytest.raises(InvalidAudio):
        measure(encoded(name)[:200])


def test_a_file_that_is_mostly_damage_is_refused() -> None:
    data = bytearray(mp3(10.0, xing=False))
    data[len(data) // 4 :] = bytes(len(data) - len(data) // 4)
    with pytest.raises(InvalidAudio, match="damaged"):
        measure(bytes(data))


@pytest.mark.parametrize("name", ["mp3 cbr without xing", "aac adts 24 kHz", "ogg opus 16 kHz", "m4a 44.1 kHz stereo"])
def test_damage_in_the_middle_is_skipped(name: str) -> None:
    data = bytearray(any_file(name, 20.0))
    middle = len(data) // 2
    for at in range(middle, middle + 900, 90):
        data[at] ^= 0x55
    assert abs(measure(bytes(data)).duration_ms - 20_000) < 500


# ---------------------------------------------------------------- promises
@pytest.mark.parametrize(
    "name", ["mp3 44.1 kHz stereo", "flac 16 kHz", "m4a 44.1 kHz stereo", "webm opus 48 kHz", "wav 8 kHz u8"]
)
def test_a_file_that_holds_less_than_it_promises_was_cut_off(name: str, tmp_path: Path) -> None:
    data = encoded(name, 10.0)
    if name.startswith("m4a"):
        data = _index_first(data, tmp_path)
    assert abs(measure(data).duration_ms - 10_000) < 100
    with pytest.raises(InvalidAudio, match="cut off") as raised:
        measure(data[: len(data) * 6 // 10])
    assert raised.value.param is None


def _index_first(m4a: bytes, folder: Path) -> bytes:
    """The same sound with the index in front, as it is made for downloads."""
    file = folder / "download.m4a"
    with (
        av.open(io.BytesIO(m4a)) as reader,
        av.open(str(file), "w", format="mp4", options={"movflags": "faststart"}) as writer,
    ):
        copy = writer.add_stream_from_template(reader.streams.audio[0])
        for packet in reader.demux(audio=0):
            if packet.size:
                packet.stream = copy
                writer.mux(packet)
    return file.read_bytes()


def test_ogg_with_pages_lost_in_the_middle_was_cut_off() -> None:
    pages = encoded("ogg opus 16 kHz", 10.0).split(b"OggS")[1:]
    kept = [*pages[:4], *pages[-2:]]
    assert len(kept) < len(pages)
    with pytest.raises(InvalidAudio, match="cut off"):
        measure(b"".join(b"OggS" + page for page in kept))


def test_variable_bit_rate_without_a_header_promises_nothing() -> None:
    data = mp3(10.0, xing=False, vbr=True)
    half = measure(data[: len(data) // 2]).duration_ms
    assert 4_000 < half < 6_000


def test_files_put_one_behind_the_other_are_measured_to_the_end() -> None:
    one = mp3(2.0)
    assert abs(measure(one + one + one).duration_ms - 6_000) < 200
    other_rate = mp3(2.0, rate=44_100, layout="stereo")
    assert abs(measure(one + other_rate).duration_ms - 4_000) < 200
    flac, other_flac = spoken("flac"), encoded("flac 48 kHz 5.1")
    assert measure(flac + other_flac + flac).duration_ms == 6_000
    opus, vorbis = encoded("ogg opus 16 kHz"), encoded("ogg vorbis 44.1 kHz stereo")
    assert abs(measure(opus + vorbis + opus).duration_ms - 6_000) < 20


def test_a_small_total_in_the_header_of_flac_hides_nothing() -> None:
    data = spoken("flac", 5.0)
    lying = data[:21] + bytes([data[21] & 0xF0]) + (24_000).to_bytes(4, "big") + data[26:]
    assert measure(lying).duration_ms == 5_000


def test_a_huge_total_in_the_header_of_flac_is_refused_without_waiting() -> None:
    data = spoken("flac", 5.0)
    lying = data[:21] + bytes([data[21] | 0x0F]) + b"\xff\xff\xff\xff" + data[26:]
    with pytest.raises(InvalidAudio, match="cut off"):
        measure(lying)


# ---------------------------------------------------------------- the limit
def test_hours_of_silence_are_not_decoded_past_the_limit() -> None:
    data = silent_flac(5 * 3_600)
    tracemalloc.start()
    with pytest.raises(AudioTooLong, match="limit of 60 s") as raised:
        measure(data, limit_ms=60_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert raised.value.limit_ms == 60_000
    assert raised.value.code == "audio_too_long"
    assert peak < 5_000_000


def test_the_limit_counts_all_parts_of_a_file() -> None:
    one = spoken("flac")
    assert measure(one + one, limit_ms=4_000).duration_ms == 4_000
    with pytest.raises(AudioTooLong):
        measure(one + one, limit_ms=3_999)


def test_a_header_that_lies_about_a_long_file_does_not_trip_the_limit() -> None:
    data = mp3(2.0)
    frames_at = data.index(b"Xing" if b"Xing" in data else b"Info") + 8
    lying = data[:frames_at] + (1_000_000).to_bytes(4, "big") + data[frames_at + 4 :]
    with pytest.raises(InvalidAudio, match="cut off") as raised:
        measure(lying, limit_ms=60_000)
    assert not isinstance(raised.value, AudioTooLong)


# ---------------------------------------------------------------- tags
def test_tags_are_no_audio() -> None:
    data = mp3(2.0)
    plain = measure(data).duration_ms
    assert measure(id3(bytes(300_000)) + data + b"TAG" + bytes(125)).duration_ms == plain


def test_nothing_of_a_file_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    secret = b"SECRET-TITLE"
    files = (
        id3(b"TIT2" + secret) + mp3(2.0),
        riff(bytes(32_000), after=b"LIST" + (24).to_bytes(4, "little") + b"INFOINAM" + secret + bytes(4)),
        encoded("m4a 44.1 kHz stereo")[:-900] + secret,
        spoken("opus")[:300] + secret * 90,
    )
    messages = []
    for data in files:
        try:
            measure(data)
        except InvalidAudio as error:
            messages.append(str(error))
    assert messages
    assert not any(secret.decode() in message for message in messages)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_decoding_stops_when_the_time_is_up() -> None:
    asked = iter([False] * 20)
    with pytest.raises(AudioTooLong) as caught:
        measure(any_file("mp3 cbr without xing"), out_of_time=lambda: next(asked, True))
    assert 0 < caught.value.limit_ms < 1000


def test_what_is_done_meanwhile_is_under_no_limit_of_memory() -> None:
    limits: set[int] = set()
    before = resource.getrlimit(resource.RLIMIT_AS)[0]
    measure(
        encoded("mp3 44.1 kHz stereo", 1), on_progress=lambda: limits.add(resource.getrlimit(resource.RLIMIT_AS)[0])
    )
    assert limits == {before}


def test_what_is_raised_meanwhile_ends_it() -> None:
    def refuse() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        measure(encoded("ogg opus 48 kHz stereo", 1), on_progress=refuse)
