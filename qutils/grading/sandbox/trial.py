"""Try each layer on this machine; run as a program, it prints the faults as JSON."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from qutils.grading.job import Limits
from qutils.grading.sandbox import kernel, landlock, limits, namespaces, seccomp, tree
from qutils.grading.sandbox.syscalls import MACHINE


def main(folder: Path) -> None:
    """Print the layers that do not hold, each with what the kernel said."""
    trials: dict[str, Callable[[Path], None]] = {
        "namespaces": _namespaces,
        "landlock": _landlock,
        "seccomp": _seccomp,
        "limits": lambda _: limits.apply(Limits(), limits.address_space(None), own_user=False),
    }
    faults = {name: _fault(trial, folder) for name, trial in trials.items()}
    print(json.dumps({name: fault for name, fault in faults.items() if fault}))


def _namespaces(folder: Path) -> None:
    proc = namespaces.enter_root(tree.readable(), tree.devices(), folder)
    namespaces.enter(Limits(), proc)
    child = os.fork()
    if child == 0:
        os._exit(os.getpid() != 1)
    if os.waitpid(child, 0)[1]:
        raise OSError("a new process is not alone in its namespace")


def _landlock(folder: Path) -> None:
    found = landlock.version()
    if found < landlock.WITH_TRUNCATE:
        raise OSError(f"Landlock's version is {found}, {landlock.WITH_TRUNCATE} is needed")
    kernel.drop_privileges()
    landlock.apply(tree.readable(), tree.devices(), folder, flat=True)


def _seccomp(_: Path) -> None:
    kernel.drop_privileges()
    seccomp.apply()
    try:
        os.close(os.pidfd_open(os.getpid()))
    except PermissionError:
        return
    raise OSError("a filter was accepted and does nothing")


def _fault(trial: Callable[[Path], None], folder: Path) -> str:
    """Run a trial in a process of its own; return what went wrong, "" for nothing."""
    if MACHINE is None and trial in (_namespaces, _landlock, _seccomp):
        return "this is not Linux on x86-64 or 64-bit ARM"
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            trial(folder)
        except Exception as error:
            os.write(there, str(error).encode()[:1000])
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here) as pipe:
        fault = pipe.read()
    status = os.waitpid(child, 0)[1]
    return fault or (f"the trial ended with {status}" if status else "")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
