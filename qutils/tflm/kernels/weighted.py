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
from numpy.typing import NDArray

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
from qutils.tflm.kernels.certified import CertifiedStage
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.product import Product, exact_dtype, float_product

_HYBRID = "Hybrid models are not supported on TFLite Micro."


@dataclass(frozen=True)
class Weighted:
    """How a layer with weights treats its input and its sums.

    Attributes
    ----------
    weights
        The filter, without its zero point.
    dtype
        What to multiply in: float32 for float32, else the floats in which sums are exact.
    zero_point
        What lies in the padding of the input; 0 for float32.
    product
        Of a matrix (rows, terms) and one (terms, channels).
    finish
        From sums of products, channels last, to outputs; may overwrite them.
    """

    weights: Array
    dtype: np.dtype[np.floating]
    zero_point: int
    product: Product
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
            return cls(
                constant(operator, 1),
                np.dtype(np.float32),
                0,
                float_product,
                lambda total: np.clip(total + bias, low, high),
            )
        scales = per_channel_scale(weights)
        if len(scales) not in (1, weights.shape[axis]):
            raise InvalidModelError(
                f"{operator.label}: {weights.label} has {len(scales)} scales for "
                f"{weights.shape[axis]} channels"
            )
        values = _centered(operator)
        # The input's zero point goes into the bias, so that int8 values are multiplied as they are.
        zero_point = zero_point_of(source)
        others = tuple(dimension for dimension in range(rank) if dimension != axis)
        bias = bias - np.int64(zero_point) * values.sum(others)
        reach = np.int64(128) * np.abs(values).sum(others)
        finish = stage(operator, scale_of(source) * scales / scale_of(target), bias)
        if isinstance(finish, OutputStage):
            finish = CertifiedStage(finish, reach)
        return cls(values, exact_dtype(int(reach.max())), zero_point, np.matmul, finish)


def channel_arrays(operator: Operator) -> tuple[int, int]:
    """Return the bytes of the int32 multipliers and shifts, one for each channel."""
    channels = operator.outputs[0].shape[-1]
    return (4 * channels, 4 * channels)


def _centered(operator: Operator) -> NDArray[np.int64]:
    """Return the filter without its zero point, which only FULLY_CONNECTED has."""
    values = constant(operator, 1).astype(np.int64)
    if operator.name == "FULLY_CONNECTED":
        values -= np.int64(zero_point_of(operator.input(1)))
    return values


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
