"""How far an approximation is from its reference, and how sure an accuracy is."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Interval",
    "accuracy",
    "accuracy_interval",
    "cosine",
    "cosine_similarity",
    "decibels",
    "max_abs_error",
    "sqnr_db",
]

# Two-sided 95 % of the normal distribution.
Z_95 = 1.959963984540054


class Interval(NamedTuple):
    """A range of accuracies, both ends in [0, 1]."""

    low: float
    high: float


def sqnr_db(reference: ArrayLike, approximation: ArrayLike) -> float:
    """Signal-to-quantization-noise ratio in dB: ``10 log10(sum(r**2) / sum((r - a)**2))``.

    Parameters
    ----------
    reference, approximation
        Finite real values of the same shape, not empty.

    Returns
    -------
    float
        In dB; infinite where the two are equal, minus infinity where only the reference is 0.

    Raises
    ------
    ValueError
        Shapes differ, an array is empty, or holds NaN or infinity.

    Notes
    -----
    For a signal spread evenly over the whole range, ``b`` bits give ``6.02 b`` dB.

    Examples
    --------
    >>> sqnr_db([10.0, 0.0], [9.0, 0.0])
    20.0
    """
    r, a = _pair(reference, approximation)
    return decibels(np.sum(r**2), np.sum((r - a) ** 2))


def decibels(signal: float, noise: float) -> float:
    """Ratio of two energies in dB, as `sqnr_db` returns it; for sums that were kept apart.

    Examples
    --------
    >>> decibels(100.0, 1.0)
    20.0
    """
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")


def cosine_similarity(reference: ArrayLike, approximation: ArrayLike) -> float:
    """Cosine of the angle between two arrays taken as vectors: ``r . a / (|r| |a|)``.

    Parameters
    ----------
    reference, approximation
        Finite real values of the same shape, not empty.

    Returns
    -------
    float
        In [-1, 1]; 1 for two arrays of zeros, 0 where only one of them is zero.

    Raises
    ------
    ValueError
        As for `sqnr_db`.

    Examples
    --------
    >>> cosine_similarity([3.0, 4.0], [4.0, 3.0])
    0.96
    """
    r, a = _pair(reference, approximation)
    return cosine(np.sum(r * a), np.sum(r**2), np.sum(a**2))


def cosine(product: float, first: float, second: float) -> float:
    """Cosine from the sum of products and the two energies; for sums that were kept apart.

    Examples
    --------
    >>> cosine(24.0, 25.0, 25.0)
    0.96
    """
    if first == 0 or second == 0:
        return float(first == second)
    return float(np.clip(product / (sqrt(first) * sqrt(second)), -1.0, 1.0))


def max_abs_error(reference: ArrayLike, approximation: ArrayLike) -> float:
    """Largest distance between corresponding values, in their unit.

    Parameters
    ----------
    reference, approximation
        Finite real values of the same shape, not empty.

    Raises
    ------
    ValueError
        As for `sqnr_db`.

    Examples
    --------
    >>> max_abs_error([1.0, 2.0], [1.25, 1.5])
    0.5
    """
    r, a = _pair(reference, approximation)
    return float(np.max(np.abs(r - a)))


def accuracy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples whose largest logit stands at the label.

    Parameters
    ----------
    logits
        (N, classes), real or integer; the first of equal maxima counts.
    labels
        (N,) integers.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        Shapes do not fit or there is no sample.

    Examples
    --------
    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    """
    scores, expected = np.asarray(logits), np.asarray(labels)
    if scores.ndim != 2 or expected.shape != scores.shape[:1] or not expected.size:
        raise ValueError(
            f"accuracy needs logits (N, classes) and labels (N,), got {scores.shape} and "
            f"{expected.shape}"
        )
    return float(np.mean(scores.argmax(axis=1) == expected))


def accuracy_interval(correct: int, total: int) -> Interval:
    """95 % confidence interval of an accuracy measured on `total` independent samples.

    Parameters
    ----------
    correct, total
        ``0 <= correct <= total``, ``total >= 1``.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        Counts outside these bounds.

    Notes
    -----
    Wilson's score interval (E. B. Wilson, JASA 22, 1927): with p = correct / total,
    ``(p + z**2 / 2n -+ z sqrt(p (1 - p) / n + z**2 / 4n**2)) / (1 + z**2 / n)``.
    Unlike ``p -+ z sqrt(p (1 - p) / n)`` it stays inside [0, 1] and is never of width 0.

    Examples
    --------
    >>> interval = accuracy_interval(8800, 10_000)
    >>> f"{interval.low:.3f} to {interval.high:.3f}"
    '0.873 to 0.886'
    """
    if not 0 <= correct <= total or total < 1:
        raise ValueError(f"need 0 <= correct <= total and total >= 1, got {correct} of {total}")
    p, z2 = correct / total, Z_95**2
    center = p + z2 / (2 * total)
    spread = Z_95 * sqrt(p * (1 - p) / total + z2 / (4 * total**2))
    widen = 1 + z2 / total
    # At p = 0 and p = 1 an end is exactly 0 or 1, which rounding must not miss.
    low = (center - spread) / widen if correct > 0 else 0.0
    high = (center + spread) / widen if correct < total else 1.0
    return Interval(low, high)


def _pair(
    reference: ArrayLike, approximation: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # float64, so that integer arrays cannot overflow and squares keep their digits.
    r, a = np.asarray(reference, dtype=np.float64), np.asarray(approximation, dtype=np.float64)
    if r.shape != a.shape or r.size == 0:
        raise ValueError(f"need two arrays of one shape, not empty; got {r.shape} and {a.shape}")
    if not (np.isfinite(r).all() and np.isfinite(a).all()):
        raise ValueError("the arrays hold NaN or infinity, which have no distance")
    return r, a
