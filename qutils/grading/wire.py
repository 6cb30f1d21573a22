"""Plain data as bytes, for two processes of which one must not be believed.

A frame is the length of its JSON, the length of its buffers, the JSON, the buffers. JSON lists
carry a tag, ``["l", 1, 2]`` for ``[1, 2]`` or ``["a", "<f8", [3], true]`` for an array whose bytes
are the next buffer. Reading calls nothing and builds only the types named here.
"""

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Channel", "Ref", "WireError", "pack", "receive_socket", "send_socket", "unpack"]

FRAME_BYTES = 64 << 20
_PREFIX = struct.Struct(">IQ")
# JSON may be a quarter of a frame: an empty list costs 2 bytes there and 64 in memory.
_JSON_SHARE = 4
_DEPTH = 64
_NODES = 1 << 20

_SCALARS = (bool, int, float, str, NoneType)
_SEQUENCES = {"l": list, "t": tuple, "s": set, "z": frozenset}
_BUILT_IN_TYPES = (bool, int, float, complex, str, bytes, list, tuple, dict, set)
_NUMPY_TYPES = tuple(np.dtype(code).type for code in "?bhilBHILefdFD")
_TYPES = {kind.__name__: kind for kind in (*_BUILT_IN_TYPES, *_NUMPY_TYPES)}
_TYPE_NAMES = {kind: name for name, kind in _TYPES.items()}
_DTYPE = re.compile(
    r"\|b1|\|[iu]1|[<>][iu][248]|[<>]f[248]|[<>]c(8|16)|\|S[1-9]\d{0,5}|[<>]U[1-9]\d{0,5}"
)


class WireError(ValueError):
    """A value that does not travel, or bytes that are no frame: the sender's fault."""


@dataclass(frozen=True)
class Ref:
    """An object that stays in the learner's process: its number there, and what can be done.

    Attributes
    ----------
    kind
        ``object``, ``callable``, ``iterable``, or ``module``, which goes by its ``name``.
    """

    handle: int
    kind: str = "object"
    name: str = ""


def _no_reference(value: Any) -> Ref:
    raise WireError(f"a {type(value).__name__} is no plain data")


def _no_object(ref: Ref) -> Any:
    raise WireError(f"a reference to a {ref.kind} where plain data must stand")


def pack(
    value: Any,
    *,
    frame_bytes: int = FRAME_BYTES,
    refer: Callable[[Any], Ref] = _no_reference,
) -> bytes:
    """Return a value as a frame.

    Parameters
    ----------
    value
        None, bool, int, float, complex, str, bytes, range, dtypes and common types; NumPy scalars
        and arrays of bool, int, uint, float16 to float64, complex, fixed-length text; lists,
        tuples, sets, dicts of these. Instances of a subclass travel as the built-in type.
    refer
        Called for every other object; returns what to send in its place, or raises WireError.

    Raises
    ------
    WireError
        The value does not travel: its type, its depth (a list that holds itself), its size.

    Examples
    --------
    >>> pack([1, 2.5])[12:]
    b'["l",1,2.5]'
    """
    writer = _Writer(refer)
    text = json.dumps(writer.node(value, _DEPTH), separators=(",", ":")).encode("ascii")
    frame = b"".join([_PREFIX.pack(len(text), sum(map(len, writer.buffers))), text])
    size = len(frame) + sum(map(len, writer.buffers))
    if size > frame_bytes or len(text) > frame_bytes // _JSON_SHARE:
        raise WireError(f"a value of {size} bytes; at most {frame_bytes} travel")
    return b"".join([frame, *writer.buffers])


