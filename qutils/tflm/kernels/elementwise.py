"""ADD, RELU and RELU6, int8 and float32.

TFLM: ``micro/kernels/add.cc``, ``add_common.cc``, ``activations.cc``, ``activations_common.cc``
and ``kernels/internal/reference/integer_ops/add.h``.
"""

from collections.abc import Callable, Sequence

import numpy as np

from qutils.affine import round_half_away
from qutils.errors import InvalidModelError
from qutils.fixed_point import quantize_multiplier, requantize
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    activation_limits,
    refuse_types,
    require_count,
    require_shape,
    require_types,
    scale_of,
    zero_point_of,
)
from qutils.tflm.kernels.output_stage import OutputStage

Adder = Callable[[Array, Array], Array]

# int8 inputs are widened by this many bits before they are brought to a common scale.
_ADD_LEFT_SHIFT = 20


def prepare_add(operator: Operator) -> Run:
    """Prepare ADD, with broadcasting.

    int8: both inputs are shifted left by 20 bits, multiplied to the scale
    ``2 * max(scale 1, scale 2)``, added, and the sum is requantized.
    """
    require_count(operator, (2, 2))
    kind = require_types(operator, "INT8", "FLOAT32")
    first, second, target = operator.input(0), operator.input(1), operator.outputs[0]
    if second.type != kind:
        refuse_types(operator)
    try:
        shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        raise InvalidModelError(
            f"{operator.label}: shapes {list(first.shape)} and {list(second.shape)} do not "
            "broadcast"
        ) from None
    require_shape(operator, target, shape)
    ranks = [len(shape) - len(t.shape) for t in (first, second)]
    add = _int8_adder(operator) if kind == "INT8" else _float_adder(operator)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        a, b = (
            x.reshape(len(x), *(1,) * missing, *x.shape[1:])
            for x, missing in zip(inputs, ranks, strict=True)
        )
        return (add(a, b),)

    return run


def _float_adder(operator: Operator) -> Adder:
    low, high = activation_limits(operator)

    def add(a: Array, b: Array) -> Array:
        return np.clip(a + b, low, high)

    return add


def _int8_adder(operator: Operator) -> Adder:
    first, second, target = operator.input(0), operator.input(1), operator.outputs[0]
    twice_max = 2 * max(scale_of(first), scale_of(second))
    sides = []
    for tensor in (first, second):
        multiplier, shift = quantize_multiplier(scale_of(tensor) / twice_max)
        sides.append((zero_point_of(tensor), np.array(multiplier), np.array(shift)))
    real = twice_max / (2**_ADD_LEFT_SHIFT * scale_of(target))
    if real >= 1:
        raise InvalidModelError(f"{operator.label}: its scales do not belong together")
    stage = OutputStage.of(operator, np.array(real))

    def scaled(x: Array, side: tuple[int, Array, Array]) -> Array:
        zero_point, multiplier, shift = side
        shifted = (x.astype(np.int64) - np.int64(zero_point)) << np.int64(_ADD_LEFT_SHIFT)
        return requantize(shifted, multiplier, shift)

    def add(a: Array, b: Array) -> Array:
        return stage(scaled(a, sides[0]) + scaled(b, sides[1]))

    return add


def prepare_relu(operator: Operator) -> Run:
    """Prepare RELU; int8 values are requantized to the scale of the output."""
    require_count(operator, (1, 1))
    kind = require_types(operator, "INT8", "FLOAT32")
    source, target = operator.input(0), operator.outputs[0]
    require_shape(operator, target, source.shape)
    if kind == "FLOAT32":
        return lambda inputs: (np.where(inputs[0] < 0, np.float32(0), inputs[0]),)
    whole = OutputStage.of(operator, np.array(scale_of(source) / scale_of(target)))
    stage = OutputStage(whole.multiplier, whole.shift, whole.zero_point, whole.zero_point, 127)
    zero_point = np.int64(zero_point_of(source))
    return lambda inputs: (stage(inputs[0].astype(np.int64) - zero_point),)


def prepare_relu6(operator: Operator) -> Run:
    """Prepare RELU6; int8 values are only clamped, in the scale of the input."""
    require_count(operator, (1, 1))
    kind = require_types(operator, "INT8", "FLOAT32")
    source = operator.input(0)
    require_shape(operator, operator.outputs[0], source.shape)
    if kind == "FLOAT32":
        return lambda inputs: (np.clip(inputs[0], np.float32(0), np.float32(6)),)
    zero = zero_point_of(source)
    steps = float(round_half_away(np.float32(6) / np.float32(scale_of(source))))
    six = int(min(zero + steps, 127))
    return lambda inputs: (np.clip(inputs[0], zero, six),)


KERNELS = {
    "ADD": Kernel(prepare_add, (60, 60), (8, 8)),
    "RELU": Kernel(prepare_relu, (28, 28)),
    "RELU6": Kernel(prepare_relu6, (8, 8)),
}
