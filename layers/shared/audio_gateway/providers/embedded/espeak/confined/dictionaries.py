"""Makes the dictionaries of eSpeak NG readable for a process that may not open files.

The library opens them while it speaks: a German voice reads `el_dict` for a Greek word, and crashes if it cannot. So
all of them are mapped into memory beforehand (which reads nothing yet), and the library's `fopen` is replaced by one
that returns them. The library calls `fopen` through a table of addresses in its memory, the procedure linkage table of
ELF, in which each entry belongs to the name of a function.
"""

from __future__ import annotations

import ctypes
import os

_PROT_READ, _MAP_PRIVATE = 1, 2  # sys/mman.h
_NOT_MAPPED = ctypes.c_void_p(-1).value

# elf.h
_DT_PLTRELSZ, _DT_STRTAB, _DT_SYMTAB, _DT_JMPREL = 2, 5, 6, 23


class _LinkMap(ctypes.Structure):
    """What a handle of glibc's `dlopen` points at (link.h)."""

    _fields_ = (("base", ctypes.c_size_t), ("name", ctypes.c_char_p), ("dynamic", ctypes.c_void_p))


class _Dynamic(ctypes.Structure):
    _fields_ = (("tag", ctypes.c_int64), ("value", ctypes.c_uint64))


class _Relocation(ctypes.Structure):
    _fields_ = (("offset", ctypes.c_uint64), ("info", ctypes.c_uint64), ("addend", ctypes.c_int64))


class _Symbol(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_uint32),
        ("info", ctypes.c_ubyte),
        ("other", ctypes.c_ubyte),
        ("section", ctypes.c_uint16),
        ("value", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
    )


_Fopen = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
_kept: list[object] = []  # the callback: C has only its address


def keep_dictionaries(library: ctypes.CDLL, data: str) -> None:
    """Make `library` read the dictionaries in the folder `data` without opening files.

    Raises `OSError` if one of them cannot be mapped, or if the library does not call `fopen` in the expected way.
    """
    libc = ctypes.CDLL(None)
    libc.fmemopen.restype = ctypes.c_void_p
    libc.fmemopen.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    libc.fopen.restype = ctypes.c_void_p
    known = {
        os.path.join(data, name).encode(): _mapped(libc, os.path.join(data, name))  # noqa: PTH118 - pathlib is slow
        for name in os.listdir(data)  # noqa: PTH208 - as above
        if name.endswith("_dict")
    }

    def fopen(path: bytes, mode: bytes) -> int | None:
        if path in known:
            return libc.fmemopen(*known[path], b"r")  # type: ignore[no-any-return]
        return libc.fopen(path, mode)  # type: ignore[no-any-return]

    callback = _Fopen(fopen)
    slot = _slot_of(library, b"fopen")
    _kept.append(callback)
    ctypes.c_void_p.from_address(slot).value = ctypes.cast(callback, ctypes.c_void_p).value


def _mapped(libc: ctypes.CDLL, path: str) -> tuple[int, int]:
    """Address and size of a file in memory."""
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long
    ]  # fmt: skip
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        address = libc.mmap(None, size, _PROT_READ, _MAP_PRIVATE, descriptor, 0)
    finally:
        os.close(descriptor)
    if address == _NOT_MAPPED:
        raise OSError(f"{path} cannot be mapped")
    return address, size


def _slot_of(library: ctypes.CDLL, name: bytes) -> int:
    """The position in the library's memory of the address of an external function that it calls."""
    link = _LinkMap.from_address(library._handle)  # noqa: SLF001 - there is no other way to it
    tags = dict(_dynamic(link.dynamic))
    size = ctypes.sizeof(_Relocation)
    for at in range(tags[_DT_JMPREL], tags[_DT_JMPREL] + tags[_DT_PLTRELSZ], size):
        relocation = _Relocation.from_address(at)
        symbol = _Symbol.from_address(tags[_DT_SYMTAB] + (relocation.info >> 32) * ctypes.sizeof(_Symbol))
        if ctypes.string_at(tags[_DT_STRTAB] + symbol.name) == name:
            return int(link.base + relocation.offset)
    raise OSError(f"eSpeak NG does not call {name.decode()}: this build of it is not known")


def _dynamic(address: int) -> list[tuple[int, int]]:
    """The entries of a library's dynamic section."""
    found = []
    while (entry := _Dynamic.from_address(address)).tag:
        found.append((entry.tag, entry.value))
        address += ctypes.sizeof(_Dynamic)
    return found
