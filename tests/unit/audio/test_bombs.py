"""Small files that ask for much are refused, or cost little."""

from __future__ import annotations

import io
import resource
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest

from audio_gateway.audio import ffmpeg, frames
from audio_gateway.audio.measure import measure
from audio_gateway.audio.recording import Recording
from audio_gateway.errors import AudioTooLong, InvalidAudio
from tests.sound import Encoding, encode, wav
from tests.unit.audio import bombs
from tests.unit.audio.files import TRACKS_IN, Track, box, encoded, id3, mp3, patched, spoken, tone_wav, with_tracks

SECONDS = 20.0
MEGABYTES = 150


@contextmanager
def cheap() -> Iterator[None]:
    """Neither processor time nor memory is spent without bound."""
    before, started = _resident_mb(), time.process_time()
    yield
    assert time.process_time() - started < SECONDS
    assert _resident_mb() - before < MEGABYTES


def _resident_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_sample_tables_that_declare_gigabytes_are_refused() -> None:
    data = encoded("m4a 44.1 kHz stereo")
    samples = 60_000_000
    data = patched(patched(patched(data, b"stsz", 4, 1), b"stsz", 8, samples), b"stsc", 12, samples)
    with cheap(), pytest.raises(InvalidAudio, match="more than the file holds"):
        measure(data)


def test_more_samples_than_memory_has_entries_for_are_refused_whatever_the_file_holds() -> None:
    """PCM has no entry for each sample, unless its table of durations makes FFmpeg keep one."""
    pcm = encode(wav(bytes(2 * 48_000 * 130), 48_000), Encoding("mov", "pcm_s16le", 48_000))
    with cheap():
        assert measure(pcm).duration_ms == 130_000
        with pytest.raises(InvalidAudio, match="more than the file holds"):
            measure(patched(pcm, b"stts", 12, 2))


def test_fragments_that_declare_samples_without_bytes_are_refused() -> None:
    run = box(b"moof", box(b"traf", box(b"trun", struct.pack(">II", 0, 100_000_000))))
    with cheap(), pytest.raises(InvalidAudio, match="more than the file holds"):
        measure(encoded("mp4 32 kHz") + run)


def test_edits_without_number_are_refused() -> None:
    with cheap(), pytest.raises(InvalidAudio, match="more than the file holds"):
        measure(patched(encoded("m4a 44.1 kHz stereo"), b"elst", 4, 1_000_000))


def test_samples_count_again_for_each_edit() -> None:
    samples, edits = 2_000_000, 4
    tables = box(b"stbl", box(b"stsz", struct.pack(">III", 0, 0, samples)))
    edit_list = box(b"edts", box(b"elst", struct.pack(">II", 0, edits)))
    track = box(b"trak", edit_list + box(b"mdia", box(b"minf", tables)))
    with cheap(), pytest.raises(InvalidAudio, match="more than the file holds"):
        measure(box(b"ftyp", b"M4A ") + box(b"moov", track) + box(b"mdat", bytes(samples)))


def test_the_clock_is_looked_at_while_nothing_can_be_decoded() -> None:
    data = encoded("aac adts 24 kHz", 10.0)
    frames = [data[at : at + 7] + b"\xff" * 200 for at in [0] * 500]
    damaged = b"".join(_adts_of(frame) for frame in frames)
    with pytest.raises(AudioTooLong):
        measure(damaged, out_of_time=lambda: True)


def _adts_of(frame: bytes) -> bytes:
    """The frame with its true length in its header."""
    length = len(frame)
    head = bytearray(frame[:7])
    head[3] = head[3] & 0xFC | length >> 11
    head[4] = length >> 3 & 0xFF
    head[5] = head[5] & 0x1F | (length & 7) << 5
    return bytes(head) + frame[7:]


ASKING: dict[str, Callable[[], bytes]] = {
    "codebooks of Vorbis": bombs.vorbis_bomb,
    "frames of ALAC": lambda: bombs.mp4(bombs.alac(1 << 24)),
    "tables within a table": lambda: bombs.mp4(bombs.aac(bombs.endless_tables())),
    "tables beside a table": lambda: bombs.mp4(bombs.aac(), inside_minf=box(b"dinf", bombs.endless_tables())),
}


@pytest.mark.slow
@pytest.mark.parametrize("asking", ASKING)
def test_headers_that_ask_for_much_memory_get_little(asking: str) -> None:
    """Memory that the process has got before, and does not use, does not count."""
    data = ASKING[asking]()
    readers: list[Callable[[], object]] = [lambda: measure(data), lambda: list(Recording(data).pcm(16_000))]
    for read in readers:
        try:
            with cheap():
                read()
        except InvalidAudio as error:
            assert "more memory than a recording needs" in error.message  # noqa: PT017 - it may also do


HOPELESS: dict[str, Callable[[], bytes]] = {
    "millions of samples of a byte": lambda: bombs.mp4(bombs.aac(), 1_000_000),
    "which take no time": lambda: bombs.mp4(bombs.aac(), 1_000_000, ticks=2),
    "frames without content": lambda: _adts_of(encoded("aac adts 24 kHz", 0.1)[:7]) * 60_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOPELESS)
