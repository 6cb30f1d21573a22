"""Read FlatBuffer tables out of bytes that nobody has checked.

The FlatBuffers library trusts its input.  Here every offset is checked against the file, and
the whole amount of decoded data is bounded, so that any bytes at all end in a value or in
`InvalidModelError`, quickly.
"""

from typing import Any

import numpy as np
from flatbuffers import encode, packer
from numpy.typing import NDArray

from qutils.errors import InvalidModelError

_FORMATS = {
    "bool": packer.boolean,
    "int8": packer.int8,
    "uint8": packer.uint8,
    "int16": packer.int16,
    "uint16": packer.uint16,
    "int32": packer.int32,
    "uint32": packer.uint32,
    "int64": packer.int64,
    "uint64": packer.uint64,
    "float32": packer.float32,
}
# A file without tables that share storage decodes to less than its own size.  Real files
# share a little (names, zero points); this leaves room for that and stops a crafted one.
_SHARING = 64


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

    def scalar(self, position: int, kind: str, what: str) -> Any:
        """Return the number of type `kind` at `position`, or raise `InvalidModelError`."""
        form = _FORMATS[kind]
        self.check(position, form.size, what)
        return encode.Get(form, self.data, position)

    def check(self, position: int, size: int, what: str) -> None:
        """Raise `InvalidModelError` unless bytes ``position..position + size`` exist."""
        if position < 0 or position + size > len(self.data):
            raise InvalidModelError(
                f"{what} lies at bytes {position}..{position + size}, "
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
    """

    def __init__(self, reader: Reader, position: int, what: str) -> None:
        self._reader = reader
        self._position = position
        self._what = what
        reader.spend(8, what)
        distance = reader.scalar(position, "int32", f"the table of {what}")
        self._vtable = position - distance
        self._vtable_size = reader.scalar(self._vtable, "uint16", f"the field list of {what}")
        reader.check(self._vtable, self._vtable_size, f"the field list of {what}")

    def scalar(self, number: int, kind: str, default: Any, name: str) -> Any:
        """Return field `number` as a Python number, or `default` where it is absent."""
        position = self._field(number)
        if position is None:
            return default
        return self._reader.scalar(position, kind, f"{name} of {self._what}")

    def table(self, number: int, name: str) -> "Table | None":
        """Return field `number` as a table, or None where it is absent."""
        position = self._field(number)
        if position is None:
            return None
        what = f"{name} of {self._what}"
        return Table(self._reader, self._follow(position, what), what)

    def tables(self, number: int, name: str) -> list["Table"]:
        """Return field `number`, a vector of tables, as a list (empty where absent)."""
        what = f"{name}s of {self._what}"
        start, count = self._vector(number, 4, what)
        self._reader.spend(4 * count, what)
        return [
            Table(self._reader, self._follow(start + 4 * i, f"{name} {i}"), f"{name} {i}")
            for i in range(count)
        ]

    def array(self, number: int, kind: str, name: str) -> NDArray[Any]:
        """Return field `number`, a vector of numbers, as a new 1-D array (empty where absent)."""
        dtype = np.dtype(kind).newbyteorder("<")
        what = f"{name} of {self._what}"
        start, count = self._vector(number, dtype.itemsize, what)
        self._reader.spend(dtype.itemsize * count, what)
        return np.frombuffer(self._reader.data, dtype, count, start).astype(kind)

    def integers(self, number: int, kind: str, name: str) -> tuple[int, ...]:
        """Return field `number`, a vector of integers, as a tuple (empty where absent)."""
        return tuple(self.array(number, kind, name).tolist())

    def blob(self, number: int, name: str) -> memoryview:
        """Return field `number`, a vector of bytes, as a view of the file."""
        start, count = self._vector(number, 1, f"{name} of {self._what}")
        return memoryview(self._reader.data)[start : start + count]

    def text(self, number: int, name: str) -> str:
        """Return field `number`, a string; bytes that are not UTF-8 are replaced."""
        blob = self.blob(number, name)
        self._reader.spend(len(blob), f"{name} of {self._what}")
        return bytes(blob).decode("utf-8", errors="replace")

    def _field(self, number: int) -> int | None:
        slot = 4 + 2 * number
        if slot + 2 > self._vtable_size:
            return None
        offset = self._reader.scalar(self._vtable + slot, "uint16", f"a field of {self._what}")
        return self._position + offset if offset else None

    def _follow(self, position: int, what: str) -> int:
        return position + int(self._reader.scalar(position, "uint32", f"the offset of {what}"))

    def _vector(self, number: int, itemsize: int, what: str) -> tuple[int, int]:
        position = self._field(number)
        if position is None:
            return 0, 0
        start = self._follow(position, what)
        count = self._reader.scalar(start, "uint32", f"the length of {what}")
        self._reader.check(start + 4, count * itemsize, what)
        return start + 4, count
