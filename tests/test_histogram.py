"""The streaming histogram against NumPy's, and that it depends on the values alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qutils.histogram import HALF, StreamingHistogram

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
ARRAYS = hnp.arrays(np.float32, st.integers(0, 30), elements=FINITE)


def histogram_of(*parts):
    histogram = StreamingHistogram()
    for part in parts:
        histogram.add(part)
    return histogram


def state(histogram):
    return histogram.exponent, histogram.zeros, histogram.counts.tolist()


def test_edges_and_counts():
    # 3 < 2**2, so the range is [-4, 4) and a bin 4 / 4096 wide.
    histogram = histogram_of([3.0, -3.0, 0.0, 0.0005, 0.001])
    assert histogram.width == 2.0**-10
    edges, counts = histogram.occupied()
    assert edges.tolist() == [-3.0, 0.0, 2.0**-10, 3.0]  # 0.001 is just above 1 / 1024
    assert counts.tolist() == [1, 2, 1, 1]
    assert (histogram.total, histogram.zeros) == (5, 1)


def test_magnitudes():
    histogram = histogram_of([0.0, 0.0, 3.0, -2.9995])
    folded = histogram.magnitudes()
    # 3 opens bin 3072; -2.9995 lies in [-3, -3 + 1/1024), so its magnitude is in bin 3071.
    assert {int(i): int(folded[i]) for i in np.flatnonzero(folded)} == {3071: 1, 3072: 1}
    assert histogram.magnitudes(with_zeros=True)[0] == 2


def test_widening_merges_pairs_of_bins():
    small = histogram_of([0.3, -0.3, 0.9])
    small.add([5.0])
    assert state(small) == state(histogram_of([0.3, -0.3, 0.9, 5.0]))


@given(ARRAYS, st.data())
def test_neither_order_nor_division_matters(x, data):
    shuffled = x[data.draw(st.permutations(range(len(x))))] if len(x) else x
    cuts = sorted(data.draw(st.lists(st.integers(0, len(x)), max_size=3)))
    assert state(histogram_of(x)) == state(histogram_of(*np.split(shuffled, cuts)))


@given(ARRAYS)
def test_counts_are_those_of_numpy(x):
    histogram = histogram_of(x)
    edges = np.arange(-HALF, HALF + 1) * histogram.width
    expected = np.histogram(x.astype(np.float64), edges)[0]
    np.testing.assert_array_equal(histogram.counts, expected)
    if np.any(x):
        assert np.flatnonzero(histogram.magnitudes())[-1] >= 2047


def test_large_updates_are_taken_in_blocks():
    x = np.random.default_rng(0).normal(size=200_001).astype(np.float32)
    edges = np.arange(-HALF, HALF + 1) * histogram_of(x).width
    np.testing.assert_array_equal(histogram_of(x).counts, np.histogram(x, edges)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_what_has_no_bin(value):
    histogram = histogram_of([1.0])
    before = state(histogram)
    with pytest.raises(ValueError, match="no bin"):
        histogram.add([5.0, value])
    assert state(histogram) == before
