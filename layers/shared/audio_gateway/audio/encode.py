"""Encodes s16le mono in the formats of speech responses, piece by piece."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, cast

from audio_gateway.audio.closing import closed
from audio_gateway.audio.containers import riff
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.errors import RequestTooLarge

if TYPE_CHECKING:
    from av.audio.stream import AudioStream


@dataclass(frozen=True, slots=True)
class _Encoding:
    muxer: str
    codec: str
    bit_rate: int | None = None
    muxer_options: dict[str, str] = field(default_factory=dict)
    codec_options: dict[str, str] = field(default_factory=dict)


_MP3_KBITS: Final = 128
_MP3_QUALITY: Final = 5  # LAME's scale from 0 (slow) to 9: its own default, "good quality, fast"

_ENCODINGS: Final[dict[SpeechFormat, _Encoding]] = {
    "opus": _Encoding("ogg", "libopus", 64_000, {"page_duration": "20000"}),  # microseconds: one packet
    # The fast search: the default's two loops are too slow for a quarter of an hour of speech within one response.
    "aac": _Encoding("adts", "aac", 96_000, codec_options={"aac_coder": "fast"}),
    "flac": _Encoding("flac", "flac", None, {"metadata_header_padding": "0"}, {"frame_size": "1152"}),
}


def encode(
    pcm: Iterable[bytes],
    *,
    sample_rate: int,
    format: SpeechFormat,  # noqa: A002 - OpenAI's word
    samples: int | None = None,
) -> Iterator[bytes]:
    """Encode s16le mono at `sample_rate` Hz as one valid file at 24 kHz mono, piece by piece.

    mp3 is MPEG-2 Layer III at a constant 128 kbit/s, opus is Ogg Opus, aac is ADTS, flac native with 16 bits, pcm
    headerless. `samples` is the number of samples that the file will have, if it is known: wav and flac then declare it
    in their headers, and otherwise have those of a stream (see `with_true_sizes`). Without samples the file contains
    only headers, or nothing if the format has none.

    mp3 and aac decode to up to 72 and 86 ms more than the input: 46 and 43 ms of silence at the beginning, and less
    than a frame at the end. Only a LAME tag could declare that in mp3; it contains the length, so a stream cannot begin
    with one. ADTS cannot declare it. opus declares both, and the other formats have none.

    Sound comes out as early as the encoder allows. Held back are 10 ms of samples (see `in_blocks`); in mp3, opus and
    aac the frame in progress and what the encoder looks ahead (24 + 48, 20 + 7 and 43 + 43 ms); in opus also the last
    packet, because the last page must be marked as such; in flac the frame in progress, 48 ms.
    """
    if format == "pcm":
        return _at_speech_rate(pcm, sample_rate)
    if format == "wav":
        return _wav(pcm, sample_rate, samples)
    if format == "mp3":
        return _mp3(pcm, sample_rate)
    file = _encoded(pcm, sample_rate, _ENCODINGS[format])
    return _with_total(file, samples) if format == "flac" and samples is not None else file


def with_true_sizes(format: SpeechFormat, data: bytes) -> bytes:  # noqa: A002 - OpenAI's word
    """A complete file of `encode`, whose header may have no length or that of one part, with its true length."""
    if format == "mp3":
        from audio_gateway.audio.containers.mpeg import without_wrong_length

        return without_wrong_length(data)
    if format == "flac":
        from audio_gateway.audio.containers.flac import with_counted_total

        return with_counted_total(data)
    wanted = riff.header(riff.pcm_format(SPEECH_SAMPLE_RATE), None)
    if format != "wav" or not data.startswith(wanted):
        return data
    return riff.header(riff.pcm_format(SPEECH_SAMPLE_RATE), len(data) - len(wanted)) + data[len(wanted) :]


def flac_file(pcm: Iterable[bytes], sample_rate: int, *, most_bytes: int | None = None) -> bytes:
    """Encode s16le mono as a complete FLAC file at its own rate, with its length in the header, to send to providers.

    Raises `RequestTooLarge` as soon as it has more than `most_bytes`.
    """
    import av

    from audio_gateway.audio.resample import to_frames

    file = io.BytesIO()
    with av.open(file, "w", format="flac", container_options={"fflags": "+bitexact"}) as muxer:
        stream = muxer.add_stream("flac", rate=sample_rate, layout="mono")
        for frame in chain(to_frames(pcm, sample_rate), (None,)):
            muxer.mux(stream.encode(frame))
            if most_bytes is not None and file.tell() > most_bytes:
                raise RequestTooLarge(f"The audio takes more than {most_bytes:,} bytes as FLAC.")
    return file.getvalue()


def _at_speech_rate(pcm: Iterable[bytes], sample_rate: int) -> Iterator[bytes]:
    from audio_gateway.audio.resample import resample

    return resample(pcm, from_rate=sample_rate, to_rate=SPEECH_SAMPLE_RATE)


def _wav(pcm: Iterable[bytes], sample_rate: int, samples: int | None) -> Iterator[bytes]:
    yield riff.header(riff.pcm_format(SPEECH_SAMPLE_RATE), None if samples is None else samples * 2)
    yield from _at_speech_rate(pcm, sample_rate)


def _mp3(pcm: Iterable[bytes], sample_rate: int) -> Iterator[bytes]:
    """Frames from the first byte on, without an ID3 tag or an Info frame, like OpenAI's."""
    import lameenc

    from audio_gateway.audio.resample import in_blocks

    encoder = lameenc.Encoder()
    encoder.silence()  # it would write about itself to standard output, which is the log
    encoder.set_in_sample_rate(SPEECH_SAMPLE_RATE)
    encoder.set_channels(1)
    encoder.set_bit_rate(_MP3_KBITS)
    encoder.set_quality(_MP3_QUALITY)
    started = False
    with closed(in_blocks(_at_speech_rate(pcm, sample_rate), SPEECH_SAMPLE_RATE)) as blocks:
        for block in blocks:
            started = True
            if made := bytes(encoder.encode(block)):
                yield made
    if started and (made := bytes(encoder.flush())):
        yield made


