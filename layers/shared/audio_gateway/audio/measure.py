"""How long audio really is: by decoding it, never by what its header says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.bounds import Bounds, never
from audio_gateway.audio.containers import riff
from audio_gateway.audio.duration import DurationCounter
from audio_gateway.audio.sniff import Container, recognise
from audio_gateway.audio.source import AudioSource
from audio_gateway.audio.timeline import Timeline
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from audio_gateway.audio.packets import PacketCounts

MIN_MS: Final = 100


def _nothing() -> None:
    """For those who have nothing to do meanwhile."""


def measure(
    data: bytes,
    *,
    limit_ms: int | None = None,
    late: Callable[[], bool] = never,
    meanwhile: Callable[[], None] = _nothing,
) -> AudioSource:
    """Recognise audio by its content and find its true length, rounded up to whole milliseconds.

    Raises `InvalidAudio` for whatever is not whole, decodable audio of at least 0.1 s, and `AudioTooLong` as soon as
    it goes on past `limit_ms`: neither time nor memory is spent on what comes after. So it is once `late` says that
    the time is up, which is for audio whose every second is much work: many channels, high rates.

    `meanwhile` is called again and again while audio is decoded, where no limit of memory is in force as it is around
    `late`: it may do what takes some, and what it raises is raised.
    """
    container = recognise(data)
    clock = DurationCounter(limit_ms)
    if container == "wav":
        wave = riff.walk(data)
        if wave.plain:
            clock.add(wave.audio_bytes // wave.block_align, wave.sample_rate)
            check_length(clock.milliseconds)
            return AudioSource(data, container, clock.milliseconds, wave.sample_rate, wave.channels, plain=wave.true)
    return _measure_by_decoding(data, container, clock, Bounds(container, late), meanwhile)


def _measure_by_decoding(
    data: bytes, container: Container, clock: DurationCounter, bounds: Bounds, meanwhile: Callable[[], None]
) -> AudioSource:
    from audio_gateway.audio.decode import frames_of_parts
    from audio_gateway.audio.parts import parts

    found = parts(data, container, bounds)
    counts: list[PacketCounts] = []
    sample_rate = channels = 0
    for frame in frames_of_parts(found, container, counts, bounds):
        if not sample_rate:
            sample_rate, channels = frame.sample_rate, frame.layout.nb_channels
        clock.add(frame.samples, frame.sample_rate)
        meanwhile()
    check_length(clock.milliseconds)
    plain = len(found) == 1 and found[0].plain and counts[0].regular
    timeline = Timeline(counts[0].jumps if len(found) == 1 else ())
    return AudioSource(data, container, clock.milliseconds, sample_rate, channels, plain=plain, timeline=timeline)


def check_length(duration_ms: int) -> None:
    """Raise `InvalidAudio` for audio of less than `MIN_MS`."""
    if duration_ms < MIN_MS:
        raise InvalidAudio(
            f"The audio is too short: {duration_ms / 1000:g} s. At least {MIN_MS / 1000:g} s are needed.",
            code="audio_too_short",
        )
