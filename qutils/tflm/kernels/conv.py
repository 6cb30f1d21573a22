"""CONV_2D, int8, 16x8, int4 weights and float32; the arithmetic is in ``weighted.py``.

TFLM: ``micro/kernels/conv.cc``, ``conv_common.cc``,
``kernels/internal/reference/integer_ops/conv.h`` and ``reference/conv.h``.

input (n, height, width, channels in) and filter (channels out, size_h, size_w, channels in /
groups) give output (n, out_h, out_w, channels out).  What lies in the padding adds nothing.
"""

import numpy as np

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Array, Kernel, Run, require_shape
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.product import in_blocks
from qutils.tflm.kernels.weighted import (
    Weighted,
    channel_arrays,
    convolution_temporaries,
    unpacked_filter,
)
from qutils.tflm.kernels.window import on_images, window_of


def prepare(operator: Operator, stage: StageMaker = OutputStage.of) -> Run:
    """Prepare CONV_2D."""
    layer = Weighted.of(operator, rank=4, axis=0, stage=stage)
    weights = layer.weights
    window = window_of(operator, weights.shape[1:3])
    batch, channels_in = operator.input(0).shape[0], operator.input(0).shape[3]
    channels, depth = weights.shape[0], weights.shape[3]
    groups = channels_in // depth
    if channels_in % depth or channels % groups:
        raise operator.invalid(
            f"{channels_in} channels in, {channels} out and a filter depth "
            f"of {depth} do not form groups"
        )
    require_shape(operator, operator.outputs[0], (batch, *window.output, channels))
    # One matrix (terms, channels out of the group) for each group.
    matrices = [
        np.ascontiguousarray(part.reshape(len(part), -1).T, layer.dtype)
        for part in np.split(weights, groups)
    ]
    if window.is_point and groups == 1:
        return layer.dense(matrices[0], operator.outputs[0].shape)

    def convolve(x: Array) -> Array:
        patches = window.patches(layer.padded(x, window))
        parts = np.split(patches, groups, axis=-1) if groups > 1 else (patches,)
        sums = [in_blocks(p, m, layer.product) for p, m in zip(parts, matrices, strict=True)]
        return layer.finish(np.concatenate(sums, axis=-1) if groups > 1 else sums[0])

    return on_images(operator, convolve)


KERNELS = {
    "CONV_2D": Kernel(
        prepare, (80, 56), (28, 28), unpacked_filter, channel_arrays, convolution_temporaries
    )
}
