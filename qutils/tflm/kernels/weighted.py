"""What CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED share: types, bias, and the last step.

All three compute, for each channel ``o`` of the output::

    acc[o] = bias[o] + sum of (x - input zero point) * w[o]
    y[o]   = clamp(output zero point + acc[o] * input scale * filter scale[o] / output scale)

and in float32 the same without zero points and scales.  The product of the scales is taken in
float64: for FULLY_CONNECTED the published source multiplies two of them in float32, the
compiled interpreter agrees with float64.

TFLM: ``micro/kernels/kernel_util.cc``, ``kernels/kernel_util.cc``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qutils.errors import InvalidModelError
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    activation_limits,
    constant,
    per_channel_scale,
    refuse_types,
    require_count,
    require_shape,
    scale_of,
    zero_point_of,
)
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.product import Product, exact_dtype, float_product

_HYBRID = "Hybrid models are not supported on TFLite Micro."


@dataclass(frozen=True)
class Weighted:
    """How a layer with weights treats its input and its sums.

    Attributes
    ----------
    is_float
        Whether the layer is float32, else int8.
    zero_point
        Of the input; 0 for float32.
    finish
        From sums of products, channels last, to outputs.
    """

    is_float: bool
    zero_point: int
    finish: Callable[[Array], Array]

    @classmethod
    def of(
        cls, operator: Operator, rank: int, axis: int, stage: StageMaker = OutputStage.of
    ) -> "Weighted":
        """Check the operator's types and prepare its last step.

        Parameters
        ----------
        operator
            Input, constant filter, optional bias -> output.
        rank
            Dimensions of the filter.
        axis
            Dimension of the filter that holds the channels of the output.
        stage
            Makes the last step of int8 layers; another runtime rounds in another way.
        """
        require_count(operator, (2, 3))
        source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
        is_float = _check_types(operator) == "FLOAT32"
        if constant(operator, 1).size == 0 or len(weights.shape) != rank:
            raise InvalidModelError(f"{operator.label} has a filter of shape {list(weights.shape)}")
        bias = _bias(operator, np.float32 if is_float else np.int64)
        if is_float:
            low, high = activation_limits(operator)
            return cls(True, 0, lambda total: np.clip(total + bias, low, high))
        scales = per_channel_scale(weights)
        if len(scales) not in (1, weights.shape[axis]):
            raise InvalidModelError(
                f"{operator.label}: {weights.label} has {len(scales)} scales for "
                f"{weights.shape[axis]} channels"
            )
        finish = stage(operator, scale_of(source) * scales / scale_of(target), bias)
        return cls(False, zero_point_of(source), finish)

    def product(self, matrix: Array) -> tuple[Array, Product]:
        """Return a matrix (terms, channels) in the dtype to multiply in, and how to do it."""
        if self.is_float:
            return np.ascontiguousarray(matrix), float_product
        exact = exact_dtype(matrix, 128 + abs(self.zero_point))
        return np.ascontiguousarray(matrix, exact), np.matmul

    def center(self, x: Array, dtype: np.dtype) -> Array:
        """Return ``x - zero point`` in another dtype."""
        return x.astype(dtype) - dtype.type(self.zero_point)


def channel_arrays(operator: Operator) -> tuple[int, int]:
    """Return the bytes of the int32 multipliers and shifts, one for each channel."""
    channels = operator.outputs[0].shape[-1]
    return (4 * channels, 4 * channels)


def _check_types(operator: Operator) -> str:
    """Return "INT8" or "FLOAT32", the type of input, filter and output, or refuse."""
    source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
    if operator.name == "FULLY_CONNECTED" and source.type == "FLOAT32" != weights.type:
        words = f"Input type: {source.type} with filter type: {weights.type} not supported."
        refuse_types(operator, f"{words} {_HYBRID}")
    types = {source.type, weights.type, target.type}
    if types not in ({"INT8"}, {"FLOAT32"}):
        refuse_types(operator, _HYBRID if "FLOAT32" in types else "")
    bias = operator.inputs[2] if len(operator.inputs) > 2 else None
    if bias is not None and bias.type != {"INT8": "INT32"}.get(source.type, source.type):
        refuse_types(operator)
    return source.type


def _bias(operator: Operator, dtype: type) -> Array:
    """Return one value per channel of the output, or a single 0 without a bias."""
    if len(operator.inputs) < 3 or operator.inputs[2] is None:
        return np.zeros(1, dtype)
    require_shape(operator, operator.input(2), operator.outputs[0].shape[-1:])
    return constant(operator, 2).astype(dtype)
