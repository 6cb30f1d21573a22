"""Counts of values in equal bins, gathered in one pass, in constant memory and in any order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.values import real_values

__all__ = ["StreamingHistogram"]

HALF = 4096
# Two to the power of this is above the least magnitude of float32.
MIN_EXPONENT = -148
BLOCK = 2**16


@dataclass
class StreamingHistogram:
    """Counts of real values in 8192 bins, half of them below 0, whose width grows as needed.

    The range is ``[-2**exponent, 2**exponent)`` with the smallest exponent that holds all values
    so far. When a larger one comes, the width doubles as often as necessary, and each pair of
    bins becomes one bin, exactly: bin edges are multiples of the width, a power of two. So the
    counts depend on the values alone, neither on their order nor on how they were divided into
    updates. At least 2048 bins lie between 0 and the largest magnitude.

    Attributes
    ----------
    exponent
        Of the range; -148 while all values are 0.
    counts
        int64 array (8192,); bin ``i`` counts values in
        ``[(i - 4096) * width, (i - 4095) * width)``.
    zeros
        How many of the values in bin 4096 are exactly 0.

    Examples
    --------
    >>> histogram = StreamingHistogram()
    >>> histogram.add([0.0, 1.0])
    >>> histogram.add([-3.0])
    >>> edges, counts = histogram.occupied()
    >>> edges.tolist(), counts.tolist()
    ([-3.0, 0.0, 1.0], [1, 1, 1])
    """

    exponent: int
    counts: NDArray[np.int64]
    zeros: int

    def __init__(self) -> None:
        """Start empty."""
        self.exponent = MIN_EXPONENT
        self.counts = np.zeros(2 * HALF, dtype=np.int64)
        self.zeros = 0

    @property
    def width(self) -> float:
        """Width of a bin, a power of two."""
        return 2.0**self.exponent / HALF

    @property
    def total(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    def add(self, x: ArrayLike) -> None:
        """Count values.

        Parameters
        ----------
        x
            Real values of any shape, finite as float32; may be empty.

        Raises
        ------
        ValueError
            A value is not a real number, is NaN or, as float32, infinite; nothing has been
            counted then.
        """
        with np.errstate(over="ignore"):
            values = np.ravel(real_values(x)).astype(np.float32, copy=False)
        if values.size == 0:
            return
        largest = max(float(values.max()), -float(values.min()))
        if not np.isfinite(largest):
            raise ValueError("NaN and infinity have no bin")
        self._widen(int(np.frexp(largest)[1]) if largest else MIN_EXPONENT)
        self.zeros += values.size - int(np.count_nonzero(values))
        for start in range(0, values.size, BLOCK):
            # float64: a tiny value below 0 must not become 0 on its way into the bin below 0.
            steps = values[start : start + BLOCK].astype(np.float64) / self.width
            bins = np.floor(steps, out=steps).astype(np.int64) + HALF
            self.counts += np.bincount(bins, minlength=2 * HALF)

    def occupied(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the lower edges and the counts of all bins that are not empty, ascending.

        Returns
        -------
        edges, counts
            Two 1-D arrays of one length, float64 and int64. The upper edge is `width` further.
        """
        (bins,) = np.nonzero(self.counts)
        edges = (bins - HALF).astype(np.float64) * np.float64(self.width)
        return edges, self.counts[bins]

    def magnitudes(self, *, with_zeros: bool = False) -> NDArray[np.int64]:
        """Count magnitudes.

        Parameters
        ----------
        with_zeros
            Whether values that are exactly 0 count.

        Returns
        -------
        int64 array (4096,), bins of the same width from 0 on. (Of negative values, a multiple of
        the width belongs to the bin below it.)
        """
        folded = self.counts[HALF:] + self.counts[HALF - 1 :: -1]
        if not with_zeros:
            folded[0] -= self.zeros
        return folded

    def _widen(self, exponent: int) -> None:
        doublings = max(exponent, MIN_EXPONENT) - self.exponent
        if doublings > 0:
            # An arithmetic shift is floor division: bins pair up on either side of 0.
            target = ((np.arange(2 * HALF) - HALF) >> min(doublings, 13)) + HALF
            merged = np.zeros_like(self.counts)
            np.add.at(merged, target, self.counts)
            self.exponent, self.counts = self.exponent + doublings, merged
