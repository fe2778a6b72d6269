"""A recording whose every word is known, cut, heard chunk by chunk and merged: each word once, in order, on time."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass

import av
import pytest

from audio_gateway.audio.content import StoredContent
from audio_gateway.audio.cut import CutRule, cut
from audio_gateway.audio.decode import decode_pcm
from audio_gateway.audio.encode import flac_file
from audio_gateway.audio.recording import Recording
from audio_gateway.transcripts.merge import ChunkTranscript, merge
from audio_gateway.transcripts.transcript import Transcript
from tests import tones
from tests.sound import ENCODINGS, Encoding, encode, wav
from tests.unit.audio.kept import KeptFile

pytestmark = pytest.mark.slow

LATE_MS = 50
CONTINUOUS = (0,)
FILES: dict[str, tuple[Encoding, float]] = {
    "mp3 22.05 kHz": (ENCODINGS["mp3 22.05 kHz"], 0),
    "mp4 that starts late": (ENCODINGS["mp4 32 kHz"], 7.3),
    "webm that starts after an hour": (ENCODINGS["webm opus 48 kHz"], 3_600),
    "ogg that starts late": (ENCODINGS["ogg opus 16 kHz"], 2.5),
    "wav 11.025 kHz stereo": (ENCODINGS["wav 11.025 kHz stereo"], 0),
    "flac 48 kHz 5.1": (ENCODINGS["flac 48 kHz 5.1"], 0),
}


@dataclass(frozen=True)
class Heard:
    transcript: Transcript
    overlaps: int
    chunks: int


def listen(file: bytes, rule: CutRule, *, words: bool = True, segments: bool = True) -> Heard:
    """What a job does with a file in a bucket, and a provider that hears half words too."""
    recording = Recording(StoredContent(KeptFile(file), block_bytes=65_536))
    parts, overlaps = [], 0
    for chunk in cut(recording.pcm(tones.RATE), rule):
        sent = b"".join(decode_pcm(flac_file((chunk.pcm,), tones.RATE), tones.RATE))
        heard = tones.transcript(sent, words=words, segments=segments, partial=True)
        parts.append(ChunkTranscript(chunk.start, chunk.end, heard))
        overlaps += chunk.overlap > 0
    return Heard(merge(parts, duration_ms=recording.duration_ms), overlaps, len(parts))


def plain(text: str) -> list[str]:
    return text.lower().replace(".", "").split()


def check(heard: Transcript, spoken: Sequence[tones.Spoken]) -> None:
    said = [word.text for word in spoken]
    assert plain(heard.text) == said
    if heard.words is not None:
        assert [word.text for word in heard.words] == said
        assert (
            max(abs(word.start_ms - true.start_ms) for word, true in zip(heard.words, spoken, strict=True)) <= LATE_MS
        )
        assert max(abs(word.end_ms - true.end_ms) for word, true in zip(heard.words, spoken, strict=True)) <= LATE_MS
    if heard.segments is not None:
        assert plain(" ".join(segment.text for segment in heard.segments)) == said
        starts = [segment.start_ms for segment in heard.segments]
        assert starts == sorted(starts)


@functools.cache
def talk(gaps_ms: tuple[int, ...], count: int = 260) -> tuple[list[tones.Spoken], bytes]:
    words = tones.talk(count, gaps_ms=gaps_ms, start_ms=700, first=40_000)
    return words, b"".join(tones.sound(words, end_ms=words[-1].end_ms + 400, hiss=60))


@pytest.mark.parametrize(
    ("gaps_ms", "name"),
    [
        *((tones.natural_gaps(), name) for name in FILES),
        (CONTINUOUS, "mp3 22.05 kHz"),
        (CONTINUOUS, "webm that starts after an hour"),
    ],
    ids=lambda value: value if isinstance(value, str) else "continuous" if value == CONTINUOUS else "pauses",
)
def test_every_word_is_there_once_and_on_time(name: str, gaps_ms: tuple[int, ...]) -> None:
    words, pcm = talk(gaps_ms)
    encoding, late_s = FILES[name]
    heard = listen(encode(wav(pcm), encoding, late_s=late_s), CutRule(15))
    check(heard.transcript, words)
    assert heard.chunks >= 4
    assert (heard.overlaps == heard.chunks - 1) == (gaps_ms == CONTINUOUS)


def vbr_mp3(pcm: bytes) -> bytes:
    """The first half quiet, so it takes few bits a second, and the second loud."""
    out = io.BytesIO()
    with av.open(io.BytesIO(wav(pcm))) as reader, av.open(out, "w", format="mp3") as writer:
        stream = writer.add_stream("libmp3lame", rate=16_000, layout="mono")
        stream.codec_context.qscale = True
        stream.codec_context.options = {"global_quality": str(6 * 118)}
        for frame in [*reader.decode(audio=0), None]:
            writer.mux(stream.encode(frame))
    return out.getvalue()


def test_a_variable_bit_rate_moves_nothing() -> None:
    words, pcm = talk(CONTINUOUS)
    quiet = bytes(60 * 32_000)
    later = [tones.Spoken(word.number, word.start_ms + 60_000) for word in words]
    check(listen(vbr_mp3(quiet + pcm), CutRule(20)).transcript, later)


@pytest.mark.parametrize(("words", "segments"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("gaps_ms", [tones.natural_gaps(), CONTINUOUS], ids=["pauses", "continuous"])
def test_whatever_times_a_provider_gives_no_word_is_lost(gaps_ms: tuple[int, ...], words: bool, segments: bool) -> None:
    spoken, pcm = talk(gaps_ms)
    check(listen(wav(pcm), CutRule(20), words=words, segments=segments).transcript, spoken)


def test_an_overlap_that_is_asked_for_doubles_nothing() -> None:
    spoken, pcm = talk(tones.natural_gaps())
    heard = listen(wav(pcm), CutRule(30, overlap_seconds=7))
    assert heard.overlaps == heard.chunks - 1
    check(heard.transcript, spoken)


def test_after_twenty_minutes_every_word_is_still_on_time() -> None:
    spoken, pcm = talk(tones.natural_gaps(), 4_000)
    assert spoken[-1].end_ms > 1_200_000
    check(listen(flac_file((pcm,), tones.RATE), CutRule(60)).transcript, spoken)