def unpack(frame: bytes, *, resolve: Callable[[Ref], Any] = _no_object) -> Any:
    """Return the value of a frame; `resolve` makes an object of each reference in it.

    Raises
    ------
    WireError
        These bytes are no frame.

    Examples
    --------
    >>> unpack(pack({"x": np.float32([0.5, 2])}))
    {'x': array([0.5, 2. ], dtype=float32)}
    """
    if len(frame) < _PREFIX.size:
        raise WireError(f"{len(frame)} bytes are no frame")
    text_bytes, _ = _checked_prefix(frame[: _PREFIX.size], len(frame))
    start = _PREFIX.size + text_bytes
    reader = _Reader(memoryview(frame)[start:], resolve)
    try:
        value = reader.value(json.loads(frame[_PREFIX.size : start].decode("ascii")), _DEPTH)
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, MemoryError) as error:
        raise WireError(f"a malformed frame: {type(error).__name__}") from None
    if reader.buffers:
        raise WireError(f"{len(reader.buffers)} bytes too many in a frame")
    return value


def _checked_prefix(prefix: bytes, frame_bytes: int) -> tuple[int, int]:
    text_bytes, buffer_bytes = _PREFIX.unpack(prefix)
    if _PREFIX.size + text_bytes + buffer_bytes > frame_bytes:
        raise WireError(f"a frame that claims {text_bytes + buffer_bytes} bytes")
    return text_bytes, buffer_bytes


class _Writer:
    """Turns a value into JSON and buffers."""

    def __init__(self, refer: Callable[[Any], Ref]) -> None:
        self.refer = refer
        self.buffers: list[bytes] = []
        self.nodes = 0

    def node(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if depth == 0 or self.nodes > _NODES:
            raise WireError(f"a value with more than {_DEPTH} levels or {_NODES} parts")
        kind = type(value)
        if kind in _SCALARS:
            # Past 64 bits in hexadecimal: Python refuses to read long decimal numbers.
            return value if kind is not int or value.bit_length() <= 64 else ["i", hex(value)]
        if kind is np.ndarray and _DTYPE.fullmatch(value.dtype.str):
            self.buffers.append(value.tobytes())
            return ["a", value.dtype.str, list(value.shape), value.flags.writeable]
        if isinstance(value, np.generic) and _DTYPE.fullmatch(value.dtype.str):
            self.buffers.append(value.tobytes())
            return ["n", value.dtype.str]
        for tag, base in _SEQUENCES.items():
            if isinstance(value, base):
                return [tag, *(self.node(item, depth - 1) for item in base.__iter__(value))]
        if isinstance(value, dict):
            pairs = (part for pair in dict.items(value) for part in pair)
            return ["d", *(self.node(part, depth - 1) for part in pairs)]
        return self._leaf(value, depth)

    def _leaf(self, value: Any, depth: int) -> Any:
        if isinstance(value, bytes):
            self.buffers.append(b"".join([value]))
            return ["b", len(value)]
        if isinstance(value, int):
            return self.node(int.__int__(value), depth)
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, complex):
            return ["c", value.real, value.imag]
        if isinstance(value, range):
            return ["r", *(self.node(n, depth - 1) for n in (value.start, value.stop, value.step))]
        if isinstance(value, np.dtype) and _DTYPE.fullmatch(value.str):
            return ["D", value.str]
        if isinstance(value, type) and value in _TYPE_NAMES:
            return ["T", _TYPE_NAMES[value]]
        ref = self.refer(value)
        return ["o", ref.handle, ref.kind, ref.name]


