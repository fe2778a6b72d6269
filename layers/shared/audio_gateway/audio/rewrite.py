"""Audio as a provider may have it: a file in which it hears exactly what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from audio_gateway.audio.bounds import Bounds, never, too_late
from audio_gateway.audio.source import AudioSource
from audio_gateway.errors import AudioTooLong, InvalidAudio

_MOST_HERTZ: Final = 48_000  # of what is encoded anew


def plainly(audio: AudioSource, *, most_bytes: int, late: Callable[[], bool] = never) -> AudioSource:
    """The audio in a file that holds what was measured of it and nothing else: itself where it is such a file.

    Else the measured track is taken out as it is coded, and the new file is measured in its turn. Where it is not
    plain, or not as long to the millisecond, the audio is decoded and written as FLAC: 16 bits, mono.

    Raises:
        RequestTooLarge: the new file would have more than `most_bytes`.
        AudioTooLong: `late` said that the time is up.
    """
    if audio.plain:
        return audio
    return _copy(audio, most_bytes, late) or _encoded(audio, most_bytes, late)


def _copy(audio: AudioSource, most_bytes: int, late: Callable[[], bool]) -> AudioSource | None:
    from audio_gateway.audio.measure import measure
    from audio_gateway.audio.parts import parts
    from audio_gateway.audio.remux import copied

    bounds = Bounds(audio.container, late)
    found = parts(audio.data, audio.container, bounds)
    data = copied(found[0], audio.container, bounds) if len(found) == 1 else None
    if not data or data == audio.data or len(data) > most_bytes:
        return None
    try:
        again = measure(data, late=late)
    except AudioTooLong:
        raise
    except InvalidAudio:
        return None
    same = again.plain and again.duration_ms == audio.duration_ms
    return replace(again, timeline=audio.timeline) if same else None


def _encoded(audio: AudioSource, most_bytes: int, late: Callable[[], bool]) -> AudioSource:
    from audio_gateway.audio.encode import flac_file

    rate = min(audio.sample_rate, _MOST_HERTZ)
    pcm = _in_time(audio, rate, late)
    data = flac_file(pcm, rate, most_bytes=most_bytes)
    return AudioSource(data, "flac", audio.duration_ms, rate, channels=1, timeline=audio.timeline)


def _in_time(audio: AudioSource, rate: int, late: Callable[[], bool]) -> Iterator[bytes]:
    """The samples of the measured time: another rate can make one more of them."""
    left = audio.duration_ms * rate // 1000 * 2
    for piece in audio.pcm(rate):
        if late():
            raise too_late(audio.duration_ms / 1000 - left / 2 / rate)
        yield piece[:left]
        left = max(0, left - len(piece))
