"""English text to phonemes, with the dictionaries and rules of the package `hibari`."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, Final

from audio_gateway.providers.embedded.hibari.model import package

LONGEST: Final = 240
"""Phonemes in an utterance, some 20 s: the network's memory grows with them."""

_SOUND: Final = re.compile("[a-zA-Z\u00e6\u00f0\u014b\u0250-\u02af\u03b8\u1d00-\u1dbf]")  # no stress, no pause
_CLAUSE: Final = re.compile(r"(?<=[,;:.!?\u2014\u2026]) ")
# What the package's rules raise at digits and signs that spoken_english should have written out: one must not cost the
# whole answer.
_UNREADABLE: Final = (IndexError, TypeError, ValueError)
_LONG_WORD: Final = re.compile(r"\S{41,}")
_JOINTS: Final = re.compile(r"[-/_]+")
_OVERLONG: Final = re.compile(r"\S{40}(?=\S)")
# The network has never heard the long vowels of British English: each becomes the nearest that it knows.
_KNOWN_TO_THE_NETWORK: Final = (("a", "æ"), ("ɒ", "ɔ"), ("Q", "əʊ"), ("\u0251\u02d0", "\u0251\u0251"), ("\u02d0", ""))
# Without their length these would be heard as other vowels (four as faux, bird as bud), but not with the r of an accent
# that keeps it.
_WITH_R: Final = (("ɜ\u02d0", "ɜɹ"), ("ɛ\u02d0", "ɛɹ"), ("ɔ\u02d0", "ɔɹ"), ("ɹɹ", "ɹ"))
_LOADING: Final = threading.Lock()


class Pronunciation:
    """American or British phonemes. Thread-safe."""

    def __init__(self, rules: Any) -> None:
        self._rules = rules

    def utterances(self, sentence: str) -> Iterator[str]:
        """The phonemes of a sentence, in utterances of at most `LONGEST`; none if nothing in it can be pronounced."""
        for utterance in _cut(self._phonemes(_LONG_WORD.sub(_in_words, sentence))):
            if _SOUND.search(utterance):
                yield utterance

    def _phonemes(self, text: str) -> str:
        try:
            return self._read(text)
        except _UNREADABLE:
            return " ".join(filter(None, map(self._word, text.split())))

    def _word(self, word: str) -> str:
        with suppress(*_UNREADABLE):
            return self._read(word)
        return ""

    def _read(self, text: str) -> str:
        return str(self._rules(text, normalize_text=False))  # spoken_english has done it


def pronunciation(*, british: bool) -> Pronunciation:
    """Loaded by the first call. Raises `ConfigurationError` if no layer has the package."""
    with _LOADING:
        return _british() if british else _american()


@cache
def _american() -> Pronunciation:
    return Pronunciation(package("hibari.g2p").G2P())


@cache
def _british() -> Pronunciation:
    return Pronunciation(_BritishRules(_american()._rules))  # noqa: SLF001 - of the same class


class _BritishRules:
    """British dictionaries, with the American tokenizer and tagger: they are the same, and large."""

    def __init__(self, american: Any) -> None:
        g2p = package("hibari.g2p")
        rules = g2p.G2P.__new__(g2p.G2P)
        gold, silver = (g2p._load_json(f"lexicon_gb_{kind}.json.gz") for kind in ("gold", "silver"))  # noqa: SLF001
        rules.lexicon = g2p.Lexicon(gold, silver, True)  # noqa: FBT003 - british
        rules.tokenizer, rules.tagger = american.tokenizer, american.tagger
        rules._oov, rules.unk, rules.british = None, "", True  # noqa: SLF001
        self._rules = rules

    def __call__(self, text: str, *, normalize_text: bool) -> str:  # noqa: ARG002 - the American rules have a choice
        words = self._rules.phonemize_tokens(self._rules.tokenize(text))
        return "".join(_known(word.text, word.phonemes or "") + (" " if word.whitespace else "") for word in words)


def _known(word: str, phonemes: str) -> str:
    """The phonemes of a British word in those that the network knows."""
    for british, known in (*(_WITH_R if "r" in word.lower() else ()), *_KNOWN_TO_THE_NETWORK):
        phonemes = phonemes.replace(british, known)
    return phonemes


def _in_words(long_word: re.Match[str]) -> str:
    """A chain such as `a-b-a-b` as its links, and anything longer than words are in pieces.

    The rules take a time in the third power of a word's parts, and say only the beginning of a long word.
    """
    return _OVERLONG.sub(r"\g<0> ", _JOINTS.sub(" ", long_word[0]))


def _cut(phonemes: str) -> Iterator[str]:
    """At the ends of clauses, else of words, else anywhere."""
    while len(phonemes) > LONGEST:
        head = phonemes[:LONGEST]
        clause = max((match.end() for match in _CLAUSE.finditer(head)), default=0)
        end = clause if clause > LONGEST // 3 else head.rfind(" ") + 1 or LONGEST
        yield phonemes[:end].strip()
        phonemes = phonemes[end:]
    yield phonemes.strip()