class _Reader:
    """Turns JSON and buffers that nobody has checked into a value."""

    def __init__(self, buffers: memoryview, resolve: Callable[[Ref], Any]) -> None:
        self.buffers = buffers
        self.resolve = resolve
        self.nodes = 0

    def value(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if depth == 0 or self.nodes > _NODES:
            raise WireError(f"a value with more than {_DEPTH} levels or {_NODES} parts")
        if type(node) in _SCALARS:
            return node
        if type(node) is not list or not node:
            raise WireError("JSON that is no value")
        tag, *parts = node
        if tag in _SEQUENCES:
            return _SEQUENCES[tag](self._values(parts, depth))
        if tag == "d":
            values = list(self._values(parts, depth))
            return dict(zip(values[::2], values[1::2], strict=True))
        return self._READERS[tag](self, *parts)

    def _values(self, parts: list[Any], depth: int) -> Iterator[Any]:
        return (self.value(part, depth - 1) for part in parts)

    def _take(self, size: int) -> memoryview:
        if type(size) is not int or not 0 <= size <= len(self.buffers):
            raise WireError(f"a buffer of {size!r} bytes in a frame that has {len(self.buffers)}")
        taken, self.buffers = self.buffers[:size], self.buffers[size:]
        return taken

    def _array(self, dtype: str, shape: list[int], writeable: bool) -> NDArray[Any]:
        kind = self._dtype(dtype)
        if not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("an array's shape is a list of lengths")
        count = 1
        for length in shape:
            count *= length
        content = self._take(count * kind.itemsize)
        if kind.kind == "b" and np.frombuffer(content, np.uint8).max(initial=0) > 1:
            raise WireError("a bool that is neither True nor False")
        array: NDArray[Any] = np.empty(shape, kind)
        if count:
            array[...] = np.frombuffer(content, kind).reshape(shape)
        array.setflags(write=bool(writeable))
        return array

    def _scalar(self, dtype: str) -> Any:
        return self._array(dtype, [], True)[()]

    def _dtype(self, text: str) -> np.dtype[Any]:
        if not _DTYPE.fullmatch(text):
            raise WireError("a dtype that does not travel")
        return np.dtype(text)

    def _complex(self, real: float, imaginary: float) -> complex:
        return complex(float(real), float(imaginary))

    def _integer(self, digits: str) -> int:
        return int(digits, 16)

    def _bytes(self, size: int) -> bytes:
        return bytes(self._take(size))

    def _range(self, *ends: Any) -> range:
        return range(*(self.value(end, 2) for end in ends))

    def _type(self, name: str) -> type:
        return _TYPES[name]

    def _reference(self, handle: int, kind: str, name: str) -> Any:
        if (type(handle), type(kind), type(name)) != (int, str, str):
            raise WireError("a reference without number, kind and name")
        return self.resolve(Ref(handle, kind, name))

    _READERS: ClassVar[dict[str, Callable[..., Any]]] = {
        "a": _array,
        "n": _scalar,
        "b": _bytes,
        "c": _complex,
        "i": _integer,
        "r": _range,
        "D": _dtype,
        "T": _type,
        "o": _reference,
    }


class Channel:
    """A stream socket on which frames of at most `frame_bytes` go to and fro.

    Deadlines are times of `time.monotonic`; None waits for ever.
    """

    def __init__(self, stream: socket.socket, frame_bytes: int = FRAME_BYTES) -> None:
        self.stream = stream
        self.frame_bytes = frame_bytes

    def send(self, frame: bytes, deadline: float | None = None) -> None:
        """Send a frame; raise TimeoutError where nobody takes it by then."""
        self._wait_until(deadline)
        self.stream.sendall(frame)

    def receive(self, deadline: float | None = None) -> bytes:
        """Return the next frame as it came, with its prefix checked and nothing else.

        Raises
        ------
        EOFError
            The other side has gone.
        TimeoutError
            The frame was not complete by then.
        WireError
            What came is no frame.
        """
        prefix = self._read(_PREFIX.size, deadline)
        text_bytes, buffer_bytes = _checked_prefix(prefix, self.frame_bytes)
        if text_bytes > self.frame_bytes // _JSON_SHARE:
            raise WireError(f"a frame that claims {text_bytes} bytes of JSON")
        return prefix + self._read(text_bytes + buffer_bytes, deadline)

    def _read(self, size: int, deadline: float | None) -> bytes:
        content = bytearray()
        while len(content) < size:
            self._wait_until(deadline)
            part = self.stream.recv(min(size - len(content), 1 << 20))
            if not part:
                raise EOFError("the other process has gone")
            content += part
        return bytes(content)

    def _wait_until(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("no time left")
        self.stream.settimeout(left)


def send_socket(stream: socket.socket, end: socket.socket) -> None:
    """Give the process at the other end of a stream one more socket."""
    socket.send_fds(stream, [b"s"], [end.fileno()])


def receive_socket(stream: socket.socket) -> socket.socket:
    """Return the socket that the other side gives; nothing else must be on its way."""
    _, descriptors, _, _ = socket.recv_fds(stream, 1, 1)
    return socket.socket(fileno=descriptors[0])