def _encoded(pcm: Iterable[bytes], sample_rate: int, encoding: _Encoding) -> Iterator[bytes]:
    import av

    from audio_gateway.audio.resample import in_blocks, to_frames

    written = _OutputBuffer()
    options = encoding.muxer_options | {"fflags": "+flush_packets+bitexact"}  # each packet immediately, and no tags
    with av.open(written, "w", format=encoding.muxer, container_options=options) as muxer:
        stream = cast("AudioStream", muxer.add_stream(encoding.codec, rate=SPEECH_SAMPLE_RATE, layout="mono"))
        stream.codec_context.options = encoding.codec_options
        if encoding.bit_rate is not None:
            stream.bit_rate = encoding.bit_rate
        with closed(to_frames(in_blocks(pcm, sample_rate), sample_rate)) as frames:
            for frame in chain(frames, (None,)):
                for packet in stream.encode(frame):
                    if packet.size:  # FLAC ends with an empty one: its header again, for seekable files
                        muxer.mux(packet)
                if written:
                    yield written.take()
    if written:
        yield written.take()


def _with_total(file: Iterator[bytes], samples: int) -> Iterator[bytes]:
    """A FLAC file with its length in the header; the header is the first piece."""
    from audio_gateway.audio.containers.flac import with_total

    with closed(file) as pieces:
        yield with_total(next(pieces), samples)
        yield from pieces


class _OutputBuffer:
    """A write-only file whose content is removed piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def write(self, data: bytes) -> int:
        """Keep `data` until it is taken."""
        self._pieces.append(data)
        return len(data)

    def take(self) -> bytes:
        """Everything written since the last call."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
