"""What runs in the learner's process: the learner's cells, and the calls that tests make.

This process is never believed. What is here makes honest code behave as in a notebook; a learner
who takes it apart changes the answers of their own code and nothing else.
"""

import builtins
import functools
import importlib
import io
import select
import socket
import sys
import types
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np

from qutils.grading.execution import (
    CappedText,
    execute,
    lay_out,
    learner_traceback,
    output_to,
    seed_globals,
)
from qutils.grading.expect import share_memory
from qutils.grading.verdict import judge
from qutils.grading.wire import Channel, Ref, WireError, pack, receive_socket, unpack

__all__ = ["main"]


class WithheldError(Exception):
    """The learner's code used a name that the course withholds here."""


def main(stream: socket.socket) -> None:
    """Answer the grader, which sends cells, and the checker, which calls, until one goes away."""
    grader, checker = Channel(stream), Channel(receive_socket(stream))
    order = unpack(grader.receive())
    grader.frame_bytes = checker.frame_bytes = order["frame_bytes"]
    withhold(order["withheld"])
    lay_out(order["files"])
    sys.path.insert(0, "")  # as in a notebook, whose folder has modules too
    notebook = Notebook(order["output"], order["first_handle"], order["frame_bytes"])
    asking = {channel.stream: channel for channel in (grader, checker)}
    while True:
        for ready in select.select(list(asking), [], [])[0]:
            try:
                asking[ready].send(notebook.answer(asking[ready].receive()))
            except (EOFError, OSError):
                return


def withhold(names: Collection[str]) -> None:
    """Replace functions, wherever their package knows them, by one that says they are withheld.

    The private functions beside them, which do parts of their work, go with them. The package
    itself may call all: the emulator has to round also where an answer must not call what rounds.

    Parameters
    ----------
    names
        Dotted, such as ``package.module.function``.
    """
    replacements = {}
    for name in {*names, *_private_beside(names)}:
        module_name, _, attribute = name.rpartition(".")
        original = getattr(importlib.import_module(module_name), attribute)
        replacements[module_name.partition(".")[0], id(original)] = _withheld(name, original)
    packages = {package for package, _ in replacements}
    for module_name, module in list(sys.modules.items()):
        if (package := module_name.partition(".")[0]) in packages:
            for alias, value in list(vars(module).items()):
                if replacement := replacements.get((package, id(value))):
                    setattr(module, alias, replacement)


def _private_beside(names: Iterable[str]) -> Iterator[str]:
    for module_name in {name.rpartition(".")[0] for name in names}:
        for attribute, value in vars(importlib.import_module(module_name)).items():
            is_its_own = getattr(value, "__module__", None) == module_name
            if attribute.startswith("_") and is_its_own and isinstance(value, types.FunctionType):
                yield f"{module_name}.{attribute}"


