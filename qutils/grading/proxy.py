"""The learner's names as the tests see them: plain data, functions that call, objects kept shut."""

import builtins
import importlib
import symtable
from collections.abc import Iterator
from typing import Any, NoReturn, Self

import numpy as np

from qutils.grading.wire import Channel, Ref, WireError, pack, unpack

__all__ = [
    "LearnerError",
    "LearnerGoneError",
    "LearnerTraceback",
    "Link",
    "Namespace",
    "NotPlainDataError",
    "UndefinedNameError",
]


class LearnerError(Exception):
    """The learner's code raised an error of a type that Python itself does not have."""


class NotPlainDataError(TypeError):
    """A test touched an object that stays in the learner's process, or tried to send one there."""


class UndefinedNameError(NameError):
    """Neither the tests nor the learner have defined a name."""


class LearnerTraceback(Exception):
    """The cause of each error that the learner's code raised: where it did.

    Attributes
    ----------
    raised
        The error's type, or the nearest one that Python itself has.
    withheld
        The name that the course withholds and the learner's code used; "" for none.
    """

    def __init__(self, text: str, raised: str, withheld: str) -> None:
        super().__init__(text)
        self.raised = raised
        self.withheld = withheld


class LearnerGoneError(BaseException):
    """The learner's process is of no more use; no test survives that."""


class LearnerObject:
    """An object of the learner's that is no plain data; it can be passed back, no more."""

    _link: "Link"
    _ref: Ref

    def __init__(self, link: "Link", ref: Ref) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_ref", ref)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self._link.ask("array", target=self)
        if type(array) is not np.ndarray:
            raise self._link.gone("nonsense")
        return array if dtype is None else array.astype(dtype)

    def __repr__(self) -> str:
        return f"<{self._ref.kind} of the learner's code>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # NumPy and copy look whether there are such methods
            raise AttributeError(name)
        _refuse(self)

    __hash__ = object.__hash__


def _refuse(*operands: Any) -> NoReturn:
    raise NotPlainDataError(
        "the code returned an object that is no plain data (a number, text, a list, an array, ...)"
    )


# Without these, `==` would be False and the truth True with no word of why.
_OPERATIONS = """
    bool len getitem setitem setattr contains eq ne lt le gt ge int float index complex neg abs
    add radd sub rsub mul rmul truediv rtruediv floordiv mod pow matmul enter
"""
for _operation in _OPERATIONS.split():
    setattr(LearnerObject, f"__{_operation}__", _refuse)


class LearnerIterable(LearnerObject):
    """A generator or the like; its items come one by one."""

    def __iter__(self) -> Iterator[Any]:
        iterator = self._link.ask("iter", target=self)
        while item := self._link.ask("next", target=iterator):
            yield item[0]


