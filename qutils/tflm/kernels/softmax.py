"""SOFTMAX over the last axis: int8 to int8 or int16, int16 and float32.

TFLM: ``micro/kernels/softmax.cc``, ``softmax_common.cc``,
``kernels/internal/reference/softmax.h``, ``kernels/internal/common.h`` and gemmlowp's
``fixedpoint/fixedpoint.h``.

A difference of integers to the row's largest value is one of few numbers, so its exponential
is looked up.  From int8 to int8 TFLM stops where the exponentials of a row, the largest of
them being 1, add up to 512 or more; the emulator goes on.
float32 has the bits of TFLM where `libm.exponential` has those of the C library.
"""

import numpy as np

from qutils.affine import round_half_away
from qutils.fixed_point import quantize_multiplier, requantize, rounding_divide_by_pot
from qutils.tflm.graph import DTYPES, Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    on_one_input,
    refuse_types,
    require_count,
    require_shape,
)
from qutils.tflm.kernels.gemmlowp import bit_length, exp_on_negative_values, product, reciprocal
from qutils.tflm.kernels.libm import exponential
from qutils.tflm.kernels.output_stage import wrap_int32
from qutils.tflm.kernels.rescale import Whole, fixed_multiplier, require_zero_point
from qutils.tflm.kernels.tables import Function, tabulated

_DIFFERENCE_BITS = 5  # int8: differences are Q5.26
_SUM_BITS = 12  # and sums of exponentials are Q12.19

# Types -> scale and zero point of the output, and how much the scale may be off.
_OUTPUTS = {
    ("INT8", "INT8"): (1 / 256, -128, 0.0),
    ("INT8", "INT16"): (1 / 65536, -32768, 1e-3),
    ("INT16", "INT16"): (1 / 32768, 0, 1e-3),
}


def prepare(operator: Operator) -> Run:
    """Prepare SOFTMAX."""
    require_count(operator, (1, 1))
    source, target = operator.input(0), operator.outputs[0]
    require_shape(operator, target, source.shape)
    if not source.shape:
        raise operator.invalid("needs at least one dimension")
    types = (source.type, target.type)
    if types == ("FLOAT32", "FLOAT32"):
        return on_one_input(_float_softmax(np.float32(operator.options["beta"])))
    if types not in _OUTPUTS:
        refuse_types(operator)
    scale, zero_point, tolerance = _OUTPUTS[types]
    require_zero_point(operator, zero_point, target)
    if abs(target.scale / scale - 1) > tolerance:
        raise operator.unsupported(f"TFLM needs an output of scale 1/{1 / scale:.0f}")
    of_type = _int8_softmax if source.type == "INT8" else _int16_softmax
    return on_one_input(of_type(operator, operator.options["beta"] * source.scale))


def _float_softmax(beta: np.float32) -> Function:
    def softmax(x: Array) -> Array:
        exponentials = exponential((x - x.max(axis=-1, keepdims=True)) * beta)
        # One after the other: a sum by pairs would round differently.
        return exponentials / np.add.accumulate(exponentials, axis=-1)[..., -1:]

    return softmax


def _int8_softmax(operator: Operator, real_multiplier: float) -> Function:
    if operator.input(0).shape[-1] >= 2 ** (32 - (31 - _SUM_BITS)):
        raise operator.unsupported("TFLM's sums overflow from 8192 values on")
    dtype = DTYPES[operator.outputs[0].type]
    limits = np.iinfo(dtype)
    exponentials = _exponentials(operator, real_multiplier)
    summands = rounding_divide_by_pot(exponentials, _SUM_BITS)

    def softmax(x: Array) -> Array:
        below = np.subtract(x.max(axis=-1, keepdims=True), x, dtype=np.intp)
        total = summands.take(below).sum(axis=-1, keepdims=True, dtype=np.int64)
        if total.size == 1:
            total = total.item()  # with which Python is quicker than NumPy
        scale, bits_over_unit = reciprocal(total, _SUM_BITS)
        shift = bits_over_unit + 31 - limits.bits
        steps = product(exponentials.take(below), scale) + (1 << (shift - 1))
        return np.minimum((steps >> shift) + limits.min, limits.max).astype(dtype)

    return softmax


