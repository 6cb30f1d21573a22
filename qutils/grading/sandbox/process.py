"""What runs in a template process: import once, then fork one confined child per request.

Three generations. The template imports and never runs anybody's code. For each request it forks a
keeper, which forks the child, waits for it, and tells the grader how it ended. The keeper kills the
child when the grader goes away or asks for it.
"""

import gc
import importlib
import json
import os
import random
import resource
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from qutils.grading.job import Limits
from qutils.grading.sandbox import limits as rlimits

_FAILED = 70
_OUT_OF_MEMORY = 71


def main(settings: dict[str, Any], control: socket.socket) -> None:
    """Import what is asked for, say so, then fork for each pair of sockets that arrives."""
    try:
        for name in settings["preload"]:
            importlib.import_module(name)
        module, _, function = settings["entry"].partition(":")
        entry = getattr(importlib.import_module(module), function)
    except Exception as error:
        control.sendall(f"{type(error).__name__}: {error}".encode())
        return
    # Collected garbage is never touched again, so its pages stay shared with the children.
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
            _keep(entry, settings, *(socket.socket(fileno=number) for number in descriptors))
        for number in descriptors:
            os.close(number)


def _keep(
    entry: Callable[[socket.socket], None],
    settings: dict[str, Any],
    channel: socket.socket,
    lifeline: socket.socket,
) -> NoReturn:
    limits = Limits(**settings["limits"])
    folder = Path(settings["folder"], str(os.getpid()))
    folder.mkdir(mode=0o700)
    wake, woken = socket.socketpair()
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    child = os.fork()
    if child == 0:
        _run(entry, channel, folder, limits)
    channel.close()
    select.select([wake, lifeline], [], [])
    killed = not select.select([wake], [], [], 0)[0]
    if killed:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    kind, detail = ("killed", "") if killed else _reason(status, usage, limits)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        lifeline.sendall(json.dumps([kind, detail]).encode())
    except BrokenPipeError:
        pass
    finally:
        os._exit(0)


def _reason(status: int, usage: resource.struct_rusage, limits: Limits) -> tuple[str, str]:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        seconds = usage.ru_utime + usage.ru_stime
        if -code == signal.SIGXCPU or (-code == signal.SIGKILL and seconds >= limits.total_seconds):
            return "cpu", f"{seconds:.1f} s of processor time"
        return "signal", signal.Signals(-code).name
    if code == _OUT_OF_MEMORY:
        return "memory", ""
    return "finished", f"exit code {code}" if code else ""


def _run(
    entry: Callable[[socket.socket], None], channel: socket.socket, folder: Path, limits: Limits
) -> NoReturn:
    """Be the child: confined, alone with its socket, with random numbers of its own."""
    code = _FAILED
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        used = rlimits.address_space()
        os.dup2(channel.detach(), 3)
        os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        os.chdir(folder)
        rlimits.apply(limits, used)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        entry(socket.socket(fileno=3))
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
