"""Which files a confined process may open, and that it reaches no port and no other process.

Landlock, Linux 5.13 and later. It does not hide names, sizes and attributes of files; seccomp
denies or ignores the calls that would change those.
"""

import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from qutils.grading.sandbox.kernel import call

_ASK_VERSION = 1
_BENEATH_A_PATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER, _MAKE_FOLDER = 1, 2, 4, 8, 1 << 7
_ALL_BY_ABI = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
_ON_FILES = 0xC007  # what a rule about a single file may name
_TCP = 3  # bind and connect, ABI 4
_SCOPES = 3  # abstract sockets and signals, ABI 6

WITH_TRUNCATE = 3
"""Earlier versions let a process empty a file that it may read."""


def version() -> int:
    """Return the ABI version of the kernel.

    Raises
    ------
    OSError
        The kernel lacks Landlock, or it is switched off.
    """
    return call("landlock_create_ruleset", None, 0, _ASK_VERSION)


def apply(readable: Iterable[Path], devices: Iterable[Path], folder: Path, flat: bool) -> None:
    """Keep this process to reading some trees, and to writing in one folder.

    Parameters
    ----------
    devices
        Files that may be read and written, such as /dev/null.
    flat
        The folder shall have no folders in it, so that a look at it sees every file.
    """
    abi = version()
    handled = max(rights for since, rights in _ALL_BY_ABI.items() if since <= abi)
    attributes = struct.pack("QQQ", handled, _TCP * (abi >= 4), _SCOPES * (abi >= 6))
    ruleset = call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for path in readable:
            _allow(ruleset, path, handled & (_EXECUTE | _READ_FILE | _READ_FOLDER))
        for path in devices:
            _allow(ruleset, path, handled & (_READ_FILE | _WRITE_FILE))
        _allow(ruleset, folder, handled & ~(_EXECUTE | _MAKE_FOLDER * flat))
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _ON_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        call("landlock_add_rule", ruleset, _BENEATH_A_PATH, rule, 0)
    finally:
        os.close(descriptor)
