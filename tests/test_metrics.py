"""Metrics against a pencil and against a search for Wilson's interval."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qutils.affine import choose_quant_params_from_range, fake_quantize
from qutils.metrics import (
    accuracy,
    accuracy_interval,
    cosine_similarity,
    max_abs_error,
    sqnr_db,
)


def test_sqnr_of_one_tenth_error_is_20_db():
    assert sqnr_db([10.0, -10.0], [9.0, -11.0]) == pytest.approx(20.0)


def test_sqnr_of_equal_and_of_zero_reference():
    assert sqnr_db([1.0, 2.0], [1.0, 2.0]) == inf
    assert sqnr_db([0.0], [1.0]) == -inf
    assert sqnr_db([0.0], [0.0]) == inf


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_a_uniform_signal_gains_6_02_db_per_bit(bits):
    # 2**b - 1 levels over a range of 2: step s = 2 / (2**b - 2), signal 1/3, noise s**2 / 12.
    x = np.linspace(-1, 1, 400_001)
    params = choose_quant_params_from_range(-1, 1, bits=bits, symmetric=True)
    expected = 20 * np.log10(2**bits - 2)
    assert sqnr_db(x, fake_quantize(x, params)) == pytest.approx(expected, abs=0.01)


def test_cosine():
    assert cosine_similarity([1.0, 0.0], [0.0, 2.0]) == 0.0
    assert cosine_similarity([1.0, 1.0], [-2.0, -2.0]) == pytest.approx(-1.0)
    assert cosine_similarity([0.0], [0.0]) == 1.0
    assert cosine_similarity([0.0], [1.0]) == 0.0


def test_int8_arrays_do_not_overflow():
    a, b = np.array([127], np.int8), np.array([-128], np.int8)
    assert max_abs_error(a, b) == 255.0
    assert sqnr_db(a, b) == pytest.approx(20 * np.log10(127 / 255))
    assert cosine_similarity(a, b) == -1.0


def test_accuracy():
    logits = np.array([[1, 2, 0], [5, 5, 0], [0, 0, 9]], np.int8)
    assert accuracy(logits, [1, 0, 1]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("metric", [sqnr_db, cosine_similarity, max_abs_error])
@pytest.mark.parametrize(
    ("a", "b", "words"),
    [([1.0], [1.0, 2.0], "one shape"), ([], [], "not empty"), ([np.nan], [1.0], "NaN")],
)
def test_arrays_that_cannot_be_compared(metric, a, b, words):
    with pytest.raises(ValueError, match=words):
        metric(a, b)


@pytest.mark.parametrize(
    ("logits", "labels"), [([1, 2], [1]), ([[1, 2]], [1, 0]), (np.empty((0, 3)), [])]
)
def test_accuracy_of_shapes_that_do_not_fit(logits, labels):
    with pytest.raises(ValueError, match=r"logits \(N, classes\)"):
        accuracy(logits, labels)


@pytest.mark.parametrize(("correct", "total"), [(3, 2), (-1, 2), (0, 0)])
def test_interval_of_impossible_counts(correct, total):
    with pytest.raises(ValueError, match=f"got {correct} of {total}"):
        accuracy_interval(correct, total)


@given(st.integers(1, 20_000), st.data())
def test_interval_holds_the_shares_not_rejected_at_95_percent(total, data):
    correct = data.draw(st.integers(0, total))
    interval = accuracy_interval(correct, total)
    p = correct / total
    assert 0 <= interval.low <= p <= interval.high <= 1
    assert interval.low < interval.high
    # Wilson's ends are the shares q with |p - q| = z sqrt(q (1 - q) / n).
    for end in (interval.low, interval.high):
        if 0 < end < 1:
            assert abs(p - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / total), rel=1e-4)
