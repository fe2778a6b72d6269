"""A filter of system calls (seccomp): a process may only compute, allocate memory and write.

If the kernel does not support it, or on another processor, only the limits of `lockdown` apply.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

# linux/audit.h, and asm/unistd.h of each processor: a name in a comment stands for its number in each.
_PROCESSORS = {
    "x86_64": (
        0xC000003E,
        # write close stat fstat newfstatat mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn mremap
        # madvise futex clock_gettime getrandom exit exit_group
        (1, 3, 4, 5, 262, 9, 10, 11, 12, 13, 14, 15, 25, 28, 202, 228, 318, 60, 231),
    ),
    "aarch64": (
        0xC00000B7,
        # as above, without stat, which it does not have
        (64, 57, 80, 79, 222, 226, 215, 214, 134, 135, 139, 216, 233, 98, 113, 278, 93, 94),
    ),
}

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # refused is errno EPERM
_LOAD, _IS_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
_NUMBER_AT, _PROCESSOR_AT = 0, 4  # in struct seccomp_data


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def can_filter() -> bool:
    """Whether the kernel supports such filters, and the processor is known."""
    if _program is None:
        return False
    # It tries to read the filter from memory, or reports that it does not support filters.
    _libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, None)
    return ctypes.get_errno() == errno.EFAULT


def filter_system_calls() -> None:
    """Refuse all other system calls of this process permanently."""
    if _program is None:
        raise OSError(errno.ENOSYS, "no system call of this processor is known")
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(_program)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses the filter of system calls")


def _instructions(processor: int, allowed: tuple[int, ...]) -> list[bytes]:
    """Classic BPF. Jumps count the instructions that they skip."""
    count = len(allowed)
    return [
        _instruction(_LOAD, _PROCESSOR_AT),
        _instruction(_IS_EQUAL, processor, otherwise=count + 1),
        _instruction(_LOAD, _NUMBER_AT),
        *(_instruction(_IS_EQUAL, number, then=count - at) for at, number in enumerate(allowed)),
        _instruction(_RETURN, _REFUSE),
        _instruction(_RETURN, _ALLOW),
    ]


def _instruction(code: int, operand: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return code.to_bytes(2, "little") + bytes((then, otherwise)) + operand.to_bytes(4, "little")


def _program_for(processor: str) -> _Program | None:
    if sys.platform != "linux" or processor not in _PROCESSORS:
        return None
    instructions = _instructions(*_PROCESSORS[processor])
    return _Program(len(instructions), b"".join(instructions))


# Made once, and not by each process that is forked.
_libc = ctypes.CDLL(None, use_errno=True)
_program = _program_for(os.uname().machine)