def _exponentials(operator: Operator, real: float) -> Whole:
    """Return exp(-d * real) in Q0.31 for d = 0..255; 0 where TFLM leaves it out."""
    real = min(real * 2.0 ** (31 - _DIFFERENCE_BITS), 2.0**31 - 1)
    if not real > 1:
        raise operator.invalid("beta times the input's scale is too small")
    multiplier, shift = quantize_multiplier(real)
    radius = (2**_DIFFERENCE_BITS - 1) * 2 ** (31 - _DIFFERENCE_BITS) // 2**shift
    differences = np.arange(0, -256, -1, dtype=np.int64)
    counted = differences >= -radius
    rescaled = product(np.where(counted, differences, 0) << shift, multiplier)
    return np.where(counted, exp_on_negative_values(rescaled, _DIFFERENCE_BITS), 0)


def _int16_softmax(operator: Operator, real_multiplier: float) -> Function:
    """Take exponentials, Q0.15, and the reciprocal of their sum out of tables of 513 values."""
    multiplier, shift = fixed_multiplier(operator, real_multiplier / (10 / 65535))

    def exponential_below(difference: Array) -> Array:
        scaled = requantize(-difference.astype(np.int64), multiplier, shift)
        return _interpolated(wrap_int32(scaled + np.int64(32767)), _EXPONENTIALS)

    exponentials_below = tabulated(exponential_below, "UINT16")

    def softmax(x: Array) -> Array:
        below = np.subtract(x.max(axis=-1, keepdims=True), x, dtype=np.int32).astype(np.uint16)
        exponentials = exponentials_below(below)
        total = exponentials.sum(axis=-1, keepdims=True, dtype=np.int64)
        # 1 / (1 + t), where the sum is 1 + t times a power of two.
        bits = bit_length(total)
        normalized = ((total << (31 - bits)) + 2**13) >> 14
        scale = _interpolated(normalized - (2**15 + 2**16), _RECIPROCALS)
        result = (exponentials * scale + (1 << (bits - 2))) >> (bits - 1)
        return np.clip(result, 0, 32767).astype(np.int16)

    return softmax


def _table(function: Function, low: int, high: int) -> Whole:
    """Return a float32 function at 513 places in Q0.15, as ``LUTPopulateInt16`` does.

    Values are lowered by half of what a chord is too high by in the middle.
    """
    values = np.float32(2**15) * function(np.linspace(low, high, 1025, dtype=np.float32))
    rounded = round_half_away(values)
    start, middle = rounded[:-1:2], rounded[1::2]
    chord = round_half_away((start + values[2::2]) / 2)
    start = start - round_half_away((chord - middle) / 2)
    return np.clip(np.append(start, rounded[-1]), -(2**15), 2**15 - 1).astype(np.int64)


_EXPONENTIALS = _table(exponential, -10, 0)
_RECIPROCALS = _table(lambda x: 1 / (1 + x), 0, 1)


def _interpolated(x: Whole, table: Whole) -> Whole:
    """Look int16 values up: 9 bits choose two entries, 7 bits a place between them."""
    x = np.clip(x, -32768, 32767)
    index = 256 + (x >> 7)
    base = table[index]
    return base + (((table[index + 1] - base) * (x & 0x7F) + 64) >> 7)


def _tables_in_arena(operator: Operator) -> tuple[int, ...]:
    return (2 * 513, 2 * 513) if operator.input(0).type == "INT16" else ()


KERNELS = {"SOFTMAX": Kernel(prepare, (80, 56), (4, 4), persistent=_tables_in_arena)}
