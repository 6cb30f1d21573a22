"""Which system calls a confined process may make (seccomp with a classic BPF filter).

What is not listed fails with EPERM: no new process or program, no socket but a pair of its own, no
namespace, mount, trace, key, BPF program, io_uring, memory file, signal to others. What is newer
than the list fails with ENOSYS, so that libraries take their older way.
"""

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from qutils.grading.sandbox.kernel import call
from qutils.grading.sandbox.syscalls import BOUNDED, COMPUTING, IGNORED, MACHINE

_SET_MODE_FILTER = 1
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_AUDIT_ARCH = (0xC000003E, 0xC00000B7)
_X32_BIT = 0x40000000
_NEWEST = 452  # fchmodat2 of Linux 6.6

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020080  # NEWNS, NEWTIME, and NEWCGROUP to NEWNET
_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_DESCRIPTOR_FLAGS = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032, 36, 37, 38)
_THREAD_NAMES = (15, 16, 0x53564D41)
_AF_UNIX, _SOCK_STREAM = 1, 1
_SIGNALS = tuple(sorted({*range(65)} - {signal.SIGKILL}))

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class Rule:
    """An argument must be one of `values` after masking; its low 32 bits count."""

    argument: int
    values: Sequence[int]
    mask: int = 0xFFFFFFFF


def rules(pid: int) -> dict[str, tuple[Rule, ...]]:
    """Return what the arguments of the bounded calls must be, for the process `pid`.

    `fcntl` goes without F_SETOWN and F_SETSIG, which would send signals to others; `ioctl` without
    anything but questions and the flags of a descriptor. No process kills itself with SIGKILL, so
    that one that was killed so was killed by somebody else.
    """
    return {
        "clone": (Rule(0, (_CLONE_THREAD,), _CLONE_THREAD | _CLONE_NEW),),
        "fcntl": (Rule(1, _DESCRIPTOR_FLAGS),),
        "ioctl": (Rule(1, _TERMINAL_QUESTIONS),),
        "kill": (Rule(0, (pid,)), Rule(1, _SIGNALS)),
        "prctl": (Rule(0, _THREAD_NAMES),),
        "prlimit64": (Rule(0, (0, pid)),),
        "socketpair": (Rule(0, (_AF_UNIX,)), Rule(1, (_SOCK_STREAM,), 0xF)),
        "tgkill": (Rule(0, (pid,)), Rule(2, _SIGNALS)),
    }


def program(pid: int) -> list[Instruction]:
    """Return the filter for the process `pid` on this machine, as (code, jt, jf, k)."""
    if MACHINE is None:
        raise OSError("seccomp: this machine is not Linux on x86-64 or 64-bit ARM")
    kill, deny = _answer(_KILL_PROCESS), _answer(_ERRNO | errno.EPERM)
    filter_ = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[MACHINE]),
        kill,
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT),
        kill,
    ]
    for number in COMPUTING.values():
        filter_ += [(_JUMP_EQUAL, 0, 1, number), _answer(_ALLOW)]
    for number in IGNORED.values():
        filter_ += [(_JUMP_EQUAL, 0, 1, number), _answer(_ERRNO)]
    for name, needed in rules(pid).items():
        body = [step for rule in needed for step in _check(rule)] + [_answer(_ALLOW)]
        filter_ += [(_JUMP_EQUAL, 0, len(body), BOUNDED[name]), *body]
    filter_ += [
        (_JUMP_EQUAL, 1, 0, BOUNDED["clone3"]),
        (_JUMP_GREATER_EQUAL, 0, 1, _NEWEST + 1),
        _answer(_ERRNO | errno.ENOSYS),
        deny,
    ]
    return filter_


def apply() -> None:
    """Put this process under the filter for good; it must have one thread."""
    packed = b"".join(struct.pack("HBBI", *step) for step in program(os.getpid()))
    buffer = ctypes.create_string_buffer(packed, len(packed))
    header = struct.pack("HxxxxxxP", len(packed) // 8, ctypes.addressof(buffer))
    call("seccomp", _SET_MODE_FILTER, 0, header)


def _answer(action: int) -> Instruction:
    return _RETURN, 0, 0, action


def _check(rule: Rule) -> list[Instruction]:
    """Fall through where the argument is one of the values, else return EPERM."""
    tests = [
        (_JUMP_EQUAL, len(rule.values) - index, 0, value) for index, value in enumerate(rule.values)
    ]
    return [
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * rule.argument),
        (_AND, 0, 0, rule.mask),
        *tests,
        _answer(_ERRNO | errno.EPERM),
    ]
