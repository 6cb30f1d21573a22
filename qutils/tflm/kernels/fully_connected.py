"""FULLY_CONNECTED, int8 (per tensor and per channel) and float32.

TFLM: ``micro/kernels/fully_connected.cc``, ``fully_connected_common.cc``,
``kernels/internal/reference/integer_ops/fully_connected.h`` and ``reference/fully_connected.h``.

The input, of any shape, is read as rows of ``terms`` values; filter (channels, terms) and the
rows give output (..., channels)::

    acc[o] = bias[o] + sum of (x - input zero point) * (w[o] - filter zero point)
    y[o]   = clamp(output zero point + acc[o] * input scale * filter scale[o] / output scale)

The product of the scales is taken in float64: the published source multiplies two of them in
float32, the compiled interpreter agrees with float64.
"""

from collections.abc import Sequence

import numpy as np

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    OutputStage,
    Run,
    activation_limits,
    constant,
    refuse_types,
    require_count,
    zero_point_of,
)
from qutils.tflm.kernels.conv import bias_of, channel_multipliers, check_weight_types
from qutils.tflm.kernels.product import exact_dtype, float_product, integer_product, wrap_int32

__all__ = ["KERNELS"]


def prepare(operator: Operator) -> Run:
    """Prepare FULLY_CONNECTED."""
    require_count(operator, (2, 3))
    source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
    if source.type == "FLOAT32" and weights.type != "FLOAT32":
        refuse_types(
            operator,
            f"Input type: FLOAT32 with filter type: {weights.type} not supported. "
            "Hybrid models are not supported on TFLite Micro.",
        )
    kind = check_weight_types(operator)
    if operator.options["weights_format"]:
        raise UnsupportedOperatorError(f"{operator.label}: shuffled weights are not supported")
    values = constant(operator, 1)
    if values.ndim != 2 or 0 in values.shape:
        raise InvalidModelError(f"{operator.label} has a filter of shape {list(values.shape)}")
    channels, terms = values.shape
    if (
        not target.shape
        or target.shape[-1] != channels
        or (source.size * channels != target.size * terms)
    ):
        raise InvalidModelError(
            f"{operator.label}: input {list(source.shape)}, filter {list(values.shape)} and "
            f"output {list(target.shape)} do not fit together"
        )
    if kind == "FLOAT32":
        return _prepare_float(operator, np.ascontiguousarray(values.T))
    return _prepare_int8(operator, values.T)


def _prepare_float(operator: Operator, matrix: Array) -> Run:
    bias = bias_of(operator, np.float32)
    low, high = activation_limits(operator)
    shape = operator.outputs[0].shape

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        total = float_product(x.reshape(-1, len(matrix)), matrix)
        return (np.clip(total + bias, low, high).reshape(len(x), *shape),)

    return run


def _prepare_int8(operator: Operator, matrix: Array) -> Run:
    source, weights = operator.input(0), operator.input(1)
    zero_point = zero_point_of(source)
    matrix = matrix.astype(np.int64) - zero_point_of(weights)
    exact = exact_dtype(matrix, 128 + abs(zero_point))
    matrix = np.ascontiguousarray(matrix, exact)
    bias = bias_of(operator, np.int64)
    stage = OutputStage.of(operator, channel_multipliers(operator, axis=0))
    shape = operator.outputs[0].shape

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        centered = x.reshape(-1, len(matrix)).astype(exact) - exact.type(zero_point)
        total = integer_product(centered, matrix)
        return (stage(wrap_int32(total + bias)).reshape(len(x), *shape),)

    return run


KERNELS = {"FULLY_CONNECTED": Kernel(prepare)}
