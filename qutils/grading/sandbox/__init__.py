"""What keeps a learner's code from everything but its own memory, one folder and one socket.

Each layer is a module: `namespaces`, `landlock`, `seccomp`, `limits`. A `Confinement`
says which of them hold on this machine; `process` puts them on.
"""

from qutils.grading.sandbox.confinement import (
    SOUND,
    UNSAFE,
    Confinement,
    Layer,
    UnsafeError,
    probe,
    require,
)

__all__ = ["SOUND", "UNSAFE", "Confinement", "Layer", "UnsafeError", "probe", "require"]
