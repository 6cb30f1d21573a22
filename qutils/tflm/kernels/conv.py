"""CONV_2D, int8 and float32.

TFLM: ``micro/kernels/conv.cc``, ``conv_common.cc``,
``kernels/internal/reference/integer_ops/conv.h`` and ``reference/conv.h``.

input (n, height, width, channels in) and filter (channels out, size_h, size_w, channels in /
groups) give output (n, out_h, out_w, channels out)::

    acc[o] = bias[o] + sum over the window of (x - input zero point) * w[o]
    y[o]   = clamp(output zero point + acc[o] * input scale * filter scale[o] / output scale)

What lies in the padding adds nothing.
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
    per_channel_scale,
    refuse_types,
    require_count,
    require_shape,
    scale_of,
    zero_point_of,
)
from qutils.tflm.kernels.product import (
    Product,
    exact_dtype,
    float_product,
    in_blocks,
    integer_product,
    wrap_int32,
)
from qutils.tflm.kernels.window import Window

__all__ = ["KERNELS", "bias_of", "channel_multipliers", "check_weight_types"]


def prepare(operator: Operator) -> Run:
    """Prepare CONV_2D."""
    require_count(operator, (2, 3))
    kind = check_weight_types(operator)
    weights = constant(operator, 1)
    source, target = operator.input(0), operator.outputs[0]
    if weights.ndim != 4 or 0 in weights.shape:
        raise InvalidModelError(f"{operator.label} has a filter of shape {list(weights.shape)}")
    window = Window.of(operator, weights.shape[1:3])
    channels, depth = weights.shape[0], weights.shape[3]
    groups = source.shape[3] // depth
    if source.shape[3] % depth or channels % groups:
        raise InvalidModelError(
            f"{operator.label}: {source.shape[3]} channels in, {channels} out and a filter depth "
            f"of {depth} do not form groups"
        )
    require_shape(operator, target, (source.shape[0], *window.output, channels))
    # One matrix (terms, channels out of the group) per group.
    matrices = [part.reshape(len(part), -1).T for part in np.split(weights, groups)]
    if kind == "FLOAT32":
        return _prepare_float(operator, window, [np.ascontiguousarray(m) for m in matrices])
    return _prepare_int8(operator, window, matrices)


def _prepare_float(operator: Operator, window: Window, matrices: list[Array]) -> Run:
    bias = bias_of(operator, np.float32)
    low, high = activation_limits(operator)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        padded = window.pad(x.reshape(-1, *x.shape[2:]), 0)
        total = _grouped(window, padded, matrices, float_product)
        return (np.clip(total + bias, low, high).reshape(len(x), -1, *total.shape[1:]),)

    return run


def _prepare_int8(operator: Operator, window: Window, matrices: list[Array]) -> Run:
    source = operator.input(0)
    zero_point = zero_point_of(source)
    exact = max((exact_dtype(m, 128 + abs(zero_point)) for m in matrices), key=lambda d: d.itemsize)
    matrices = [np.ascontiguousarray(m, exact) for m in matrices]
    bias = bias_of(operator, np.int64)
    stage = OutputStage.of(operator, channel_multipliers(operator, axis=0))

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        centered = x.reshape(-1, *x.shape[2:]).astype(exact) - exact.type(zero_point)
        total = _grouped(window, window.pad(centered, 0), matrices, integer_product)
        return (stage(wrap_int32(total + bias)).reshape(len(x), -1, *total.shape[1:]),)

    return run


def _grouped(window: Window, padded: Array, matrices: list[Array], product: Product) -> Array:
    patches = window.patches(padded)
    depth = patches.shape[-1] // len(matrices)
    parts = [
        in_blocks(patches[..., group * depth : (group + 1) * depth], matrix, product)
        for group, matrix in enumerate(matrices)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def check_weight_types(operator: Operator) -> str:
    """Return "INT8" or "FLOAT32", the type of input, filter and output, or refuse."""
    source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
    types = source.type, weights.type, target.type
    if types in (("INT8",) * 3, ("FLOAT32",) * 3):
        bias = operator.inputs[2] if len(operator.inputs) > 2 else None
        if bias is not None and bias.type != {"INT8": "INT32"}.get(source.type, source.type):
            refuse_types(operator)
        return source.type
    hybrid = "FLOAT32" in types and types != ("FLOAT32",) * 3
    refuse_types(operator, "Hybrid models are not supported on TFLite Micro." if hybrid else "")


def bias_of(operator: Operator, dtype: type) -> Array:
    """Return the bias, one value per channel of the output, or a single 0 without one."""
    if len(operator.inputs) < 3 or operator.inputs[2] is None:
        return np.zeros(1, dtype)
    require_shape(operator, operator.input(2), operator.outputs[0].shape[-1:])
    return constant(operator, 2).astype(dtype)


def channel_multipliers(operator: Operator, axis: int) -> Array:
    """Return input scale * filter scale / output scale, one or one per channel, in float64.

    Parameters
    ----------
    operator
        A convolution or fully connected layer.
    axis
        Dimension of the filter that holds the channels of the output.
    """
    source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
    scales = per_channel_scale(weights)
    if len(scales) not in (1, weights.shape[axis]):
        raise InvalidModelError(
            f"{operator.label}: {weights.label} has {len(scales)} scales for "
            f"{weights.shape[axis]} channels"
        )
    return scale_of(source) * scales / scale_of(target)


KERNELS = {"CONV_2D": Kernel(prepare)}
