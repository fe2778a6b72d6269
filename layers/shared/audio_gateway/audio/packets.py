"""What became of the packets of a stream, and what it says of the file that they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.containers.riff import MAX_CHANNELS, RATES
from audio_gateway.audio.sniff import Container, undecodable
from audio_gateway.audio.timeline import STRAY_S, Jump
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet as AnyPacket

    from audio_gateway.audio.parts import MediaPart

    Packet = AnyPacket[AudioStream]

_CUT_OFF_S: Final = Fraction(1, 2)
_CUT_OFF_SHARE: Final = Fraction(1, 100)
_STRAY_PACKETS: Final = 8  # what encoders put before and behind the sound
_HOPELESS: Final = 1_000  # packets: damage of some 20 s, and nothing good beside it
_PACKET_HEAD_BYTES: Final = 16  # in WebM, at most


@dataclass(slots=True)
class PacketCounts:
    """What became of the packets of a stream.

    `shapes` counts how often sample rate or channels were others than before, `strayed` says that the timestamps were
    not those of samples which follow one another from zero on, and `regular`, at the end, that a decoder of any make
    hears what was decoded here: nothing was damaged, skipped, or promised otherwise. `jumps` are those of the part's
    own `Timeline`.
    """

    good: int = 0
    bad: int = 0
    good_bytes: int = 0
    bad_ticks: int = 0
    last: Packet | None = None
    samples: dict[int, int] = field(default_factory=dict)
    """Decoded samples per sample rate: it may change within a stream."""
    shapes: int = 0
    strayed: bool = False
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


def check_shape(frame: AudioFrame) -> None:
    """Raise `InvalidAudio` for a rate or channels that nobody records."""
    if frame.sample_rate not in RATES or frame.layout.nb_channels > MAX_CHANNELS:
        raise InvalidAudio(
            f"The audio cannot be read: its header declares {frame.sample_rate} Hz and {frame.layout.nb_channels} "
            "channels. Export it again."
        )


def check_damage(counts: PacketCounts, container: Container, dense_bytes: int) -> None:
    """Damage here and there is skipped, as every player does; a file that is mostly damage is no audio."""
    if not counts.samples:
        raise undecodable(container)
    if counts.bad > counts.good or 2 * counts.good_bytes < dense_bytes:
        raise _damaged()


def check_hope(counts: PacketCounts) -> None:
    """Raise `InvalidAudio` for so much damage that nothing good is to be expected: it costs time without an end."""
    if counts.bad - counts.good > _HOPELESS:
        raise _damaged()


def _damaged() -> InvalidAudio:
    return InvalidAudio(
        "Most of the audio file is damaged and cannot be decoded. Check that it plays, and upload a whole copy."
    )


def check_promise(
    part: MediaPart, opened_file: InputContainer, stream: AudioStream, counts: PacketCounts
) -> Fraction | None:
    """The seconds that were promised, if any were; raises `InvalidAudio` when they are not there."""
    ticks = stream.time_base or Fraction(0)
    promised, reached = part.promised_s, counts.seconds + counts.bad_ticks * ticks
    last, begin = counts.last, stream.start_time or 0
    if last is not None and last.pts is not None and part.ask in ("track", "file"):
        # Silence need not be there: time goes on without.
        since = begin if part.ask == "track" else 0
        reached = max(reached, (last.pts + (last.duration or 0) - since) * ticks)
    if part.ask in ("track", "pages") and stream.duration:
        promised = stream.duration * ticks
        if part.ask == "pages":  # they say when they end, also in a recording that begins in the middle of something
            promised -= max(0, begin) * ticks
    elif part.ask == "file" and opened_file.duration and len(opened_file.streams) == 1:
        promised = Fraction(opened_file.duration, 1_000_000)
    if promised is not None and promised - reached > max(_CUT_OFF_S, promised * _CUT_OFF_SHARE):
        raise InvalidAudio(
            f"The audio file is cut off: its header promises {float(promised):.2f} s, but only {float(reached):.2f} s "
            "are there. Upload the complete file."
        )
    return promised


def is_regular(part: MediaPart, counts: PacketCounts, promised: Fraction | None) -> bool:
    """Whether a decoder of any make hears what was decoded here: `PacketCounts.regular`."""
    lengths = (length for length in (promised, part.media_s) if length is not None)
    skipped = part.source.size - counts.good_bytes if part.dense else 0
    return (
        not counts.bad
        and counts.shapes == 1
        and not (counts.strayed and part.ask)
        and not part.source.mended
        and skipped in {0, len(part.head)}
        and (part.packets is None or abs(part.packets - counts.good) <= _STRAY_PACKETS)
        and (part.payload is None or part.payload - counts.good_bytes <= counts.good * _PACKET_HEAD_BYTES)
        and (part.is_last is None or counts.last is None or part.is_last(bytes(counts.last)))
        and all(abs(length - counts.seconds) <= STRAY_S for length in lengths)
    )