class LearnerFunction(LearnerObject):
    """A function, a class or another callable of the learner's, called in the learner's process.

    Arguments travel by value: the caller's arrays and lists stay as they are whatever happens to
    the copies, unless `Link.believe` is set.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._link.call(self, args, kwargs)

    @property
    def returned_a_view(self) -> bool:
        """Whether what the last call of all returned shared memory with an argument there."""
        return self._link.shared


_PROXIES = {"object": LearnerObject, "callable": LearnerFunction, "iterable": LearnerIterable}


class Link:
    """The way from the tests to the learner's process.

    Parameters
    ----------
    modules
        What tests get when the learner's name is one of these modules: the real one.

    Attributes
    ----------
    lost
        Why the process is not to be asked: ``ended``, ``timeout`` or ``nonsense``; "" while it is.
    deadline
        By when answers must be there, as `time.monotonic` counts.
    believe
        Whether arguments are changed as the learner's process says that its code changed them.
    changes
        Whether it said so of any call since this was last set to False.
    shared
        Whether it said of the last call that an array it returned is a view of an argument.
    """

    def __init__(self, modules: frozenset[str] = frozenset()) -> None:
        self.modules = modules
        self.lost = "ended"
        self.deadline: float | None = None
        self.believe = False
        self.changes = False
        self.shared = False

    def meet(self, channel: Channel) -> None:
        """Ask a new process from now on."""
        self.channel = channel
        self.lost = ""

    def name(self, name: str) -> Any:
        """Return what the learner's code has bound to a name."""
        found = self.ask("name", name=name)
        if not found:
            raise UndefinedNameError(f"the notebook does not define {name}")
        return found[0]

    def call(self, function: LearnerFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what the learner's function returns; raise what it raises."""
        answer = self.ask("call", target=function, args=args, kwargs=kwargs)
        value, changed, shared = self._parts(answer, 3)
        self.shared = shared is True
        if changed is not None:
            self.changes = True
            if self.believe:
                new_args, new_kwargs = self._parts(changed, 2)
                for old, new in zip(args, new_args, strict=False):
                    _overwrite(old, new)
                for key, old in kwargs.items():
                    _overwrite(old, new_kwargs.get(key))
        return value

    def ask(self, operation: str, **fields: Any) -> Any:
        """Send a question; return the answer's value or raise its error."""
        if self.lost:
            raise LearnerGoneError(self.lost)
        try:
            question = pack(
                {"do": operation, **fields},
                frame_bytes=self.channel.frame_bytes,
                refer=_as_reference,
            )
        except WireError as error:
            raise NotPlainDataError(f"an argument does not travel: {error}") from None
        try:
            self.channel.send(question, self.deadline)
            answer = unpack(self.channel.receive(self.deadline), resolve=self._resolve)
        except TimeoutError:
            raise self.gone("timeout") from None
        except WireError:
            raise self.gone("nonsense") from None
        except (EOFError, OSError):
            raise self.gone("ended") from None
        if isinstance(answer, dict) and "value" in answer:
            return answer["value"]
        if not isinstance(answer, dict) or not isinstance(answer.get("raised"), str):
            raise self.gone("nonsense")
        raise _error_of(answer)

    def gone(self, why: str) -> LearnerGoneError:
        """Ask this process nothing more: a late answer would pass for that to a later question."""
        self.lost = why
        return LearnerGoneError(why)

    def _parts(self, value: Any, number: int) -> tuple[Any, ...]:
        if not isinstance(value, tuple) or len(value) != number:
            raise self.gone("nonsense")
        return value

    def _resolve(self, ref: Ref) -> Any:
        if ref.kind in _PROXIES:
            return _PROXIES[ref.kind](self, ref)
        if ref.kind == "module" and ref.name in self.modules:
            return importlib.import_module(ref.name)
        return LearnerObject(self, Ref(ref.handle))


def _as_reference(value: Any) -> Ref:
    if isinstance(value, LearnerObject):
        ref: Ref = value._ref
        return ref
    what = "function" if callable(value) else type(value).__name__
    raise WireError(f"a {what} of the test cannot be passed to the learner's process")


def _overwrite(old: Any, new: Any) -> None:
    """Make a mutable argument equal to what the learner's code made of its copy."""
    if type(old) is not type(new):
        return
    if isinstance(old, np.ndarray) and old.shape == new.shape and old.flags.writeable:
        old[...] = new
    elif isinstance(old, list):
        old[:] = new
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)
    elif isinstance(old, tuple):
        for item, changed in zip(old, new, strict=False):
            _overwrite(item, changed)


def _error_of(answer: dict[str, Any]) -> Exception:
    """Return the error that an answer tells of, marked as the learner's own."""
    base: Any = getattr(builtins, answer["raised"], None)
    kind = base
    if not (isinstance(base, type) and issubclass(base, Exception)):
        base, kind = Exception, LearnerError  # an exit or interrupt, too: it must not end a test
    elif answer.get("exact") is not True:
        kind = type("LearnerError", (LearnerError, base), {})
    try:
        error: Exception = kind(str(answer.get("text", "")))
    except TypeError:  # a type that wants more than a text, such as UnicodeDecodeError
        error = LearnerError(str(answer.get("text", "")))
    trace, withheld = answer.get("traceback"), answer.get("withheld")
    error.__cause__ = LearnerTraceback(str(trace), base.__name__, str(withheld or ""))
    return error


class Namespace(dict[str, Any]):
    """Globals of the trusted cells; a name that none of them binds is the learner's.

    A name that a trusted cell binds, even if it fails before it does, is never the learner's: a
    learner cannot slip a helper under a test. Nor are the names of Python's built-in functions.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins)
        self._link = link
        self._own: set[str] = set()
        self._functions: dict[str, LearnerFunction] = {}

    def __missing__(self, name: str) -> Any:
        """Return the learner's value, or raise KeyError, upon which Python looks further."""
        if name in self._own or name.startswith("__") or hasattr(builtins, name):
            raise KeyError(name)
        if name in self._functions:
            return self._functions[name]
        value = self._link.name(name)
        if isinstance(value, LearnerFunction):
            object.__setattr__(value, "__name__", name)  # as the tests call it
            self._functions[name] = value
        return value

    def claim(self, source: str) -> None:
        """Note the names that a cell binds; forget the learner's functions, which may be new."""
        self._functions.clear()
        try:
            table = symtable.symtable(source, "cell", "exec")
        except (SyntaxError, ValueError):
            return
        self._own |= {s.get_name() for s in _symbols(table) if s.is_assigned() or s.is_imported()}

    def snapshot(self) -> dict[str, Any]:
        """Return what is bound now, for `restore`."""
        return dict(self)

    def restore(self, bound: dict[str, Any]) -> Self:
        """Bind again what was bound."""
        self.clear()
        self.update(bound)
        return self


def _symbols(table: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    """Yield the global symbols of a module: its own, and those that functions declare global."""
    yield from table.get_symbols()
    for child in table.get_children():
        yield from (s for s in _symbols(child) if s.is_declared_global())
