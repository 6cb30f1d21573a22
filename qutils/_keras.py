"""TensorFlow and legacy Keras, imported late and without their start-up messages.

The only place of the package that imports TensorFlow. Everything else asks here, inside the
function that needs it, so that ``import qutils`` stays small and fast.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Discard what is written to standard output and error, by Python and by C++ code alike.

    TensorFlow's C++ half writes to the file descriptors 1 and 2, below ``sys.stdout``, so these
    are redirected too. Exceptions pass through. File descriptors belong to the whole process:
    do not use it in one thread while another one prints.

    Examples
    --------
    >>> import os
    >>> with quiet():
    ...     print("not seen")
    ...     _ = os.write(2, b"not seen either")
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    saved = [os.dup(descriptor) for descriptor in (1, 2)]
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            for descriptor in (1, 2):
                os.dup2(nowhere.fileno(), descriptor)
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
    finally:
        for descriptor, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def import_keras() -> ModuleType:
    """Return the module ``tf_keras`` (Keras 2), imported quietly.

    Returns
    -------
    module
        ``tf_keras``. The model optimization toolkit and the converter take its models.

    Raises
    ------
    ImportError
        When TensorFlow or tf-keras is not installed.
    """
    return _import_quietly("tf_keras")


def import_tensorflow() -> ModuleType:
    """Return the module ``tensorflow``, imported quietly and set to legacy Keras.

    Raises
    ------
    ImportError
        When TensorFlow is not installed.
    """
    return _import_quietly("tensorflow")


def _import_quietly(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    # Read by TensorFlow when it is imported: tf.keras then means tf_keras, as tfmot needs.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet():
            return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this part of qutils needs TensorFlow and tf-keras, and importing {name} failed "
            f"({error}); install them with: pip install 'qutils[course]'"
        ) from error
