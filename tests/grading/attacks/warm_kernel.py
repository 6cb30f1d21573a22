"""Kernels for plain nbgrader that start in no time, forked from a process that is warm.

nbgrader, nbclient and ipykernel are what they are; only the start of the process is spared. The
warm process is forked before there is a class, so that a kernel's memory holds nothing of it.
"""

import atexit
import json
import os
import signal
import socket
import sys
import time
from typing import Any

import outer
from ipykernel import kernelapp
from jupyter_client.provisioning import local_provisioner

_LOADED = ("numpy", "numpy.testing", "numpy.random")


class Kernel:
    """What `jupyter_client` wants to know of a process: the part of `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Return None while it runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        """Wait until it has ended."""
        while self.poll() is None:
            time.sleep(0.02)
        return 0

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def use() -> None:
    """Have every kernel that this process starts from now on forked from a warm process."""
    for name in _LOADED:
        __import__(name)
    control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        control.close()
        _serve(inner)
    inner.close()

    def launch(command: list[str], *, env: dict[str, str], cwd: str, **_: Any) -> Kernel:
        control.sendall(json.dumps([command, env, str(cwd)]).encode())
        return Kernel(int(control.recv(20)))

    local_provisioner.launch_kernel = launch


def _serve(control: socket.socket) -> None:
    os.closerange(3, control.fileno())
    os.closerange(control.fileno() + 1, 256)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while content := control.recv(1 << 17):
        child = os.fork()
        if child == 0:
            control.close()
            _run(*json.loads(content))
        control.sendall(str(child).encode())
    os._exit(0)


def _run(command: list[str], environment: dict[str, str], folder: str) -> None:
    """Be a kernel, as `ipykernel_launcher` is."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment | {"JPY_PARENT_PID": str(os.getppid())})
        own = (str(outer.HERE), str(outer.REPOSITORY))
        sys.path[:] = [path for path in sys.path if path not in own]
        sys.argv = command[command.index("-m") + 1 :]
        atexit._clear()
        kernelapp.launch_new_instance()
    finally:
        atexit._run_exitfuncs()
        os._exit(0)
