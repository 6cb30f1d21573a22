"""Caps on memory, processor time, files and descriptors of one process (setrlimit)."""

import resource
from math import ceil
from pathlib import Path

from qutils.grading.job import Limits

_DESCRIPTORS = 256
_STACK_BYTES = 8 << 20


def _address_space() -> int:
    """Return the bytes of address space in use, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def apply(limits: Limits, own_user: bool) -> None:
    """Cap this process for good; memory counts on top of what its template had mapped.

    Parameters
    ----------
    own_user
        No other process counts as this one's user, so that its threads can be counted.
    """
    seconds = ceil(limits.total_seconds)
    caps = {
        resource.RLIMIT_AS: _address_space() + limits.memory_bytes,
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
