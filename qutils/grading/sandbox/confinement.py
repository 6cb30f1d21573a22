"""Which layers of the sandbox hold on this machine, and whether they are enough."""

import functools
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from qutils.errors import QutilsError
from qutils.grading.sandbox import remedies

SOUND = (
    frozenset({"namespaces", "seccomp", "limits"}),
    frozenset({"landlock", "seccomp", "limits"}),
)
"""Sets of layers of which one must hold."""

_WHAT = {
    "namespaces": "sees no network, no other process, no file but Python's, and 1 folder in memory",
    "landlock": "opens no file but Python's and those in its folder, no port, no other process",
    "seccomp": "starts no process, opens no socket, reaches no rare part of the kernel",
    "limits": "memory, processor time, files and threads are capped",
}
_WEAKER = (
    "; without namespaces it can ask for names and sizes of files, has no subfolders, and its disk "
    "space and threads are watched instead of capped"
)


class UnsafeError(QutilsError, RuntimeError):
    """No sound set of layers holds on a machine; the message says what would give one."""


@dataclass(frozen=True)
class Layer:
    """One defence: whether it holds here.

    Attributes
    ----------
    why
        What it does to a learner's process, or why it is missing.
    remedy
        What to do to have it; "" where it is active.
    """

    name: str
    active: bool
    why: str
    remedy: str = ""


@dataclass(frozen=True)
class Confinement:
    """The layers that a process is put under."""

    layers: tuple[Layer, ...]

    @property
    def active(self) -> frozenset[str]:
        """Names of the layers that hold."""
        return frozenset(layer.name for layer in self.layers if layer.active)

    @property
    def sound(self) -> bool:
        """Whether code that nobody trusts may run under these layers.

        Examples
        --------
        >>> UNSAFE.sound
        False
        """
        return any(needed <= self.active for needed in SOUND)


UNSAFE = Confinement((Layer("limits", True, _WHAT["limits"]),))
"""Only for notebooks that the instructor wrote: nothing keeps them from this user's files."""


@functools.cache
def probe() -> Confinement:
    """Try every layer in a process of its own and return which hold.

    The answer is remembered: what a machine allows changes by an administrator's hand.
    """
    with tempfile.TemporaryDirectory(prefix="qutils-") as folder:
        done = subprocess.run(
            [sys.executable, "-s", "-P", "-m", "qutils.grading.sandbox.trial", folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
        )
    faults: dict[str, str] = json.loads(done.stdout)
    return Confinement(tuple(_layer(name, faults) for name in _WHAT))


def require() -> Confinement:
    """Return what `probe` finds where it is enough for code that nobody trusts.

    Raises
    ------
    UnsafeError
        It is not; the message lists what is missing and the remedies.
    """
    confinement = probe()
    if not confinement.sound:
        missing = [layer for layer in confinement.layers if not layer.active and layer.remedy]
        lines = [f"{layer.name}: {layer.why}. {layer.remedy}" for layer in missing]
        raise UnsafeError("learners' code cannot be confined on this machine.\n" + "\n".join(lines))
    return confinement


def _layer(name: str, faults: dict[str, str]) -> Layer:
    if name in faults:
        return Layer(name, False, faults[name], remedies.remedy(name))
    weaker = _WEAKER if name == "landlock" and "namespaces" in faults else ""
    return Layer(name, True, _WHAT[name] + weaker)
