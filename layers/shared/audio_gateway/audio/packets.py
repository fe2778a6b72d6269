"""Counts of the packets of a stream, and the checks of the file that are made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.containers.riff import MAX_CHANNELS, RATES
from audio_gateway.audio.sniff import Container, undecodable
from audio_gateway.audio.timeline import STRAY_S, Jump
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet as AnyPacket

    from audio_gateway.audio.parts import MediaPart

    Packet = AnyPacket[AudioStream]
    Decode = Callable[[Packet | None], list[AudioFrame]]

_CUT_OFF_S: Final = Fraction(1, 2)
_CUT_OFF_SHARE: Final = Fraction(1, 100)
_STRAY_PACKETS: Final = 8  # that encoders put before and after the sound
_TOO_DAMAGED: Final = 1_000  # packets: about 20 s of damage, with nothing good beside it
_PACKET_HEAD_BYTES: Final = 16  # in WebM, at most


@dataclass(slots=True)
class PacketCounts:
    """Counts of the packets of a stream.

    `format_changes` counts how often the sample rate or the channels changed; `has_jumps` says that the timestamps are
    not those of consecutive samples from zero on. `regular`, known at the end, says that any decoder produces what was
    decoded here: nothing was damaged or skipped, and the declared length is right. `jumps` are those of the part's own
    `Timeline`.
    """

    good: int = 0
    bad: int = 0
    good_bytes: int = 0
    bad_ticks: int = 0
    last: Packet | None = None
    samples: dict[int, int] = field(default_factory=dict)
    """Decoded samples per sample rate: it may change within a stream."""
    format_changes: int = 0
    has_jumps: bool = False
    regular: bool = False
    jumps: tuple[Jump, ...] = ()

    def add(self, packet: Packet | None, *, good: bool) -> None:
        """Count a packet; None is the end of the file and counts nothing."""
        if packet is None:
            return
        self.last = packet
        if good:
            self.good += 1
            self.good_bytes += packet.size
        else:
            self.bad += 1
            self.bad_ticks += packet.duration or 0

    @property
    def seconds(self) -> Fraction:
        """Length of all that was decoded."""
        return sum((Fraction(count, rate) for rate, count in self.samples.items()), Fraction(0))


def check_format(frame: AudioFrame) -> None:
    """Raise `InvalidAudio` for a sample rate or channels that no recording has."""
    if frame.sample_rate not in RATES or frame.layout.nb_channels > MAX_CHANNELS:
        raise InvalidAudio(
            f"The audio cannot be read: its header declares {frame.sample_rate} Hz and {frame.layout.nb_channels} "
            "channels. Export it again."
        )


def check_damage(counts: PacketCounts, container: Container, dense_bytes: int) -> None:
    """Raise `InvalidAudio` if most of the file is damaged. Less damage is skipped, as every player does."""
    if not counts.samples:
        raise undecodable(container)
    if counts.bad > counts.good or 2 * counts.good_bytes < dense_bytes:
        raise _damaged()


def decoded_packet(decode: Decode, packet: Packet | None, counts: PacketCounts) -> Sequence[AudioFrame]:
    """The frames of a packet, which is counted; none if it is damaged. `None` is the end of the file.

    Raises `InvalidAudio` if too much is damaged, and `MemoryError`.
    """
    import av

    try:
        frames = decode(packet)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError):
        counts.add(packet, good=False)
        _check_damage_so_far(counts)
        return ()
    counts.add(packet, good=True)
    return frames


def _check_damage_so_far(counts: PacketCounts) -> None:
    """Raise `InvalidAudio` early if nearly everything is damaged: going on would only cost time."""
    if counts.bad - counts.good > _TOO_DAMAGED:
        raise _damaged()


def _damaged() -> InvalidAudio:
    return InvalidAudio(
        "Most of the audio file is damaged and cannot be decoded. Check that it plays, and upload a complete copy."
    )


def check_declared_length(
    part: MediaPart, opened_file: InputContainer, stream: AudioStream, counts: PacketCounts
) -> Fraction | None:
    """The declared length in seconds, if there is one; raises `InvalidAudio` if much of it is missing."""
    ticks = stream.time_base or Fraction(0)
    declared, reached = part.declared_s, counts.seconds + counts.bad_ticks * ticks
    last, begin = counts.last, stream.start_time or 0
    if last is not None and last.pts is not None and part.length_source in ("track", "file"):
        # Silence may be left out: the timestamps go on.
        since = begin if part.length_source == "track" else 0
        reached = max(reached, (last.pts + (last.duration or 0) - since) * ticks)
    if part.length_source in ("track", "pages") and stream.duration:
        declared = stream.duration * ticks
        if part.length_source == "pages":  # the last page has the end time, also in a cut-out of a longer recording
            declared -= max(0, begin) * ticks
    elif part.length_source == "file" and opened_file.duration and len(opened_file.streams) == 1:
        declared = Fraction(opened_file.duration, 1_000_000)
    if declared is not None and declared - reached > max(_CUT_OFF_S, declared * _CUT_OFF_SHARE):
        raise InvalidAudio(
            f"The audio file is cut off: its header declares {float(declared):.2f} s, but it contains only "
            f"{float(reached):.2f} s. Upload the complete file."
        )
    return declared


def is_regular(part: MediaPart, counts: PacketCounts, declared: Fraction | None) -> bool:
    """Whether any decoder produces what was decoded here: `PacketCounts.regular`."""
    lengths = (length for length in (declared, part.media_s) if length is not None)
    skipped = part.source.size - counts.good_bytes if part.dense else 0
    return (
        not counts.bad
        and counts.format_changes == 1
        and not (counts.has_jumps and part.length_source)
        and not part.source.repaired
        and skipped in {0, len(part.head)}
        and (part.packets is None or abs(part.packets - counts.good) <= _STRAY_PACKETS)
        and (part.payload is None or part.payload - counts.good_bytes <= counts.good * _PACKET_HEAD_BYTES)
        and (part.is_last is None or counts.last is None or part.is_last(bytes(counts.last)))
        and all(abs(length - counts.seconds) <= STRAY_S for length in lengths)
    )
