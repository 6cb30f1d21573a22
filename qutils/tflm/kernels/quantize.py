"""QUANTIZE, from float32 or from integers of another scale or type, and DEQUANTIZE.

TFLM: ``micro/kernels/quantize.cc``, ``quantize_common.cc``, ``dequantize.cc``,
``dequantize_common.cc``, ``kernels/internal/reference/quantize.h`` and ``requantize.h``.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from qutils.affine import round_half_away
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    on_one_input,
    refuse_types,
    require_count,
    require_shape,
)
from qutils.tflm.kernels.output_stage import wrap_int32
from qutils.tflm.kernels.rescale import centred, rescaler, stored
from qutils.tflm.kernels.tables import Function, tabulated

_QUANTIZED = {
    "FLOAT32": ("INT8", "INT16"),
    "INT8": ("INT8", "UINT8", "INT16", "INT32"),
    "INT16": ("INT8", "INT16", "INT32"),
    "INT32": ("INT8", "INT16"),
    "UINT8": ("INT8",),
}
_DEQUANTIZED = {"INT8": ("FLOAT32",), "INT16": ("FLOAT32",), "UINT8": ("FLOAT32",)}


def prepare_quantize(operator: Operator) -> Run:
    """Prepare QUANTIZE; integers are requantized."""
    kind = _require(operator, _QUANTIZED)
    source, target = operator.input(0), operator.outputs[0]
    if kind == "FLOAT32":
        return on_one_input(_from_float(operator))
    to_output = rescaler(operator, source.scale / target.scale)

    def requantized(x: Array) -> Array:
        return stored(to_output(wrap_int32(centred(x, source))), target)

    return on_one_input(tabulated(requantized, kind))


def _from_float(operator: Operator) -> Function:
    """Divide by the scale in float32, round half away from zero, clamp."""
    target = operator.outputs[0]
    scale = np.float32(target.scale)

    def quantize(x: Array) -> Array:
        steps = round_half_away(x / scale)
        # C leaves open what becomes of NaN and of values beyond int32; this is x86-64.
        whole = np.where(np.abs(steps) < 2.0**31, steps, -(2.0**31)).astype(np.int64)
        return stored(whole, target)

    return quantize


def prepare_dequantize(operator: Operator) -> Run:
    """Prepare DEQUANTIZE: scale * (x - zero point), which is rounded once."""
    kind = _require(operator, _DEQUANTIZED)
    source = operator.input(0)
    scale, zero_point = np.float32(source.scale), np.float32(source.zero_point)
    return on_one_input(tabulated(lambda x: scale * (x.astype(np.float32) - zero_point), kind))


def _require(operator: Operator, allowed: Mapping[str, Sequence[str]]) -> str:
    require_count(operator, (1, 1))
    source, target = operator.input(0), operator.outputs[0]
    if target.type not in allowed.get(source.type, ()):
        refuse_types(operator, f"Input {source.type}, output {target.type} not supported.")
    require_shape(operator, target, source.shape)
    return source.type


KERNELS = {
    "QUANTIZE": Kernel(prepare_quantize, (32, 32)),
    "DEQUANTIZE": Kernel(prepare_dequantize, (32, 32)),
}
