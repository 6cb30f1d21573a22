"""Write small .tflite files, so that tests can draw any shape, scale and option by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np

from qutils.tflm.schema import (
    ACTIVATIONS,
    OPERATOR_NAMES,
    OPTION_FIELDS,
    PADDINGS,
    TYPE_NAMES,
)


@dataclass(frozen=True)
class T:
    """A tensor: of `data` where it is a constant, else an activation of `shape`."""

    shape: tuple[int, ...] = ()
    type: str = "INT8"
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    axis: int = 0
    data: Any = None
    name: str = ""
    is_variable: bool = False


@dataclass(frozen=True)
class Op:
    """An operator on tensors given by their numbers; -1 leaves an optional input out."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Everything that a file holds; `called` are further subgraphs, numbered from 1."""

    tensors: tuple[T, ...]
    operators: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    called: tuple["Graph", ...] = ()

    def to_bytes(self) -> bytes:
        """Return the file."""
        return _Writer().model(self)


def constant(values: Any, type: str = "INT8", **keywords: Any) -> T:
    """Make a constant tensor out of an array."""
    if type == "INT4":
        # Two to a byte, the first one in the lower half.
        nibbles = np.zeros(np.size(values) + np.size(values) % 2, np.uint8)
        nibbles[: np.size(values)] = np.ravel(values).astype(np.int8).view(np.uint8) & 15
        return T(np.shape(values), type, data=nibbles[::2] | nibbles[1::2] << 4, **keywords)
    dtype = np.dtype(type.lower())
    data = np.ascontiguousarray(values, dtype)
    return T(data.shape, type, data=data, **keywords)


class _Writer:
    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def model(self, graph: Graph) -> bytes:
        # Buffer 0 is empty by convention; every constant and every metadata entry has its own.
        blobs = [b""]
        graphs = (graph, *graph.called)
        names = sorted({operator.name for part in graphs for operator in part.operators})
        subgraphs = [self.subgraph(part, names, blobs) for part in graphs]
        metadata = []
        for name, blob in graph.metadata.items():
            metadata.append(self.table({0: self.string(name), 1: ("Uint32", len(blobs))}))
            blobs.append(blob)
        root = self.table(
            {
                0: ("Uint32", 3),
                1: self.vector([self.code(name) for name in names]),
                2: self.vector(subgraphs),
                3: self.string("written by a test"),
                4: self.vector([self.table({0: self.blob(blob)}) for blob in blobs]),
                6: self.vector(metadata),
            }
        )
        self.builder.Finish(root, b"TFL3")
        return bytes(self.builder.Output())

    def subgraph(self, graph: Graph, names: list[str], blobs: list[bytes]) -> int:
        tensors = []
        for tensor in graph.tensors:
            number = 0
            if tensor.data is not None:
                number = len(blobs)
                blobs.append(np.asarray(tensor.data).tobytes())
            tensors.append(self.tensor(tensor, number))
        operators = [self.operator(operator, names) for operator in graph.operators]
        return self.table(
            {
                0: self.vector(tensors),
                1: self.numbers("Int32", graph.inputs),
                2: self.numbers("Int32", graph.outputs),
                3: self.vector(operators),
                4: self.string("main"),
            }
        )

    def tensor(self, tensor: T, buffer: int) -> int:
        fields: dict[int, Any] = {
            0: self.numbers("Int32", tensor.shape),
            1: ("Int8", TYPE_NAMES.index(tensor.type)),
            2: ("Uint32", buffer),
            3: self.string(tensor.name),
            5: ("Bool", tensor.is_variable),
        }
        if tensor.scale is not None:
            scales = np.atleast_1d(np.float32(tensor.scale))
            zero_points = np.broadcast_to(np.int64(tensor.zero_point), scales.shape)
            fields[4] = self.table(
                {
                    2: self.numbers("Float32", scales.tolist()),
                    3: self.numbers("Int64", zero_points.tolist()),
                    6: ("Int32", tensor.axis),
                }
            )
        return self.table(fields)

    def code(self, name: str) -> int:
        if name.startswith("CUSTOM:"):
            fields = {0: ("Int8", 32), 1: self.string(name[7:]), 3: ("Int32", 32)}
        else:
            number = OPERATOR_NAMES.index(name)
            fields = {0: ("Int8", min(number, 127)), 3: ("Int32", number)}
        return self.table({**fields, 2: ("Int32", 1)})

    def operator(self, operator: Op, names: list[str]) -> int:
        fields: dict[int, Any] = {
            0: ("Uint32", names.index(operator.name)),
            1: self.numbers("Int32", operator.inputs),
            2: self.numbers("Int32", operator.outputs),
        }
        if operator.name in OPTION_FIELDS:
            number, known = OPTION_FIELDS[operator.name]
            options = {}
            for name, value in operator.options.items():
                position, form, _ = known[name]
                if form == "padding":
                    form, value = "int8", PADDINGS.index(value)
                elif form == "activation":
                    form, value = "int8", ACTIVATIONS.index(value)
                if form == "text":
                    options[position] = self.string(value)
                elif form == "integers":
                    options[position] = self.numbers("Int32", value)
                else:
                    options[position] = (form.capitalize(), value)
            fields[3] = ("Uint8", number)
            fields[4] = self.table(options)
        return self.table(fields)

    def table(self, fields: Mapping[int, Any]) -> int:
        """Write a table: offsets are ints, numbers are (type, value)."""
        self.builder.StartObject(max(fields, default=-1) + 1)
        for number, value in fields.items():
            if isinstance(value, tuple):
                kind, scalar = value
                getattr(self.builder, f"Prepend{kind}")(scalar)
                self.builder.Slot(number)
            else:
                self.builder.PrependUOffsetTRelativeSlot(number, value, 0)
        return self.builder.EndObject()

    def string(self, text: str) -> int:
        return self.builder.CreateString(text)

    def blob(self, data: bytes) -> int:
        # TFLite wants the data of buffers aligned to 16 bytes.
        self.builder.StartVector(1, len(data), 16)
        self.builder.head -= len(data)
        self.builder.Bytes[self.builder.head : self.builder.head + len(data)] = data
        return self.builder.EndVector()

    def numbers(self, kind: str, values: Sequence[Any]) -> int:
        size = {"Int64": 8}.get(kind, 4)
        self.builder.StartVector(size, len(values), size)
        for value in reversed(values):
            getattr(self.builder, f"Prepend{kind}")(value)
        return self.builder.EndVector()

    def vector(self, offsets: Sequence[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return self.builder.EndVector()
