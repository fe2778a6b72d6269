"""A file that is kept elsewhere is to all who read it what its bytes would be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.audio.content import ContentSpans, StoredContent
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.recording import Recording
from audio_gateway.errors import InvalidAudio
from tests.examples import examples
from tests.unit.audio.files import EVERY_FORMAT, any_file, encoded, id3, mp3, spoken
from tests.unit.audio.kept import KeptFile

pytestmark = pytest.mark.slow

DATA = st.binary(max_size=200)


@given(DATA, st.integers(1, 50), st.integers(1, 3), st.data())
def test_slices_and_bytes_are_those_of_the_file(data: bytes, block: int, blocks: int, draw: st.DataObject) -> None:
    content = StoredContent(KeptFile(data), block_bytes=block, blocks=blocks)
    assert len(content) == len(data)
    for _ in range(6):
        start, end = (draw.draw(st.integers(0, 220)) for _ in range(2))
        assert content[start:end] == data[start:end]
        assert content[start:] == data[start:]
    for place in range(len(data)):
        assert content[place] == data[place]
    with pytest.raises(IndexError):
        content[len(data)]


@given(st.binary(max_size=120), st.integers(1, 20), st.data())
def test_what_is_found_is_found_where_it_is(data: bytes, block: int, draw: st.DataObject) -> None:
    content = StoredContent(KeptFile(data), block_bytes=block, blocks=2)
    start, end = draw.draw(st.integers(0, 130)), draw.draw(st.integers(0, 130))
    at = draw.draw(st.integers(0, len(data)))
    sub = data[at : at + draw.draw(st.integers(1, 9))] or b"x"
    assert content.find(sub, start, end) == data.find(sub, start, end)
    assert content.find(sub, start) == data.find(sub, start)
    assert content.find(b"\x00\xff\x00\x01", start) == data.find(b"\x00\xff\x00\x01", start)


def test_few_blocks_are_held_and_none_is_read_twice_in_a_row() -> None:
    file = KeptFile(bytes(1_000))
    content = StoredContent(file, block_bytes=100, blocks=3)
    for place in range(1_000):
        assert content[place : place + 3] == bytes(min(3, 1_000 - place))
    assert file.reads == [(at, at + 100) for at in range(0, 1_000, 100)]
    assert content[0:10] + content[950:960]
    assert len(file.reads) == 11  # the beginning again, and the end is still there


def test_a_file_that_gives_less_than_it_has_is_an_error() -> None:
    class Short(KeptFile):
        def read(self, start: int, end: int) -> bytes:
            return super().read(start, end)[:-1]

    with pytest.raises(OSError, match="99 bytes were read where the file has 100"):
        StoredContent(Short(bytes(100)))[0:4]


@given(st.lists(st.binary(max_size=12) | st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6), st.data())
def test_pieces_are_one_file(spans: list[bytes | tuple[int, int]], draw: st.DataObject) -> None:
    data = bytes(range(40))
    spans = [span if isinstance(span, bytes) else (min(span), max(span)) for span in spans]
    whole = b"".join(span if isinstance(span, bytes) else data[slice(*span)] for span in spans)
    pieces = ContentSpans(data, spans)
    assert pieces.size == len(whole)
    file = pieces.open()
    assert b"".join(itertools.takewhile(bool, (file.read(7) for _ in itertools.count()))) == whole
    for _ in range(4):
        place = draw.draw(st.integers(-5, 80))
        at = file.seek(place, draw.draw(st.sampled_from([0, 2])))
        assert file.tell() == at
        assert whole[at:].startswith(file.read(3))


# ---------------------------------------------------------------- audio in it
@pytest.mark.parametrize("name", EVERY_FORMAT)
@pytest.mark.parametrize("block", [337, 4_096])
def test_audio_that_is_kept_elsewhere_decodes_as_it_does_in_memory(name: str, block: int) -> None:
    data = any_file(name, 1.5)
    kept = Recording(StoredContent(KeptFile(data), block_bytes=block, blocks=4))
    assert b"".join(kept.pcm(16_000)) == b"".join(decode_pcm(data, 16_000))


@pytest.mark.parametrize(
    "data",
    [
        spoken("flac") + encoded("flac 48 kHz 5.1") + spoken("flac"),
        encoded("ogg opus 16 kHz") + encoded("ogg vorbis 44.1 kHz stereo") + encoded("ogg opus 16 kHz"),
        id3(bytes(70_000)) + mp3(2.0) + mp3(2.0, rate=44_100, layout="stereo"),
    ],
    ids=["flac", "ogg", "mp3"],
)
def test_files_put_one_behind_the_other_do_so_too(data: bytes) -> None:
    kept = StoredContent(KeptFile(data), block_bytes=1_000, blocks=4)
    assert b"".join(decode_pcm(kept, 16_000)) == b"".join(decode_pcm(data, 16_000))


@pytest.mark.parametrize("name", ["mp3 vbr", "flac 16 kHz", "ogg opus 16 kHz", "m4a 44.1 kHz stereo", "wav 8 kHz u8"])
@pytest.mark.parametrize("share", [0.001, 0.4, 0.9])
def test_an_error_of_the_storage_is_raised_unchanged(name: str, share: float) -> None:
    data = any_file(name, 5.0)
    kept = StoredContent(KeptFile(data, breaks_at=int(len(data) * share)), block_bytes=256)
    with pytest.raises(ConnectionResetError, match="went away"):
        list(Recording(kept).pcm(16_000))


def test_what_is_no_audio_is_refused_after_one_read() -> None:
    file = KeptFile(b"<html>" * 100_000)
    with pytest.raises(InvalidAudio, match="HTML"):
        Recording(StoredContent(file, block_bytes=20_000))
    assert len(file.reads) <= 2


@examples(20)
@given(st.integers(0, 999), st.integers(0, 255), st.sampled_from(["ogg opus 16 kHz", "webm opus 48 kHz", "mp4 32 kHz"]))
def test_damage_is_the_same_wherever_the_file_is_kept(place: int, value: int, name: str) -> None:
    data = bytearray(any_file(name, 0.5))
    data[place * len(data) // 1_000] = value
    both: list[object] = []
    for content in (bytes(data), StoredContent(KeptFile(bytes(data)), block_bytes=777)):
        try:
            both.append(b"".join(decode_pcm(content, 16_000)))
        except InvalidAudio as error:
            both.append(error.message)
    assert both[0] == both[1]
