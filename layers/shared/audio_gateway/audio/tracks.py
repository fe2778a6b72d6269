"""Which of several audio tracks is heard: the one that `ffmpeg -i file` takes, as servers that listen run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from audio_gateway.audio.ffmpeg import Look, look
from audio_gateway.audio.sniff import Container, no_audio
from audio_gateway.errors import AudioTooLong, InvalidAudio

if TYPE_CHECKING:
    from audio_gateway.audio.parts import Part


def chosen(tracks: Sequence[Part], container: Container, late: Callable[[], bool]) -> Part:
    """The track that is heard, measured, paid and sent: the only one, or the best of those that can be decoded.

    FFmpeg's program takes a track with packets before one without, then one that is marked as the default, then the one
    with most channels, then the first. Each is opened alone, so that no more memory is taken than by one.

    Raises:
        InvalidAudio: there is none, or none of several can be decoded.
        AudioTooLong: `late` said that the time is up.
    """
    if not tracks:
        raise no_audio()
    if len(tracks) == 1:
        return tracks[0]
    best: tuple[Look, Part] | None = None
    refusal = no_audio()
    for track in tracks:
        if late():
            raise AudioTooLong("The audio tracks of the file could not be compared in time.", limit_ms=0)
        try:
            seen = look(track, container)
        except InvalidAudio as error:
            refusal = error
            continue
        if best is None or _worth(seen) > _worth(best[0]):
            best = seen, track
    if best is None:
        raise refusal
    return best[1]


def _worth(seen: Look) -> tuple[bool, bool, int]:
    return seen.sounds, seen.default, seen.channels
