"""Measures how fast the embedded engines are, how long they take to load, and how much memory a function needs.

    python -m bench.engines

Each engine runs in a process of its own, on one thread, which has imported all that its function imports. Times are
those of the processor, with eSpeak NG's own process counted; the best of all rounds counts. Beside each engine are the
bare parts that it is made of, as the limit, and eSpeak NG is beside hibari. Loading is what the first request takes
longer than the same one later. "x real time" are seconds of audio per second of processor time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from audio_gateway.audio.measure import measure
from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.engines import EmbeddedEngines
from audio_gateway.providers.port import SynthesisCall, TranscriptionCall
from bench.table import ResultRow, ResultTable, save
from tests.sound import CLIPS, clip, phrase, wav

ENGINES: Final = {
    "hibari": "audio_gateway.wiring.speech",
    "espeak-ng": "audio_gateway.wiring.speech",
    "moonshine-tiny": "audio_gateway.wiring.transcription",
    "whisper-base": "audio_gateway.wiring.transcription",
}
"""What the function of each engine imports."""

ROUNDS: Final = 2
REPEATED: Final = 3
RATE: Final = 16_000
PATIENCE_S: Final = 600
HIBARI_VOICES: Final = ("nova", "alloy", "onyx")
TEXT: Final = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").replace("\n", " ")
SENTENCE: Final = "The north wind and the sun were disputing which was the stronger."
TARGETS: Final = {"load": 1.2, "MB": 600.0, "hibari": 60.0, "first": 60.0, "moonshine-tiny": 20.0, "whisper-base": 3.0}

Figures = dict[str, float]
"""Seconds by what they were spent on, `MB`, and the length of speech (`audio`)."""


# ---------------------------------------------------------------- in the process of an engine
class Processor:
    """Counts the processor time of this process and those that it has started, and those that they have."""

    def __init__(self) -> None:
        self._others: dict[str, int] = {}

    def seconds(self) -> float:
        """Up to now. Of a process that has ended, what it had used at the last call counts."""
        for process in others():
            with suppress(OSError):  # it has ended
                self._others[process] = int(Path(f"/proc/{process}/schedstat").read_text().split()[0])
        return time.process_time() + sum(self._others.values()) / 1e9


def others(process: str = "self") -> Iterator[str]:
    """The numbers of the processes that are running below a process."""
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        numbers: list[str] = []
        with suppress(OSError):  # it has ended
            numbers = file.read_text().split()
        for number in numbers:
            yield number
            yield from others(number)


def memory_mb() -> float:
    """The most memory that this process has had, with what those below it have had."""
    kilobytes = 0
    for process in ("self", *others()):
        with suppress(OSError, IndexError):  # it has ended, or is about to
            kilobytes += int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0])
    return kilobytes / 1024


PROCESSOR: Final = Processor()


def consumed(pieces: Iterable[Any]) -> None:
    for _ in pieces:
        PROCESSOR.seconds()  # while the process that made the piece is there


def cost(work: Callable[[], Any]) -> float:
    before = PROCESSOR.seconds()
    work()
    return PROCESSOR.seconds() - before


def best(work: Callable[[], Any]) -> float:
    """The processor time of the fastest of some calls."""
    return min(cost(work) for _ in range(REPEATED))


def loading(request: Callable[[], Any]) -> Figures:
    def both() -> tuple[float, float]:
        before, began = PROCESSOR.seconds(), time.perf_counter()
        request()
        return PROCESSOR.seconds() - before, time.perf_counter() - began

    first, later = both(), [both() for _ in range(REPEATED)]
    cpu, wall = (first[kind] - min(each[kind] for each in later) for kind in (0, 1))
    return {"load cpu": cpu, "load wall": wall}


def measure_speech(model: str, voices: tuple[str, ...]) -> Figures:
    engines = EmbeddedEngines()

    def chunks(text: str, voice: str) -> Iterator[Any]:
        return engines.synthesize(SynthesisCall(model, text, voice, "pcm", Deadline.after(PATIENCE_S)))

    found = loading(lambda: consumed(chunks(SENTENCE, voices[0])))
    for voice in voices:
        parts = list(chunks(TEXT, voice))
        found[f"audio {voice}"] = sum(len(part.data) / 2 / part.sample_rate for part in parts)
        found[voice] = best(lambda voice=voice: consumed(chunks(TEXT, voice)))  # type: ignore[misc]
        found[f"first {voice}"] = best(lambda voice=voice: next(chunks(f"{SENTENCE} {TEXT}", voice)))  # type: ignore[misc]
    found["MB"] = memory_mb()
    return found


def measure_hibari() -> Figures:
    found = measure_speech("hibari", HIBARI_VOICES)
    from audio_gateway.providers.embedded.hibari.model import acoustic_model
    from audio_gateway.providers.embedded.hibari.pronunciation import pronunciation

    lines = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()
    spoken = [phonemes for line in lines for phonemes in pronunciation(british=False).utterances(line)]
    found["network"] = best(lambda: [acoustic_model().frames(phonemes) for phonemes in spoken])
    bare = import_module("hibari").Hibari()
    bare(SENTENCE)
    found["package"] = best(lambda: bare(TEXT))
    return found


def readings(seconds: float) -> bytes:
    """The readings of the tests, one after another, as a WAV file of that length."""
    once = b"".join(piece for name in CLIPS for piece in measure(clip(name)).pcm(RATE))
    length = int(seconds * RATE) * 2
    return wav((once * (length // len(once) + 1))[:length], RATE)


def measure_transcription(model: str) -> tuple[Figures, Callable[..., float]]:
    engines = EmbeddedEngines()

    def request(file: bytes, *, words: bool = True) -> None:
        call = TranscriptionCall(model, measure(file), Deadline.after(PATIENCE_S), want_words=words)
        for _ in engines.transcribe(call):
            pass

    return loading(partial(request, phrase())), lambda *given, **named: best(partial(request, *given, **named))


def measure_moonshine() -> Figures:
    found, cost_of = measure_transcription("moonshine-tiny")
    found |= {"words": cost_of(readings(30)), "text": cost_of(readings(30), words=False), "MB": memory_mb()}
    from audio_gateway.providers.embedded.moonshine.model import Moonshine

    model, pieces = Moonshine(), [measure(clip(name)) for name in CLIPS]
    pcm = [b"".join(piece.pcm(RATE)) for piece in pieces]
    found["network"] = best(lambda: [model.recognise(piece) for piece in pcm])
    found["audio network"] = sum(len(piece) for piece in pcm) / 2 / RATE
    return found


def measure_whisper() -> Figures:
    found, cost_of = measure_transcription("whisper-base")
    found |= {"30 s": cost_of(readings(30)), "5 s": cost_of(readings(5)), "MB": memory_mb()}
    from audio_gateway.providers.embedded.whisper.model import whisper_model

    model, pcm = whisper_model(), b"".join(measure(readings(30)).pcm(RATE))
    start = model.vocabulary.start("en", "transcribe")
    found["network"] = best(lambda: model.listen(pcm, 0).decode(start, (), temperature=0, beams=1))
    return found


MEASURED: Final[dict[str, Callable[[], Figures]]] = {
    "hibari": measure_hibari,
    "espeak-ng": lambda: measure_speech("espeak-ng", ("en-us",)),
    "moonshine-tiny": measure_moonshine,
    "whisper-base": measure_whisper,
}


# ---------------------------------------------------------------- in the process of the benchmark
def in_own_process(engine: str) -> Figures:
    command = [sys.executable, "-m", "bench.engines", engine]
    rounds = [json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) for _ in range(ROUNDS)]
    return {name: (max if name == "MB" else min)(each[name] for each in rounds) for name in rounds[0]}


def loads(found: dict[str, Figures]) -> ResultTable:
    table = ResultTable(
        f"loading (target: under {TARGETS['load']} s) and memory of a function (target: under {TARGETS['MB']:.0f} MB)",
        ["cpu s", "wall s", "MB"],
    )
    for engine, figures in found.items():
        table.add(ResultRow(engine, [figures["load cpu"], figures["load wall"], figures["MB"]]))
    return table


def speech(hibari: Figures, espeak: Figures) -> ResultTable:
    table = ResultTable(
        f"speech (targets: {TARGETS['hibari']:.0f} x, the first sentence in {TARGETS['first']:.0f} ms)",
        ["x real time", "first ms", "of espeak", "of network"],
    )
    limits = {"espeak-ng": espeak["audio en-us"] / espeak["en-us"], "network": hibari["audio nova"] / hibari["network"]}
    package = hibari["audio nova"] / hibari["package"]
    speeds: list[tuple[str, float, float | None]] = [
        *((f"hibari {v}", hibari[f"audio {v}"] / hibari[v], hibari[f"first {v}"] * 1000) for v in HIBARI_VOICES),
        ("its package alone", package, None),
        ("its network alone", limits["network"], None),
        ("espeak-ng", limits["espeak-ng"], espeak["first en-us"] * 1000),
    ]
    for name, speed, first in speeds:
        table.add(ResultRow(name, [speed, first, speed / limits["espeak-ng"], speed / limits["network"]]))
    return table


def transcription(moonshine: Figures, whisper: Figures) -> ResultTable:
    targets = (
        f"moonshine-tiny with words {TARGETS['moonshine-tiny']:.0f} x, whisper-base {TARGETS['whisper-base']:.0f} x"
    )
    table = ResultTable(f"transcription (targets: {targets} in 30 s)", ["x real time", "of network"])
    heard, translated = moonshine["audio network"] / moonshine["network"], 30 / whisper["network"]
    for name, speed, limit in (
        ("moonshine-tiny, words", 30 / moonshine["words"], heard),
        ("moonshine-tiny, text", 30 / moonshine["text"], heard),
        ("its network alone", heard, heard),
        ("whisper-base, 30 s", 30 / whisper["30 s"], translated),
        ("whisper-base, 5 s", 5 / whisper["5 s"], translated),
        ("its network alone, 30 s", translated, translated),
    ):
        table.add(ResultRow(name, [speed, speed / limit]))
    return table


def main() -> None:
    found = {engine: in_own_process(engine) for engine in MEASURED}
    tables = [
        speech(found["hibari"], found["espeak-ng"]),
        transcription(found["moonshine-tiny"], found["whisper-base"]),
    ]
    save("engines", [loads(found), *tables])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import_module(ENGINES[sys.argv[1]])
        print(json.dumps(MEASURED[sys.argv[1]]()))
    else:
        main()
