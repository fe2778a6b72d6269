"""Converts sample rate, channels and tempo of s16le mono or decoded frames, with FFmpeg's filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, cast

from audio_gateway.audio.closing import closed

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

_MAX_FRAME_BYTES: Final = 64_000
_GUESSED_CHANNELS: Final = 8  # up to this number FFmpeg assumes a usual layout


def whole_samples(pcm: Iterable[bytes]) -> Iterator[bytes]:
    """The same 16-bit samples, in pieces of whole samples; an odd byte at the very end is dropped."""
    odd = b""
    with closed(pcm) as pieces:
        for piece in pieces:
            joined = odd + piece if odd else piece
            even = len(joined) & ~1
            odd = joined[even:]
            if even:
                yield joined if not odd else joined[:even]


def in_blocks(pcm: Iterable[bytes], sample_rate: int) -> Iterator[bytes]:
    """The same samples of s16le mono in pieces of 10 to 200 ms; only the last one may be shorter.

    Smaller pieces would take more time for calls than for the audio, and larger ones would delay what is made of them.
    """
    least, most = sample_rate // 100 * 2, sample_rate // 5 * 2
    held = b""
    with closed(whole_samples(pcm)) as pieces:
        for piece in pieces:
            held += piece
            if len(held) >= least:
                yield from (held[at : at + most] for at in range(0, len(held), most))
                held = b""
    if held:
        yield held


def resample(pcm: Iterable[bytes], *, from_rate: int, to_rate: int) -> Iterator[bytes]:
    """s16le mono at another rate, with a delay of some hundredths of a second; unchanged if the rates are equal."""
    if from_rate == to_rate:
        return whole_samples(pcm)
    return to_pcm(to_frames(in_blocks(pcm, from_rate), from_rate), to_rate, at_once=True)


def to_frames(pcm: Iterable[bytes], sample_rate: int) -> Iterator[AudioFrame]:
    """s16le mono as frames for FFmpeg, with their times."""
    from fractions import Fraction

    import av

    samples, time_base = 0, Fraction(1, sample_rate)
    with closed(whole_samples(pcm)) as pieces:
        for piece in pieces:
            for start in range(0, len(piece), _MAX_FRAME_BYTES):
                data = piece[start : start + _MAX_FRAME_BYTES]
                frame = av.AudioFrame(format="s16", layout="mono", samples=len(data) // 2)
                frame.planes[0].update(data)
                frame.sample_rate, frame.pts, frame.time_base = sample_rate, samples, time_base
                samples += frame.samples
                yield frame


def to_pcm(
    frames: Iterable[AudioFrame], sample_rate: int, *, pace: tuple[float, ...] = (), at_once: bool = False
) -> Iterator[bytes]:
    """Frames of any rate, format and layout as s16le mono; `pace` has factors of the tempo, each from 0.5 to 2.

    The properties of the input may change; the filters are flushed then. With `at_once` each frame is converted as it
    comes; otherwise some are collected, which takes less time.
    """
    chain: _Chain | None = None
    with closed(frames) as arriving:
        for frame in arriving:
            if chain is None or not chain.fits(frame):
                if chain is not None:
                    yield from chain.flush()
                chain = _Chain(frame, sample_rate, pace, at_once=at_once)
            yield from chain.push(frame)
        if chain is not None:
            yield from chain.flush()


class _Chain:
    """A filter graph for input of one kind."""

    def __init__(self, template: AudioFrame, sample_rate: int, pace: tuple[float, ...], *, at_once: bool) -> None:
        from av.filter import Graph

        self._rate, self._layout, self._format = template.sample_rate, template.layout, template.format.name
        graph = self._graph = Graph()  # PyAV's nodes only have weak references to it
        self._source = graph.add(
            "abuffer",
            sample_rate=str(self._rate),
            sample_fmt=self._format,
            channel_layout=self._layout.name,
            time_base=f"1/{self._rate}",
        )
        self._sink = graph.add("abuffersink")
        to_mono = [graph.add("pan", _average(channels))] if (channels := _unplaced(template)) else []
        to_pcm = graph.add("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={sample_rate}")
        tempo = [graph.add("atempo", f"{factor:.6f}") for factor in pace]
        graph.link_nodes(self._source, *to_mono, to_pcm, *tempo, self._sink).configure()
        self._block_in = self._waiting = 0
        if not at_once:
            # A call of FFmpeg costs more than the arithmetic of a frame: collect a fifth of a second on either side.
            block = sample_rate // 5
            graph.set_audio_frame_size(block)
            self._block_in = max(1, block * self._rate // sample_rate)

    def fits(self, frame: AudioFrame) -> bool:
        """Whether the chain is for frames of this format."""
        return frame.sample_rate == self._rate and frame.format.name == self._format and frame.layout == self._layout

    def push(self, frame: AudioFrame) -> Iterator[bytes]:
        frame.pts = None  # times of damaged files jump; samples are consecutive
        self._waiting += frame.samples
        self._source.push(frame)
        if self._waiting >= self._block_in:
            self._waiting = 0
            yield from self._pull()

    def flush(self) -> Iterator[bytes]:
        self._source.push(None)
        yield from self._pull()

    def _pull(self) -> Iterator[bytes]:
        from av.error import BlockingIOError as NothingYet
        from av.error import EOFError as NothingMore

        while True:
            try:
                frame = cast("AudioFrame", self._sink.pull())
            except (NothingYet, NothingMore):
                return
            yield bytes(memoryview(frame.planes[0])[: frame.samples * 2])


def _unplaced(frame: AudioFrame) -> int:
    """The number of channels if their positions are unknown, so FFmpeg cannot mix them by itself; else 0."""
    channels = frame.layout.nb_channels
    return channels if channels > _GUESSED_CHANNELS and frame.layout.name == f"{channels} channels" else 0


def _average(channels: int) -> str:
    return "mono|c0=" + "+".join(f"{1 / channels:.6f}*c{index}" for index in range(channels))
