"""A view of the machine with nothing in it (Linux namespaces).

In two steps. A template moves into a root folder of its own, built once: `readable` trees,
read-only, and a few devices. Then each child gets its own processes, network (none), interprocess
objects and host name, and an empty folder of a fixed size. Both need user namespaces; root makes
the first step as root and goes on as nobody.
"""

import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from qutils.grading.job import Limits
from qutils.grading.sandbox.kernel import call, own_proc

_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 1 << 12, 1 << 14, 1 << 18
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NOSUID = 1, 2
_NOBODY = 65534
_FILES = 10_000  # in a child's folder; empty ones take memory too
_FOLDER_BYTES = 16 << 20  # the template's own

FOLDER = Path("/sandbox")
"""The only folder that a child can write in; it starts empty."""


def enter_root(readable: Iterable[Path], devices: Iterable[Path], root: Path) -> int:
    """Move this process into a root folder of its own, as nobody.

    Parameters
    ----------
    root
        An empty folder to build it on.

    Returns
    -------
    A descriptor of the old /proc, for `enter`.
    """
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    if privileged := os.geteuid() == 0 and _knows_nobody():
        call("unshare", _NEWNS)
    else:
        _unshare_as_nobody(_NEWNS, proc)
    call("mount", None, b"/", None, _RECURSIVE | _PRIVATE, None)
    call("mount", b"tmpfs", bytes(root), b"tmpfs", _NOSUID, b"size=1m,mode=755")
    for path in readable:
        _show(path, root)
    for path in devices:
        _show(path, root)
    (root / "proc/self/exe").symlink_to(sys.executable)  # the other thing that TensorFlow needs
    (root / FOLDER.relative_to("/")).mkdir()
    if not (root / "tmp").exists():  # where Python itself lies below it
        (root / "tmp").symlink_to(FOLDER)
    os.chdir(root)
    call("pivot_root", b".", b".")
    call("umount2", b".", _DETACH)
    os.chdir("/")
    attributes = struct.pack("QQQQ", _ATTRIBUTE_READ_ONLY | _ATTRIBUTE_NOSUID, 0, 0, 0)
    call("mount_setattr", _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, len(attributes))
    # Libraries ask for a temporary folder when they are imported.
    _mount_folder(_FOLDER_BYTES, mode=777)
    if privileged:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        own_proc()  # where children say who they are
    return proc


def enter(limits: Limits, proc: int) -> None:
    """Give the next child of this process namespaces of its own, with an empty folder."""
    kinds = _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS | _NEWCGROUP
    _unshare_as_nobody(kinds, proc)
    _mount_folder(limits.disk_bytes, mode=700)
    call("sethostname", b"sandbox", len(b"sandbox"))


def _mount_folder(size: int, mode: int) -> None:
    options = f"size={size},nr_inodes={_FILES},mode={mode}".encode()
    call("mount", b"tmpfs", bytes(FOLDER), b"tmpfs", _NOSUID | _NODEV | _NOEXEC, options)


def _unshare_as_nobody(kinds: int, proc: int) -> None:
    user, group = os.geteuid(), os.getegid()
    call("unshare", _NEWUSER | kinds)
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", f"{_NOBODY} {group} 1"),
        ("uid_map", f"{_NOBODY} {user} 1"),
    ):
        descriptor = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _knows_nobody() -> bool:
    """Whether nobody is a user here; in a user namespace it may be none."""
    rows = [row.split() for row in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(int(first) <= _NOBODY < int(first) + int(count) for first, _, count in rows)


def _show(path: Path, root: Path) -> None:
    """Bind a folder, file or device to the same name under `root`."""
    target = root / path.relative_to("/")
    if target.exists():  # within a folder that is there already
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
        return
    if path.is_dir():
        target.mkdir()
    else:
        target.touch()
    call("mount", bytes(path), bytes(target), None, _BIND | _RECURSIVE, None)
