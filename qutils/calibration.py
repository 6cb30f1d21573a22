"""Calibration: from typical values of a tensor to its scale and zero point.

An observer sees the values once, in updates of any size, keeps a state whose size does not grow,
and then says how to quantize. All observers widen their range to hold 0 and choose the parameters
with `qutils.affine.choose_quant_params_from_range`; they differ in the range. Values outside it
saturate; values inside it are rounded, the more finely the narrower it is.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import fake_quantize
from qutils.histogram import StreamingHistogram
from qutils.observer import Ends, Observer

__all__ = [
    "Entropy",
    "MinMax",
    "MovingAverage",
    "MseOptimal",
    "Observer",
    "Percentile",
    "clipping_divergence",
]

# How many ranges `MseOptimal` and `Entropy` compare at a time.
CANDIDATES = 128


class MinMax(Observer):
    """The range from the least to the largest value seen: nothing saturates.

    What TFLite's converter does. One outlier decides the scale. Order does not matter. State: two
    numbers per channel.

    Notes
    -----
    ``low = min(x)``, ``high = max(x)`` over all updates: the parameters are those of
    `qutils.affine.choose_quant_params` for all values at once. Krishnamoorthi 2018
    (arXiv:1806.08342), section 2.5, so chooses the ranges of weights.

    Examples
    --------
    >>> observer = MinMax()
    >>> observer.update([-1.0, 0.5])
    >>> observer.update([1.55])
    >>> params = observer.params()
    >>> round(float(params.scale), 6), params.zero_point
    (0.01, -28)
    """

    _low: Ends
    _high: Ends

    def _observe(self, rows: NDArray[np.floating], low: Ends, high: Ends) -> None:
        if self._channels:
            low, high = np.minimum(low, self._low), np.maximum(high, self._high)
        self._low, self._high = low, high

    def _limits(self) -> tuple[Ends, Ends]:
        return self._low, self._high


@dataclass(kw_only=True, eq=False)
class MovingAverage(MinMax):
    """The range between moving averages of the least and of the largest value of each update.

    For activations while a network is being trained: what was long ago is forgotten. Order and
    the division into updates matter. State: two numbers per channel.

    Parameters
    ----------
    momentum
        Share of the old average that stays, in [0, 1).

    Raises
    ------
    ValueError
        `momentum` or `bits` out of range.

    Notes
    -----
    ``low = momentum * low + (1 - momentum) * min(x)``, likewise `high`; the first update's own
    ends are the start. Jacob et al. 2018 (arXiv:1712.05877), section 3.1; with a momentum of
    0.95, ai-edge-quantizer's calibration.

    Examples
    --------
    >>> observer = MovingAverage(momentum=0.75)
    >>> observer.update([0.0, 4.0])
    >>> observer.update([0.0, 8.0])
    >>> float(observer.limits()[1][0])
    5.0
    """

    momentum: float = 0.99

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {self.momentum}")

    def _observe(self, rows: NDArray[np.floating], low: Ends, high: Ends) -> None:
        if self._channels:
            low = self.momentum * self._low + (1 - self.momentum) * low
            high = self.momentum * self._high + (1 - self.momentum) * high
        self._low, self._high = low, high


class _HistogramObserver(MinMax):
    """A histogram for each channel beside the exact ends. Order does not matter."""

    _histograms: list[StreamingHistogram]

    def _observe(self, rows: NDArray[np.floating], low: Ends, high: Ends) -> None:
        if not self._channels:
            self._histograms = [StreamingHistogram() for _ in rows]
        super()._observe(rows, low, high)
        for histogram, row in zip(self._histograms, rows, strict=True):
            histogram.add(row)

    def _limits(self) -> tuple[Ends, Ends]:
        kept = [
            self._clip(histogram, low, high)
            for histogram, low, high in zip(
                self._histograms, self._low.tolist(), self._high.tolist(), strict=True
            )
        ]
        low, high = np.array(kept).T
        return low, high

    @abstractmethod
    def _clip(self, histogram: StreamingHistogram, low: float, high: float) -> tuple[float, float]:
        """Return the part that is kept of the range from the least to the largest value."""


@dataclass(kw_only=True, eq=False)
class Percentile(_HistogramObserver):
    """The range that holds a given share of the values; the rest saturates.

    Order does not matter. State: 64 KB per channel.

    Parameters
    ----------
    percent
        Share of the values that the range holds at least, in (0, 100].

    Raises
    ------
    ValueError
        `percent` or `bits` out of range.

    Notes
    -----
    Symmetric: of the magnitudes, the largest ``100 - percent`` % are cut off. Asymmetric: half
    of that share of the values at each end. Each end is a bin's outer edge, at most 1/2048 of
    the largest magnitude beyond the exact percentile, and never beyond the values themselves:
    100 % is `MinMax`. Wu et al. 2020, "Integer quantization for deep learning inference"
    (arXiv:2004.09602), on calibration.

    Examples
    --------
    One outlier in a thousand is cut off:

    >>> observer = Percentile(percent=99.8)
    >>> observer.update(np.append(np.linspace(0, 1, 999), 100.0))
    >>> float(observer.limits()[1][0])
    1.03125
    """

    percent: float = 99.99

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if not 0 < self.percent <= 100:
            raise ValueError(f"percent must lie in (0, 100], got {self.percent}")

    def _clip(self, histogram: StreamingHistogram, low: float, high: float) -> tuple[float, float]:
        # Rounded, because 100 - 99.9 is a little less than 0.1.
        cut = round(histogram.total * (100 - self.percent) / 100, 6)
        if self.symmetric:
            folded = histogram.magnitudes(with_zeros=True)
            bound = (_last_kept(folded, cut) + 1) * histogram.width
            return max(low, -bound), min(high, bound)
        edges, counts = histogram.occupied()
        first = edges[::-1][_last_kept(counts[::-1], cut / 2)]
        last = edges[_last_kept(counts, cut / 2)] + histogram.width
        return max(low, float(first)), min(high, float(last))


class MseOptimal(_HistogramObserver):
    """The range whose quantized values are nearest to the values, in the mean of squares.

    It weighs what saturates against what is rounded, and clips the more, the fewer bits there
    are. Order does not matter. State: 64 KB per channel.

    Raises
    ------
    ValueError
        `bits` outside 2..8: with more, a step is as narrow as a bin.

    Notes
    -----
    Minimizes ``sum(counts * (fake_quantize(centers) - centers)**2)`` over ranges
    ``[a * min(x, 0), b * max(x, 0)]`` with `a` and `b` among 1/128, 2/128, ..., 1. Symmetric: the
    best ``a = b``. Asymmetric: from (1, 1) on the best `b`, then the best `a`, and so on until
    neither changes. Each bin stands for its values by its center. Banner et al. 2019
    (arXiv:1810.05723) solve the same trade for Gaussian and Laplace distributions; Sakr et al.
    2022 (arXiv:2206.06501, OCTAV) by an iteration for any, with rounding errors taken as uniform.

    Examples
    --------
    >>> observer = MseOptimal(bits=2, symmetric=True)
    >>> observer.update(np.random.default_rng(0).normal(size=100_000))
    >>> bool(observer.limits()[1][0] < 2.0)
    True
    """

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        _check_bits_of_bins(self.bits)

    def _clip(self, histogram: StreamingHistogram, low: float, high: float) -> tuple[float, float]:
        edges, counts = histogram.occupied()
        centers = np.clip(edges + histogram.width / 2, low, high)
        low, high = min(low, 0.0), max(high, 0.0)
        # The widest first, so that it wins a tie.
        shares = np.arange(CANDIDATES, 0, -1) / CANDIDATES

        def best(a: Ends, b: Ends) -> tuple[float, float]:
            errors = self._squared_errors(a * low, b * high, centers, counts)
            winner = np.argmin(errors)
            return float(a[winner]), float(b[winner])

        if self.symmetric:
            a, b = best(shares, shares)
            return a * low, b * high
        kept, before = (1.0, 1.0), (0.0, 0.0)
        while kept != before:
            before = kept
            kept = best(np.full(CANDIDATES, kept[0]), shares)
            kept = best(shares, np.full(CANDIDATES, kept[1]))
        return kept[0] * low, kept[1] * high

    def _squared_errors(
        self, low: Ends, high: Ends, centers: Ends, counts: NDArray[np.int64]
    ) -> Ends:
        """Return the error that each of many ranges makes with the bins."""
        params = self.params_of(low, high, axis=0)
        errors = fake_quantize(np.broadcast_to(centers, (len(low), len(centers))), params) - centers
        return errors**2 @ counts.astype(np.float64)


class Entropy(_HistogramObserver):
    """The range that loses the least information about the distribution of the magnitudes.

    TensorRT's calibration. Order does not matter. State: 64 KB per channel.

    Raises
    ------
    ValueError
        `bits` outside 2..8: with more, a step is as narrow as a bin.

    Notes
    -----
    Keeps magnitudes up to the `kept` for which `clipping_divergence` is least, of 128 that are
    spread evenly from as many bins as there are levels to all bins in use. Levels:
    ``2**(bits - 1)``, or ``2**bits`` for asymmetric values of one sign. Migacz 2017, "8-bit
    inference with TensorRT" (GTC). Differences: zeros are not counted, because all ranges meet 0
    exactly and a ReLU gives so many that nothing else would count; bins are divided evenly among
    the levels, where TensorRT gives the last level the remainder.

    Examples
    --------
    One far outlier does not decide the scale, as it would with `MinMax`:

    >>> observer = Entropy()
    >>> observer.update(np.append(np.random.default_rng(0).normal(size=10_000), 50.0))
    >>> bool(observer.limits()[1][0] < 10)
    True
    """

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        _check_bits_of_bins(self.bits)

    def _clip(self, histogram: StreamingHistogram, low: float, high: float) -> tuple[float, float]:
        counts = histogram.magnitudes()
        if not counts.any():
            return low, high
        one_sign = low >= 0 or high <= 0
        levels = 2**self.bits if one_sign and not self.symmetric else 2 ** (self.bits - 1)
        used = int(np.flatnonzero(counts)[-1]) + 1
        candidates = np.linspace(used, levels, CANDIDATES).astype(np.int64).tolist()
        kept = min(candidates, key=lambda bins: clipping_divergence(counts, bins, levels))
        bound = kept * histogram.width
        return max(low, -bound), min(high, bound)


def clipping_divergence(counts: ArrayLike, kept: int, levels: int) -> float:
    """Kullback-Leibler divergence of a clipped and quantized histogram from the clipped one.

    Parameters
    ----------
    counts
        Of magnitudes in equal bins from 0 on, 1-D, not negative.
    kept
        How many bins are kept; the values beyond saturate, into the last of them.
    levels
        How many integers the kept bins are quantized to, at most `kept`.

    Returns
    -------
    float
        In nats, at least 0; infinite where the quantized histogram is empty and the clipped is not.

    Raises
    ------
    ValueError
        The counts are not 1-D numbers >= 0 with one above 0, or `kept` and `levels` are not
        ``1 <= levels <= kept <= len(counts)``.

    Notes
    -----
    ``sum(p * log(p / q))``. `p`: the kept bins, what saturates added to the last one. `q`: the
    kept bins without what saturates; bin ``i`` belongs to level ``i * levels // kept``, and each
    level's count is spread evenly over its bins that are not empty in `p`. Both are divided by
    their sums. Migacz 2017.

    Examples
    --------
    Two bins merge into one level: p = (3, 1) / 4, q = (2, 2) / 4.

    >>> round(clipping_divergence([3, 1], kept=2, levels=1), 6)
    0.130812
    """
    whole = np.asarray(counts, dtype=np.float64)
    if whole.ndim != 1 or not (whole >= 0).all() or not 0 < whole.sum() < np.inf:
        raise ValueError("counts must be 1-D, finite, none below 0 and not all 0")
    if not 1 <= levels <= kept <= len(whole):
        raise ValueError(
            f"needed is 1 <= levels <= kept <= {len(whole)} bins, got {levels} levels, {kept} kept"
        )
    clipped = whole[:kept].copy()
    clipped[-1] += whole[kept:].sum()
    level = np.arange(kept) * levels // kept
    filled = clipped > 0
    spread = np.bincount(level, whole[:kept]) / np.maximum(np.bincount(level, filled), 1)
    p, q = clipped[filled], spread[level][filled]
    if not q.all():
        return float("inf")
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum(p * np.log(p / q)))


def _last_kept(counts: NDArray[np.int64], cut: float) -> int:
    """Return the last bin that is kept when at most `cut` values may lie beyond it."""
    at_least = counts[::-1].cumsum()[::-1]
    return int(np.count_nonzero(at_least > cut)) - 1


def _check_bits_of_bins(bits: int) -> None:
    if bits > 8:
        raise ValueError(f"bits must lie in 2..8 where ranges are compared by bins, got {bits}")
