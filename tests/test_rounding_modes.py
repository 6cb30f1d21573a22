"""Rounding modes at their ties, and the bias that each has, against a pencil and in integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qutils.affine import round_half_away
from qutils.fixed_point import rounding_divide_by_pot
from qutils.rounding_modes import round_half_even, round_half_up, round_stochastic, rounding_bias

TIES = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]
NEAREST = [round_half_away, round_half_even, round_half_up]
DIGITS = st.integers(1, 10)


def stochastic(seed=0):
    rng = np.random.default_rng(seed)
    return lambda x: round_stochastic(x, rng)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (round_half_away, [-3, -2, -1, 1, 2, 3]),
        (round_half_even, [-2, -2, 0, 0, 2, 2]),
        (round_half_up, [-2, -1, 0, 1, 2, 3]),
    ],
)
def test_ties(rounding, expected):
    assert rounding(TIES).tolist() == expected


@pytest.mark.parametrize("rounding", NEAREST)
@given(x=st.floats(-(2.0**22), 2.0**22, width=32))
def test_all_but_ties_go_to_the_nearest(rounding, x):
    rounded = float(rounding(np.float32(x)))
    assert abs(rounded - x) <= 0.5
    assert rounded == round(rounded)
    if abs(x - np.trunc(x)) != 0.5:
        assert rounded == np.rint(x)


@pytest.mark.parametrize("rounding", NEAREST)
def test_just_below_a_tie(rounding):
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert rounding(np.array([below, -below])).tolist() == [0, 0]


@given(DIGITS, st.integers(-50, 49), st.integers(1, 50))
def test_bias_of_half_up_is_the_same_everywhere(digits, low, length):
    assert rounding_bias(round_half_up, low, low + length, digits) == pytest.approx(
        2.0 ** -(digits + 1), abs=1e-15
    )


@given(DIGITS, st.integers(1, 50))
def test_bias_of_half_away_has_the_sign_of_the_values(digits, length):
    bias = 2.0 ** -(digits + 1)
    step = 2.0**-digits
    assert rounding_bias(round_half_away, 0, length, digits) == pytest.approx(bias, abs=1e-15)
    assert rounding_bias(round_half_away, -length, 0, digits) == pytest.approx(-bias, abs=1e-15)
    # Open at -length, so that both signs are equally frequent.
    both = rounding_bias(round_half_away, -length + step, length, digits)
    assert both == pytest.approx(0, abs=1e-15)


@given(DIGITS, st.integers(-25, 24), st.integers(1, 25))
def test_half_even_has_no_bias(digits, low, length):
    assert rounding_bias(round_half_even, 2 * low, 2 * (low + length), digits) == 0


def test_one_period_of_half_even_has_the_bias_of_its_one_tie():
    # 0, 1/4, 1/2, 3/4: errors 0, -1/4, -1/2, 1/4.
    assert rounding_bias(round_half_even, 0, 1, 2) == -0.125


@pytest.mark.parametrize("x", [0.0, 0.1, 0.5, -0.25, 2.875])
def test_stochastic_rounding_has_the_value_as_its_mean(x):
    n = 200_000
    rounded = stochastic()(np.full(n, x))
    fraction = x - np.floor(x)
    assert set(rounded.tolist()) <= {np.floor(x), np.ceil(x)}
    # Five standard deviations of a mean of n draws.
    assert abs(rounded.mean() - x) <= 5 * np.sqrt(fraction * (1 - fraction) / n)


def test_stochastic_rounding_keeps_small_sums_that_the_nearest_loses():
    # 1000 updates of 0.01 steps: each one rounds to nothing, their mean survives.
    updates = np.full(1000, 0.01)
    assert round_half_even(updates).sum() == 0
    assert 0 < stochastic()(updates).sum() < 30


def test_stochastic_rounding_repeats_with_its_seed():
    x = np.linspace(-3, 3, 100)
    np.testing.assert_array_equal(stochastic(7)(x), stochastic(7)(x))
    assert (stochastic(7)(x) != stochastic(8)(x)).any()


@given(st.integers(-(2**20), 2**20), st.integers(1, 12))
def test_integer_forms(n, k):
    assert (n + 2 ** (k - 1)) >> k == round_half_up(n / 2**k)
    assert rounding_divide_by_pot(np.array([n]), k)[0] == round_half_away(n / 2**k)


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"0\.\.20, got 21"):
        rounding_bias(round_half_up, 0, 1, 21)
    with pytest.raises(ValueError, match=r"whole number in 0\.\.20, got 2\.5"):
        rounding_bias(round_half_up, 0, 1, 2.5)
    with pytest.raises(ValueError, match="must be finite"):
        rounding_bias(round_half_up, 0, np.nan, 2)
    with pytest.raises(ValueError, match="no value"):
        rounding_bias(round_half_up, 1, 1, 2)
