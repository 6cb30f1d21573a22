"""What all kernels share: their shape, and the checks at the border.

A kernel is `prepare`: it looks at one operator, refuses what it cannot run, computes
everything that does not depend on the values, and returns `run`.  `run` takes the operator's
inputs and returns its outputs.  Every array of `run` has one axis more than its tensor, in
front, for a batch of independent invocations; constants have length 1 there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from qutils.integer_arithmetic import clamps
from qutils.integers import unpack_int4
from qutils.tflm.graph import Operator, Tensor

Array = NDArray[Any]
Run = Callable[..., tuple[Array, ...]]


def nothing(operator: Operator) -> tuple[()]:
    """Request no memory, describe no tensor, call no subgraph."""
    return ()


def _tensors(operator: Operator) -> tuple[Tensor, ...]:
    """Describe each tensor once."""
    return operator.tensors


class Host(Protocol):
    """What an interpreter lends to operators that reach beyond their own tensors.

    Attributes
    ----------
    variables
        Values of the resource variables by name, with a batch axis of 1.
    """

    variables: dict[str, Array]

    def call(self, subgraph: int) -> None:
        """Run another subgraph."""


@dataclass(frozen=True)
class Kernel:
    """How the emulator runs one operator, and what TFLM's reference kernel keeps in the arena.

    Attributes
    ----------
    prepare
        Checks an operator and returns its `run`.  Raises UnsupportedOperatorError for types
        and features, InvalidModelError for shapes and quantization that make no sense.
    data_bytes, option_bytes
        Sizes of the kernel's structure and of its decoded options in the tail, on x86-64 and
        on a 32-bit device; options whose sizes differ hold pointers.
    scratch
        Bytes of each scratch buffer in the head.
    persistent
        Bytes of each further array in the tail.
    temporaries
        Tensors that it describes to itself while it prepares, each as often as it does.
    calls
        Numbers of the subgraphs that the operator may run.
    hosted
        Whether `run` takes a `Host` after its inputs.
    """

    prepare: Callable[[Operator], Run]
    data_bytes: tuple[int, int] = (0, 0)
    option_bytes: tuple[int, int] = (0, 0)
    scratch: Callable[[Operator], tuple[int, ...]] = nothing
    persistent: Callable[[Operator], tuple[int, ...]] = nothing
    temporaries: Callable[[Operator], tuple[Tensor, ...]] = _tensors
    calls: Callable[[Operator], tuple[int, ...]] = nothing
    hosted: bool = False


def on_one_input(function: Callable[[Array], Array]) -> Run:
    """Return the `run` of an operator with one input and one output."""
    return lambda inputs: (function(inputs[0]),)


def require_count(operator: Operator, inputs: tuple[int, int], outputs: int = 1) -> None:
    """Refuse an operator with too few or too many tensors, or with an empty activation.

    Parameters
    ----------
    operator
        The operator.
    inputs
        The least and the greatest number of inputs.
    outputs
        The number of outputs.
    """
    if not inputs[0] <= len(operator.inputs) <= inputs[1]:
        wanted = " to ".join(str(n) for n in sorted(set(inputs)))
        raise operator.invalid(f"has not {wanted} inputs")
    if len(operator.outputs) != outputs:
        raise operator.invalid(f"has not {outputs} outputs")
    for number in range(inputs[0]):
        operator.input(number)
    for tensor in (*operator.inputs[:1], *operator.outputs):
        if tensor is not None and tensor.size == 0:
            raise operator.invalid(f"{tensor.label} is empty")


def require_types(operator: Operator, *allowed: str) -> str:
    """Return the common element type of first input and first output, if it is allowed."""
    source, target = operator.input(0), operator.outputs[0]
    if source.type != target.type or source.type not in allowed:
        refuse_types(operator)
    return source.type


def require_like(operator: Operator, *allowed: str) -> str:
    """Return the element type of an operator whose output has its one input's type and shape."""
    require_count(operator, (1, 1))
    require_shape(operator, operator.outputs[0], operator.input(0).shape)
    return require_types(operator, *allowed)


def refuse_types(operator: Operator, words: str = "") -> NoReturn:
    """Raise UnsupportedOperatorError for the operator's types, in TFLM's words where given."""
    types = {tensor.type for tensor in operator.tensors}
    if not words and "UINT8" in types:
        words = "uint8 models are not supported on TFLite Micro; quantize to int8"
    raise operator.unsupported(words or "the emulator has no kernel for these types")


def require_rank(operator: Operator, rank: int, *tensors: Tensor) -> None:
    """Refuse tensors of more or fewer dimensions."""
    for tensor in tensors:
        if len(tensor.shape) != rank:
            raise operator.invalid(
                f"{tensor.label} has shape {list(tensor.shape)}, needs {rank} dimensions"
            )


def require_shape(operator: Operator, tensor: Tensor, shape: Sequence[int]) -> None:
    """Refuse a tensor that has not the shape that the operator's other tensors imply."""
    if tensor.shape != tuple(shape):
        raise operator.invalid(
            f"{tensor.label} has shape {list(tensor.shape)}, the operator needs {list(shape)}"
        )


def constant(operator: Operator, number: int) -> Array:
    """Return the values of input `number`, which must be a constant of the file."""
    tensor = operator.inputs[number]
    if tensor is None or tensor.data is None:
        raise operator.unsupported(f"the emulator needs input {number} as a constant of the file")
    if tensor.type == "INT4":
        return unpack_int4(tensor.data, tensor.size).reshape(tensor.shape)
    return tensor.data


def activation_limits(operator: Operator) -> tuple[float, float]:
    """Return the smallest and largest output of the operator's fused activation.

    TFLM clamps to these, so that no float32 output is infinite.
    """
    largest = float(np.finfo(np.float32).max)
    limits = {
        "NONE": (-largest, largest),
        "RELU": (0.0, largest),
        "RELU_N1_TO_1": (-1.0, 1.0),
        "RELU6": (0.0, 6.0),
    }
    name = operator.options.get("activation", "NONE")
    if name not in limits:
        raise operator.unsupported(f"the emulator has no fused activation {name}")
    return limits[name]


def quantized_limits(operator: Operator) -> tuple[int, int]:
    """Return the same limits as integers in the scale of the first output."""
    output = operator.outputs[0]
    kind = np.iinfo(output.type.lower())
    limits = activation_limits(operator)
    return clamps(*limits, output.scale, output.zero_point, int(kind.min), int(kind.max))
