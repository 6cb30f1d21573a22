"""Caps on memory, processor time, files and descriptors of one process (setrlimit)."""

import resource
from math import ceil
from pathlib import Path

from qutils.grading.job import Limits

_DESCRIPTORS = 256
_STACK_BYTES = 8 << 20


def address_space() -> int:
    """Return the bytes of address space in use, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def apply(limits: Limits, used: int) -> None:
    """Cap this process for good.

    Parameters
    ----------
    limits
        Memory counts on top of `used`, what the template had mapped before (bytes).
    """
    seconds = ceil(limits.total_seconds)
    for kind, cap in {
        resource.RLIMIT_AS: used + limits.memory_bytes,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: limits.disk_bytes,
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
        resource.RLIMIT_STACK: _STACK_BYTES,
        resource.RLIMIT_CORE: 0,
    }.items():
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            cap = min(cap, hard)
        resource.setrlimit(kind, (cap, cap))
