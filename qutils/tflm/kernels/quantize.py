"""QUANTIZE (from float32 to int8, and from int8 to int8 of another scale) and DEQUANTIZE.

TFLM: ``micro/kernels/quantize.cc``, ``quantize_common.cc``, ``dequantize.cc``,
``dequantize_common.cc``, ``kernels/internal/reference/quantize.h`` and ``requantize.h``.
"""

from collections.abc import Sequence

import numpy as np

from qutils.affine import round_half_away
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    refuse_types,
    require_count,
    require_shape,
    scale_of,
    zero_point_of,
)
from qutils.tflm.kernels.output_stage import OutputStage, wrap_int32


def prepare_quantize(operator: Operator) -> Run:
    """Prepare QUANTIZE: divide by the scale in float32, round half away from zero, clamp."""
    require_count(operator, (1, 1))
    source, target = operator.input(0), operator.outputs[0]
    require_shape(operator, target, source.shape)
    if (source.type, target.type) == ("INT8", "INT8"):
        return _prepare_requantize(operator)
    if (source.type, target.type) != ("FLOAT32", "INT8"):
        refuse_types(operator)
    scale, zero_point = np.float32(scale_of(target)), zero_point_of(target)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        with np.errstate(over="ignore", invalid="ignore"):
            steps = round_half_away(inputs[0] / scale)
        # C leaves open what becomes of NaN and of values beyond int32; this is x86-64.
        whole = np.where(np.abs(steps) < 2.0**31, steps, -(2.0**31)).astype(np.int64)
        return (np.clip(wrap_int32(whole + zero_point), -128, 127).astype(np.int8),)

    return run


def _prepare_requantize(operator: Operator) -> Run:
    source, target = operator.input(0), operator.outputs[0]
    stage = OutputStage.of(operator, np.array(scale_of(source) / scale_of(target)))
    zero_point = np.int64(zero_point_of(source))
    return lambda inputs: (stage(inputs[0].astype(np.int64) - zero_point),)


def prepare_dequantize(operator: Operator) -> Run:
    """Prepare DEQUANTIZE: scale * (x - zero point), one rounding."""
    require_count(operator, (1, 1))
    source, target = operator.input(0), operator.outputs[0]
    require_shape(operator, target, source.shape)
    if (source.type, target.type) != ("INT8", "FLOAT32"):
        refuse_types(operator)
    scale, zero_point = scale_of(source), zero_point_of(source)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        return ((scale * (inputs[0].astype(np.float64) - zero_point)).astype(np.float32),)

    return run


KERNELS = {
    "QUANTIZE": Kernel(prepare_quantize, (32, 32)),
    "DEQUANTIZE": Kernel(prepare_dequantize, (32, 32)),
}
