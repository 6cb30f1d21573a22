"""SOFTMAX over the last axis, int8 and float32.

TFLM: ``micro/kernels/softmax.cc``, ``softmax_common.cc``,
``kernels/internal/reference/softmax.h`` and gemmlowp's ``fixedpoint/fixedpoint.h``.

int8 is all fixed point: ``Qm.n`` has m integer and n fractional bits in an int32.  A
difference to the row's largest value is one of 256 numbers, so its exponential is looked up.
float32 agrees with TFLM up to the last bit of the exponential, which TFLM takes from the C
library: an output differs by at most 2**-22 of its value (two roundings of 2**-24 in the
exponential and the sum, each possibly off by one place).
"""

import math

import numpy as np
from numpy.typing import NDArray

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.fixed_point import (
    quantize_multiplier,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    require_count,
    require_shape,
    require_types,
    scale_of,
    zero_point_of,
)

Fixed = NDArray[np.int64]

_multiply = saturating_rounding_doubling_high_mul
_ONE = 2**31 - 1
_DIFFERENCE_BITS = 5  # differences are Q5.26
_SUM_BITS = 12  # sums of exponentials are Q12.19


def prepare(operator: Operator) -> Run:
    """Prepare SOFTMAX."""
    require_count(operator, (1, 1))
    kind = require_types(operator, "INT8", "FLOAT32")
    source, target = operator.input(0), operator.outputs[0]
    require_shape(operator, target, source.shape)
    if not source.shape:
        raise InvalidModelError(f"{operator.label} needs at least one dimension")
    beta = operator.options["beta"]
    if kind == "FLOAT32":
        return lambda inputs: (_float_softmax(inputs[0], np.float32(beta)),)
    if scale_of(target) != 1 / 256 or zero_point_of(target) != -128:
        raise UnsupportedOperatorError(
            f"{operator.label}: TFLM needs an output of scale 1/256 and zero point -128"
        )
    if source.shape[-1] * 2 ** (31 - _SUM_BITS) >= 2**31:
        raise UnsupportedOperatorError(
            f"{operator.label}: TFLM's sums overflow from 4096 values on"
        )
    table = _table(operator, beta * scale_of(source))
    return lambda inputs: (_int8_softmax(inputs[0], table),)


def _float_softmax(x: Array, beta: np.float32) -> Array:
    shifted = (x - x.max(axis=-1, keepdims=True)) * beta
    # The float64 exponential, rounded once, is the nearest float32 but for a few values in 10^8.
    exponentials = np.exp(shifted.astype(np.float64)).astype(np.float32)
    total = np.zeros(x.shape[:-1], np.float32)
    for k in range(x.shape[-1]):
        total += exponentials[..., k]
    return exponentials / total[..., np.newaxis]


def _table(operator: Operator, real: float) -> Fixed:
    """Return exp(-d * real) in Q0.31 for d = 0..255; -1 where TFLM outputs the least value."""
    real = min(real * 2.0 ** (31 - _DIFFERENCE_BITS), 2.0**31 - 1)
    if not real > 1:
        raise InvalidModelError(f"{operator.label}: beta times the input's scale is too small")
    multiplier, shift = quantize_multiplier(real)
    radius = (2**_DIFFERENCE_BITS - 1) * 2 ** (31 - _DIFFERENCE_BITS) // 2**shift
    differences = np.arange(0, -256, -1, dtype=np.int64)
    counted = differences >= -radius
    rescaled = _multiply(np.where(counted, differences, 0) << shift, np.array(multiplier))
    return np.where(counted, exp_on_negative_values(rescaled), np.int64(-1))


def _int8_softmax(x: Array, table: Fixed) -> Array:
    exponentials = table[x.max(axis=-1, keepdims=True).astype(np.int64) - x]
    counted = exponentials >= 0
    parts = rounding_divide_by_pot(np.where(counted, exponentials, 0), _SUM_BITS)
    total = parts.sum(axis=-1, keepdims=True, dtype=np.int64)
    scale, bits_over_unit = reciprocal(total, _SUM_BITS)
    output = rounding_divide_by_pot(_multiply(scale, exponentials), bits_over_unit + 31 - 8) - 128
    return np.where(counted, np.clip(output, -128, 127), -128).astype(np.int8)


def exp_on_negative_values(a: Fixed) -> Fixed:
    """Return exp(a) in Q0.31 for `a` <= 0 in Q5.26.

    The last quarter is a polynomial, the rest a product of exp(-1/4), exp(-1/2), ... exp(-16).

    Examples
    --------
    >>> (exp_on_negative_values(np.array([0, -(2**26)])) / 2**31).round(6)
    array([1.     , 0.36788])
    """
    fraction = 31 - _DIFFERENCE_BITS
    quarter = np.int64(1) << np.int64(fraction - 2)
    last = (a & (quarter - 1)) - quarter
    result = _exp_between_minus_quarter_and_0(last << _DIFFERENCE_BITS)
    remainder = last - a
    for exponent in range(-2, _DIFFERENCE_BITS):
        factor = np.int64(round(math.exp(-(2.0**exponent)) * 2**31))
        bit = np.int64(1) << np.int64(fraction + exponent)
        result = np.where(remainder & bit, _multiply(result, factor), result)
    return np.where(a == 0, np.int64(_ONE), result)


def _exp_between_minus_quarter_and_0(a: Fixed) -> Fixed:
    """Expand exp around -1/8, argument and result in Q0.31."""
    constant = np.int64(round(math.exp(-1 / 8) * 2**31))
    third = np.int64(round(2**31 / 3))
    x = a + np.int64(2**28)
    x2 = _multiply(x, x)
    x3 = _multiply(x2, x)
    x4_over_4 = rounding_divide_by_pot(_multiply(x2, x2), 2)
    series = rounding_divide_by_pot(_multiply(x4_over_4 + x3, third) + x2, 1)
    return constant + _multiply(x + series, constant)


def reciprocal(x: Fixed, integer_bits: int) -> tuple[Fixed, Fixed]:
    """Return 1 / x in Q0.31, and by how many more bits to shift it right.

    Parameters
    ----------
    x
        Positive, ``Q integer_bits . (31 - integer_bits)``.
    integer_bits
        Integer bits of `x`.

    Notes
    -----
    ``GetReciprocal`` in TFLM's ``kernels/internal/common.h``: x is shifted to [1, 2), and three
    steps of Newton's method divide.

    Examples
    --------
    >>> scale, bits = reciprocal(np.array([3 << 19]), 12)
    >>> round(float((scale / 2.0 ** (31 + bits))[0]), 6)
    0.333333
    """
    headroom = np.int64(32) - np.frexp(x.astype(np.float64))[1]
    over_one = (x << headroom) - np.int64(2**31)
    total = over_one + _ONE
    half_denominator = (total + 1) // 2
    # Q2.29 from here on: 48/17 and -32/17 start the iteration.
    estimate = np.int64(round(48 / 17 * 2**29)) + _multiply(
        half_denominator, np.int64(round(-32 / 17 * 2**29))
    )
    for _ in range(3):
        error = np.int64(2**29) - _multiply(half_denominator, estimate)
        estimate = estimate + np.clip(_multiply(estimate, error) << 2, -(2**31), _ONE)
    return np.clip(estimate << 1, -(2**31), _ONE), np.int64(integer_bits) - headroom


KERNELS = {"SOFTMAX": Kernel(prepare, (80, 56), (4, 4))}
