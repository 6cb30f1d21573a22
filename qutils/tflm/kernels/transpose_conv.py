"""TRANSPOSE_CONV, int8, 16x8 and float32; the arithmetic is in ``weighted.py``.

TFLM: ``micro/kernels/transpose_conv.cc``, ``kernels/internal/reference/transpose_conv.h`` and
``reference/integer_ops/transpose_conv.h``.

input (n, height, width, channels in) and filter (channels out, size_h, size_w, channels in)
give output (n, out_h, out_w, channels out): each input is multiplied by the whole filter and
added to the outputs from ``position * stride - padding`` on.

The same sums in the same order: lay the inputs `stride` apart in a field of zeros, turn the
filter around, and let it slide over the field as in CONV_2D.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    refuse_types,
    require_count,
    require_rank,
    require_shape,
)
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.product import in_blocks
from qutils.tflm.kernels.weighted import HYBRID, Weighted, channel_arrays
from qutils.tflm.kernels.window import on_images
from qutils.windows import Window, place

# The field may have this many times the elements of input and output.
_LARGEST_FIELD = 64


def prepare(operator: Operator, stage: StageMaker = OutputStage.of) -> Run:
    """Prepare TRANSPOSE_CONV; its first input, the shape of the output, plays no part."""
    require_count(operator, (3, 4))
    if operator.input(1).type == "INT4":
        refuse_types(operator, HYBRID)
    source, target = operator.input(2), operator.outputs[0]
    inputs = (source, operator.input(1), *operator.inputs[3:])
    layer = Weighted.of(replace(operator, inputs=inputs), rank=4, axis=0, stage=stage)
    channels, *size, depth = layer.weights.shape
    require_rank(operator, 4, source, target)
    require_shape(operator, source, (*source.shape[:3], depth))
    require_shape(operator, target, (source.shape[0], *target.shape[1:3], channels))
    stride = operator.options["stride_h"], operator.options["stride_w"]
    if min(*stride, *size) < 1:
        raise operator.invalid(f"has window {size} and stride {stride}")
    window, first = _field(operator, size, stride)
    if np.prod(window.input, dtype=np.float64) * depth > _LARGEST_FIELD * (
        source.size + target.size
    ):
        raise operator.unsupported(
            f"the emulator, which lays the input out in a field of {list(window.input)}, has no "
            "room for it"
        )
    turned = layer.weights[:, ::-1, ::-1].reshape(channels, -1)
    matrix = np.ascontiguousarray(turned.T, layer.dtype)

    def convolve(x: Array) -> Array:
        field = np.full((len(x), *window.input, depth), layer.zero_point, layer.dtype)
        places = field[:, first[0] :: stride[0], first[1] :: stride[1]]
        # Inputs beyond the field reach no output.
        reaching = x[:, : places.shape[1], : places.shape[2]]
        places[:, : reaching.shape[1], : reaching.shape[2]] = reaching
        return layer.finish(in_blocks(window.patches(field), matrix, layer.product))

    return on_images(operator, convolve, 2)


def _field(
    operator: Operator, size: Sequence[int], stride: Sequence[int]
) -> tuple[Window, list[int]]:
    """Return the window that slides over the field, and where the first input lies in it."""
    lengths = operator.outputs[0].shape[1:3]
    padding = [
        place(operator.options["padding"], *numbers, dilation=1)[1]
        for numbers in zip(lengths, size, stride, strict=True)
    ]
    first = [taps - 1 - before for taps, before in zip(size, padding, strict=True)]
    height, width = (length + taps - 1 for length, taps in zip(lengths, size, strict=True))
    none = (0, 0)
    window = Window(
        (size[0], size[1]), (1, 1), (1, 1), (height, width), (lengths[0], lengths[1]), none, none
    )
    return window, first


def _scratch(operator: Operator) -> tuple[int, ...]:
    """Request the sums of integer layers, and a wider copy of an int16 bias."""
    sums = {"INT8": (4 * operator.outputs[0].size,), "INT16": (8 * operator.outputs[0].size,)}
    bias = operator.optional(3)
    copy = (8 * bias.size,) if bias and bias.type == "INT16" else ()
    return (*sums.get(operator.outputs[0].type, ()), *copy)


KERNELS = {"TRANSPOSE_CONV": Kernel(prepare, (88, 76), (20, 20), _scratch, channel_arrays)}
