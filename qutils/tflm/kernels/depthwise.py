"""DEPTHWISE_CONV_2D, int8 and float32.

TFLM: ``micro/kernels/depthwise_conv.cc``, ``depthwise_conv_common.cc``,
``kernels/internal/reference/integer_ops/depthwise_conv.h`` and ``reference/depthwiseconv_float.h``.

input (n, height, width, channels) and filter (1, size_h, size_w, channels * multiplier) give
output (n, out_h, out_w, channels * multiplier).  Channel ``c`` of the input feeds channels
``c * multiplier`` to ``c * multiplier + multiplier - 1`` of the output, each with its own
filter; the arithmetic is that of CONV_2D.
"""

from collections.abc import Sequence

import numpy as np

from qutils.errors import InvalidModelError
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    OutputStage,
    Run,
    activation_limits,
    constant,
    require_count,
    require_shape,
    zero_point_of,
)
from qutils.tflm.kernels.conv import bias_of, channel_multipliers, check_weight_types
from qutils.tflm.kernels.window import Window

__all__ = ["KERNELS"]


def prepare(operator: Operator) -> Run:
    """Prepare DEPTHWISE_CONV_2D."""
    require_count(operator, (2, 3))
    kind = check_weight_types(operator)
    weights = constant(operator, 1)
    source, target = operator.input(0), operator.outputs[0]
    if weights.ndim != 4 or weights.shape[0] != 1 or 0 in weights.shape:
        raise InvalidModelError(f"{operator.label} has a filter of shape {list(weights.shape)}")
    window = Window.of(operator, weights.shape[1:3])
    multiplier = operator.options["depth_multiplier"]
    require_shape(operator, target, (source.shape[0], *window.output, source.shape[3] * multiplier))
    require_shape(operator, operator.input(1), (1, *window.size, target.shape[3]))
    if kind == "FLOAT32":
        return _prepare_float(operator, window, weights[0], multiplier)
    return _prepare_int8(operator, window, weights[0], multiplier)


def _prepare_float(operator: Operator, window: Window, weights: Array, multiplier: int) -> Run:
    bias = bias_of(operator, np.float32)
    low, high = activation_limits(operator)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        padded = window.pad(x.reshape(-1, *x.shape[2:]), 0)
        total = _sum_of_taps(window, padded, weights, multiplier)
        return (np.clip(total + bias, low, high).reshape(len(x), -1, *total.shape[1:]),)

    return run


def _prepare_int8(operator: Operator, window: Window, weights: Array, multiplier: int) -> Run:
    source = operator.input(0)
    zero_point = zero_point_of(source)
    # int32 throughout, which wraps where C does.
    weights = weights.astype(np.int32)
    bias = bias_of(operator, np.int32)
    stage = OutputStage.of(operator, channel_multipliers(operator, axis=3))

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        centered = x.reshape(-1, *x.shape[2:]).astype(np.int32) - np.int32(zero_point)
        total = _sum_of_taps(window, window.pad(centered, 0), weights, multiplier) + bias
        return (stage(total.astype(np.int64)).reshape(len(x), -1, *total.shape[1:]),)

    return run


def _sum_of_taps(window: Window, padded: Array, weights: Array, multiplier: int) -> Array:
    """Add the taps in TFLM's order; float sums are then equal bit for bit."""
    if multiplier > 1:
        padded = np.repeat(padded, multiplier, axis=3)
    total = np.zeros((len(padded), *window.output, padded.shape[3]), padded.dtype)
    term = np.empty_like(total)
    for tap in window.taps():
        np.multiply(window.view(padded, tap), weights[tap], out=term)
        total += term
    return total


KERNELS = {"DEPTHWISE_CONV_2D": Kernel(prepare)}
