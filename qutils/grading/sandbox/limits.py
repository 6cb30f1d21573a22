"""Caps on memory, processor time, files and descriptors of one process (setrlimit)."""

import os
import resource
import stat
from math import ceil
from pathlib import Path

from qutils.grading.job import Limits

_DESCRIPTORS = 256
_STACK_BYTES = 8 << 20
_FILES = 10_000


def address_space(proc: int | None) -> int:
    """Return the bytes of address space in use, 0 where the system does not tell.

    Parameters
    ----------
    proc
        Descriptor of /proc where a process does not see it any more.
    """
    try:
        statm = os.open("/proc/self/statm" if proc is None else "self/statm", 0, dir_fd=proc)
    except OSError:
        return 0
    with os.fdopen(statm) as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def apply(limits: Limits, used: int, own_user: bool) -> None:
    """Cap this process for good.

    Parameters
    ----------
    used
        Bytes of address space that its template had; the cap on memory counts on top.
    own_user
        No other process counts as this one's user, so that its threads can be counted.
    """
    seconds = ceil(limits.total_seconds)
    caps = {
        resource.RLIMIT_AS: used + limits.memory_bytes,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: limits.disk_bytes,
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
        resource.RLIMIT_STACK: _STACK_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    if own_user:
        caps[resource.RLIMIT_NPROC] = limits.processes
    for kind, cap in caps.items():
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            cap = min(cap, hard)
        resource.setrlimit(kind, (cap, cap))


def excess(limits: Limits, process: int, folder: Path) -> tuple[str, str] | None:
    """Return what a process takes too much of, as (kind, words), where the kernel has no cap.

    Parameters
    ----------
    folder
        Its flat folder. Files that it has deleted and holds open count too.
    """
    descriptors = Path(f"/proc/{process}/fd")
    files = dict(_size(place / name) for place in (folder, descriptors) for name in _names(place))
    taken = sum(files.values())
    if taken > limits.disk_bytes or len(files) > _FILES:
        return "disk", f"{taken:,} bytes in {len(files):,} files"
    threads = len(_names(Path(f"/proc/{process}/task")))
    if threads > limits.processes:
        return "killed", f"{threads} threads"
    return None


def _names(place: Path) -> list[str]:
    try:
        return os.listdir(place)
    except OSError:  # the process has just gone
        return []


def _size(path: Path) -> tuple[tuple[int, int], int]:
    """Return what a file is on its disk, and the bytes it takes there."""
    try:
        found = path.stat()
    except OSError:  # closed or deleted since it was listed
        return (0, 0), 0
    return (found.st_dev, found.st_ino), found.st_blocks * 512 * stat.S_ISREG(found.st_mode)
