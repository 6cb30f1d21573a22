"""What keeps a learner's code from everything but its own memory and one socket.

Each layer is a module; a `Confinement` says which of them hold on this machine. Grading needs a
sound set of them, see `SOUND`.
"""

from dataclasses import dataclass

from qutils.errors import QutilsError

__all__ = ["SOUND", "UNSAFE", "Confinement", "Layer", "UnsafeError"]

SOUND = (
    frozenset({"namespaces", "seccomp", "limits"}),
    frozenset({"landlock", "seccomp", "limits"}),
)
"""Sets of layers of which one must be active."""


class UnsafeError(QutilsError, RuntimeError):
    """This machine has no sound set of layers; the message says what would give one."""


@dataclass(frozen=True)
class Layer:
    """One defence: whether it holds here.

    Attributes
    ----------
    why
        What it does here, or what it lacks.
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
        """Whether untrusted code may run under these layers."""
        return any(needed <= self.active for needed in SOUND)


UNSAFE = Confinement((Layer("limits", True, "caps on memory, processor time and files alone"),))
"""Only for notebooks that the instructor wrote: nothing keeps them from this user's files."""
