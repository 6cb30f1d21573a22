"""Files that somebody names: each failure is one sentence, and nothing half-written stays."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.errors import FileError, QutilsError
from qutils.tflm.model import Model


def read_model(path: str) -> Model:
    """Read a .tflite file.

    Raises
    ------
    FileError
        It is missing, no file, or not readable.
    InvalidModelError, UnsupportedOperatorError
        Its content is refused; the message starts with its name.
    """
    _require_file(path)
    try:
        return Model.from_file(path)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    except QutilsError as error:
        gap = "\n" if "\n" in str(error) else " "
        raise type(error)(f"{path}:{gap}{error}") from error


def read_array(path: str) -> NDArray[Any]:
    """Map a .npy file of numbers into memory; what it claims to hold is not allocated.

    Raises
    ------
    FileError
        It is missing, no file, not readable, cut short, not .npy, or holds pickled objects.
    """
    _require_file(path)
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, TypeError, OverflowError, MemoryError, SyntaxError, EOFError) as error:
        if "objects" in str(error):
            raise FileError(f"{path} holds pickled objects, which are never loaded") from error
        raise FileError(
            f"{path} is no whole .npy file: write one with numpy.save(path, array)"
        ) from error
    if array.dtype.kind not in "biuf":
        raise FileError(f"{path} holds {array.dtype}, not numbers that a model takes")
    return array


def write(path: str, content: bytes, force: bool) -> None:
    """Write a file as a whole or not at all.

    Raises
    ------
    FileError
        It exists and `force` is not set, it is a folder, or it cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise FileError(f"{path} is a folder: name a file in it")
    if os.path.lexists(target) and not force:
        raise FileError(f"{path} exists already: --force replaces it")
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_arrays(path: str, arrays: Sequence[NDArray[Any]], force: bool) -> None:
    """Write one array as .npy, or any number as .npz with the names output_0 and so on.

    Raises
    ------
    FileError
        The name ends in neither, or in .npy for several arrays; see also `write`.
    """
    content = io.BytesIO()
    if path.endswith(".npz"):
        named: dict[str, Any] = {f"output_{k}": array for k, array in enumerate(arrays)}
        np.savez(content, **named)
    elif path.endswith(".npy") and len(arrays) == 1:
        np.save(content, arrays[0])
    else:
        one = len(arrays) == 1
        names = ".npy or .npz for one output" if one else f".npz for {len(arrays)} outputs"
        raise FileError(f"{path} should end in {names}")
    write(path, content.getvalue(), force)


def _require_file(path: str) -> None:
    if not os.path.exists(path):
        raise FileError(f"there is no file {path}")
    if not os.path.isfile(path):
        raise FileError(f"{path} is no file" + (" but a folder" if os.path.isdir(path) else ""))
