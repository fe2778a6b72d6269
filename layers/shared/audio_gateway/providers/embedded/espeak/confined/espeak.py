"""The used part of eSpeak NG's C library. It has one voice and one callback for the whole process."""

from __future__ import annotations

import ctypes

from audio_gateway.providers.embedded.espeak.confined.frames import SAMPLE_RATE, VoiceFacts

TYPE_CHECKING = False  # as `typing` has it
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BUFFER_MS = 200  # of audio in one callback: few calls into Python, and the first one after a millisecond

# Names and numbers of espeak-ng's public header, speak_lib.h.
_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_PARAMETER_PITCH = 3
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1  # alone: with SSML (0x10) or PHONEMES (0x100) a caller's "<" or "[[" would be a command
_OK = 0

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


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


class Espeak:
    """The library, loaded from a file and initialised with the data of a folder.

    Raises `OSError` if it cannot be loaded, or cannot read its data.
    """

    def __init__(self, library: str, data: str) -> None:
        self.handle = ctypes.CDLL(library)
        self.handle.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        self.handle.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
            ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        rate = self.handle.espeak_Initialize(_OUTPUT_SYNCHRONOUS, _BUFFER_MS, data.encode(), _INITIALIZE_DONT_EXIT)
        if rate != SAMPLE_RATE:
            raise OSError(f"eSpeak NG could not read its data: it answered {rate}")
        self._callback = _Callback(self._on_audio)
        self._take: Callable[[bytes], None] = _discard
        self.handle.espeak_SetSynthCallback(self._callback)

    def voices(self) -> list[VoiceFacts]:
        """Every language that the library speaks, in its own order."""
        records = self.handle.espeak_ListVoices(None)
        return [
            (record.identifier.decode(), record.name.decode().strip(), list(_tags(record.languages)))
            for record in _until_null(records)
        ]

    def prepare(self, voice: bytes, pitch: int) -> bool:
        """Load a voice, an identifier with an optional `+variant`; whether there is one. `pitch` is 0 to 99."""
        if self.handle.espeak_SetVoiceByName(voice) != _OK:
            return False
        self.handle.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0)
        return True

    def speak(self, text: bytes, take: Callable[[bytes], None]) -> None:
        """Pass s16le mono pieces to `take` until the end of the text."""
        self._take = take
        self.handle.espeak_Synth(text + b"\0", len(text) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)

    def _on_audio(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if count > 0:
            self._take(ctypes.string_at(samples, count * 2))
        return 0


def _discard(_pcm: bytes) -> None:
    """The initial callback: no speech was requested yet."""


def _until_null(records: ctypes._Pointer[ctypes._Pointer[_VoiceRecord]]) -> Iterator[_VoiceRecord]:
    index = 0
    while records[index]:
        yield records[index].contents
        index += 1


def _tags(address: int) -> Iterator[str]:
    while ctypes.string_at(address, 1) != b"\0":
        tag = ctypes.string_at(address + 1)
        yield tag.decode()
        address += len(tag) + 2
