"""Caps on memory, processor time, files and descriptors of one process (setrlimit)."""

import os
import resource
import stat
import time
from math import ceil
from pathlib import Path

from qutils.grading.job import Limits

_DESCRIPTORS = 256
_STACK_BYTES = 8 << 20
_FILES = 10_000
_CPU_CLOCK_OF_PROCESS = 2  # linux/posix-timers.h


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
    seconds = _cpu_seconds(limits)
    caps = {
        resource.RLIMIT_AS: used + limits.memory_bytes,
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
    # First a signal, which may be ignored, then a keeper who looks at `cpu_excess`. The kernel's
    # SIGKILL would come last, so that one that comes is from outside.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, 2 * seconds))


def cpu_excess(limits: Limits, process: int) -> tuple[str, str] | None:
    """Return that a process has used up its processor time, as (kind, words)."""
    try:
        seconds = time.clock_gettime(~process << 3 | _CPU_CLOCK_OF_PROCESS)
    except OSError:  # it has just gone
        return None
    if seconds <= _cpu_seconds(limits):
        return None
    return "cpu", f"{seconds:.1f} s of processor time"


def excess(limits: Limits, process: int, folder: Path) -> tuple[str, str] | None:
    """Return what a process takes too much of, as (kind, words), where namespaces would cap it.

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
        return "threads", f"{threads} threads"
    return None


def _cpu_seconds(limits: Limits) -> int:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    asked = ceil(limits.total_seconds)
    return asked if hard == resource.RLIM_INFINITY else min(asked, hard // 2)


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
