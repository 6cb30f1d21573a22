"""Processes that start warm: a template has imported what is needed and forks for each submission.

The template is a new interpreter, so that it holds nothing of the grader's memory: no test and no
other submission. See `qutils.grading.sandbox.process` for what happens on its side.
"""

import json
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Literal, Self

from qutils.errors import QutilsError
from qutils.grading.job import Limits
from qutils.grading.sandbox import Confinement

ExitKind = Literal["finished", "signal", "memory", "cpu", "disk", "threads", "killed", "refused"]

# One thread each: the pool uses the cores, and sums come out alike on every machine. The hash seed
# is fixed so that sets print alike in two runs.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
_RENEW_AFTER = 1000


class TemplateError(QutilsError, RuntimeError):
    """A template process cannot start or has died: a fault of the grader, not of a learner."""


@dataclass(frozen=True)
class Exit:
    """How a child ended.

    Attributes
    ----------
    kind
        ``finished``: the entry returned, or the code ended its own process. ``killed``: by this
        side or somebody else. ``refused``: a layer of the sandbox could not be put on. The last two
        are no fault of the code.
    detail
        Words for the log.
    """

    kind: ExitKind
    detail: str = ""


class Child:
    """A confined process that runs the template's entry.

    Attributes
    ----------
    socket
        The other end of the only descriptor that the process has; blocking.
    """

    def __init__(self, channel: socket.socket, lifeline: socket.socket) -> None:
        self.socket = channel
        self._lifeline = lifeline
        self._exit: Exit | None = None

    def wait(self, timeout: float | None = None) -> Exit:
        """Wait until the process has ended, and all it had started.

        Raises
        ------
        TimeoutError
            It still runs after `timeout` seconds.
        """
        if self._exit is None:
            self._lifeline.settimeout(timeout)
            content = self._lifeline.recv(1 << 16)
            kind, detail = json.loads(content or b'["killed", "with the template"]')
            self._exit = Exit(kind, detail)
        return self._exit

    def kill(self) -> Exit:
        """Kill the process where it has not ended; return how it ended."""
        if self._exit is None:
            with suppress(OSError):  # its keeper has gone already
                self._lifeline.shutdown(socket.SHUT_WR)
        return self.wait()

    def __enter__(self) -> Self:
        """Return the child."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it."""
        self.kill()
        self.socket.close()
        self._lifeline.close()


class Template:
    """A warm process to fork from; use it as a context manager.

    Parameters
    ----------
    entry
        ``"module:function"``, called in each child with its socket.
    preload
        Modules that are imported once.
    confinement
        The layers that each child is put under.
    limits
        The caps of each child.
    """

    def __init__(
        self, entry: str, preload: tuple[str, ...], confinement: Confinement, limits: Limits
    ) -> None:
        self._settings = {
            "entry": entry,
            "preload": preload,
            "layers": sorted(confinement.active),
            "limits": asdict(limits),
        }
        self._forks = 0
        self._ready = False

    def __enter__(self) -> Self:
        """Start the template process; it warms up while the caller goes on."""
        self._folder = tempfile.TemporaryDirectory(prefix="qutils-", ignore_cleanup_errors=True)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._stop()
        self._folder.cleanup()

    def fork(self) -> Child:
        """Return a new child; its entry runs at once.

        Raises
        ------
        TemplateError
            The template could not import what it should, or has died.
        """
        if self._forks >= _RENEW_AFTER:
            self.renew()
        self._wait_until_ready()
        self._forks += 1
        channel, inner_channel = socket.socketpair()
        lifeline, inner_lifeline = socket.socketpair()
        with inner_channel, inner_lifeline:
            try:
                descriptors = [inner_channel.fileno(), inner_lifeline.fileno()]
                socket.send_fds(self._control, [b"f"], descriptors)
            except OSError as error:
                raise TemplateError("the template process has died") from error
        return Child(channel, lifeline)

    def renew(self) -> None:
        """Replace the template process by a new one; children that run are not touched."""
        self._stop()
        self._start()

    def _start(self) -> None:
        self._control, inner = socket.socketpair()
        settings = json.dumps(self._settings | {"folder": self._folder.name})
        program = "qutils.grading.sandbox.process"
        with inner:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", program, settings, str(inner.fileno())],
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[inner.fileno()],
                start_new_session=True,
            )
        self._forks = 0
        self._ready = False

    def _stop(self) -> None:
        self._control.close()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        if self._ready:
            return
        answer = self._control.recv(1 << 16).decode()
        if answer != "ready":
            raise TemplateError(f"the template process cannot start: {answer or 'it died'}")
        self._ready = True