def test_nothing_but_damage_is_given_up_soon(kind: str) -> None:
    data, started = HOPELESS[kind](), time.process_time()
    with cheap(), pytest.raises(InvalidAudio, match="Most of the audio file is damaged"):
        measure(data)
    with cheap(), pytest.raises(InvalidAudio, match="Most of the audio file is damaged"):
        list(Recording(data).pcm(16_000))
    assert time.process_time() - started < 5


@pytest.mark.slow
def test_compressed_and_endless_mp4_headers_are_refused() -> None:
    with cheap():
        with pytest.raises(InvalidAudio):
            measure(encoded("mp4 32 kHz") + box(b"moov", box(b"cmov", bytes(100))))
        with pytest.raises(InvalidAudio):
            measure(b"\x00\x00\x00\x08free" * 1_000_000)


def test_tens_of_thousands_of_tags_are_not_read() -> None:
    def item(number: int) -> bytes:
        return box(b"----", box(b"mean", bytes(4) + b"c") + box(b"name", bytes(4) + b"%d" % number))

    tags = box(b"udta", box(b"meta", bytes(4) + box(b"ilst", b"".join(item(n) for n in range(100_000)))))
    data = encoded("m4a 44.1 kHz stereo")
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    grown = struct.pack(">I", size + len(tags)) + data[at + 4 : at + size] + tags
    with cheap():
        assert measure(data[:at] + grown + data[at + size :]).duration_ms == measure(data).duration_ms


def test_vorbis_comments_of_flac_are_not_read() -> None:
    comments = b"".join(struct.pack("<I", 9) + b"%07d=x" % number for number in range(200_000))
    block = struct.pack("<II", 0, 200_000) + comments
    data = spoken("flac")
    with cheap():
        assert measure(data[:42] + b"\x04" + len(block).to_bytes(3, "big") + block + data[42:]).duration_ms == 2_000


def test_an_ogg_with_a_million_comments_is_refused() -> None:
    data = spoken("opus")
    vendor = data.index(b"OpusTags") + 8
    count = vendor + 4 + int.from_bytes(data[vendor : vendor + 4], "little")
    with cheap(), pytest.raises(InvalidAudio, match="tags"):
        measure(data[:count] + struct.pack("<I", 1_000_000) + data[count + 4 :])


def test_a_huge_id3_tag_is_stepped_over() -> None:
    with cheap():
        assert measure(id3(bytes(20_000_000)) + mp3(2.0)).duration_ms == measure(mp3(2.0)).duration_ms
        with pytest.raises(InvalidAudio):
            measure(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + mp3(2.0))


def test_decoders_are_opened_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header may ask for a quarter of a gigabyte: a file with eight tracks does not ask for two."""
    opened: list[int] = []
    real = ffmpeg.opened

    @contextmanager
    def counted(*arguments: Any) -> Iterator[Any]:
        with real(*arguments) as (file, stream):
            opened.append(sum(each.codec_context is not None for each in file.streams))
            yield file, stream

    monkeypatch.setattr(frames, "opened", counted)
    for kind in TRACKS_IN:
        measure(with_tracks(kind, Track(0.3), Track(0.3), Track(0.3)))
    assert set(opened) == {1}


@pytest.mark.slow
def test_thousands_of_streams_and_elements_are_bounded() -> None:
    opus = spoken("opus", 0.5)
    first_page = opus[: opus.index(b"OggS", 4)]
    many = b"".join(first_page[:14] + struct.pack("<I", n) + first_page[18:] for n in range(50_000))
    webm = encoded("webm opus 48 kHz")
    with cheap():
        with pytest.raises(InvalidAudio):
            measure(many)
        with pytest.raises(InvalidAudio, match="too many elements"):
            measure(webm + b"\xec\x80" * 2_000_000)
        with pytest.raises(InvalidAudio, match="too many elements"):
            measure(webm + b"\x12\x54\xc3\x67\x80" * 400_000)
        with pytest.raises(InvalidAudio):
            measure(spoken("flac")[:42] + b"\x01\x00\x00\x00" * 1_000_000)
        with pytest.raises(InvalidAudio, match="concatenated files"):
            measure(spoken("flac", 0.1) * 2_000)


@pytest.mark.parametrize("text", ["ffconcat version 1.0\nfile '{}'\n", "#EXTM3U\n#EXTINF:1,\n{}\n", "file:{}"])
def test_lists_of_other_files_are_no_audio(tmp_path: Path, text: str) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(tone_wav(1.0))
    with pytest.raises(InvalidAudio, match="Invalid file format"):
        measure(text.format(other).encode())


def test_ffmpeg_may_not_open_a_file_that_audio_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a list ever taken for audio, FFmpeg would still be given nothing but the list."""
    (tmp_path / "other.wav").write_bytes(tone_wav(1.0))
    script = f"ffconcat version 1.0\nfile '{tmp_path}/other.wav'\n".encode()
    with av.open(io.BytesIO(script), format="concat", options={"safe": "0"}) as unguarded:
        assert unguarded.streams.audio
    monkeypatch.setitem(ffmpeg._DEMUXERS, "wav", "concat")
    monkeypatch.setitem(ffmpeg._OPTIONS, "safe", "0")
    with pytest.raises(InvalidAudio):
        list(frames.decoded(io.BytesIO(script), "wav"))
