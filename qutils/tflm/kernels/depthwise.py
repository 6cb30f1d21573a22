"""DEPTHWISE_CONV_2D, int8, 16x8, int4 weights and float32; the arithmetic is in ``weighted.py``.

TFLM: ``micro/kernels/depthwise_conv.cc``, ``depthwise_conv_common.cc``,
``kernels/internal/reference/integer_ops/depthwise_conv.h`` and ``reference/depthwiseconv_float.h``.

input (n, height, width, channels) and filter (1, size_h, size_w, channels * multiplier) give
output (n, out_h, out_w, channels * multiplier).  Channel ``c`` of the input feeds channels
``c * multiplier`` to ``c * multiplier + multiplier - 1`` of the output, each with its own
filter.
"""

from collections.abc import Sequence

import numpy as np

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Array, Kernel, Run, require_shape
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.weighted import Weighted, channel_arrays, unpacked_filter
from qutils.tflm.kernels.window import Window

# Rows of weights are repeated up to this many elements.
_LONGEST_ROW = 1 << 12


def prepare(operator: Operator, stage: StageMaker = OutputStage.of) -> Run:
    """Prepare DEPTHWISE_CONV_2D."""
    layer = Weighted.of(operator, rank=4, axis=3, stage=stage)
    window = Window.of(operator, layer.weights.shape[1:3])
    batch = operator.input(0).shape[0]
    multiplier = operator.options["depth_multiplier"]
    channels = operator.input(0).shape[3] * multiplier
    require_shape(operator, operator.outputs[0], (batch, *window.output, channels))
    require_shape(operator, operator.input(1), (1, *window.size, channels))
    taps = _in_rows(layer.weights[0].astype(layer.dtype), window.output[1])

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        padded = window.pad(x.reshape(-1, *x.shape[2:]), layer.zero_point, layer.dtype)
        if multiplier > 1:
            padded = np.repeat(padded, multiplier, axis=3)
        total = np.zeros((len(padded), *window.output, channels), layer.dtype)
        term = np.empty_like(total)
        # In TFLM's order, so that float sums are equal bit for bit.
        for tap in window.taps():
            np.multiply(window.view(padded, tap), taps[tap], out=term)
            total += term
        output = layer.finish(total)
        return (output.reshape(len(x), batch, *output.shape[1:]),)

    return run


def _in_rows(taps: Array, width: int) -> Array:
    """Repeat (size_h, size_w, channels) along a new axis of `width`, where that is short.

    So that a whole row of outputs is multiplied in one go: (size_h, size_w, width, channels).
    """
    if width * taps.shape[2] > _LONGEST_ROW:
        width = 1
    return taps[:, :, np.newaxis].repeat(width, axis=2)


KERNELS = {
    "DEPTHWISE_CONV_2D": Kernel(prepare, (80, 56), (28, 28), unpacked_filter, channel_arrays)
}
