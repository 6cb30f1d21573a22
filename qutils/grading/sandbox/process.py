"""What runs in a template process: import once, then fork one confined child per request.

Three generations. The template imports and never runs anybody's code. For each request it forks a
keeper, which forks the child, waits for it, and tells the grader how it ended. The keeper kills the
child when the grader asks for it or is gone; the child can start no process of its own, so nothing
survives it.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from qutils.grading.job import Limits
from qutils.grading.sandbox import kernel, landlock, namespaces, seccomp, tree
from qutils.grading.sandbox import limits as rlimits

_OUT_OF_MEMORY = 71
_WATCH_SECONDS, _WATCH_CPU_SECONDS = 0.05, 0.5
_WORDS = 1000
# NumPy imports these when they are first used, which would be once in each child.
_LAZY_PARTS = ("numpy.random", "numpy.testing")

Entry = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Surroundings:
    """Where a template forks its children: made once, before any of them.

    Attributes
    ----------
    proc
        Descriptor of the /proc that namespaces are set up through, where there are any.
    folder
        Where children have their private folders; for a child, its own.
    used
        Bytes of address space that the template has.
    """

    layers: frozenset[str]
    limits: Limits
    folder: Path
    readable: tuple[Path, ...]
    devices: tuple[Path, ...]
    proc: int | None = None
    used: int = 0


def main(settings: str, control: socket.socket) -> None:
    """Import what is asked for, say so, then fork for each pair of sockets that arrives."""
    try:
        values = json.loads(settings)
        # First, because a process with threads cannot move, and libraries may start some.
        where = _settle(frozenset(values["layers"]), Limits(**values["limits"]), values["folder"])
        for name in values["preload"]:
            importlib.import_module(name)
        module, _, function = values["entry"].partition(":")
        entry = getattr(importlib.import_module(module), function)
    except Exception as error:
        control.sendall(f"{type(error).__name__}: {error}".encode())
        return
    if "numpy" in sys.modules:
        for name in _LAZY_PARTS:
            importlib.import_module(name)
    # Frozen objects are not looked at by later collections, so their pages stay shared.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.sendall(b"ready")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _keep(entry, where, *(socket.socket(fileno=number) for number in descriptors))
        for number in descriptors:
            os.close(number)


def _settle(layers: frozenset[str], limits: Limits, folder: str) -> Surroundings:
    os.umask(0o022)
    readable, devices = tuple(tree.readable()), tuple(tree.devices())
    if "namespaces" not in layers:
        _make_home(Path(folder))
        return Surroundings(layers, limits, Path(folder), readable, devices)
    proc = namespaces.enter_root(readable, devices, Path(folder))
    _make_home(namespaces.FOLDER)
    return Surroundings(layers, limits, namespaces.FOLDER, readable, devices, proc)


def _make_home(folder: Path) -> None:
    os.chdir(folder)
    os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def _keep(
    entry: Entry, where: Surroundings, channel: socket.socket, lifeline: socket.socket
) -> NoReturn:
    """Be the keeper: see a child through, say how it ended."""
    reason = "refused", "its keeper failed"
    try:
        reason = _see_through(entry, where, channel, lifeline)
    except OSError as error:
        reason = "refused", str(error)
    finally:
        with contextlib.suppress(BrokenPipeError):
            lifeline.sendall(json.dumps(reason).encode())
        os._exit(0)


def _see_through(
    entry: Entry, where: Surroundings, channel: socket.socket, lifeline: socket.socket
) -> tuple[str, str]:
    wake, woken = socket.socketpair()
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    where = _with_private_folder(where)
    trouble, inner_trouble = os.pipe()
    child = os.fork()
    if child == 0:
        _run(entry, where, channel, inner_trouble)
    channel.close()
    os.close(inner_trouble)
    killed = _watch(child, wake, lifeline, where)
    _, status = os.waitpid(child, 0)
    if where.proc is None:
        shutil.rmtree(where.folder, ignore_errors=True)
    if refusal := os.read(trouble, _WORDS).decode(errors="replace"):
        return "refused", refusal
    if killed and os.waitstatus_to_exitcode(status) == -signal.SIGKILL:  # else it was faster
        return killed
    return _reason(status)


def _with_private_folder(where: Surroundings) -> Surroundings:
    used = rlimits.address_space(where.proc)
    if where.proc is not None:
        namespaces.enter(where.limits, where.proc)
        return replace(where, used=used)
    folder = where.folder / str(os.getpid())
    folder.mkdir(mode=0o700)
    return replace(where, used=used, folder=folder)


def _watch(
    child: int, wake: socket.socket, lifeline: socket.socket, where: Surroundings
) -> tuple[str, str] | None:
    """Wait until the child ends; kill it when the grader says so or it takes too much."""
    reason = None
    alone = where.proc is not None
    pause = _WATCH_CPU_SECONDS if alone else _WATCH_SECONDS
    while not (ready := select.select([wake, lifeline], [], [], pause)[0]):
        reason = rlimits.cpu_excess(where.limits, child)
        if not alone:
            reason = reason or rlimits.excess(where.limits, child, where.folder)
        if reason:
            break
    if wake in ready:
        return None
    os.kill(child, signal.SIGKILL)
    return reason or ("killed", "")


def _reason(status: int) -> tuple[str, str]:
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU:
        return "cpu", "SIGXCPU"
    if code == -signal.SIGKILL:  # seccomp keeps it from doing that itself
        return "killed", "from outside, perhaps by a kernel out of memory"
    if code < 0:
        return "signal", signal.Signals(-code).name
    if code == _OUT_OF_MEMORY:
        return "memory", ""
    return "finished", f"exit code {code}" if code else ""


def _run(entry: Entry, where: Surroundings, channel: socket.socket, trouble: int) -> NoReturn:
    """Be the child: confined, alone with its socket, with random numbers of its own."""
    code = 1
    try:
        _confine(where, trouble)
        os.dup2(channel.detach(), 3)
        os.closerange(4, 1 << 16)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        entry(socket.socket(fileno=3))
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _confine(where: Surroundings, trouble: int) -> None:
    """Put on every layer; write to the descriptor `trouble` what goes wrong."""
    alone = "namespaces" in where.layers
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _make_home(where.folder)
        rlimits.apply(where.limits, where.used, own_user=alone)
        if where.layers & {"namespaces", "landlock", "seccomp"}:
            kernel.drop_privileges()
            kernel.die_with_parent()
        if "landlock" in where.layers:
            landlock.apply(where.readable, where.devices, where.folder, flat=not alone)
        if "seccomp" in where.layers:
            seccomp.apply()
    except Exception as error:
        os.write(trouble, f"{type(error).__name__}: {error}".encode()[:_WORDS])
        raise


if __name__ == "__main__":
    main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
