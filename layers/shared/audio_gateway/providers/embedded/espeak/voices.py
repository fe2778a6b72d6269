"""Names of eSpeak NG's voices.

    <language>[+<variant>][:pitch=<0-99>]        en-us   de   fr-fr   en-gb+f2   en-us+m3:pitch=30

`language` is a tag that eSpeak NG lists (`en-us`) or the name of its file (`en-gb-x-rp`), `variant` one of its voice
variants (`m1` … `m8`, `f1` … `f5`, `croak`, `whisper` …), `pitch` its pitch parameter, 50 if absent. Case is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audio_gateway.providers.port import ProviderVoice

DEFAULT_PITCH: Final = 50
_PLAIN_GENDER: Final = "male"  # of eSpeak NG without a variant
_GRAMMAR: Final = re.compile(r"(?P<language>[a-z0-9-]+)(?:\+(?P<variant>[a-z0-9 ]+))?(?::pitch=(?P<pitch>[0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class LanguageVoice:
    """The voice of a language: `identifier` is its file (`gmw/en-US`), `languages` are its language tags."""

    identifier: str
    name: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice in the form that the library needs."""

    name: str
    pitch: int


class VoiceNames:
    """All known names; `gender_of` returns the gender of a variant."""

    def __init__(
        self, languages: Sequence[LanguageVoice], variants: Sequence[str], gender_of: Callable[[str], str]
    ) -> None:
        self._languages = _by_name(languages)
        self._variants = {variant.lower(): variant for variant in variants}
        self._gender_of = gender_of

    def find(self, name: str) -> Voice | None:
        """The voice with that name, None if there is none."""
        parts = _GRAMMAR.fullmatch(name.lower())
        if parts is None:
            return None
        language = self._languages.get(parts["language"])
        variant = self._variants.get(parts["variant"] or "")
        if language is None or (parts["variant"] and variant is None):
            return None
        full = f"{language.identifier}+{variant}" if variant else language.identifier
        return Voice(full, int(parts["pitch"] or DEFAULT_PITCH))

    def describe(self, name: str) -> ProviderVoice | None:
        """The description of the voice with that name, None if there is none."""
        voice, tag = self.find(name), re.split(r"[+:]", name.lower(), maxsplit=1)[0]
        if voice is None:
            return None
        variant = voice.name.partition("+")[2]
        gender = self._gender_of(variant) if variant else _PLAIN_GENDER
        return ProviderVoice(name, self._languages[tag].name, bcp47(tag), gender)

    def listed(self) -> tuple[ProviderVoice, ...]:
        """The languages without their variants, in the library's order."""
        first_names: dict[str, str] = {}
        for name, voice in self._languages.items():
            first_names.setdefault(voice.identifier, name)
        voices = {voice.identifier: voice for voice in self._languages.values()}
        return tuple(
            ProviderVoice(name, voices[identifier].name, bcp47(name), _PLAIN_GENDER)
            for identifier, name in first_names.items()
        )


def bcp47(tag: str) -> str:
    """A language tag in the case that BCP 47 recommends: `en-us` → `en-US`, `cmn-latn-pinyin` → `cmn-Latn-pinyin`."""
    first, *rest = tag.lower().split("-")
    cased = [first]
    for part in rest:
        private = "x" in cased
        cased.append(part if private else part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part)  # noqa: PLR2004 - a region has two letters, a script four
    return "-".join(cased)


def _by_name(languages: Sequence[LanguageVoice]) -> Mapping[str, LanguageVoice]:
    """Voices by tag; if two share one, the first gets it, and the other is found by the name of its file."""
    named: dict[str, LanguageVoice] = {}
    for voice in languages:
        for tag in voice.languages:
            named.setdefault(tag.lower(), voice)
    for voice in languages:
        named.setdefault(voice.identifier.rpartition("/")[2].lower(), voice)
    return named
