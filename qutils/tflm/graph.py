"""What a model consists of: tensors, operators, subgraphs; plain values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.errors import InvalidModelError

# TFLite's element types that have a NumPy one.  INT4 is packed two to a byte.
DTYPES: dict[str, np.dtype[Any]] = {
    "FLOAT32": np.dtype(np.float32),
    "FLOAT16": np.dtype(np.float16),
    "FLOAT64": np.dtype(np.float64),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "BOOL": np.dtype(np.bool_),
    "COMPLEX64": np.dtype(np.complex64),
    "COMPLEX128": np.dtype(np.complex128),
}


@dataclass(frozen=True, eq=False)
class Quantization:
    """Affine quantization of a tensor as its file states it.

    Attributes
    ----------
    scale
        float32, one value or one per channel.
    zero_point
        int64, as many as `scale`.
    axis
        Dimension that the channels run along.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    axis: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a subgraph.

    Attributes
    ----------
    index
        Its number in the subgraph.
    name
        Its name in the file.
    shape
        Dimensions, all >= 0.
    shape_signature
        The same with -1 for dimensions that the converter left open.
    type
        TFLite's name of the element type, such as "INT8".
    quantization
        None where the file gives no scale or no zero point.
    data
        Values of a constant, read-only, of `shape` (INT4: packed bytes, flat); else None.
    is_variable
        Whether its value survives from one invocation to the next.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    type: str
    quantization: Quantization | None
    data: NDArray[Any] | None
    is_variable: bool

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes that the values take."""
        if self.type == "INT4":
            return (self.size + 1) // 2
        return self.size * DTYPES[self.type].itemsize if self.type in DTYPES else 0

    @property
    def reset_value(self) -> int:
        """The real number 0, as TFLM resets variables to it."""
        if self.type != "INT8" or self.quantization is None:
            return 0
        return int(self.quantization.zero_point[0])

    @property
    def label(self) -> str:
        """Index and name, for messages."""
        return f"tensor {self.index} ({self.name!r})" if self.name else f"tensor {self.index}"


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator with its tensors and its decoded options.

    Attributes
    ----------
    index
        Its number in the subgraph, which is its place in the order of execution.
    name
        The builtin operator's name, or "CUSTOM:" and the name of a custom one.
    inputs, outputs
        Its tensors; None stands for an optional input that is left out.
    options
        Field names and values; empty for operators that the emulator does not know.
    """

    index: int
    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, Any]

    def input(self, number: int) -> Tensor:
        """Return an input that the operator cannot do without."""
        tensor = self.inputs[number] if number < len(self.inputs) else None
        if tensor is None:
            raise InvalidModelError(f"{self.label} leaves out input {number}, which it needs")
        return tensor

    @property
    def label(self) -> str:
        """Index, name and tensor types, for messages."""
        inputs = ", ".join(t.type if t else "none" for t in self.inputs)
        outputs = ", ".join(t.type for t in self.outputs)
        return f"operator {self.index} {self.name} ({inputs} -> {outputs})"


@dataclass(frozen=True, eq=False)
class Subgraph:
    """Tensors and the operators on them, in order of execution.

    Attributes
    ----------
    name
        Its name in the file.
    tensors, inputs, outputs
        All tensors; those that come in; those that go out.
    operators
        In order of execution.
    """

    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
