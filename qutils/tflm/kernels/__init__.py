"""The operators that the emulator runs, one file for each family; `KERNELS` collects them.

What families share: ``base`` the shape of a kernel and its checks; ``moves`` the checks where
nothing is computed; ``window``, ``weighted`` and ``product`` sums, under a window or not;
``output_stage``, ``certified`` and ``rescale`` the way back to int8 and int16; ``tables``,
``gemmlowp`` and ``libm`` functions.  ``xnnpack`` has the same operators as LiteRT computes them.
"""

from qutils.tflm.kernels import (
    activations,
    concatenation,
    conv,
    depthwise,
    elementwise,
    fully_connected,
    pad,
    pooling,
    quantize,
    reduce,
    reshape,
    sigmoid,
    slices,
    softmax,
    svdf,
    transpose,
    transpose_conv,
    variables,
)
from qutils.tflm.kernels.base import Kernel

__all__ = ["KERNELS"]

KERNELS: dict[str, Kernel] = {
    **conv.KERNELS,
    **depthwise.KERNELS,
    **transpose_conv.KERNELS,
    **svdf.KERNELS,
    **fully_connected.KERNELS,
    **pooling.KERNELS,
    **reduce.KERNELS,
    **elementwise.KERNELS,
    **activations.KERNELS,
    **sigmoid.KERNELS,
    **quantize.KERNELS,
    **reshape.KERNELS,
    **concatenation.KERNELS,
    **pad.KERNELS,
    **slices.KERNELS,
    **transpose.KERNELS,
    **variables.KERNELS,
    **softmax.KERNELS,
}
