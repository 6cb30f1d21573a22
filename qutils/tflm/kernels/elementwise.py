"""Operators on two tensors that broadcast: ADD, SUB, MUL, MAXIMUM and MINIMUM.

TFLM: ``micro/kernels/add.cc``, ``add_common.cc``, ``sub.cc``, ``sub_common.cc``, ``mul.cc``,
``mul_common.cc``, ``maximum_minimum.cc``; ``kernels/internal/reference/add.h``, ``sub.h`` and
``integer_ops/mul.h``.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from qutils.integer_arithmetic import sum_factors
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    activation_limits,
    nothing,
    quantized_limits,
    refuse_types,
    require_count,
    require_shape,
    require_types,
)
from qutils.tflm.kernels.rescale import centred, require_zero_point, rescaler, stored
from qutils.tflm.kernels.tables import tabulated

Pair = Callable[[Array, Array], Array]

# Integers are widened by this many bits before they are brought to a common scale.
_LEFT_SHIFT = {"INT8": 20, "INT16": 15}


def prepare_sum(operator: Operator, combine: Pair) -> Run:
    """Prepare ADD or SUB.

    Integers: both inputs are brought to one scale, combined, and the result is requantized.
    """
    kind = _require_pair(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return broadcast(operator, _clipped(operator, combine))
    first, second, target = operator.input(0), operator.input(1), operator.outputs[0]
    left = np.int64(_LEFT_SHIFT[kind])
    factors = sum_factors(first.scale, second.scale, target.scale, _LEFT_SHIFT[kind])
    if factors.output >= 1:
        raise operator.invalid("its scales do not belong together")
    first_to_common, second_to_common, to_output = (rescaler(operator, f) for f in factors)
    limits = quantized_limits(operator)

    def whole(a: Array, b: Array) -> Array:
        common_a = first_to_common(centred(a, first) << left)
        common_b = second_to_common(centred(b, second) << left)
        return stored(to_output(combine(common_a, common_b)), target, limits)

    return broadcast(operator, tabulated(whole, first.type, second.type))


def prepare_mul(operator: Operator) -> Run:
    """Prepare MUL; products of integers are requantized."""
    kind = _require_pair(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return broadcast(operator, _clipped(operator, np.multiply))
    first, second, target = operator.input(0), operator.input(1), operator.outputs[0]
    if kind == "INT16":
        require_zero_point(operator, 0, first, second, target)
    to_output = rescaler(operator, first.scale * second.scale / target.scale)
    limits = quantized_limits(operator)

    def whole(a: Array, b: Array) -> Array:
        return stored(to_output(centred(a, first) * centred(b, second)), target, limits)

    return broadcast(operator, tabulated(whole, first.type, second.type))


def prepare_choice(operator: Operator, prefers: Pair) -> Run:
    """Prepare MAXIMUM or MINIMUM: integers as they are, whatever their scales."""
    _require_pair(operator, "INT8", "INT16", "INT32", "INT64", "FLOAT32")
    # Of two zeros, or beside a NaN, C takes the second.
    return broadcast(operator, lambda a, b: np.where(prefers(a, b), a, b))


def _clipped(operator: Operator, combine: Pair) -> Pair:
    low, high = activation_limits(operator)
    return lambda a, b: np.clip(combine(a, b), low, high)


def _require_pair(operator: Operator, *allowed: str) -> str:
    require_count(operator, (2, 2))
    kind = require_types(operator, *allowed)
    if operator.input(1).type != kind:
        refuse_types(operator)
    return kind


def broadcast(operator: Operator, function: Pair) -> Run:
    """Return the `run` of a function of two arrays whose shapes broadcast to the output's."""
    shapes = [operator.input(0).shape, operator.input(1).shape]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise operator.invalid(
            f"shapes {list(shapes[0])} and {list(shapes[1])} do not broadcast"
        ) from None
    require_shape(operator, operator.outputs[0], shape)
    # The axis of the batch comes first: missing dimensions are put behind it.
    full = [(1,) * (len(shape) - len(s)) + s for s in shapes]

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        a, b = (x.reshape(len(x), *s) for x, s in zip(inputs, full, strict=True))
        return (function(a, b),)

    return run


KERNELS = {
    "ADD": Kernel(partial(prepare_sum, combine=np.add), (60, 60), (8, 8)),
    "SUB": Kernel(partial(prepare_sum, combine=np.subtract), (44, 44), (8, 8)),
    "MUL": Kernel(prepare_mul, (40, 40), (4, 4)),
    "MAXIMUM": Kernel(partial(prepare_choice, prefers=np.greater), temporaries=nothing),
    "MINIMUM": Kernel(partial(prepare_choice, prefers=np.less), temporaries=nothing),
}
