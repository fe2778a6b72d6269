"""The C library of eSpeak NG, as far as we use it.

It keeps one voice, one set of parameters and one callback for the whole process, so every call holds `_LOCK`.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from audio_gateway.errors import ConfigurationError

SAMPLE_RATE: Final = 22_050
"""Hertz of everything that eSpeak NG says."""

_LOCK = threading.Lock()
_BUFFER_MS: Final = 200  # of audio in one callback: few calls into Python, and the first one after a millisecond

# Names and numbers of espeak-ng's public header, speak_lib.h.
_OUTPUT_SYNCHRONOUS: Final = 2
_INITIALIZE_DONT_EXIT: Final = 0x8000
_PARAMETER_PITCH: Final = 3
_POSITION_CHARACTER: Final = 1
_CHARS_UTF8: Final = 1  # alone: with SSML (0x10) or PHONEMES (0x100) a caller's "<" or "[[" would be a command
_OK: Final = 0

_GENDER: Final = re.compile(r"^gender +(female|male)", re.MULTILINE)  # in the file of a voice variant

_Callback: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _VoiceRecord(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # priority byte, tag, NUL; again and again; ends with a zero priority
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


@dataclass(frozen=True, slots=True)
class LanguageVoice:
    """A voice that is a language: `identifier` is its file (`gmw/en-US`), `languages` the tags that it serves."""

    identifier: str
    name: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What to say and how: `voice` is an identifier with an optional `+variant`, `pitch` 0 to 99."""

    text: str
    voice: str
    pitch: int


class EspeakLibrary:
    """The loaded library; there is one per process, from `library()`."""

    def __init__(self, handle: Any, data: Path) -> None:
        self._espeak = handle
        self._variants = data / "voices" / "!v"
        self._espeak.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        self._espeak.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
            ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip

    def language_voices(self) -> tuple[LanguageVoice, ...]:
        """Every language that the library speaks, in its own order."""
        with _LOCK:
            records = self._espeak.espeak_ListVoices(None)
            return tuple(_language_voice(record) for record in _until_null(records))

    def variants(self) -> tuple[str, ...]:
        """The names of the voice variants (`f2`, `croak`). The library takes an unknown variant for none at all."""
        return tuple(file.name for file in self._variants.iterdir())

    def gender_of(self, variant: str) -> str:
        """The gender that a voice variant declares, `female` or `male`."""
        declared = _GENDER.search((self._variants / variant).read_text(encoding="utf-8", errors="replace"))
        return declared[1] if declared else "male"  # what the library itself speaks with

    def speak(self, utterance: Utterance, take: Callable[[bytes], bool]) -> None:
        """Hand s16le mono pieces to `take` until all is said or it answers False. Blocks, without holding the GIL.

        Equal calls sound alike but are not equal byte for byte: the library's flutter goes on from call to call, and
        nothing resets it.

        Raises:
            ConfigurationError: the library's data do not hold the voice.
        """

        def on_audio(samples: Any, count: int, _events: Any) -> int:
            wanted = count <= 0 or take(ctypes.string_at(samples, count * 2))
            return 0 if wanted else 1

        callback = _Callback(on_audio)
        text = utterance.text.encode("utf-8") + b"\0"
        with _LOCK:
            self._espeak.espeak_SetSynthCallback(callback)
            if self._espeak.espeak_SetVoiceByName(utterance.voice.encode()) != _OK:
                raise ConfigurationError(f"eSpeak NG cannot load its voice {utterance.voice}")
            # Loading a voice does not take back what an earlier caller had set.
            self._espeak.espeak_SetParameter(_PARAMETER_PITCH, utterance.pitch, 0)
            self._espeak.espeak_Synth(text, len(text), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)


@cache
def library() -> EspeakLibrary:
    """The library, loaded on first use.

    Raises:
        ConfigurationError: the function has no engines layer.
    """
    try:
        import espeakng_loader
    except ImportError as missing:
        raise ConfigurationError("The model espeak-ng needs the layer 'engines', which is not installed") from missing
    data = Path(espeakng_loader.get_data_path())
    handle = ctypes.CDLL(espeakng_loader.get_library_path())
    with _LOCK:
        rate = handle.espeak_Initialize(_OUTPUT_SYNCHRONOUS, _BUFFER_MS, str(data).encode(), _INITIALIZE_DONT_EXIT)
    if rate != SAMPLE_RATE:
        raise ConfigurationError(f"eSpeak NG could not read its data: it answered {rate}")
    return EspeakLibrary(handle, data)


def _until_null(records: Any) -> Iterator[_VoiceRecord]:
    index = 0
    while records[index]:
        yield records[index].contents
        index += 1


def _language_voice(record: _VoiceRecord) -> LanguageVoice:
    return LanguageVoice(record.identifier.decode(), record.name.decode().strip(), tuple(_tags(record.languages)))


def _tags(address: int) -> Iterator[str]:
    while ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        yield tag.decode()
        address += len(tag) + 2
