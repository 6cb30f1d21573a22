"""Linux system calls that Python 3.11 has no function for, by ctypes."""

import ctypes
import os
import signal
from typing import Any

from qutils.grading.sandbox.syscalls import BOUNDED, OURS

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> int:
    """Make a system call.

    Parameters
    ----------
    arguments
        Integers, bytes, ctypes values, or None for a null pointer.

    Raises
    ------
    OSError
        What the kernel answered, with the call's name.
    """
    number = (OURS | BOUNDED).get(name)
    if number is None:
        raise OSError(f"{name}: this machine is not Linux on x86-64 or 64-bit ARM")
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *words))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def drop_privileges() -> None:
    """Give up every capability for good, also what a set-user-id program would give."""
    for capability in range(64):
        try:
            call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:  # past the last that this kernel has, or there are none to drop
            break
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def die_with_parent() -> None:
    """Have this process killed when its parent ends."""
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def own_proc() -> None:
    """Let this process write to its /proc/self, which a change of user makes root's."""
    call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
