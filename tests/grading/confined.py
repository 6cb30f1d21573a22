"""Run lines of code in a confined child and say what came of them, for tests of the sandbox."""

import functools
import json
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qutils.grading import template
from qutils.grading.job import Limits
from qutils.grading.sandbox import Confinement, Layer

ALL = ("limits", "namespaces", "landlock", "seccomp")
FLOOR = ("limits", "landlock", "seccomp")

_ENTRY = """
import json

def main(channel):
    names = {}
    for line in channel.makefile("r"):
        try:
            exec(json.loads(line), names)
            answer = {"value": names.pop("answer", None)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        channel.sendall(json.dumps(answer).encode() + b"\\n")
        if names.pop("raise_it", False):
            raise names["it"]
"""


def confinement(layers: Sequence[str]) -> Confinement:
    """Return a confinement of some layers, be it sound or not."""
    return Confinement(tuple(Layer(name, True, "") for name in layers))


@functools.cache
def _packages() -> tempfile.TemporaryDirectory:
    """Make the entry importable inside, in a folder of the name that packages have there."""
    folder = tempfile.TemporaryDirectory(prefix="entry-")
    packages = Path(folder.name, "site-packages")
    packages.mkdir()
    (packages / "confined_entry.py").write_text(_ENTRY)
    template.ENVIRONMENT["PYTHONPATH"] = str(packages)
    return folder


def warm(
    layers: Sequence[str] = ALL, preload: tuple[str, ...] = (), **limits: Any
) -> template.Template:
    """Return a template whose children take lines of code."""
    _packages()
    return template.Template("confined_entry:main", preload, confinement(layers), Limits(**limits))


def ask(child: template.Child, source: str) -> Any:
    """Return the value that `source` calls ``answer``, or its error in words.

    Raises
    ------
    ConnectionError
        The child has ended.
    """
    child.socket.settimeout(120)
    try:
        child.socket.sendall(json.dumps(source).encode() + b"\n")
        line = _line(child.socket)
    except OSError as error:
        raise ConnectionError(str(error)) from error
    found = json.loads(line)
    return found.get("error", found.get("value"))


def _line(channel: socket.socket) -> bytes:
    content = b""
    while not content.endswith(b"\n"):
        part = channel.recv(1 << 16)
        if not part:
            raise ConnectionError("the child has ended")
        content += part
    return content


def answers(order: dict[str, Any]) -> list[Any]:
    """Return what each source gives, in one child; for `outer.call`."""
    with warm(order["layers"], tuple(order.get("preload", ()))) as found, found.fork() as child:
        return [ask(child, source) for source in order["sources"]]
