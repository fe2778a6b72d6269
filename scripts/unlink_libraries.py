"""Removes shared libraries that are never called, and their names from the libraries that were linked with them.

The dynamic linker loads everything that a library names, used or not. So PyAV's FFmpeg brings three video encoders of
30 MB with it, two of them under the GPL. Functions have no room for them, and no use: they handle only audio.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_ELF: Final = b"\x7fELF\x02\x01"  # 64 bits, little-endian: x86_64 and arm64
_DYNAMIC, _SYMBOLS, _VERSIONS_NEEDED = 6, 11, 0x6FFFFFFE  # types of sections
_NEEDED: Final = 1  # the tag of a library's name in the dynamic section
_WEAK: Final = 2 << 4
_NAMED_BY_ALL: Final = "libc.so.6"


class NotUnlinked(Exception):
    """A library cannot be removed. The message names it."""


def unlink_libraries(libraries: Sequence[Path], unused: Sequence[Path], stand_ins: Mapping[str, str]) -> None:
    """Remove the files `unused`, and change those of `libraries` that name them.

    Their functions become weak symbols there, which may be undefined: a call ends the process. A function whose name
    begins with a key of `stand_ins` is called nevertheless; the value is a function of the C library to call instead.

    Raises:
        NotUnlinked: a library names one of them in a way that this does not understand. Nothing is removed.
    """
    names = {path.name for path in unused}
    defined = {name for path in unused for _, name, is_defined in _symbols(_Elf(path)) if is_defined}
    changed = {}
    for path in libraries:
        if path not in unused and path.read_bytes().startswith(_ELF):
            elf = _Elf(path)
            if _forget(elf, names, defined, stand_ins):
                changed[path] = elf.content
    for path, content in changed.items():
        # Not in place: the file may be a link to the installer's cache.
        path.unlink()
        path.write_bytes(content)
        path.chmod(0o755)
    for path in unused:
        path.unlink()


class _Elf:
    """The content of a library, with its tables."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = bytearray(path.read_bytes())
        (start,) = struct.unpack_from("<Q", self.content, 40)
        (count,) = struct.unpack_from("<H", self.content, 60)
        headers = (struct.unpack_from("<IIQQQQIIQQ", self.content, start + 64 * index) for index in range(count))
        self._sections = [(kind, offset, size, link) for _, kind, _, _, offset, size, link, *_ in headers]

    def table(self, kind: int) -> tuple[int, int, int]:
        """Return the offset and size of the section of this type, and the offset of its names."""
        for found, offset, size, link in self._sections:
            if found == kind:
                return offset, size, self._sections[link][1]
        raise NotUnlinked(f"{self.path.name} has no section of type {kind}")

    def has(self, kind: int) -> bool:
        """Whether there is a section of this type."""
        return any(found == kind for found, *_ in self._sections)

    def text(self, offset: int) -> str:
        """Return the name at this offset."""
        return self.content[offset : self.content.index(0, offset)].decode()


def _forget(elf: _Elf, names: Iterable[str], symbols: Iterable[str], stand_ins: Mapping[str, str]) -> bool:
    """Remove these names from the libraries that it needs, and weaken the symbols. False if it needs none of them."""
    offset, size, texts = elf.table(_DYNAMIC)
    needed = {
        elf.text(texts + value): (at, value)
        for at in range(offset, offset + size, 16)
        for tag, value in [struct.unpack_from("<QQ", elf.content, at)]
        if tag == _NEEDED
    }
    unwanted = needed.keys() & set(names)
    if not unwanted:
        return False
    if _NAMED_BY_ALL not in needed or unwanted & set(_files_with_versions(elf)):
        raise NotUnlinked(f"{elf.path.name} cannot be separated from {', '.join(sorted(unwanted))}")
    for name in unwanted:  # a library may be named twice
        struct.pack_into("<Q", elf.content, needed[name][0] + 8, needed[_NAMED_BY_ALL][1])
    wanted = set(symbols)
    for at, name, is_defined in list(_symbols(elf)):
        if is_defined or name not in wanted:
            continue
        other = next((other for start, other in stand_ins.items() if name.startswith(start)), None)
        if other is None:
            elf.content[at + 4] = _WEAK | elf.content[at + 4] & 0xF
        else:
            _rename(elf, at, name, other)
    return True


def _rename(elf: _Elf, at: int, name: str, other: str) -> None:
    """Give the symbol whose entry is at `at` a shorter name, in the place of its own."""
    _, _, texts = elf.table(_SYMBOLS)
    start = texts + int.from_bytes(elf.content[at : at + 4], "little")
    elf.content[start : start + len(name)] = other.encode().ljust(len(name), b"\0")


def _symbols(elf: _Elf) -> Iterator[tuple[int, str, bool]]:
    """Each dynamic symbol: where its entry is, its name, and whether it is defined here."""
    offset, size, texts = elf.table(_SYMBOLS)
    for at in range(offset, offset + size, 24):
        name, _, _, section = struct.unpack_from("<IBBH", elf.content, at)
        if name:
            yield at, elf.text(texts + name), section != 0


def _files_with_versions(elf: _Elf) -> Iterator[str]:
    """The libraries of which it needs certain versions of symbols."""
    if not elf.has(_VERSIONS_NEEDED):
        return
    at, _, texts = elf.table(_VERSIONS_NEEDED)
    while True:
        _, _, file, _, step = struct.unpack_from("<HHIII", elf.content, at)
        yield elf.text(texts + file)
        if step == 0:
            return
        at += step
