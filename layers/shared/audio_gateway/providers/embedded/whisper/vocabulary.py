"""Whisper's tokens: bytes of text, languages, tasks and times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from audio_gateway.providers.embedded.whisper.byte_pairs import BytePairs
from audio_gateway.transcripts.languages import code_of

_END: Final = "<|endoftext|>"
_START: Final = "<|startoftranscript|>"
_TRANSLATE: Final = "<|translate|>"


class Vocabulary:
    """The tokens by id. Those below `end` are text, those from `end` on control the model."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._ids = {token: number for number, token in enumerate(tokens)}
        self.end = self._ids[_END]
        first, after = self._ids[_START] + 1, self._ids[_TRANSLATE]
        self.languages = {_code(token): first + number for number, token in enumerate(tokens[first:after])}
        """The token of each language, by its ISO 639-1 code (Hawaiian: `haw`)."""

    def language_of(self, name: str) -> str:
        """The code of the language with a token of this name."""
        return _code(name)

    def start(self, language: str, task: str) -> list[int]:
        """The tokens that begin a transcript: the language of the speech, and `transcribe` or `translate`."""
        return [self.control("startoftranscript"), self.languages[language], self.control(task)]

    def control(self, name: str) -> int:
        """The token with the name `<|name|>`."""
        return self._ids[f"<|{name}|>"]

    def data(self, token: int) -> bytes:
        """The bytes of a text token. A character may be spread over several tokens."""
        return bytes(_byte_of()[letter] for letter in self._tokens[token])

    def text(self, tokens: Iterable[int]) -> str:
        """The text of tokens, of which those for control are left out. Incomplete characters become U+FFFD."""
        return b"".join(self.data(token) for token in tokens if token < self.end).decode("utf-8", "replace")

    def encode(self, text: str, most: int) -> list[int]:
        """The last `most` tokens of a text. The name of a control token in it is text like any other."""
        return self._byte_pairs.encode(text, most)

    @cached_property
    def _byte_pairs(self) -> BytePairs:
        return BytePairs({self.data(token): token for token in range(self.end) if self._tokens[token]})


def read_vocabulary(file: Path) -> Vocabulary:
    """Read the tokens from a file with one in each line."""
    return Vocabulary(file.read_text(encoding="utf-8").rstrip("\n").split("\n"))


def _code(token: str) -> str:
    """The code of a language's token; Whisper has its own for Javanese."""
    name = token[2:-2]
    return code_of(name) or name


@cache
def _byte_of() -> dict[str, int]:
    """The byte that each letter of the file stands for: itself if it is printable, else one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
