"""Providers that answer with several files one behind the other, or with files without sound: all of it, or nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from audio_gateway.audio.containers.mpeg import read_frame
from audio_gateway.audio.encode import with_true_sizes
from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.transcode import transcode
from audio_gateway.errors import InvalidAudio
from tests.sound import look, look_pcm
from tests.unit.audio.files import any_file, encoded, id3, in_pieces, mp3, riff, spoken, tone

pytestmark = pytest.mark.slow

CONTAINERS: tuple[SpeechFormat, ...] = ("mp3", "opus", "aac", "flac", "wav")
PADDED_S = 0.25
NOISE = bytes((n * n * 31 + n * 7 + 3) & 0x7F | 0x10 for n in range(9_000))  # no zeros, no sync words


def answered(data: bytes, wanted: SpeechFormat, *, declared: SpeechFormat = "mp3", size: int = 700) -> bytes:
    """The whole file that a caller gets."""
    rate = 24_000 if declared == "pcm" else 0
    pieces = transcode(in_pieces(data, size), declared=declared, sample_rate=rate, wanted=wanted)
    return with_true_sizes(wanted, b"".join(pieces))


def seconds(wanted: SpeechFormat, data: bytes) -> float:
    """How long another program hears it."""
    return (look_pcm(data) if wanted == "pcm" else look(data)).seconds


def whole_frames(data: bytes, count: int) -> bytes:
    """The first frames of an mp3."""
    at = 0
    for _ in range(count):
        frame = read_frame(data, at)
        assert frame is not None
        at += frame.length
    return data[:at]


def plain(**options: object) -> bytes:
    return riff(tone(1.0, 24_000), rate=24_000, **options)  # type: ignore[arg-type] # any of its options


JOINED: dict[str, Callable[[], bytes]] = {
    "wav, true sizes": lambda: plain() + plain(),
    "wav, sizes of a stream": lambda: plain(size=0xFFFFFFFF) + plain(size=0xFFFFFFFF),
    "wav, sizes of nothing": lambda: plain(size=0) + plain(size=0),
    "wav, one of each": lambda: plain() + plain(size=0xFFFFFFFF),
    "wav, tags between": lambda: plain(after=b"LIST\x04\x00\x00\x00INFO") + plain(before=b"LIST\x04\x00\x00\x00INFO"),
    "wav, an odd byte between": lambda: plain() + b"\x00" + plain(),
    "wav, a header alone in front": lambda: riff(b"", rate=24_000) + plain() + plain(),
    "wav, 16 kHz": lambda: riff(tone(1.0, 16_000)) + riff(tone(1.0, 16_000)),
    "wav, float": lambda: 2 * encoded("wav 48 kHz float", 1.0),
    "mp3": lambda: spoken("mp3", 1.0) * 2,
    "mp3, tags between": lambda: (
        id3() + spoken("mp3", 1.0) + b"TAG" + bytes(125) + id3(bytes(3_000)) + spoken("mp3", 1.0)
    ),
    "mp3, zeros between": lambda: spoken("mp3", 1.0) + bytes(2_000) + spoken("mp3", 1.0),
    "mp3, each with its length": lambda: mp3(1.0) + mp3(1.0),
    "mp3, variable, each with its length": lambda: mp3(1.0, vbr=True) + mp3(1.0, vbr=True),
    "aac": lambda: spoken("aac", 1.0) * 2,
    "webm": lambda: any_file("webm opus 48 kHz", 1.0) * 2,
}  # fmt: skip


@functools.cache
def joined(name: str) -> bytes:
    return JOINED[name]()


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("name", JOINED)
def test_all_of_several_files_in_one_answer_is_heard(name: str, wanted: SpeechFormat) -> None:
    data = answered(joined(name), wanted)
    assert seconds(wanted, data) == pytest.approx(2.0, abs=PADDED_S)


@pytest.mark.parametrize("size", [1, 11, 4_096, 10_000_000])
def test_where_the_network_cuts_several_files_does_not_matter(size: int) -> None:
    for name in ("wav, true sizes", "wav, sizes of a stream", "wav, tags between"):
        assert len(answered(joined(name), "pcm", size=size)) == 2 * 48_000
    whole = answered(joined("mp3, tags between"), "mp3", size=10_000_000)
    assert answered(joined("mp3, tags between"), "mp3", size=size) == whole == spoken("mp3", 1.0) * 2


@pytest.mark.parametrize("wanted", CONTAINERS)
def test_what_is_answered_is_one_file(wanted: SpeechFormat) -> None:
    """Players go by the first header: its length is that of all, and there is no second one."""
    data = answered(joined("wav, true sizes"), wanted)
    marks = {"wav": b"RIFF", "flac": b"fLaC", "opus": b"OpusHead", "mp3": b"ID3", "aac": b"ID3"}
    assert data.count(marks[wanted]) == (1 if wanted in ("wav", "flac", "opus") else 0)
    if wanted == "wav":
        assert int.from_bytes(data[40:44], "little") == len(data) - 44 == 2 * 48_000


def test_an_mp3_longer_than_it_promises_promises_nothing() -> None:
    one = mp3(1.0)
    assert answered(one, "mp3") == one
    both = answered(one + one, "mp3")
    assert b"Info" not in both
    assert b"Xing" not in both


@pytest.mark.parametrize("kind", ["opus", "flac"])
@pytest.mark.parametrize("size", [1_000, 10_000_000])
def test_a_chain_of_ogg_or_flac_is_heard_or_refused_but_never_in_part(kind: SpeechFormat, size: int) -> None:
    """Players play the first link alone, so that it is not passed on; nothing was sent to the caller by then."""
    chain = spoken(kind, 1.0) * 2
    with pytest.raises(InvalidAudio, match="more than one"):
        answered(chain, kind, size=size)
    for wanted in ("mp3", "pcm"):
        data = answered(chain, wanted, size=size)
        assert seconds(wanted, data) == pytest.approx(2.0, abs=PADDED_S)


REFUSED: dict[str, Callable[[], tuple[SpeechFormat, bytes]]] = {
    "wav, samples behind its size": lambda: ("wav", plain() + tone(1.0, 24_000)),
    "wav, noise behind it": lambda: ("wav", plain() + NOISE),
    "wav, an error behind it": lambda: ("wav", plain() + b'{"error": "the second part failed"}'),
    "wav, the second cut off": lambda: ("wav", plain() + plain()[:-9_000]),
    "wav, of two rates": lambda: ("wav", plain() + riff(tone(1.0, 16_000))),
    "wav, of two kinds": lambda: ("wav", plain() + encoded("wav 48 kHz float", 1.0)),
    "wav of floats, noise behind it": lambda: ("wav", encoded("wav 48 kHz float", 1.0) + NOISE),
    "mp3, noise behind it": lambda: ("mp3", spoken("mp3", 1.0) + NOISE),
    "mp3, noise between": lambda: ("mp3", spoken("mp3", 1.0) + NOISE + spoken("mp3", 1.0)),
    "mp3, an error behind it": lambda: ("mp3", spoken("mp3", 1.0) + b'{"error": "the second part failed"}'),
    "mp3, the second cut off": lambda: ("mp3", mp3(2.0) + mp3(2.0)[:4_000]),
    "mp3, the second without its last frames": lambda: ("mp3", mp3(2.0) + whole_frames(mp3(2.0), 30)),
    "mp3, of two rates": lambda: ("mp3", spoken("mp3", 1.0) + mp3(1.0, rate=44_100, xing=False)),
    "aac, noise between": lambda: ("aac", spoken("aac", 1.0) + NOISE + spoken("aac", 1.0)),
    "aac, an error behind it": lambda: ("aac", spoken("aac", 1.0) + b'{"error": "the second part failed"}'),
    "opus, noise behind it": lambda: ("opus", spoken("opus", 1.0) + NOISE),
    "flac, noise behind it": lambda: ("flac", spoken("flac", 1.0) + NOISE),
    "flac, of two rates": lambda: ("flac", spoken("flac", 1.0) + encoded("flac 16 kHz", 1.0)),
    "m4a": lambda: ("mp3", any_file("m4a 44.1 kHz stereo", 1.0) * 2),
}  # fmt: skip


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_could_only_be_given_in_part_is_refused(name: str, wanted: SpeechFormat) -> None:
    declared, data = REFUSED[name]()
    with pytest.raises(InvalidAudio):
        answered(data, wanted, declared=declared)


def _ogg_heads(data: bytes) -> bytes:
    """The pages before the first one with sound."""
    third = data.find(b"OggS", data.find(b"OggS", 1) + 1)
    return data[:third]


SILENT_FILES: dict[str, Callable[[], tuple[SpeechFormat, bytes]]] = {
    "wav": lambda: ("wav", riff(b"", rate=24_000)),
    "wav of a stream": lambda: ("wav", riff(b"", rate=24_000, size=0xFFFFFFFF)),
    "wav, twice": lambda: ("wav", riff(b"", rate=24_000) * 2),
    "wav of floats": lambda: ("wav", riff(b"", rate=24_000, tag=3, bits=32)),
    "wav, half a sample": lambda: ("wav", riff(b"\x01", rate=24_000, size=0xFFFFFFFF)),
    "half a sample": lambda: ("pcm", b"\x01"),
    "mp3, a tag": lambda: ("mp3", id3()),
    "mp3, the frame that tells of the others": lambda: ("mp3", mp3(1.0)[: mp3(1.0).find(b"\xff", 100)]),
    "opus": lambda: ("opus", _ogg_heads(spoken("opus", 1.0))),
    "flac": lambda: ("flac", spoken("flac", 1.0)[: spoken("flac", 1.0).find(b"\xff\xf8")]),
}


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("name", SILENT_FILES)
def test_a_header_without_sound_is_refused_before_the_first_byte(name: str, wanted: SpeechFormat) -> None:
    declared, data = SILENT_FILES[name]()
    made = transcode(in_pieces(data, 700), declared=declared, sample_rate=24_000, wanted=wanted)
    with pytest.raises(InvalidAudio):
        next(made)


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=40).map(lambda raw: raw + raw[: len(raw) % 2]), st.sampled_from([None, 0, 2**32 - 1])
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 64),
)
def test_the_samples_of_files_in_a_row_are_those_of_each(files: list[tuple[bytes, int | None]], size: int) -> None:
    """Whatever their headers say of their sizes, and wherever the network cuts them."""
    assume(any(samples for samples, _ in files))
    data = b"".join(riff(samples, rate=24_000, size=said) for samples, said in files)
    assert answered(data, "pcm", declared="wav", size=size) == b"".join(samples for samples, _ in files)
