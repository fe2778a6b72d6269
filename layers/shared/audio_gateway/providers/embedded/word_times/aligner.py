"""Aligns known words with audio: PocketSphinx's acoustic model finds where each of them is spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.embedded.word_times.pronunciations import pronounced, spoken_words

SAMPLE_RATE: Final = 16_000

# Wide enough that a few words that are said in another way, such as numbers, do not end the search.
_BEAMS: Final[dict[str, Any]] = {"beam": 1e-120, "pbeam": 1e-120, "wbeam": 1e-100}

# Without a language model: the words are known. The second search through the lattice moves some words by 200 ms, and
# scoring every second frame halves the work and moves them by 6 ms.
_SETTINGS: Final[dict[str, Any]] = {"lm": None, "bestpath": False, "ds": 2, **_BEAMS}

_TICK_MS: Final = 10  # the decoder's frame
_NO_WORD: Final = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+|\(NULL\)")  # sentence marks, silence, noises
_MOST_ADDED: Final = 5_000  # words added to the dictionary, which can only be emptied as a whole


class Aligner:
    """The acoustic model and the dictionary, in memory. Use it in one thread at a time.

    Raises:
        ConfigurationError: no layer of the function has them.
    """

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as missing:
            raise ConfigurationError("The times of words need pocketsphinx, which is in no layer") from missing
        self._new_decoder = Decoder
        self._start()

    def times(self, pcm: bytes, words: Sequence[str]) -> list[tuple[int, int]] | None:
        """Start and end in milliseconds of each written word in s16le mono at 16 kHz of at most half a minute.

        A word without letters and digits begins and ends where the word before it ends. None if the words cannot be
        found in the audio. The same audio and words have the same times, whatever was aligned before.
        """
        if self._added > _MOST_ADDED:
            self._start()
        parts = [[self._entry(part) for part in spoken_words(word)] for word in words]
        entries = [entry for entry_list in parts for entry in entry_list]
        found = list(self._aligned(pcm, entries)) if entries and pcm else []
        if not entries or len(found) != len(entries):
            return None
        times: list[tuple[int, int]] = []
        rest = iter(found)
        for part in parts:
            spans = [next(rest) for _ in part]
            end = times[-1][1] if times else found[0][0]
            times.append((spans[0][0], spans[-1][1]) if spans else (end, end))
        return times

    def _start(self) -> None:
        self._decoder: Any = self._new_decoder(samprate=SAMPLE_RATE, loglevel="FATAL", **_SETTINGS)
        self._added = 0

    def _entry(self, word: str) -> str:
        """The dictionary's entry for a word; it is added if there is none."""
        name = word.lower()
        if self._decoder.lookup_word(name) is None:
            name = f"{word}\N{DAGGER}"  # no word of a text: abbreviations differ from words in capitals only
            if self._decoder.lookup_word(name) is None:
                self._decoder.add_word(name, pronounced(word, self._decoder.lookup_word), update=False)
                self._added += 1
        return name

    def _aligned(self, pcm: bytes, entries: Sequence[str]) -> Iterator[tuple[int, int]]:
        decoder = self._decoder
        decoder.set_align_text(" ".join(entries))
        decoder.reinit_feat()  # otherwise the noise of the last caller's audio changes the result
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return
        for part in decoder.seg():
            if not _NO_WORD.fullmatch(part.word):
                yield part.start_frame * _TICK_MS, (part.end_frame + 1) * _TICK_MS
