"""What a learner hands in, read without trusting it: ordinary files of bounded size, no links.

What cannot be read is a `SubmissionError`, in words for the learner.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from qutils.errors import QutilsError
from qutils.grading.job import File, Limits


class SubmissionError(QutilsError, ValueError):
    """A hand-in that cannot be read; the message tells the learner why."""


def read_bytes(path: Path, below: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file that was handed in.

    Parameters
    ----------
    below
        A folder that holds ``path``; on the way from there to the file no link is followed.

    Raises
    ------
    SubmissionError
        The file is missing, no ordinary file, or too large.
    """
    try:
        with contextlib.ExitStack() as opened:
            descriptor = _open(below, opened)
            for part in path.relative_to(below).parts:
                descriptor = _open(part, opened, os.O_NOFOLLOW, descriptor)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SubmissionError(f"{path.name} is no ordinary file.")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                content = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise SubmissionError(_missing(path)) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SubmissionError(f"{path.name} is a link: hand in the file itself.") from error
        raise SubmissionError(f"{path.name} cannot be read: {error.strerror}.") from error
    if len(content) > max_bytes:
        hint = " Clear its outputs in Jupyter, save it, and hand it in again."
        raise SubmissionError(
            f"{path.name} is larger than {max_bytes / 1e6:.1f} MB."
            + hint * (path.suffix == ".ipynb")
        )
    return content


def read_beside(
    folder: Path, below: Path, names: Iterable[str], limits: Limits
) -> tuple[File, ...]:
    """Return the files of these names in a hand-in; one that cannot be read has a fault instead.

    Each has at most ``limits.file_bytes``, all together half of what a process may write.
    """
    left = limits.disk_bytes // 2
    found = []
    for name in names:
        try:
            content = read_bytes(folder / name, below, min(left, limits.file_bytes))
        except SubmissionError as error:
            found.append(File(name, fault=str(error)))
            continue
        left -= len(content)
        found.append(File.of(name, content))
    return tuple(found)


def _open(
    name: Path | str, opened: contextlib.ExitStack, flags: int = 0, folder: int | None = None
) -> int:
    # Nobody who hands in a pipe makes the grader wait.
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | flags, dir_fd=folder)
    opened.callback(os.close, descriptor)
    return descriptor


def _missing(path: Path) -> str:
    try:
        others = sorted(other.name for other in path.parent.glob(f"*{path.suffix}"))
    except OSError:
        others = []
    found = f" Found: {', '.join(others[:5])}; keep the name." if others else ""
    return f"{path.name} was not handed in.{found}"