def _withheld(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    package = name.partition(".")[0]

    def withheld(*args: Any, **kwargs: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        # `Notebook.do_call` calls what the learner has bound to a name: that counts as the learner.
        if caller != __name__ and caller.partition(".")[0] == package:
            return original(*args, **kwargs)
        raise WithheldError(f"{name} is withheld: this question is to be solved without it", name)

    return withheld


class Notebook:
    """The learner's names, and the objects of which tests hold references.

    Parameters
    ----------
    output
        Characters that all cells together may print.
    first_handle
        Number of the first reference: other than those of a process before this one.
    """

    def __init__(self, output: int, first_handle: int, frame_bytes: int) -> None:
        module = types.ModuleType("__main__")
        module.__dict__["display"] = lambda *values: print(*map(repr, values), sep="\n")
        sys.modules["__main__"] = module  # where dataclasses and pickle look for a cell's classes
        self.space = vars(module)
        self.output = output
        self.first_handle = first_handle
        self.objects: list[Any] = []
        self.handles: dict[int, int] = {}
        self.pack = functools.partial(pack, frame_bytes=frame_bytes, refer=self.refer)

    def answer(self, frame: bytes) -> bytes:
        """Return the answer to a question."""
        try:
            order = unpack(frame, resolve=self.resolve)
            operation = getattr(self, f"do_{order.pop('do')}")
            if operation == self.do_call:
                with output_to(CappedText(0)):
                    return self.pack({"value": self.do_call(frame, **order)})
            return self.pack({"value": operation(**order)})
        except BaseException as error:
            return self.pack(_raised(error))

    def refer(self, value: Any) -> Ref:
        """Keep an object that is no plain data; return what stands for it."""
        if isinstance(value, types.ModuleType):
            return Ref(0, "module", str(value.__name__))
        if id(value) not in self.handles:
            self.handles[id(value)] = self.first_handle + len(self.objects)
            self.objects.append(value)
        iterable = hasattr(type(value), "__iter__") and not hasattr(type(value), "__array__")
        kind = "callable" if callable(value) else "iterable" if iterable else "object"
        return Ref(self.handles[id(value)], kind)

    def resolve(self, ref: Ref) -> Any:
        """Return the object that a reference stands for."""
        number = ref.handle - self.first_handle
        if not 0 <= number < len(self.objects):
            raise LookupError("this object was lost when the notebook was started anew")
        return self.objects[number]

    def do_run(self, source: str, name: str, seed: int) -> dict[str, str]:
        """Run a cell; return what it printed and its error."""
        text, error_text = CappedText(self.output), ""
        seed_globals(seed)
        with output_to(text):
            try:
                value = execute(source, name, self.space)
                if value is not None:
                    print(repr(value))
                _note_figures(text)
            except BaseException as error:
                error_text = learner_traceback(error)[-self.output :]
        self.output = max(0, text.left - len(error_text))
        return {"text": text.getvalue(), "error": error_text}

    def do_test(self, source: str, name: str, points: float, seed: int) -> dict[str, Any]:
        """Run a test cell that needs the objects themselves."""
        self.space["rng"] = np.random.default_rng(seed)
        seed_globals(seed)
        with output_to(CappedText(0)):
            return judge(source, name, self.space, points)

    def do_name(self, name: str) -> tuple[Any, ...]:
        """Return the value of a global name in a tuple, which is empty where there is none."""
        return (self.space[name],) if name in self.space else ()

    def do_call(
        self, question: bytes, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Any, bool]:
        """Return what a call returns, its arguments where it changed them, whether they overlap."""
        value = target(*args, **kwargs)
        try:
            after = {"do": "call", "target": target, "args": args, "kwargs": kwargs}
            changed = self.pack(after) != question
        except WireError:
            changed = False
        return value, (args, kwargs) if changed else None, share_memory(value, (args, kwargs))

    def do_iter(self, target: Any) -> Any:
        """Return an iterator that stays here."""
        return iter(target)

    def do_next(self, target: Any) -> tuple[Any, ...]:
        """Return the next item in a tuple, which is empty at the end."""
        try:
            return (next(target),)
        except StopIteration:
            return ()

    def do_array(self, target: Any) -> Any:
        """Return an object such as a tensor as an array."""
        return np.asarray(target)


def _note_figures(text: io.TextIOBase) -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot and pyplot.get_fignums():
        text.write(f"[figures that are not kept: {len(pyplot.get_fignums())}]\n")
        pyplot.close("all")


def _raised(error: BaseException) -> dict[str, Any]:
    """Describe an error by a type that the other side knows, a text and the learner's frames."""
    known = [k for k in type(error).__mro__ if getattr(builtins, k.__name__, None) is k]
    try:
        text, trace = str(error)[:10_000], learner_traceback(error)[-10_000:]
    except BaseException:  # an error whose __str__ fails
        text = trace = ""
    return {
        "raised": known[0].__name__,
        "exact": known[0] is type(error),
        "text": text,
        "traceback": trace,
        "withheld": error.args[1] if isinstance(error, WithheldError) else "",
    }
