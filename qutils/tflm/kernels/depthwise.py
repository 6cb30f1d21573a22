"""DEPTHWISE_CONV_2D, int8, 16x8, int4 weights and float32; the arithmetic is in ``weighted.py``.

TFLM: ``micro/kernels/depthwise_conv.cc``, ``depthwise_conv_common.cc``,
``kernels/internal/reference/integer_ops/depthwise_conv.h`` and ``reference/depthwiseconv_float.h``.

input (n, height, width, channels) and filter (1, size_h, size_w, channels * multiplier) give
output (n, out_h, out_w, channels * multiplier).  Channel ``c`` of the input feeds channels
``c * multiplier`` to ``c * multiplier + multiplier - 1`` of the output, each with its own
filter.
"""

from collections.abc import Callable

import numpy as np

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Array, Kernel, Run, require_shape
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.weighted import (
    Weighted,
    channel_arrays,
    convolution_temporaries,
    unpacked_filter,
)
from qutils.tflm.kernels.window import on_images, window_of
from qutils.windows import Window

# Weights are repeated for a row of outputs up to this many elements.
_MOST_TAPS = 1 << 18


def prepare(operator: Operator, stage: StageMaker = OutputStage.of) -> Run:
    """Prepare DEPTHWISE_CONV_2D."""
    layer = Weighted.of(operator, rank=4, axis=3, stage=stage)
    window = window_of(operator, layer.weights.shape[1:3])
    batch = operator.input(0).shape[0]
    multiplier = operator.options["depth_multiplier"]
    channels = operator.input(0).shape[3] * multiplier
    require_shape(operator, operator.outputs[0], (batch, *window.output, channels))
    require_shape(operator, operator.input(1), (1, *window.size, channels))
    taps = layer.weights[0].astype(layer.dtype)
    exact = layer.product is np.dot
    by_rows = exact and taps.size * window.output[1] <= _MOST_TAPS
    sums = _sums_by_rows(window, taps) if by_rows else _sums_in_order(window, taps)

    def convolve(x: Array) -> Array:
        padded = layer.padded(x, window)
        if multiplier > 1:
            padded = np.repeat(padded, multiplier, axis=3)
        return layer.finish(sums(padded))

    return on_images(operator, convolve)


def _sums_by_rows(window: Window, taps: Array) -> Callable[[Array], Array]:
    """Multiply whole rows of outputs at once: for sums that are exact in any order."""
    repeated = taps[:, :, np.newaxis].repeat(window.output[1], axis=2)
    weights = repeated.reshape(*window.size, -1)
    return lambda padded: np.einsum("nhijx,ijx->nhx", window.rows(padded), weights)


def _sums_in_order(window: Window, taps: Array) -> Callable[[Array], Array]:
    """Add tap by tap, as TFLM does, so that float sums are equal bit for bit."""

    def sums(padded: Array) -> Array:
        total = np.zeros((len(padded), *window.output, taps.shape[2]), taps.dtype)
        term = np.empty_like(total)
        for tap in window.taps():
            np.multiply(window.view(padded, tap), taps[tap], out=term)
            total += term
        return total

    return sums


KERNELS = {
    "DEPTHWISE_CONV_2D": Kernel(
        prepare, (80, 56), (28, 28), unpacked_filter, channel_arrays, convolution_temporaries
    )
}
