"""PAD and PADV2: more elements before and after each dimension.

TFLM: ``micro/kernels/pad.cc``, ``pad_common.cc`` and ``kernels/internal/reference/pad.h``.
"""

from collections.abc import Sequence

import numpy as np

from qutils.tflm.graph import DTYPES, Operator, Tensor
from qutils.tflm.kernels.base import Array, Kernel, Run, require_count, require_shape
from qutils.tflm.kernels.moves import integers, require_moved


def prepare(operator: Operator) -> Run:
    """Prepare PAD or PADV2, which TFLM treats alike.

    The new elements have the value of the third input where there is one; else 0, in int8 the
    output's zero point.
    """
    require_count(operator, (2, 3))
    source, target = operator.input(0), operator.outputs[0]
    types, words = ("FLOAT32", "INT8", "INT16", "INT32"), "Type {} not currently supported by Pad."
    require_moved(operator, (source, target, *operator.inputs[2:]), types, words)
    rank = len(source.shape)
    if rank > 5:
        raise operator.unsupported("TFLM pads at most 5 dimensions")
    paddings = integers(operator, 1, "paddings")
    if len(paddings) != 2 * rank or min(paddings) < 0:
        raise operator.invalid(f"pads {list(source.shape)} by {paddings}")
    before = paddings[::2]
    shape = [sum(sizes) for sizes in zip(before, source.shape, paddings[1::2], strict=True)]
    require_shape(operator, target, shape)
    inside = tuple(slice(b, b + n) for b, n in zip(before, source.shape, strict=True))
    zero = np.array([target.reset_value], DTYPES[target.type])
    if len(operator.inputs) == 3:
        _check_value(operator)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        value = inputs[2] if len(inputs) == 3 else zero
        output = np.empty((max(len(inputs[0]), len(value)), *shape), zero.dtype)
        output[...] = value.reshape(-1, *(1,) * rank)
        output[:, *inside] = inputs[0]
        return (output,)

    return run


def _check_value(operator: Operator) -> None:
    value, target = operator.input(2), operator.outputs[0]
    if value.size != 1:
        raise operator.invalid(f"pads with {value.size} values instead of one")
    if value.type == "INT8" and _quantization(value) != _quantization(target):
        raise operator.invalid(f"{value.label} is not quantized as the output")


def _quantization(tensor: Tensor) -> tuple[float, int]:
    scale = float(tensor.quantization.scale[0]) if tensor.quantization else 0.0
    return scale, tensor.zero_point


KERNELS = {name: Kernel(prepare, (56, 56)) for name in ("PAD", "PADV2")}
