"""Measures how much of what is said the embedded engines get right: `python -m bench.quality`.

Three tables. The words that each recogniser gets wrong in the readings of the tests, as they are and after what happens
to recordings; noise and echoes are drawn five times. The words that Whisper gets wrong in sentences.txt, spoken by each
voice: it tells how intelligible a voice is, not how pleasant. How far the times of words are from those of the
readings' .words.tsv, which an aligner made, too: PocketSphinx's, of which Moonshine's times come.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from audio_gateway.audio.measure import measure
from audio_gateway.catalog.adapters.embedded import SPEC
from audio_gateway.deadline import Deadline
from audio_gateway.providers.embedded.engines import EmbeddedEngines
from audio_gateway.providers.embedded.hibari.voices import VOICES
from audio_gateway.providers.port import SynthesisCall, TranscriptDone, TranscriptionCall, TranscriptionOptions
from audio_gateway.transcripts.transcript import Transcript
from bench import sounds
from bench.sounds import RATE, Chance, Sound
from bench.table import ResultRow, ResultTable, save
from bench.wording import WordErrors, aligned, spoken_words, word_errors
from tests.sound import CLIPS, ENCODINGS, clip, encode, said, timed_words, wav

SENTENCES: Final = tuple(Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines())
RECOGNISERS: Final = ("moonshine-tiny", "whisper-base")
ROUNDS: Final = 5
PATIENCE_S: Final = 600
SEED: Final = 0


def compressed(container: str, codec: str, bits_per_second: int) -> Callable[[Sound, Chance], bytes]:
    """What makes a file of that kind and size."""
    import av
    from av.audio.stream import AudioStream

    from audio_gateway.audio.resample import to_frames

    def file_of(sound: Sound, _chance: Chance) -> bytes:
        file = io.BytesIO()
        with av.open(file, "w", format=container) as writer:
            stream = writer.add_stream(codec, rate=RATE, layout="mono")
            assert isinstance(stream, AudioStream)
            stream.bit_rate = bits_per_second
            for frame in (*to_frames([sounds.to_pcm(sound)], RATE), None):
                writer.mux(stream.encode(frame))
        return file.getvalue()

    return file_of


def as_wav(sound: Sound) -> bytes:
    return wav(sounds.to_pcm(sound), RATE)


Change = Callable[[Sound, Chance], bytes]
"""Makes a file of a reading."""

ONCE: Final[dict[str, Change]] = {
    "clean": lambda sound, _: as_wav(sound),
    "mp3, 32 kbit/s": compressed("mp3", "libmp3lame", 32_000),
    "opus, 16 kbit/s": compressed("ogg", "libopus", 16_000),
    "8 kHz, mu-law": lambda sound, _: encode(as_wav(sound), ENCODINGS["wav 8 kHz mu-law"]),
}
BY_CHANCE: Final[dict[str, Change]] = {
    "white noise 10 dB below": lambda sound, chance: as_wav(sounds.over(sound, sounds.noise(chance), 10)),
    "reverberation of 0.8 s": lambda sound, chance: as_wav(sounds.reverberant(sound, chance)),
}


def readings() -> Iterator[tuple[str, Sound]]:
    """The name of each clip, and its samples at `RATE`."""
    for name in CLIPS:
        yield name, sounds.from_pcm(b"".join(measure(clip(name)).pcm(RATE)))


def transcript(engines: EmbeddedEngines, model: str, file: bytes, language: str | None = None) -> Transcript:
    """What a recogniser writes, with the times of words."""
    call = TranscriptionCall(
        model,
        measure(file),
        Deadline.after(PATIENCE_S),
        options=TranscriptionOptions(language=language),
        want_words=True,
    )
    *_, last = engines.transcribe(call)
    assert isinstance(last, TranscriptDone)
    return last.transcript


def recognition(engines: EmbeddedEngines) -> ResultTable:
    table = ResultTable("Word errors in the readings, the language is not given", list(RECOGNISERS))
    for name, change in (ONCE | BY_CHANCE).items():
        chance = np.random.default_rng(SEED)
        files = [
            (said(reading), change(sound, chance))
            for _ in range(ROUNDS if name in BY_CHANCE else 1)
            for reading, sound in readings()
        ]
        rates = []
        for model in RECOGNISERS:
            found = (word_errors(truth, transcript(engines, model, file).text) for truth, file in files)
            rates.append(sum(found, WordErrors()).rate)
        table.add(ResultRow(name, rates))
    return table


def intelligibility(engines: EmbeddedEngines) -> ResultTable:
    table = ResultTable("Word errors of whisper-base in sentences.txt, by voice", ["wrong", "words", "rate"])
    for model, name in (*(("hibari", voice) for voice in VOICES), ("espeak-ng", "alloy")):
        voices, errors = SPEC.models[model].voices, WordErrors()
        assert isinstance(voices, Mapping)
        for sentence in SENTENCES:
            file = spoken(engines, model, voices[name], sentence)
            errors += word_errors(sentence, transcript(engines, "whisper-base", file, "en").text)
        table.add(ResultRow(f"{model} {name}", (errors.wrong, errors.said, errors.rate)))
    return table


def spoken(engines: EmbeddedEngines, model: str, voice: str, text: str) -> bytes:
    """The text as a WAV file."""
    chunks = list(engines.synthesize(SynthesisCall(model, text, voice, "pcm", Deadline.after(PATIENCE_S))))
    return wav(b"".join(chunk.data for chunk in chunks), chunks[0].sample_rate)


def word_times(engines: EmbeddedEngines) -> ResultTable:
    columns = ["start p50", "start p90", "end p50", "end p90", "words"]
    table = ResultTable("Errors of the times of words that are right, ms", columns)
    for model in RECOGNISERS:
        found = [pair for name in CLIPS for pair in time_errors(engines, model, name)]
        starts, ends = np.array(found).T
        figures: list[Any] = [float(np.percentile(errors, share)) for errors in (starts, ends) for share in (50, 90)]
        table.add(ResultRow(model, (*figures, len(found))))
    return table


def time_errors(engines: EmbeddedEngines, model: str, name: str) -> Iterator[tuple[float, float]]:
    """How far the start and the end of each right word is from the truth, in ms."""
    truth = [(start, end, word) for start, end, text in timed_words(name) for word in spoken_words(text)]
    found = transcript(engines, model, clip(name)).words or ()
    heard = [" ".join(spoken_words(word.text)) for word in found]
    for i, j in aligned([word for _, _, word in truth], heard):
        if i is not None and j is not None and truth[i][2] == heard[j]:
            yield abs(found[j].start_ms - truth[i][0] * 1000), abs(found[j].end_ms - truth[i][1] * 1000)


def main() -> None:
    engines = EmbeddedEngines()
    save("quality", [recognition(engines), word_times(engines), intelligibility(engines)])


if __name__ == "__main__":
    main()
