"""Decode the bytes of a .tflite file into subgraphs, and check that they make sense."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm.flatbuffer import Reader, Table
from qutils.tflm.graph import DTYPES, Operator, Quantization, Subgraph, Tensor
from qutils.tflm.schema import ACTIVATIONS, OPERATOR_NAMES, OPTION_FIELDS, PADDINGS, TYPE_NAMES

Item = TypeVar("Item")

# TFLM's memory planner counts bytes in a 32-bit int.
_MAX_TENSOR_BYTES = 2**31 - 1
_MAX_DIMENSIONS = 8
# Far above any model for a microcontroller.
_MOST_OPERATORS = 2048
_MOST_TENSORS = 20_000
_MOST_SHARED_BYTES = 1 << 24
_LIMITS = {"INT4": (-8, 7)} | {
    name: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    for name, dtype in DTYPES.items()
    if dtype.kind in "iu"
}


def root_table(data: bytes) -> Table:
    """Return the root table of a .tflite file, or say why it is none.

    Raises
    ------
    InvalidModelError
        Empty, too short, without the identifier "TFL3", or not of schema version 3.
    """
    if len(data) < 8:
        raise InvalidModelError(f"a .tflite file has at least 8 bytes, this one has {len(data)}")
    if data[4:8] != b"TFL3":
        raise InvalidModelError(
            f"not a .tflite file: bytes 4..8 should be b'TFL3' and are {data[4:8]!r}"
        )
    root = Reader(data).root()
    version = root.scalar(0, "uint32", 0, "version")
    if version != 3:
        raise InvalidModelError(f"schema version {version}: only version 3 exists")
    return root


def parse_metadata(root: Table) -> dict[str, bytes]:
    """Return the named metadata buffers of the file."""
    buffers = root.tables(4, "buffer")
    metadata = {}
    for entry in root.tables(6, "metadata entry"):
        name = entry.text(0, "name")
        number = entry.scalar(1, "uint32", 0, "buffer")
        buffer = _pick(buffers, number, f"metadata {name!r} names buffer")
        metadata[name] = buffer.content(0, "data")
    return metadata


def _pick(items: Sequence[Item], number: int, what: str) -> Item:
    """Return one of several things that the file names by its number."""
    if not 0 <= number < len(items):
        raise InvalidModelError(f"{what} {number} of {len(items)}")
    return items[number]


def parse_subgraphs(root: Table) -> tuple[Subgraph, ...]:
    """Decode and check all subgraphs.

    Raises
    ------
    InvalidModelError
        Anything that does not fit together, with its place in the file.
    """
    buffers = [_buffer(table, i) for i, table in enumerate(root.tables(4, "buffer"))]
    codes = [_operator_name(table) for table in root.tables(1, "operator code")]
    subgraphs: list[Subgraph] = []
    for table in root.tables(2, "subgraph"):
        subgraphs.append(_subgraph(table, buffers, codes))
        _check_amount(subgraphs, len(root.reader.data))
    if not subgraphs:
        raise InvalidModelError("the model has no subgraph")
    for subgraph in subgraphs:
        _check_order(subgraph)
    return tuple(subgraphs)


def _check_amount(subgraphs: list[Subgraph], file_bytes: int) -> None:
    """Refuse files that cost far more time and memory than their size tells."""
    operators = [operator for subgraph in subgraphs for operator in subgraph.operators]
    tensors = sum(len(subgraph.tensors) for subgraph in subgraphs)
    if len(operators) > _MOST_OPERATORS or tensors > _MOST_TENSORS:
        raise UnsupportedOperatorError(
            f"{len(operators)} operators and {tensors} tensors: the emulator takes at most "
            f"{_MOST_OPERATORS} and {_MOST_TENSORS}"
        )
    read = sum(t.size_bytes for op in operators for t in op.inputs if t and t.data is not None)
    if read > file_bytes + _MOST_SHARED_BYTES:
        raise UnsupportedOperatorError(
            f"operators read {read} bytes of constants out of a file of {file_bytes}: the emulator "
            f"keeps a copy for each operator, and so at most {_MOST_SHARED_BYTES} bytes more"
        )


def _buffer(table: Table, index: int) -> memoryview:
    if table.scalar(1, "uint64", 0, "offset") > 1:
        raise InvalidModelError(
            f"buffer {index} lies outside the FlatBuffer, which TFLM cannot read"
        )
    return table.blob(0, "data")


def _operator_name(table: Table) -> str:
    # Codes above 127 do not fit the older, one-byte field.
    code = max(
        table.scalar(0, "int8", 0, "deprecated builtin code"),
        table.scalar(3, "int32", 0, "builtin code"),
    )
    if not 0 <= code < len(OPERATOR_NAMES):
        return f"BUILTIN_{code}"
    name = OPERATOR_NAMES[code]
    return f"CUSTOM:{table.text(1, 'custom code')}" if name == "CUSTOM" else name


def _subgraph(table: Table, buffers: list[memoryview], codes: list[str]) -> Subgraph:
    tensors = tuple(_tensor(t, i, buffers) for i, t in enumerate(table.tables(0, "tensor")))

    def pick(indices: tuple[int, ...], what: str) -> tuple[Tensor, ...]:
        return tuple(_pick(tensors, index, f"{what} names tensor") for index in indices)

    operators = []
    for i, entry in enumerate(table.tables(3, "operator")):
        number = entry.scalar(0, "uint32", 0, "opcode index")
        name = _pick(codes, number, f"operator {i} names operator code")
        what = f"operator {i} {name}"
        inputs = tuple(
            None if index == -1 else pick((index,), f"an input of {what}")[0]
            for index in entry.integers(1, "int32", "inputs")
        )
        outputs = pick(entry.integers(2, "int32", "outputs"), f"an output of {what}")
        operators.append(Operator(i, name, inputs, outputs, _options(entry, name, what)))
    return Subgraph(
        table.text(4, "name"),
        tensors,
        pick(table.integers(1, "int32", "inputs"), "an input of the model"),
        pick(table.integers(2, "int32", "outputs"), "an output of the model"),
        tuple(operators),
    )


def _tensor(table: Table, index: int, buffers: list[memoryview]) -> Tensor:
    shape = table.integers(0, "int32", "shape")
    number = table.scalar(1, "int8", 0, "type")
    tensor = Tensor(
        index=index,
        name=table.text(3, "name"),
        shape=shape,
        shape_signature=table.integers(7, "int32", "shape signature") or shape,
        type=_pick(TYPE_NAMES, number, f"tensor {index} names element type"),
        quantization=_quantization(table.table(4, "quantization"), index),
        data=None,
        is_variable=table.scalar(5, "bool", False, "is_variable"),
    )
    if len(shape) > _MAX_DIMENSIONS or any(dimension < 0 for dimension in shape):
        raise InvalidModelError(f"{tensor.label} has the impossible shape {list(shape)}")
    # A tensor of no elements may still not pass what a shape can hold.
    if max(prod(n or 1 for n in shape), tensor.size_bytes) > _MAX_TENSOR_BYTES:
        raise InvalidModelError(f"{tensor.label} of shape {list(shape)} passes 2^31 - 1 bytes")
    _check_zero_point(tensor)
    number = table.scalar(2, "uint32", 0, "buffer")
    if number >= len(buffers):
        raise InvalidModelError(
            f"{tensor.label} names buffer {number} of {len(buffers)}: there is no such buffer, and "
            "TFLM crashes where it looks for it"
        )
    if tensor.is_variable and tensor.type not in DTYPES:
        raise UnsupportedOperatorError(f"{tensor.label}: no variable can be of {tensor.type}")
    # TFLM gives a variable memory of its own, whatever the file holds.
    if tensor.is_variable or (len(buffers[number]) == 0 and tensor.size > 0):
        return tensor
    return replace(tensor, data=_values(tensor, buffers[number]))


def _check_zero_point(tensor: Tensor) -> None:
    if tensor.quantization is None or tensor.type not in _LIMITS:
        return
    low, high = _LIMITS[tensor.type]
    for zero_point in tensor.quantization.zero_point.tolist():
        if not low <= zero_point <= high:
            raise InvalidModelError(
                f"{tensor.label} of type {tensor.type} has the zero point {zero_point}"
            )


def _values(tensor: Tensor, blob: memoryview) -> NDArray[Any]:
    packed = tensor.type == "INT4"
    dtype = np.dtype(np.uint8) if packed else DTYPES.get(tensor.type)
    if dtype is None:
        return np.frombuffer(blob, np.uint8)
    if len(blob) < tensor.size_bytes:
        raise InvalidModelError(
            f"{tensor.label} of shape {list(tensor.shape)} and type {tensor.type} takes "
            f"{tensor.size_bytes} bytes, its buffer has {len(blob)}"
        )
    flat = np.frombuffer(blob[: tensor.size_bytes], dtype.newbyteorder("<"))
    return flat if packed else flat.reshape(tensor.shape)


def _quantization(table: Table | None, index: int) -> Quantization | None:
    if table is None:
        return None
    scale = table.array(2, "float32", "scale")
    zero_point = table.array(3, "int64", "zero_point")
    if not len(scale) or not len(zero_point):
        return None
    if len(zero_point) != len(scale):
        # TFLM takes the first one for all channels.
        zero_point = np.full(len(scale), zero_point[0])
    if not (np.isfinite(scale) & (scale >= 0)).all():
        raise InvalidModelError(f"tensor {index} has a scale that is negative or not finite")
    return Quantization(scale, zero_point, table.scalar(6, "int32", 0, "quantized dimension"))


def _options(entry: Table, name: str, what: str) -> dict[str, Any]:
    if name not in OPTION_FIELDS:
        return {}
    number, fields = OPTION_FIELDS[name]
    kind = entry.scalar(3, "uint8", 0, "builtin_options_type")
    table = entry.table(4, "builtin_options") if kind == number else None
    options = {}
    for field, (position, form, default) in fields.items():
        names = {"padding": PADDINGS, "activation": ACTIVATIONS}.get(form)
        if table is None:
            value = default
        elif form == "text":
            value = table.text(position, field)
        elif form == "integers":
            value = table.integers(position, "int32", field)
        else:
            value = table.scalar(position, "int8" if names else form, default, field)
        options[field] = _pick(names, value, f"{what} names {field}") if names else value
    return options


def _check_order(subgraph: Subgraph) -> None:
    """Every tensor that is read was written before, and is written once."""
    known = {t.index for t in subgraph.tensors if t.data is not None or t.is_variable}
    known |= {t.index for t in subgraph.inputs}
    for operator in subgraph.operators:
        for tensor in operator.inputs:
            if tensor is not None and tensor.index not in known:
                raise operator.invalid(f"reads {tensor.label} before any operator has written it")
        for tensor in operator.outputs:
            if tensor.index in known:
                raise operator.invalid(f"writes {tensor.label}, which already has a value")
            known.add(tensor.index)
    for tensor in subgraph.outputs:
        if tensor.index not in known:
            raise InvalidModelError(f"the output {tensor.label} is written by no operator")
