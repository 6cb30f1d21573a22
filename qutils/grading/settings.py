"""What a course sets for its grading in ``nbgrader_config.py``, as ``c.Grading.NAME = value``."""

import hashlib
import hmac
import os
import re
import secrets
import sys
from dataclasses import fields
from functools import cache
from importlib import metadata
from pathlib import Path

from traitlets import Dict, Unicode
from traitlets.config import Configurable

from qutils.errors import QutilsError
from qutils.grading.job import Limits, sha256

SECRET = "grading_secret"
_PLAIN_NAME = re.compile(r"\w[\w.-]*")


class SettingsError(QutilsError, ValueError):
    """A setting of the course's grading that means nothing; the message names it."""


class Grading(Configurable):
    """Settings of the grader; each is read from the configuration that it is made with."""

    folder = Unicode(help="Where the journal and the secret for seeds are kept.").tag(config=True)
    limits = Dict(help="Limits other than the defaults of qutils.grading.job.Limits.").tag(
        config=True
    )
    preload = Dict(
        help="Modules that an assignment's processes import before they start; numpy if not named."
    ).tag(config=True)
    withheld = Dict(
        help="Dotted names that an assignment's answers must do without, such as numpy.linalg.inv."
    ).tag(config=True)
    files = Dict(
        help="Files that an assignment's learners hand in beside the notebook: plain names."
    ).tag(config=True)

    def limits_of_jobs(self) -> Limits:
        """Return the limits of one submission.

        Raises
        ------
        SettingsError
            A limit is named that does not exist.
        """
        if unknown := {*self.limits} - {known.name for known in fields(Limits)}:
            raise SettingsError(f"c.Grading.limits: there is no limit {', '.join(sorted(unknown))}")
        return Limits(**self.limits)

    def preload_of(self, assignment: str) -> tuple[str, ...]:
        """Return the modules that are imported before an assignment's cells run."""
        return tuple(self.preload.get(assignment, ("numpy",)))

    def withheld_of(self, assignment: str) -> tuple[str, ...]:
        """Return the names that an assignment's answers must do without."""
        return tuple(self.withheld.get(assignment, ()))

    def files_of(self, assignment: str) -> tuple[str, ...]:
        """Return the names of files that an assignment's learners hand in beside the notebook.

        Raises
        ------
        SettingsError
            A name is a path, or no name at all.
        """
        names = tuple(self.files.get(assignment, ()))
        for name in names:
            if not _PLAIN_NAME.fullmatch(name):
                raise SettingsError(f"c.Grading.files: {name!r} is no plain name of a file")
        return names

    def seed(self, assignment: str, student: str) -> int:
        """Return the seed of a learner's test inputs, which nobody without the secret can tell."""
        message = f"{assignment}\0{student}".encode()
        digest = hmac.new(class_secret(Path(self.folder)), message, hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big")


@cache
def class_secret(folder: Path) -> bytes:
    """Return the secret of a class, made on its first use and readable by its owner alone."""
    path = folder / SECRET
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = folder / f".{SECRET}.{os.getpid()}"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    return path.read_bytes()


@cache
def environment() -> str:
    """Return the SHA-256 of what cells run in: Python and the installed packages."""
    packages = {f"{found.name}=={found.version}" for found in metadata.distributions()}
    return sha256("\n".join([sys.version, *sorted(packages)]).encode())
