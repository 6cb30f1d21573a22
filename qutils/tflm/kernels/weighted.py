"""What layers with weights share: types, bias, and the last step.

CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV and FULLY_CONNECTED compute, for each channel
``o`` of the output::

    acc[o] = bias[o] + sum of (x - input zero point) * w[o]
    y[o]   = clamp(output zero point + acc[o] * input scale * filter scale[o] / output scale)

and in float32 the same without zero points and scales.  The input's zero point leaves the loop:
padding holds it, like any input of the value 0, and its part of the sum, the same for all
places, joins the bias.  int8 inputs go with int8 or int4
filters, int16 inputs with int8 ones ("16x8"): these sum in int64 and are rounded once, unless
their bias is int32.  The product of the scales is taken in float64: for FULLY_CONNECTED the
published source multiplies two of them in float32, the compiled interpreter agrees with float64.

TFLM: ``micro/kernels/kernel_util.cc``, ``kernels/kernel_util.cc``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qutils.integer_arithmetic import accumulator_bound, fold_zero_point
from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.kernels.base import (
    Array,
    Run,
    activation_limits,
    constant,
    refuse_types,
    require_count,
    require_rank,
    require_shape,
)
from qutils.tflm.kernels.certified import CertifiedStage
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker, WideStage
from qutils.tflm.kernels.product import Product, exact_dtype, float_product
from qutils.tflm.kernels.window import LARGEST_INT16
from qutils.windows import Window

HYBRID = "Hybrid models are not supported on TFLite Micro."

# Types of input and output, and of the filter -> type of the bias.
_BIAS_TYPES = {
    ("FLOAT32", "FLOAT32"): "FLOAT32",
    ("INT8", "INT8"): "INT32",
    ("INT8", "INT4"): "INT32",
    ("INT16", "INT8"): "INT64",
}
# What 16x8 layers take besides; DEPTHWISE_CONV_2D would read beyond the bias.
_INT16_BIAS_TYPES = {"CONV_2D": "INT32", "FULLY_CONNECTED": "INT32", "TRANSPOSE_CONV": "INT16"}
_STEPS = ("stride_h", "stride_w", "dilation_h", "dilation_w")


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
        What padding holds; 0 for float32.
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
            Makes the last step of layers that sum in int32; another runtime rounds in another way.
        """
        require_count(operator, (2, 3))
        if max(operator.options.get(name, 1) for name in _STEPS) > LARGEST_INT16:
            raise operator.unsupported("TFLM keeps strides and dilations in 16 bits")
        source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
        kind = _check_types(operator)
        values = constant(operator, 1)
        require_rank(operator, rank, weights)
        if values.size == 0:
            raise operator.invalid(f"{weights.label} is empty")
        channels = weights.shape[axis]
        if kind == "FLOAT32":
            bias = _bias(operator, channels, np.float32)
            low, high = activation_limits(operator)

            def finish_floats(total: Array) -> Array:
                return np.clip(total + bias, low, high)

            return cls(values, np.dtype(np.float32), 0, float_product, finish_floats)
        bias, scales = _bias(operator, channels, np.int64), weights.scales
        if len(scales) not in (1, channels):
            raise operator.invalid(
                f"{weights.label} has {len(scales)} scales for {channels} channels"
            )
        values = values.astype(np.int64)
        if operator.name == "FULLY_CONNECTED":
            # No other operator of TFLM's reads the filter's zero point.
            values -= np.int64(weights.zero_point)
        zero_point = 0 if _ignores_zero_points(operator) else source.zero_point
        largest = max(-int(np.iinfo(source.type.lower()).min), abs(zero_point))
        reach = accumulator_bound(values, largest, axis)
        bias = fold_zero_point(bias, values, zero_point, axis)
        real = source.scale * scales / target.scale
        finish = (_int16_stage if kind == "INT16" else stage)(operator, real, bias)
        if isinstance(finish, OutputStage) and kind == "INT8":
            finish = CertifiedStage(finish, reach)
        dtype = exact_dtype(int(reach.max()))
        return cls(values, dtype, zero_point, np.dot, finish)

    def padded(self, x: Array, window: Window) -> Array:
        """Return images (N, height, width, channels) in the dtype to multiply in, padded."""
        if not window.is_padded:
            return x.astype(self.dtype)
        padded, inside = window.surroundings(x.shape, self.dtype, self.zero_point)
        inside[...] = x
        return padded

    def dense(self, matrix: Array, shape: tuple[int, ...]) -> Run:
        """Return a run that multiplies each row of terms: a dense layer, or a 1x1 convolution.

        Parameters
        ----------
        matrix
            (terms, channels).
        shape
            Of the output.
        """
        terms, dtype, product, finish = len(matrix), self.dtype, self.product, self.finish

        def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
            x = inputs[0]
            rows = x.reshape(-1, terms).astype(dtype)
            return (finish(product(rows, matrix)).reshape(len(x), *shape),)

        return run


def convolution_temporaries(operator: Operator) -> tuple[Tensor, ...]:
    """Return the tensors in the order of ``ConvPrepare`` and what it calls."""
    return (*operator.outputs, operator.input(0), operator.input(1), *operator.tensors)


def channel_arrays(operator: Operator) -> tuple[int, int]:
    """Return the bytes of the int32 multipliers and shifts, one for each channel."""
    channels = operator.outputs[0].shape[-1]
    return (4 * channels, 4 * channels)


def unpacked_filter(operator: Operator) -> tuple[int, ...]:
    """Request a byte for each weight where the file packs two into one."""
    weights = operator.input(1)
    return (weights.size,) if weights.type == "INT4" else ()


def _ignores_zero_points(operator: Operator) -> bool:
    """Whether TFLM takes all zero points for 0, as the 16x8 convolutions do."""
    return operator.input(0).type == "INT16" and operator.name != "FULLY_CONNECTED"


def _int16_stage(
    operator: Operator, real: NDArray[np.float64], bias: NDArray[np.int64]
) -> OutputStage:
    """Return the last step of a 16x8 layer: the width of the bias is the width of the sums."""
    given = operator.optional(2)
    is_narrow = given is not None and given.type == "INT32"
    stage = (OutputStage if is_narrow else WideStage).of(operator, real, bias)
    return replace(stage, zero_point=0) if _ignores_zero_points(operator) else stage


def _check_types(operator: Operator) -> str:
    """Return the type of input and output, or refuse what TFLM has no arithmetic for."""
    source, weights, target = operator.input(0), operator.input(1), operator.outputs[0]
    pair = (source.type, weights.type)
    if source.type != target.type or pair not in _BIAS_TYPES:
        words = HYBRID if "FLOAT32" in (*pair, target.type) else ""
        if operator.name == "FULLY_CONNECTED" and source.type == target.type:
            words = f"Input type: {pair[0]} with filter type: {pair[1]} not supported. {words}"
        refuse_types(operator, words)
    bias = operator.optional(2)
    if bias is None or bias.type == _BIAS_TYPES[pair]:
        return source.type
    if pair != ("INT16", "INT8") or bias.type != _INT16_BIAS_TYPES.get(operator.name):
        refuse_types(operator, f"Bias type {bias.type} not supported.")
    return source.type


def _bias(operator: Operator, channels: int, dtype: type) -> Array:
    """Return one value per channel of the output, or a single 0 without a bias."""
    bias = operator.optional(2)
    if bias is None:
        return np.zeros(1, dtype)
    require_shape(operator, bias, (channels,))
    return constant(operator, 2).astype(dtype)
