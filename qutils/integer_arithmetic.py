"""A layer in integers: what stands around its multiplications, in small functions.

The emulator's kernels call these functions, so that what a chapter shows is what is run.  The
multiplication by a real factor itself is in `qutils.fixed_point`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import round_half_away

_INT32 = np.iinfo(np.int32)


class SumFactors(NamedTuple):
    """The real factors of an integer addition; see `sum_factors`."""

    first: float
    second: float
    output: float


def quantize_bias(
    bias: ArrayLike, input_scale: float, weight_scale: ArrayLike
) -> NDArray[np.int32]:
    """Return a bias in the scale of the accumulator, which is the product of two scales.

    A product of a quantized input and a quantized weight counts in steps of ``input_scale *
    weight_scale``. What is added to it must count in the same steps, and 0 must be 0::

        q = round(bias / (input_scale * weight_scale)), zero point 0

    Parameters
    ----------
    bias
        float (channels,).
    input_scale
        Of the layer's input, > 0.
    weight_scale
        One scale, or one for each channel, > 0.

    Returns
    -------
    int32 (channels,); halves are rounded away from zero.

    Raises
    ------
    ValueError
        A scale is not positive, a bias is not finite, or one does not fit int32.

    Notes
    -----
    TFLite's 8-bit quantization specification.

    Examples
    --------
    Steps of 0.5 * 0.01 = 0.005:

    >>> quantize_bias([0.1, -0.0026], 0.5, 0.01).tolist()
    [20, -1]
    """
    step = np.float64(input_scale) * np.asarray(weight_scale, np.float64)
    values = np.asarray(bias, np.float64)
    if not (step > 0).all():
        raise ValueError(f"scales must be positive, got {input_scale} and {weight_scale!r}")
    if not np.isfinite(values).all():
        raise ValueError("the bias holds values that are not finite")
    steps = round_half_away(values / step)
    outside = np.flatnonzero((steps < _INT32.min) | (steps > _INT32.max))
    if outside.size:
        raise ValueError(
            f"the bias of channel {outside[0]} takes {steps.ravel()[outside[0]]:.3g} steps, which "
            "int32 does not hold: its scale is too small, as that of a channel of zeros can be"
        )
    return steps.astype(np.int32)


def fold_zero_point(
    bias: NDArray[np.int64], weights: NDArray[np.int64], zero_point: int, axis: int
) -> NDArray[np.int64]:
    """Return the bias with which an input need not be freed from its zero point.

    A bracket is multiplied out, and one of its parts does not depend on the input::

        sum (x - zero_point) * w + bias = sum x * w + (bias - zero_point * sum w)

    Parameters
    ----------
    bias
        int64 (channels,) or (1,).
    weights
        int64, any shape; zero point 0.
    zero_point
        Of the input.
    axis
        Dimension of `weights` that holds the channels.

    Returns
    -------
    int64 (channels,).

    Notes
    -----
    Where a convolution reaches beyond its input, `x` is the zero point there, not 0. Jacob et
    al., arXiv:1712.05877, section 2.3, does the same for both factors.

    Examples
    --------
    (10 + 128) * 2 + (20 + 128) * (-3) + 7 = -161 = 10 * 2 + 20 * (-3) - 121:

    >>> fold_zero_point(np.int64([7]), np.int64([[2, -3]]), -128, axis=0)
    array([-121])
    """
    return bias - np.int64(zero_point) * _over_channels(weights, axis)


def accumulator_bound(weights: NDArray[np.int64], largest: int, axis: int) -> NDArray[np.int64]:
    """Return how far from 0 the sum of products can get: ``largest * sum |w|``.

    No sum of a part of the products is farther away either. With the bias added, it must stay
    below ``2**31`` for an int32 accumulator; it is reached, so nothing smaller would do.

    Parameters
    ----------
    weights
        int64, any shape; zero point 0.
    largest
        Largest magnitude of what they are multiplied with: 255 for int8 less a zero point of
        -128 or 127, 128 for int8 as it is.
    axis
        Dimension of `weights` that holds the channels.

    Returns
    -------
    int64 (channels,).

    Examples
    --------
    >>> accumulator_bound(np.int64([[2, -3], [0, 127]]), 255, axis=0)
    array([ 1275, 32385])

    How many products of the largest int8 numbers an int32 holds:

    >>> (2**31 - 1) // int(accumulator_bound(np.int64([[127]]), 255, axis=0)[0])
    66311
    """
    return np.int64(largest) * _over_channels(np.abs(weights), axis)


def clamps(
    low: float, high: float, scale: float, zero_point: int, qmin: int = -128, qmax: int = 127
) -> tuple[int, int]:
    """Return the integers between which a fused activation keeps its outputs.

    An activation such as RELU6 is a clamp from `low` to `high`; in integers it costs nothing,
    since outputs are clamped to their type anyway::

        max(qmin, zero_point + round(low / scale)), min(qmax, zero_point + round(high / scale))

    Parameters
    ----------
    low, high
        Real limits: 0 and 6 for RELU6.
    scale, zero_point
        Of the output.
    qmin, qmax
        What its type holds.

    Returns
    -------
    lowest, highest output.

    Notes
    -----
    ``CalculateActivationRangeQuantized`` in TFLM's ``kernels/kernel_util.cc``; the division is
    done in float32, halves are rounded away from zero.

    Examples
    --------
    >>> clamps(0.0, 6.0, scale=0.05, zero_point=-100)
    (-100, 20)
    """
    with np.errstate(over="ignore"):
        first, last = (
            zero_point + float(round_half_away(np.float32(bound) / np.float32(scale)))
            for bound in (low, high)
        )
    return int(max(qmin, first)), int(min(qmax, last))


def rounded_mean(total: NDArray[np.integer], count: ArrayLike) -> NDArray[np.integer]:
    """Return ``total / count`` rounded to the nearest integer, halves away from zero.

    Input and output of a pooling layer have one scale and one zero point, so that the mean of
    the integers is the integer of the mean.

    Parameters
    ----------
    total
        Sums of integers, any shape.
    count
        How many were added, > 0; broadcasts.

    Notes
    -----
    TFLM: ``kernels/internal/reference/integer_ops/pooling.h``.

    Examples
    --------
    >>> rounded_mean(np.array([5, -5, 7, -6]), 2).tolist()
    [3, -3, 4, -3]
    """
    divisor = np.asarray(count)
    return np.sign(total) * ((np.abs(total) + divisor // 2) // divisor)


def sum_factors(first: float, second: float, output: float, left_shift: int = 20) -> SumFactors:
    """Return the factors that bring two inputs to one scale, and their sum to the output's.

    Integers of different scales cannot be added. Both are widened by `left_shift` bits, so that
    little is lost, and brought to twice the larger of the scales, so that the sum still fits::

        a = (q_a - z_a) * 2**left_shift * first / twice,   twice = 2 * max(first, second)
        b = (q_b - z_b) * 2**left_shift * second / twice
        q = (a + b) * twice / (2**left_shift * output) + z

    Parameters
    ----------
    first, second, output
        Scales, > 0.
    left_shift
        20 for int8, 15 for int16.

    Returns
    -------
    SumFactors
        `first` and `second`, at most 1/2, for the widened inputs; `output` for their sum. Each
        is used through `quantize_multiplier`.

    Notes
    -----
    TFLM: ``micro/kernels/add_common.cc``.

    Examples
    --------
    >>> sum_factors(0.5, 0.25, 0.5, left_shift=20)
    SumFactors(first=0.5, second=0.25, output=1.9073486328125e-06)
    """
    twice = 2 * max(first, second)
    return SumFactors(first / twice, second / twice, twice / (2.0**left_shift * output))


def _over_channels(values: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
    """Sum what belongs to each channel."""
    if not 0 <= axis < values.ndim:
        raise ValueError(f"axis {axis} is not a dimension of weights of shape {values.shape}")
    return values.sum(tuple(k for k in range(values.ndim) if k != axis), dtype=np.int64)
