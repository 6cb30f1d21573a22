"""What runs in the checker's process: the instructor's cells, with the learner's names as proxies.

The learner's code never runs here; it answers calls from a process of its own.
"""

import ast
import contextlib
import socket
from collections.abc import Iterable
from typing import Any

import numpy as np

from qutils.grading.execution import CappedText, execute, lay_out, output_to, seed_globals
from qutils.grading.magics import plain
from qutils.grading.proxy import Link, Namespace
from qutils.grading.verdict import judge
from qutils.grading.wire import Channel, pack, receive_socket, unpack

__all__ = ["main"]

# Modules without files, processes or network, which tests may know from the learner's imports.
_ORDINARY = {
    "bisect", "cmath", "collections", "decimal", "fractions", "functools", "heapq", "itertools",
    "json", "math", "numpy", "operator", "random", "re", "statistics", "string", "struct", "time",
}  # fmt: skip


def main(stream: socket.socket) -> None:
    """Run the cells that arrive until the other side goes away."""
    channel = Channel(stream)
    order = unpack(channel.receive())
    channel.frame_bytes = order["frame_bytes"]
    lay_out(order["files"])
    modules = frozenset(_ORDINARY | imported_modules(order["locked"]))
    checker = Checker(Link(modules))
    while True:
        try:
            order = unpack(channel.receive())
        except EOFError:
            return
        if order["do"] == "meet":
            channel.send(pack({}))
            checker.link.meet(Channel(receive_socket(stream), channel.frame_bytes))
            continue
        channel.send(pack(checker.answer(order)))


def imported_modules(sources: Iterable[str]) -> set[str]:
    """Return the modules that cells import by name.

    Examples
    --------
    >>> sorted(imported_modules(["import numpy.linalg as la", "from math import pi"]))
    ['math', 'numpy.linalg']
    """
    names = set()
    for source in sources:
        try:
            nodes = list(ast.walk(ast.parse(plain(source))))
        except SyntaxError:
            continue
        names |= {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return names


class Checker:
    """The names of the instructor's cells; all others are the learner's."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.space = Namespace(link)

    def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Run a cell; return what came of it, unless the learner's process was lost over it."""
        self.link.deadline = order.pop("deadline")
        with output_to(CappedText(0)):
            said: dict[str, Any] = getattr(self, f"do_{order.pop('do')}")(**order)
        return {"lost": self.link.lost} if self.link.lost else said

    def do_run(self, source: str, name: str, seed: int) -> dict[str, Any]:
        """Run a cell for the names it binds; the learner's process shows its output and errors."""
        self.space.claim(plain(source))
        seed_globals(seed)
        # What it fails to bind stays unbound: `claim` keeps the learner from it.
        with contextlib.suppress(BaseException):
            execute(source, name, self.space)
        return {}

    def do_test(self, source: str, name: str, points: float, seed: int) -> dict[str, Any]:
        """Judge a test; where a call changed its arguments, a second time with them changed.

        A learner's process that lies about changes gains nothing: the first time counts too.
        """
        before = self.space.snapshot()
        self.link.changes = False
        verdict = self._judge(source, name, points, seed)
        if self.link.changes and verdict["points"] > 0:
            self.space.restore(before)
            self.link.believe = True
            second = self._judge(source, name, points, seed)
            self.link.believe = False
            verdict = min(verdict, second, key=lambda v: float(v["points"]))
        return verdict

    def _judge(self, source: str, name: str, points: float, seed: int) -> dict[str, Any]:
        self.space.claim(plain(source) + "\nrng = None")
        self.space["rng"] = np.random.default_rng(seed)
        seed_globals(seed)
        return judge(source, name, self.space, points)
