"""Multiplication by a real factor with integers alone, as TFLite Micro requantizes.

A real multiplier ``M`` is stored as a 31-bit mantissa and a power of two,
``M = multiplier / 2**31 * 2**shift``.  TFLM then rounds twice: once in a doubling high
product, once in a rounding right shift.  Some other runtimes round once.
"""

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["multiply_by_quantized_multiplier", "quantize_multiplier"]

Rounding = Literal["double", "single"]

_INT32_MIN = -(2**31)
_INT32_MAX = 2**31 - 1


@overload
def quantize_multiplier(real_multiplier: float) -> tuple[int, int]: ...


@overload
def quantize_multiplier(
    real_multiplier: Sequence[float] | NDArray[np.floating],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...


def quantize_multiplier(
    real_multiplier: float | Sequence[float] | NDArray[np.floating],
) -> tuple[int, int] | tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write a real multiplier as a 31-bit integer and a power of two.

    The mantissa of ``frexp`` (in [0.5, 1)) is rounded, half away from zero, to 31 bits.

    Parameters
    ----------
    real_multiplier
        A finite number >= 0, or an array of them of any shape; taken as float64.

    Returns
    -------
    multiplier, shift
        Two Python integers for a scalar, two int64 arrays of the same shape for an array,
        with ``real_multiplier ~ multiplier * 2.0**(shift - 31)`` and
        ``2**30 <= multiplier < 2**31``.  Zero, and factors too small for a shift of -31,
        give (0, 0).

    Raises
    ------
    ValueError
        A multiplier is negative, NaN or infinite.

    Notes
    -----
    ``QuantizeMultiplier`` in TFLM's ``tensorflow/lite/kernels/internal/quantization_util.cc``.

    Examples
    --------
    >>> quantize_multiplier(0.5)
    (1073741824, 0)
    >>> quantize_multiplier(3.0)
    (1610612736, 2)
    >>> multiplier, shift = quantize_multiplier([0.25, 1.0])
    >>> multiplier.tolist(), shift.tolist()
    ([1073741824, 1073741824], [-1, 1])
    """
    real = np.asarray(real_multiplier, dtype=np.float64)
    if not (np.isfinite(real) & (real >= 0)).all():
        raise ValueError(f"a multiplier must be finite and not negative, got {real_multiplier!r}")
    mantissa, exponent = np.frexp(real)
    # np.round would take ties to even; TFLM's TfLiteRound takes them away from zero.
    scaled = mantissa * 2.0**31
    whole = np.floor(scaled)
    multiplier = (whole + (scaled - whole >= 0.5)).astype(np.int64)
    shift = exponent.astype(np.int64)
    carried = multiplier == 2**31
    multiplier = np.where(carried, np.int64(2**30), multiplier)
    shift = shift + carried
    vanished = shift < -31
    multiplier = np.where(vanished, np.int64(0), multiplier)
    shift = np.where(vanished, np.int64(0), shift)
    if real.ndim == 0:
        return int(multiplier), int(shift)
    return multiplier, shift


def saturating_rounding_doubling_high_mul(
    a: NDArray[np.int64], b: NDArray[np.int64] | np.int64
) -> NDArray[np.int64]:
    """Return ``round(a * b / 2**31)``, half towards plus infinity, saturated to int32.

    Parameters
    ----------
    a, b
        int64 arrays that broadcast, holding int32 values.

    Returns
    -------
    int64 array of int32 values.  Only ``a == b == -2**31`` saturates.

    Notes
    -----
    ``SaturatingRoundingDoublingHighMul`` of gemmlowp, in its exact int64 form.

    Examples
    --------
    >>> saturating_rounding_doubling_high_mul(np.array([5, -5]), np.array([2**30, 2**30]))
    array([ 3, -2])
    """
    product = np.multiply(a, b, dtype=np.int64)
    return np.minimum((product + np.int64(2**30)) >> np.int64(31), np.int64(_INT32_MAX))


def rounding_divide_by_pot(x: NDArray[np.int64], exponent: ArrayLike) -> NDArray[np.int64]:
    """Return ``round(x / 2**exponent)``, half away from zero.

    Parameters
    ----------
    x
        int64 array of int32 values.
    exponent
        Integers 0 to 31 that broadcast with `x`.

    Returns
    -------
    int64 array of int32 values.

    Notes
    -----
    ``RoundingDivideByPOT`` of gemmlowp, in its exact int64 form.

    Examples
    --------
    >>> rounding_divide_by_pot(np.array([3, -3, 2]), 1)
    array([ 2, -2,  1])
    """
    power = np.asarray(exponent, dtype=np.int64)
    half = (np.int64(1) << power) >> np.int64(1)
    # The sign enters only where there is something to round.
    sign = (x >> np.int64(63)) * (power > 0)
    return (x + half + sign) >> power


def multiply_by_quantized_multiplier(
    x: ArrayLike,
    multiplier: ArrayLike,
    shift: ArrayLike,
    *,
    rounding: Rounding = "double",
) -> NDArray[np.int32]:
    """Multiply integers by ``multiplier * 2**(shift - 31)`` as TFLite Micro does.

    Parameters
    ----------
    x
        Integers within int32, any shape.
    multiplier, shift
        As `quantize_multiplier` returns them, broadcast with `x` (one per channel for
        channels-last arrays).
    rounding
        "double" rounds after the high product and again after the right shift, as TFLM is
        built; "single" rounds once, as with ``TFLITE_SINGLE_ROUNDING``.

    Returns
    -------
    int32 array of the broadcast shape.  With "double" the left shift wraps in 32 bits, as
    it does in TFLM's compiled code; with "single" the result is saturated to int32.

    Raises
    ------
    ValueError
        `x` or `multiplier` leaves int32, `shift` leaves -31..31, or `rounding` is unknown.

    Notes
    -----
    ``MultiplyByQuantizedMultiplier`` in TFLM's ``tensorflow/lite/kernels/internal/common.cc``.

    Examples
    --------
    The two roundings differ where the first one reaches a tie for the second:

    >>> multiplier, shift = quantize_multiplier(0.4999 / 2)
    >>> multiply_by_quantized_multiplier([2, 100], multiplier, shift).tolist()
    [1, 25]
    >>> multiply_by_quantized_multiplier([2, 100], multiplier, shift, rounding="single").tolist()
    [0, 25]
    """
    wide = _checked("x", x, _INT32_MIN, _INT32_MAX)
    mantissa = _checked("multiplier", multiplier, 0, _INT32_MAX)
    power = _checked("shift", shift, -31, 31)
    if rounding == "double":
        return requantize(wide, mantissa, power).astype(np.int32)
    if rounding == "single":
        return _multiply_single(wide, mantissa, power).astype(np.int32)
    raise ValueError(f'rounding must be "double" or "single", got {rounding!r}')


def requantize(
    x: NDArray[np.int64], multiplier: NDArray[np.int64], shift: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Apply `multiply_by_quantized_multiplier` with double rounding, without its checks.

    Parameters
    ----------
    x, multiplier, shift
        int64 arrays that broadcast and hold values in the ranges checked there.

    Returns
    -------
    int64 array of int32 values.

    Examples
    --------
    >>> requantize(np.array([10]), np.array([2**30], dtype=np.int64), np.array([-1]))
    array([3])
    """
    left, right = np.maximum(shift, np.int64(0)), np.maximum(-shift, np.int64(0))
    if left.any():
        # C multiplies in int32, which wraps on the processors TFLM runs on.
        x = (x << left).astype(np.int32).astype(np.int64)
    # The high product and then the right shift, as the two functions above, but in place:
    # the emulator spends most of its time here.  A multiplier >= 0 cannot saturate.
    result = np.multiply(x, multiplier, dtype=np.int64)
    result += np.int64(2**30)
    result >>= np.int64(31)
    negative = result >> np.int64(63)
    negative *= right > 0
    result += negative
    result += (np.int64(1) << right) >> np.int64(1)
    result >>= right
    return result


def _multiply_single(
    x: NDArray[np.int64], multiplier: NDArray[np.int64], shift: NDArray[np.int64]
) -> NDArray[np.int64]:
    # |x * multiplier| < 2**62 and the rounding term is at most 2**61: both fit int64.
    total = np.int64(31) - shift
    half = (np.int64(1) << total) >> np.int64(1)
    return np.clip((x * multiplier + half) >> total, _INT32_MIN, _INT32_MAX)


def _checked(name: str, value: ArrayLike, low: int, high: int) -> NDArray[np.int64]:
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, got {array.dtype}")
    if array.size and not (low <= int(array.min()) and int(array.max()) <= high):
        raise ValueError(f"{name} must lie in [{low}, {high}], got {array.min()}..{array.max()}")
    return array.astype(np.int64)
