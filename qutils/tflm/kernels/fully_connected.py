"""FULLY_CONNECTED, int8, 16x8, int4 weights and float32; the arithmetic is in ``weighted.py``.

TFLM: ``micro/kernels/fully_connected.cc``, ``fully_connected_common.cc``,
``kernels/internal/reference/integer_ops/fully_connected.h`` and ``reference/fully_connected.h``.

The input, of any shape, is read as rows of ``terms`` values; they and filter (channels,
terms) give output (..., channels).
"""

import numpy as np

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Kernel, Run
from qutils.tflm.kernels.output_stage import OutputStage, StageMaker
from qutils.tflm.kernels.weighted import Weighted, channel_arrays, unpacked_filter


def prepare(operator: Operator, stage: StageMaker = OutputStage.of) -> Run:
    """Prepare FULLY_CONNECTED."""
    layer = Weighted.of(operator, rank=2, axis=0, stage=stage)
    if operator.options["weights_format"]:
        raise operator.unsupported("shuffled weights are not supported")
    if operator.input(1).type == "INT4" and _is_per_channel(operator):
        raise operator.unsupported("TFLM has no int4 filter with a scale for each channel")
    weights, source, target = layer.weights, operator.input(0), operator.outputs[0]
    if (
        target.shape[-1:] != weights.shape[:1]
        or source.size * weights.shape[0] != target.size * weights.shape[1]
    ):
        raise operator.invalid(
            f"input {list(source.shape)}, filter {list(weights.shape)} and "
            f"output {list(target.shape)} do not fit together"
        )
    return layer.dense(np.ascontiguousarray(weights.T, layer.dtype), target.shape)


def _is_per_channel(operator: Operator) -> bool:
    quantization = operator.input(1).quantization
    return quantization is not None and len(quantization.scale) > 1


def _channel_arrays(operator: Operator) -> tuple[int, ...]:
    """Request the arrays of multipliers only for int8 weights with a scale for each channel."""
    is_int8 = operator.input(1).type == "INT8"
    return channel_arrays(operator) if is_int8 and _is_per_channel(operator) else ()


KERNELS = {"FULLY_CONNECTED": Kernel(prepare, (72, 48), (32, 16), unpacked_filter, _channel_arrays)}
