"""s16le mono as a file in each of the formats of speech answers, yielded while it is made."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, cast

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
    "opus": _Encoding("ogg", "libopus", 64_000, {"page_duration": "200000"}),  # microseconds
    # The fast search: the default's two loops take longer than a caller can wait for a quarter of an hour of speech.
    "aac": _Encoding("adts", "aac", 96_000, codec_options={"aac_coder": "fast"}),
    "flac": _Encoding("flac", "flac"),
}


def encode(
    pcm: Iterable[bytes],
    *,
    sample_rate: int,
    format: SpeechFormat,  # noqa: A002 - OpenAI's word
    samples: int | None = None,
) -> Iterator[bytes]:
    """s16le mono at `sample_rate` Hz as one valid file at 24 kHz mono, in the pieces that encoder and muxer make.

    mp3 is MPEG-2 Layer III at a constant 128 kbit/s, opus is Ogg Opus, aac is ADTS, flac native with 16 bits, pcm
    headerless. `samples` is how many the file will have, if that is known: the headers of wav and flac then say so,
    and are those of a stream otherwise (see `with_true_sizes`). mp3 and aac decode to up to 72 and 86 ms more
    than went in: their encoders start with silence and fill the last frame, and the format has no place to say so.
    No samples at all make a file without audio: headers only, or no bytes where a format has none.
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
    """A complete file whose header says how long it is: a stream's of `encode` cannot, and one that was joined lies."""
    if format == "mp3":
        from audio_gateway.audio.containers.mpeg import without_false_promise

        return without_false_promise(data)
    if format == "flac":
        from audio_gateway.audio.containers.flac import with_counted_total

        return with_counted_total(data)
    wanted = riff.header(riff.pcm_format(SPEECH_SAMPLE_RATE), None)
    if format != "wav" or not data.startswith(wanted):
        return data
    return riff.header(riff.pcm_format(SPEECH_SAMPLE_RATE), len(data) - len(wanted)) + data[len(wanted) :]


def flac_file(pcm: Iterable[bytes], sample_rate: int, *, most_bytes: int | None = None) -> bytes:
    """s16le mono as a whole FLAC file at its own rate, whose header says how long it is: what providers are sent.

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
                raise RequestTooLarge(f"The audio takes more than {most_bytes} bytes as FLAC.")
    return file.getvalue()


def _at_speech_rate(pcm: Iterable[bytes], sample_rate: int) -> Iterator[bytes]:
    from audio_gateway.audio.resample import resample

    return resample(pcm, from_rate=sample_rate, to_rate=SPEECH_SAMPLE_RATE)


def _wav(pcm: Iterable[bytes], sample_rate: int, samples: int | None) -> Iterator[bytes]:
    yield riff.header(riff.pcm_format(SPEECH_SAMPLE_RATE), None if samples is None else samples * 2)
    yield from _at_speech_rate(pcm, sample_rate)


def _mp3(pcm: Iterable[bytes], sample_rate: int) -> Iterator[bytes]:
    """Frames from the first byte on, with neither an ID3 tag nor an Info frame in front, as OpenAI's are."""
    import lameenc

    encoder = lameenc.Encoder()
    encoder.silence()  # it would write about itself to standard output, which is the log
    encoder.set_in_sample_rate(SPEECH_SAMPLE_RATE)
    encoder.set_channels(1)
    encoder.set_bit_rate(_MP3_KBITS)
    encoder.set_quality(_MP3_QUALITY)
    begun = False
    for piece in _at_speech_rate(pcm, sample_rate):
        begun = True
        if made := bytes(encoder.encode(piece)):
            yield made
    if begun and (made := bytes(encoder.flush())):
        yield made


def _encoded(pcm: Iterable[bytes], sample_rate: int, encoding: _Encoding) -> Iterator[bytes]:
    import av

    from audio_gateway.audio.resample import to_frames

    written = _Written()
    options = encoding.muxer_options | {"fflags": "+flush_packets+bitexact"}  # each packet at once, and no tags
    with av.open(written, "w", format=encoding.muxer, container_options=options) as muxer:
        stream = cast("AudioStream", muxer.add_stream(encoding.codec, rate=SPEECH_SAMPLE_RATE, layout="mono"))
        stream.codec_context.options = encoding.codec_options
        if encoding.bit_rate is not None:
            stream.bit_rate = encoding.bit_rate
        for frame in chain(to_frames(pcm, sample_rate), (None,)):
            for packet in stream.encode(frame):
                if packet.size:  # FLAC ends with an empty one: its header anew, for files that can be sought back
                    muxer.mux(packet)
            if written:
                yield written.take()
    if written:
        yield written.take()


def _with_total(file: Iterator[bytes], samples: int) -> Iterator[bytes]:
    """A FLAC file with its length in the header, which comes out in one piece."""
    from audio_gateway.audio.containers.flac import with_total

    for header in file:
        yield with_total(header, samples)
        break
    yield from file


class _Written:
    """A file that can only be written on; what was written is taken out as one piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def write(self, data: bytes) -> int:
        """Keep `data` until it is taken."""
        self._pieces.append(data)
        return len(data)

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
