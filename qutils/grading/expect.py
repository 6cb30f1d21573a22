"""What form a learner's answer must have, checked by tests before they look at its values.

The text of an `AnswerError` is shown to the learner. A learner's function sees hidden inputs and
could hide them in the form of what it returns, so a text tells little of that form: a kind, a
number of dimensions, an axis; never a length, a value or a name that the learner chose.

The `name` that each function takes is that of the learner's function whose result is checked,
``"scale_of"``, or says what the value is: ``"the scale of `choose`"``.
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from qutils.grading.wire import Ref, pack

__all__ = [
    "AnswerError",
    "array",
    "arrays_in",
    "content",
    "mapping",
    "number",
    "pair",
    "share_memory",
    "text",
    "unchanged",
]

_WORDS = {
    type(None): "None",
    bool: "a bool",
    np.bool_: "a bool",
    int: "an int",
    float: "a float",
    complex: "a complex number",
    str: "a text",
    bytes: "bytes",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
    set: "a set",
    frozenset: "a set",
    range: "a range",
    np.ndarray: "an array",
}
_KINDS = {"integer": "iu", "float": "f", "number": "iuf", "bool": "b"}
_WIDEST_BITS = 64


class AnswerError(AssertionError):
    """An answer has another form than the question asks for; the text is for the learner."""


def array(
    value: Any,
    name: str,
    shape: tuple[int, ...] | None = None,
    dtype: str | None = None,
    *,
    lists: bool = False,
) -> NDArray[Any]:
    """Return an answer that is an array.

    Parameters
    ----------
    shape
        What it must be; any if None. Where it is ``()``, a plain number will do.
    dtype
        Its name, such as ``"int8"``, or a kind: ``"integer"``, ``"float"``, ``"number"`` or
        ``"bool"``; any if None.
    lists
        Lists of numbers will do; of `dtype`, only the kind is asked of them.

    Raises
    ------
    AnswerError
        It is something else, or holds NaN.

    Examples
    --------
    >>> array(np.int8([1, 2]), "quantize", shape=(2,), dtype="integer")
    array([1, 2], dtype=int8)
    >>> array(np.zeros(2), "quantize", dtype="int8")
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: `quantize` returned dtype float64, int8 is asked for
    """
    plain = type(value) is np.ndarray
    if not plain and not _stands_for_array(value, shape, lists):
        _refuse(name, value, "an array")
    array = value if plain else _as_array(value, name)
    _check_dtype(array, name, dtype, exact=plain)
    _check_shape(array, name, shape)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise AnswerError(f"{_subject(name)} NaN (not a number), at least in one place")
    return array


def number(value: Any, name: str, integer: bool = False) -> int | float:
    """Return an answer that is one number, as an int or a float of Python.

    NumPy's numbers and arrays without dimensions will do.

    Raises
    ------
    AnswerError
        It is something else, a truth value, NaN, or an int of more than 64 bits.

    Examples
    --------
    >>> number(np.float32(0.5), "scale")
    0.5
    >>> number(3.0, "zero_point", integer=True)
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: `zero_point` returned a float, an integer is asked for
    """
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    asked = "an integer" if integer else "a number"
    kinds = (int, np.integer) if integer else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds):
        _refuse(name, value, asked)
    if isinstance(value, int | np.integer):
        if int(value).bit_length() > _WIDEST_BITS:
            raise AnswerError(f"{_subject(name)} an integer of more than {_WIDEST_BITS} bits")
        return int(value)
    if np.isnan(value):
        raise AnswerError(f"{_subject(name)} NaN (not a number)")
    return float(value)


def text(value: Any, name: str) -> str:
    """Return an answer that is a text.

    Examples
    --------
    >>> text(b"int8", "your `dtype`")
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: your `dtype` is bytes, a text is asked for
    """
    if not isinstance(value, str):
        _refuse(name, value, "a text")
    return str(value)


def pair(value: Any, name: str, length: int = 2) -> tuple[Any, ...]:
    """Return an answer of so many values, a tuple or a list, as a tuple.

    Examples
    --------
    >>> pair([0.5, 3], "limits_of")
    (0.5, 3)
    >>> pair(0.5, "limits_of")
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: `limits_of` returned a float, 2 values are asked for
    """
    if not isinstance(value, tuple | list):
        _refuse(name, value, f"{length} values", "are")
    if len(value) != length:
        raise AnswerError(f"{_subject(name)} another number of values than the {length} asked for")
    return tuple(value)


def mapping(value: Any, name: str) -> dict[Any, Any]:
    """Return an answer that is a dict.

    Examples
    --------
    >>> mapping(["flash"], "failures")
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: `failures` returned a list, a dict is asked for
    """
    if not isinstance(value, dict):
        _refuse(name, value, "a dict")
    return dict(value)


def content(value: Any, name: str) -> bytes:
    """Return an answer that is the content of a file.

    Examples
    --------
    >>> content("qat.tflite", "your `model_content`")
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: your `model_content` is a text, bytes are asked for
    """
    if not isinstance(value, bytes):
        _refuse(name, value, "bytes", "are")
    return bytes(value)


def unchanged(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a function returns, unless it touched or returned what belongs to its caller.

    Raises
    ------
    AnswerError
        It changed an argument, or an array that it returned shares memory with one.

    Examples
    --------
    >>> def double(values):
    ...     values *= 2
    ...     return values
    >>> unchanged(double, np.array([1, 2]))
    Traceback (most recent call last):
    qutils.grading.expect.AnswerError: `double` changed what it was given: work on a copy
    """
    if not callable(function):
        _refuse("the answer", function, "a function")
    name = f"`{getattr(function, '__name__', 'the function')}`"
    before = pack([args, kwargs], refer=_as_it_is)
    result = function(*args, **kwargs)
    if pack([args, kwargs], refer=_as_it_is) != before:
        raise AnswerError(f"{name} changed what it was given: work on a copy")
    # Through a proxy, what is given and returned are copies: the learner's process has to say.
    shared = getattr(function, "returned_a_view", None)
    if share_memory(result, [args, kwargs]) if shared is None else shared:
        raise AnswerError(
            f"{name} returned its argument or a view of it, which changes when the argument does:"
            " return a new array"
        )
    return result


