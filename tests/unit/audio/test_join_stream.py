"""Parts of a long text become one file while they are still being spoken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from audio_gateway.audio.formats import SPEECH_FORMATS, SpeechFormat
from audio_gateway.audio.join_stream import StartPart, joined
from audio_gateway.errors import InvalidAudio
from audio_gateway.providers.port import AudioChunk
from tests.sound import look, look_pcm
from tests.unit.audio.files import in_pieces, spoken, tone
from tests.unit.audio.signals import largest_step, power

CONTAINERS: tuple[SpeechFormat, ...] = ("mp3", "opus", "aac", "flac", "wav")
PADDED_S = 0.1
"""At most, of each part in mp3 or aac, and of the whole."""


def taken(made: Iterator[bytes], got: bytearray) -> None:
    for piece in made:
        got += piece


@dataclass
class Provider:
    """Speaks parts, and notes when each was started and closed."""

    events: list[str] = field(default_factory=list)

    def part(
        self, name: str, data: bytes, kind: SpeechFormat, *, rate: int = 0, fails: Exception | None = None
    ) -> StartPart:
        def start() -> Iterator[AudioChunk]:
            self.events.append(f"{name} started")
            try:
                for piece in in_pieces(data, 500):
                    yield AudioChunk(piece, kind, rate)
                if fails is not None:
                    raise fails
            finally:
                self.events.append(f"{name} closed")

        return start

    def tone(self, name: str, seconds: float = 0.5) -> StartPart:
        return self.part(name, tone(seconds, 24_000), "pcm", rate=24_000)


@pytest.mark.parametrize("wanted", SPEECH_FORMATS)
@pytest.mark.parametrize("kind", SPEECH_FORMATS)
def test_parts_of_any_format_become_one_file(kind: SpeechFormat, wanted: SpeechFormat) -> None:
    data, rate = (tone(1.0, 24_000), 24_000) if kind == "pcm" else (spoken(kind, 1.0), 0)
    provider = Provider()
    made = b"".join(joined([provider.part(name, data, kind, rate=rate) for name in "abc"], wanted=wanted))
    heard = look_pcm(made) if wanted == "pcm" else look(made)
    assert 3.0 - 0.001 <= heard.seconds < 3.0 + 4 * PADDED_S
    marks = {"wav": b"RIFF", "flac": b"fLaC", "opus": b"OpusHead"}
    if wanted in marks:
        assert made.count(marks[wanted]) == 1


def test_parts_may_differ_in_format_and_rate() -> None:
    provider = Provider()
    parts = [
        provider.part("a", tone(0.5, 16_000), "pcm", rate=16_000),
        provider.part("b", spoken("flac", 0.5), "flac"),
        provider.part("c", spoken("wav", 0.5), "mp3"),
    ]
    pcm = b"".join(joined(parts, wanted="pcm"))
    assert len(pcm) / 48_000 == pytest.approx(1.5, abs=0.001)
    assert power(pcm, 24_000, 440) > 10_000
    assert largest_step(pcm) < 2_200


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_single_part_in_the_wanted_format_passes_through(kind: SpeechFormat) -> None:
    data = spoken(kind, 0.5)
    assert b"".join(joined([Provider().part("a", data, kind)], wanted=kind)) == data


def test_the_speed_applies_to_all_parts() -> None:
    provider = Provider()
    pcm = b"".join(joined([provider.tone("a", 1.0), provider.tone("b", 1.0)], wanted="pcm", speed=2.0))
    assert len(pcm) / 48_000 == pytest.approx(1.0, abs=0.001)


def test_a_part_is_started_when_the_one_before_it_has_ended() -> None:
    provider = Provider()
    made = joined([provider.tone("a"), provider.tone("b")], wanted="pcm")
    assert provider.events == []
    next(made)
    assert provider.events == ["a started"]
    list(made)
    assert provider.events == ["a started", "a closed", "b started", "b closed"]


def test_closing_the_file_closes_the_part_that_is_being_spoken() -> None:
    for count in (1, 2):
        provider = Provider()
        made = joined([provider.tone(name) for name in "ab"[:count]], wanted="mp3")
        next(made)
        made.close()  # type: ignore[attr-defined] # a generator
        assert provider.events == ["a started", "a closed"]


def test_the_error_of_a_part_comes_after_the_audio_of_those_before_it() -> None:
    class Gone(Exception):
        pass

    provider = Provider()
    parts = [
        provider.tone("a"),
        provider.part("b", tone(0.5, 24_000), "pcm", rate=24_000, fails=Gone()),
        provider.tone("c"),
    ]
    got = bytearray()
    with pytest.raises(Gone):
        taken(joined(parts, wanted="pcm"), got)
    assert 0.98 <= len(got) / 48_000 <= 1.0
    assert provider.events[-1] == "b closed"


@pytest.mark.parametrize("data", [b"", b"<html>no</html>" * 100, spoken("mp3", 1.0)[:-50]])
def test_a_part_that_is_not_a_whole_file_is_refused_where_it_is(data: bytes) -> None:
    provider = Provider()
    parts, got = [provider.tone("a"), provider.part("b", data, "mp3"), provider.tone("c")], bytearray()
    with pytest.raises(InvalidAudio):
        taken(joined(parts, wanted="wav"), got)
    assert len(got) > 0.4 * 48_000
    assert "c started" not in provider.events


def test_no_first_audio_means_no_first_byte() -> None:
    provider = Provider()
    for parts in ([], [provider.part("a", b"", "mp3"), provider.tone("b")]):
        with pytest.raises(InvalidAudio):
            next(joined(parts, wanted="wav"))
