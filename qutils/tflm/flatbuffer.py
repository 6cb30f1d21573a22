"""Read FlatBuffer tables out of bytes that nobody has checked.

The FlatBuffers library trusts its input.  Here every offset is checked against the file, and
the whole amount of decoded data is bounded, so that any bytes at all end in a value or in
`InvalidModelError`, quickly.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.errors import InvalidModelError

_FORMATS = {
    "bool": struct.Struct("<?"),
    "int8": struct.Struct("<b"),
    "uint8": struct.Struct("<B"),
    "uint16": struct.Struct("<H"),
    "int32": struct.Struct("<i"),
    "uint32": struct.Struct("<I"),
    "int64": struct.Struct("<q"),
    "uint64": struct.Struct("<Q"),
    "float32": struct.Struct("<f"),
}
# A file without tables that share storage decodes to less than its own size.  Real files
# share a little (names, zero points); this leaves room for that and stops a crafted one.
_SHARING = 8


class Reader:
    """The bytes of one FlatBuffer, and how much decoding they may still cause.

    Parameters
    ----------
    data
        The whole file.

    Examples
    --------
    >>> Reader(b"TFL3").scalar(0, "uint8", "a byte")
    84
    >>> Reader(b"TFL3").scalar(2, "int32", "a number")
    Traceback (most recent call last):
    qutils.errors.InvalidModelError: a number lies at bytes 2..6, outside the file of 4 bytes
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._budget = _SHARING * (len(data) + 64)

    def scalar(self, position: int, kind: str, *what: str) -> Any:
        """Return the number of type `kind` at `position`, or raise `InvalidModelError`."""
        form = _FORMATS[kind]
        self.check(position, form.size, *what)
        return form.unpack_from(self.data, position)[0]

    def check(self, position: int, size: int, *what: str) -> None:
        """Raise `InvalidModelError` unless bytes ``position..position + size`` exist."""
        if position < 0 or position + size > len(self.data):
            raise InvalidModelError(
                f"{' of '.join(what)} lies at bytes {position}..{position + size}, "
                f"outside the file of {len(self.data)} bytes"
            )

    def spend(self, amount: int, what: str) -> None:
        """Count decoded bytes; raise `InvalidModelError` for a file that repeats itself."""
        self._budget -= amount
        if self._budget < 0:
            raise InvalidModelError(f"{what}: parts of the file are used over and over again")

    def root(self) -> "Table":
        """Return the root table."""
        return Table(self, int(self.scalar(0, "uint32", "the offset of the root table")), "model")


class Table:
    """One FlatBuffer table: its fields are found by their numbers in the schema.

    Parameters
    ----------
    reader
        The file.
    position
        Byte offset of the table.
    what
        Its name in error messages, such as "tensor 3".

    Attributes
    ----------
    reader
        The file.
    """

    def __init__(self, reader: Reader, position: int, what: str) -> None:
        self.reader = reader
        self._position = position
        self._what = what
        reader.spend(8, what)
        vtable = position - reader.scalar(position, "int32", "the table", what)
        size = reader.scalar(vtable, "uint16", "the field list", what)
        reader.check(vtable, size, "the field list", what)
        # Of each field its distance from the table, 0 where it is absent; two sizes come first.
        self._fields = struct.unpack_from(f"<{size // 2}H", reader.data, vtable)[2:]

    def scalar(self, number: int, kind: str, default: Any, name: str) -> Any:
        """Return field `number` as a Python number, or `default` where it is absent."""
        position = self._field(number)
        if position is None:
            return default
        return self.reader.scalar(position, kind, name, self._what)

    def table(self, number: int, name: str) -> "Table | None":
        """Return field `number` as a table, or None where it is absent."""
        position = self._field(number)
        if position is None:
            return None
        return Table(self.reader, self._follow(position, name), f"{name} of {self._what}")

    def tables(self, number: int, name: str) -> list["Table"]:
        """Return field `number`, a vector of tables, as a list (empty where absent)."""
        start, count = self._vector(number, 4, name)
        return [
            Table(self.reader, self._follow(start + 4 * i, name), f"{name} {i}")
            for i in range(count)
        ]

    def array(self, number: int, kind: str, name: str) -> NDArray[Any]:
        """Return field `number`, a vector of numbers, as a new 1-D array (empty where absent)."""
        dtype = np.dtype(kind).newbyteorder("<")
        start, count = self._vector(number, dtype.itemsize, name)
        return np.frombuffer(self.reader.data, dtype, count, start).astype(kind)

    def integers(self, number: int, kind: str, name: str) -> tuple[int, ...]:
        """Return field `number`, a vector of integers, as a tuple (empty where absent)."""
        form = _FORMATS[kind]
        start, count = self._vector(number, form.size, name)
        return struct.unpack_from(f"<{count}{form.format[1:]}", self.reader.data, start)

    def blob(self, number: int, name: str) -> memoryview:
        """Return field `number`, a vector of bytes, as a view of the file."""
        start, count = self._vector(number, 0, name)
        self.reader.check(start, count, name, self._what)
        return memoryview(self.reader.data)[start : start + count]

    def content(self, number: int, name: str) -> bytes:
        """Return field `number`, a vector of bytes, as a copy."""
        start, count = self._vector(number, 1, name)
        return self.reader.data[start : start + count]

    def text(self, number: int, name: str) -> str:
        """Return field `number`, a string as C ends it; bytes that are not UTF-8 are replaced."""
        return self.content(number, name).partition(b"\0")[0].decode("utf-8", errors="replace")

    def _field(self, number: int) -> int | None:
        offset = self._fields[number] if number < len(self._fields) else 0
        return self._position + offset if offset else None

    def _follow(self, position: int, name: str) -> int:
        return position + int(self.reader.scalar(position, "uint32", "the offset", name))

    def _vector(self, number: int, itemsize: int, name: str) -> tuple[int, int]:
        """Return where a vector of `itemsize` bytes each starts, and its length."""
        position = self._field(number)
        if position is None:
            return 0, 0
        start = self._follow(position, name)
        count = self.reader.scalar(start, "uint32", "the length", name, self._what)
        self.reader.check(start + 4, count * itemsize, name, self._what)
        self.reader.spend(count * itemsize, name)
        return start + 4, count
