"""What element-wise integer kernels share: to real 0, by a real factor, back to a zero point.

TFLM: ``kernels/internal/quantization_util.cc`` and ``kernels/internal/common.cc``.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qutils.fixed_point import quantize_multiplier, requantize
from qutils.tflm.graph import DTYPES, Operator, Tensor
from qutils.tflm.kernels.base import Array
from qutils.tflm.kernels.output_stage import wrap_int32

Whole = NDArray[np.int64]


def require_zero_point(operator: Operator, wanted: int, *tensors: Tensor) -> None:
    """Refuse tensors with another zero point than TFLM's kernel is written for."""
    for tensor in tensors:
        if tensor.zero_point != wanted:
            raise operator.unsupported(
                f"TFLM needs the zero point {wanted}, {tensor.label} has {tensor.zero_point}"
            )


def centred(x: Array, tensor: Tensor) -> Whole:
    """Return the values of `tensor` minus its zero point."""
    return x.astype(np.int64) - np.int64(tensor.zero_point)


def fixed_multiplier(operator: Operator, real_multiplier: float) -> tuple[Whole, Whole]:
    """Return multiplier and shift, as `quantize_multiplier`; the multiplier has the sign.

    Raises
    ------
    InvalidModelError
        The multiplier is not finite, or takes a left shift by more than 31 bits.
    """
    size = abs(real_multiplier)
    if not size < 2.0**31:
        raise operator.invalid(
            f"multiplies by {real_multiplier:.3g}: its scales do not belong together"
        )
    multiplier, shift = np.array(quantize_multiplier(size), np.int64)
    return multiplier * np.int64(-1 if real_multiplier < 0 else 1), shift


def rescaler(operator: Operator, real_multiplier: float) -> Callable[[Whole], Whole]:
    """Return the function that multiplies by `real_multiplier` and rounds twice."""
    multiplier, shift = fixed_multiplier(operator, real_multiplier)
    return lambda x: requantize(x, multiplier, shift)


def stored(steps: Whole, tensor: Tensor, limits: tuple[int, int] | None = None) -> Array:
    """Add the zero point of `tensor` and clamp, by default to what its type holds."""
    dtype = DTYPES[tensor.type]
    kind = np.iinfo(dtype)
    low, high = limits or (kind.min, kind.max)
    whole = wrap_int32(steps + np.int64(tensor.zero_point))
    return np.clip(whole, low, high).astype(dtype)
