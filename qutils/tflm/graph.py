"""What a model consists of: tensors, operators, subgraphs; plain values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.errors import InvalidModelError, UnsupportedOperatorError

# TFLite's element types that have a NumPy one.  INT4 is packed two to a byte.
_NUMPY_TYPES = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64
    complex128
"""
DTYPES = {name.upper(): np.dtype(name) for name in _NUMPY_TYPES.split()}


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
    def scale(self) -> float:
        """Scale of a tensor quantized as a whole; InvalidModelError where there is no one scale."""
        scales = self.scales
        if len(scales) != 1:
            raise InvalidModelError(f"{self.label} has {len(scales)} scales, needs one")
        return float(scales[0])

    @property
    def scales(self) -> NDArray[np.float64]:
        """Scale or scales; InvalidModelError where there is none or one is 0."""
        if self.quantization is None:
            raise InvalidModelError(f"{self.label} of type {self.type} has no scale")
        if not self.quantization.scale.all():
            raise InvalidModelError(f"{self.label} has a scale of 0")
        return self.quantization.scale.astype(np.float64)

    @property
    def zero_point(self) -> int:
        """Zero point of a tensor quantized as a whole; 0 where it has none."""
        return int(self.quantization.zero_point[0]) if self.quantization else 0

    @property
    def reset_value(self) -> int:
        """What TFLM fills variables and padding with: the zero point of int8, else 0."""
        return self.zero_point if self.type == "INT8" else 0

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

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Inputs that are not left out, then outputs."""
        return (*(tensor for tensor in self.inputs if tensor), *self.outputs)

    def optional(self, number: int) -> Tensor | None:
        """Return an input, or None where it is left out."""
        return self.inputs[number] if number < len(self.inputs) else None

    def input(self, number: int) -> Tensor:
        """Return an input that the operator cannot do without."""
        tensor = self.optional(number)
        if tensor is None:
            raise self.invalid(f"leaves out input {number}, which it needs")
        return tensor

    def invalid(self, words: str) -> InvalidModelError:
        """Return the error for shapes, options and quantization that make no sense."""
        return InvalidModelError(f"{self.label}: {words}")

    def unsupported(self, words: str) -> UnsupportedOperatorError:
        """Return the error for types and features that TFLM or the emulator has not."""
        return UnsupportedOperatorError(f"{self.label}: {words}")

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