def share_memory(first: Any, second: Any) -> bool:
    """Return whether an array in one value may overlap in memory with one in another.

    Examples
    --------
    >>> a = np.arange(4)
    >>> share_memory([a[::2]], {"a": a}), share_memory(a, a.copy())
    (True, False)
    """
    others = list(arrays_in(second))
    return any(np.may_share_memory(a, b) for a in arrays_in(first) for b in others)


def arrays_in(value: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays in lists, tuples and dicts, however deep.

    Examples
    --------
    >>> list(arrays_in((1, {"a": [np.int8([2])]})))
    [array([2], dtype=int8)]
    """
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)


def _as_it_is(value: Any) -> Ref:
    """Stand for what is no plain data: whether it changes is not looked at."""
    return Ref(0)


def _subject(name: str) -> str:
    return f"`{name}` returned" if name.isidentifier() else f"{name} is"


def _refuse(name: str, value: Any, asked: str, verb: str = "is") -> NoReturn:
    if value is None and name.isidentifier():
        raise AnswerError(f"{_subject(name)} None: is a `return` missing?")
    raise AnswerError(f"{_subject(name)} {_in_words(value)}, {asked} {verb} asked for")


def _in_words(value: Any) -> str:
    for kind, words in _WORDS.items():
        if isinstance(value, kind):
            return words
    if isinstance(value, np.generic):
        return f"a number of dtype {_dtype_words(value.dtype)}"
    if callable(value):
        return "a function"
    if hasattr(type(value), "__iter__"):
        return "a generator or the like"
    return "an object that is no plain data"


def _stands_for_array(value: Any, shape: tuple[int, ...] | None, lists: bool) -> bool:
    if shape == () and isinstance(value, int | float | np.generic):
        return True
    return lists and isinstance(value, list | tuple)


def _as_array(value: Any, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):  # ragged, or of objects
        array = np.asarray(None)
    if array.dtype.kind not in "biufc":
        raise AnswerError(f"{_subject(name)} a list that no array of numbers can be made of")
    return array


def _check_dtype(array: NDArray[Any], name: str, asked: str | None, *, exact: bool) -> None:
    if asked is None or (array.size == 0 and not exact):  # `[]` has no type
        return
    kinds = _KINDS.get(asked) or np.dtype(asked).kind
    if not exact and kinds in ("f", "u"):
        kinds = "iuf" if kinds == "f" else "iu"
    wrong_name = exact and asked not in _KINDS and _dtype_words(array.dtype) != asked
    if wrong_name or array.dtype.kind not in kinds:
        words = f"an {asked}" if asked == "integer" else asked
        found = _dtype_words(array.dtype)
        raise AnswerError(f"{_subject(name)} dtype {found}, {words} is asked for")


def _dtype_words(dtype: np.dtype[Any]) -> str:
    """Return a dtype's name; texts have a length, which is the learner's choice."""
    return "text" if dtype.kind in "SU" else dtype.name


def _check_shape(array: NDArray[Any], name: str, shape: tuple[int, ...] | None) -> None:
    if shape is None or array.shape == shape:
        return
    if array.ndim != len(shape):
        raise AnswerError(
            f"{_subject(name)} {_dimensions(array.ndim)}, {len(shape)} asked for: look at its shape"
        )
    axis = next(i for i, (a, b) in enumerate(zip(array.shape, shape, strict=True)) if a != b)
    size = "long" if array.shape[axis] > shape[axis] else "short"
    raise AnswerError(f"{_subject(name)} an array that is too {size} along axis {axis}")


def _dimensions(number: int) -> str:
    return "an array of 1 dimension" if number == 1 else f"an array of {number} dimensions"
