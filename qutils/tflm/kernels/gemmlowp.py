"""Exponential, reciprocal, logistic function and tanh with integers alone.

TFLM: gemmlowp's ``fixedpoint/fixedpoint.h`` and ``kernels/internal/common.h``.

``Qm.n`` has m integer and n fractional bits in an int32; Q0.31 stands for -1 to 1.  Arrays are
int64 and hold int32 values.  Products are rounded to the nearest, ties upwards; gemmlowp
saturates (-1) * (-1), which does not occur here.
"""

import math

import numpy as np
from numpy.typing import NDArray

from qutils.fixed_point import rounding_divide_by_pot

Fixed = NDArray[np.int64]

_ONE = 2**31 - 1  # Q0.31 has no 1.


def product(a: Fixed, b: Fixed | int) -> Fixed:
    """Multiply; where `b` is in Q0.31, the result is in the format of `a`.

    Examples
    --------
    >>> product(np.array([100, -3], np.int64), 2**30).tolist()
    [50, -1]
    """
    return (a * b + 2**30) >> 31


def exp_on_negative_values(a: Fixed, integer_bits: int) -> Fixed:
    """Return exp(a) in Q0.31.

    Parameters
    ----------
    a
        At most 0, ``Q integer_bits . (31 - integer_bits)``.
    integer_bits
        2 to 5.

    Notes
    -----
    The last quarter is a polynomial, the rest a product of exp(-1/4), exp(-1/2), exp(-1), ...

    Examples
    --------
    >>> (exp_on_negative_values(np.array([0, -(2**26)]), 5) / 2**31).round(6)
    array([1.     , 0.36788])
    """
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    last = (a & (quarter - 1)) - quarter
    result = _exp_between_minus_quarter_and_0(last << integer_bits)
    remainder = last - a
    for exponent in range(-2, integer_bits):
        factor = round(math.exp(-(2.0**exponent)) * 2**31)
        bit = 1 << (fraction + exponent)
        result = np.where(remainder & bit, product(result, factor), result)
    return np.where(a == 0, _ONE, result)


def _exp_between_minus_quarter_and_0(a: Fixed) -> Fixed:
    """Expand exp around -1/8, argument and result in Q0.31."""
    constant = round(math.exp(-1 / 8) * 2**31)
    third = round(2**31 / 3)
    x = a + 2**28
    x2 = product(x, x)
    x3 = product(x2, x)
    x4_over_4 = rounding_divide_by_pot(product(x2, x2), 2)
    series = rounding_divide_by_pot(product(x4_over_4 + x3, third) + x2, 1)
    return constant + product(x + series, constant)


def _divide_1_by(x: Fixed) -> Fixed:
    """Return 1 / x in Q2.29 for `x` in Q0.31 from 1/2 to 1, by three steps of Newton's method."""
    estimate = round(48 / 17 * 2**29) + product(x, round(-32 / 17 * 2**29))
    for _ in range(3):
        error = 2**29 - product(x, estimate)
        estimate = estimate + (product(estimate, error) << 2)
    return estimate


def _half(x: Fixed) -> Fixed:
    """Return Q2.29 from 1 to 2 as half of it in Q0.31, where 1 becomes the largest number."""
    return (x << 1) - (x >> 30)


def bit_length(x: Fixed) -> Fixed:
    """Return the number of bits of integers from 0 to 2**53.

    Examples
    --------
    >>> bit_length(np.array([0, 1, 255, 256])).tolist()
    [0, 1, 8, 9]
    """
    return np.frexp(x)[1].astype(np.int64)


def reciprocal(x: Fixed, integer_bits: int) -> tuple[Fixed, Fixed]:
    """Return 1 / x in Q0.31, and by how many more bits to shift it right.

    Parameters
    ----------
    x
        Positive, ``Q integer_bits . (31 - integer_bits)``, unsigned: at most 2**32 - 1.
        One number is best given as a Python integer, with which Python computes quickly.
    integer_bits
        Integer bits of `x`.

    Notes
    -----
    ``GetReciprocal`` in TFLM's ``kernels/internal/common.h``.

    Examples
    --------
    >>> scale, bits = reciprocal(3 << 19, 12)
    >>> round(scale / 2.0 ** (31 + bits), 6)
    0.333333
    """
    headroom = 32 - (x.bit_length() if isinstance(x, int) else bit_length(x))
    return _half(_divide_1_by((x << headroom) >> 1)), integer_bits - headroom


def logistic(a: Fixed) -> Fixed:
    """Return 1 / (1 + exp(-a)) in Q0.31 for `a` in Q4.27.

    Examples
    --------
    >>> (logistic(np.array([0, 2**27, -(2**27)])) / 2**31).round(6)
    array([0.5     , 0.731059, 0.268941])
    """
    half = (exp_on_negative_values(-np.abs(a), 4) + 2**31) >> 1
    positive = _half(_divide_1_by(half))
    return np.where(a == 0, 2**30, np.where(a > 0, positive, _ONE - positive))


def tanh(a: Fixed) -> Fixed:
    """Return tanh(a) in Q0.31 for `a` in Q4.27.

    Examples
    --------
    >>> (tanh(np.array([0, 2**27, -(2**27)])) / 2**31).round(6)
    array([ 0.      ,  0.761594, -0.761594])
    """
    # exp(-2 |a|): the same integer, with one integer bit more.
    half = (exp_on_negative_values(-np.abs(a), 5) + 2**31) >> 1
    over_one = _divide_1_by(half) - 2**29
    return np.sign(a) * np.minimum(over_one << 2, _ONE)
