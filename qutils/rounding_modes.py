"""Ways to round to whole numbers, and how far each of them pulls the mean.

They differ where a value lies exactly between two whole numbers: at a tie. TFLite's own,
`qutils.affine.round_half_away`, stands with the quantizer that uses it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.values import real_values

__all__ = ["round_half_even", "round_half_up", "round_stochastic", "rounding_bias"]


def round_half_even(x: ArrayLike) -> NDArray[np.floating]:
    """Round to whole numbers, ties to the even neighbor, as NumPy and IEEE 754 do by default.

    Parameters
    ----------
    x
        Real values of any shape.

    Returns
    -------
    Whole numbers as floats, same shape.

    Notes
    -----
    IEEE 754-2019, section 4.3.1, roundTiesToEven. XNNPACK rounds so where TFLite's own kernels
    go away from zero.

    Examples
    --------
    >>> round_half_even([0.5, 1.5, 2.5, -0.5, -1.5]).tolist()
    [0.0, 2.0, 2.0, -0.0, -2.0]
    """
    return np.asarray(np.rint(real_values(x)))


def round_half_up(x: ArrayLike) -> NDArray[np.floating]:
    """Round to whole numbers, ties towards plus infinity.

    In integers, adding one half and shifting to the right does this:
    ``(n + 2**(k - 1)) >> k`` is ``round_half_up(n / 2**k)``.

    Parameters
    ----------
    x
        Real values of any shape.

    Returns
    -------
    Whole numbers as floats, same shape.

    Examples
    --------
    >>> round_half_up([0.5, 1.5, -0.5, -1.5]).tolist()
    [1.0, 2.0, 0.0, -1.0]
    """
    values = real_values(x)
    whole = np.floor(values)
    # floor(x + 0.5) would round the float just below 0.5 up to 1.
    return np.asarray(whole + (values - whole >= 0.5))


def round_stochastic(x: ArrayLike, rng: np.random.Generator) -> NDArray[np.floating]:
    """Round up with a probability that is the distance from the whole number below, else down.

    Parameters
    ----------
    x
        Real values of any shape.
    rng
        Where the chances come from; the same state gives the same result.

    Returns
    -------
    Whole numbers as floats, same shape. Their expected value is `x`; their variance is
    ``f * (1 - f)`` for a fraction ``f``, where rounding to the nearest has none.

    Notes
    -----
    Gupta et al. 2015, "Deep learning with limited numerical precision" (arXiv:1502.02551).

    Examples
    --------
    >>> rounded = round_stochastic(np.full(10_000, 0.25), np.random.default_rng(0))
    >>> sorted(set(rounded.tolist())), bool(abs(rounded.mean() - 0.25) < 0.02)
    ([0.0, 1.0], True)
    """
    values = real_values(x)
    whole = np.floor(values)
    return np.asarray(whole + (rng.random(values.shape) < values - whole))


def rounding_bias(
    rounding: Callable[[NDArray[np.float64]], NDArray[np.floating]],
    low: float,
    high: float,
    binary_digits: int,
) -> float:
    """Mean of ``rounding(x) - x`` over all ``x`` in [low, high) with so many binary digits.

    Parameters
    ----------
    rounding
        A function of an array, such as `round_half_even`.
    low, high
        Ends of the interval; each value in it counts once.
    binary_digits
        Digits after the point, 0 to 20: the values are the multiples of ``2**-binary_digits``.

    Returns
    -------
    float
        Above 0 where results are too large on average.

    Raises
    ------
    ValueError
        `binary_digits` is not a whole number in 0..20, an end is not finite, or no value is in
        the interval.

    Notes
    -----
    With ``k`` digits, one value in ``2**k`` is a tie; between whole numbers all other errors
    cancel in pairs. A tie that always goes up is wrong by 1/2, so half up has the bias
    ``2**-(k + 1)`` everywhere. Half away from zero has it on positive values and its opposite on
    negative ones, and so is free of it only where both signs are equally frequent: not behind a
    ReLU. Half to even has none over any interval between even numbers.

    Examples
    --------
    Of 0, 1/4, 1/2 and 3/4, only the tie leaves an error, 1/2:

    >>> rounding_bias(round_half_up, 0, 1, binary_digits=2)
    0.125
    >>> rounding_bias(round_half_even, 0, 2, binary_digits=2)
    0.0
    """
    if binary_digits not in range(21):
        raise ValueError(f"binary_digits must be a whole number in 0..20, got {binary_digits}")
    if not np.isfinite([low, high]).all():
        raise ValueError(f"the ends of the interval must be finite, got {low} and {high}")
    first, end = np.ceil(np.array([low, high]) * 2.0**binary_digits).astype(np.int64)
    if first >= end:
        raise ValueError(f"no value lies in [{low}, {high})")
    x = np.arange(first, end) / 2.0**binary_digits
    return float(np.mean(rounding(x) - x))
