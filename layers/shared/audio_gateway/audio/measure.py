"""Measures the length of audio by decoding it; headers are never trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.bounds import Bounds, no_deadline
from audio_gateway.audio.containers import riff
from audio_gateway.audio.duration import DurationCounter
from audio_gateway.audio.sniff import Container, recognise
from audio_gateway.audio.source import AudioSource
from audio_gateway.audio.timeline import Timeline
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from audio_gateway.audio.packets import PacketCounts

MIN_MS: Final = 100


def _ignore_progress() -> None:
    """The default of `on_progress`."""


def measure(
    data: bytes,
    *,
    limit_ms: int | None = None,
    out_of_time: Callable[[], bool] = no_deadline,
    on_progress: Callable[[], None] = _ignore_progress,
) -> AudioSource:
    """Recognise audio by its content and determine its true length, rounded up to whole milliseconds.

    `out_of_time` says whether the time is up: some audio takes much work for each second, such as many channels or a
    high sample rate. `on_progress` is called regularly while audio is decoded; it may use memory, because no memory
    limit is in force during the call, and its errors are passed on.

    Raises:
        InvalidAudio: it is not complete, decodable audio of at least 0.1 s.
        AudioTooLong: it is longer than `limit_ms`, or the time is up. The rest is not decoded.
    """
    container = recognise(data)
    duration = DurationCounter(limit_ms)
    if container == "wav":
        wave = riff.walk(data)
        if wave.uncompressed:
            duration.add(wave.audio_bytes // wave.block_align, wave.sample_rate)
            check_length(duration.milliseconds)
            return AudioSource(
                data, container, duration.milliseconds, wave.sample_rate, wave.channels, plain=wave.plain
            )
    return _measure_by_decoding(data, container, duration, Bounds(container, out_of_time), on_progress)


def _measure_by_decoding(
    data: bytes, container: Container, duration: DurationCounter, bounds: Bounds, on_progress: Callable[[], None]
) -> AudioSource:
    from audio_gateway.audio.decode import frames_of_parts
    from audio_gateway.audio.parts import parts

    found = parts(data, container, bounds)
    counts: list[PacketCounts] = []
    sample_rate = channels = 0
    for frame in frames_of_parts(found, container, counts, bounds):
        if not sample_rate:
            sample_rate, channels = frame.sample_rate, frame.layout.nb_channels
        duration.add(frame.samples, frame.sample_rate)
        on_progress()
    check_length(duration.milliseconds)
    plain = len(found) == 1 and found[0].plain and counts[0].regular
    timeline = Timeline(counts[0].jumps if len(found) == 1 else ())
    return AudioSource(data, container, duration.milliseconds, sample_rate, channels, plain=plain, timeline=timeline)


def check_length(duration_ms: int) -> None:
    """Raise `InvalidAudio` for audio of less than `MIN_MS`."""
    if duration_ms < MIN_MS:
        raise InvalidAudio(
            f"The audio is too short: {duration_ms / 1000:g} s. At least {MIN_MS / 1000:g} s are needed.",
            code="audio_too_short",
        )
