"""Fixed-point multiplication against a pencil and against exact rational arithmetic."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qutils.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)

INT32 = st.integers(-(2**31), 2**31 - 1)
MULTIPLIER = st.integers(2**30, 2**31 - 1) | st.just(0)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def half_away(value: Fraction) -> int:
    return half_up(value) if value >= 0 else -half_up(-value)


def wrap32(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def double_rounded(x: int, multiplier: int, shift: int) -> int:
    shifted = wrap32(x * 2 ** max(shift, 0))
    high = min(half_up(Fraction(shifted * multiplier, 2**31)), 2**31 - 1)
    return half_away(Fraction(high, 2 ** max(-shift, 0)))


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (0.5, (2**30, 0)),
        (1.0, (2**30, 1)),
        (0.75, (3 * 2**29, 0)),
        (1 - 2.0**-40, (2**30, 1)),  # the mantissa rounds up to 2**31 and carries
        (2.0**-32, (2**30, -31)),
        (2.0**-33, (0, 0)),  # would need a shift of -32
        ((2**30 + 0.5) / 2.0**31, (2**30 + 1, 0)),  # a tie goes away from zero
        ((2**30 + 1.5) / 2.0**31, (2**30 + 2, 0)),
    ],
)
def test_quantize_multiplier_by_pencil(real, expected):
    assert quantize_multiplier(real) == expected


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf"), [0.5, -1.0]])
def test_quantize_multiplier_refuses(bad):
    with pytest.raises(ValueError, match="finite and not negative"):
        quantize_multiplier(bad)


@given(st.floats(2.0**-31, 2.0**30))
def test_the_multiplier_is_the_nearest(real):
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    step = Fraction(2) ** (shift - 31)
    # The carry to 2**30 doubles the step, hence the exact half of the smaller one at most.
    assert abs(Fraction(real) - multiplier * step) <= step / 2


@given(st.lists(st.floats(0, 2.0**30), min_size=1))
def test_an_array_is_its_scalars(reals):
    multipliers, shifts = quantize_multiplier(reals)
    pairs = [quantize_multiplier(real) for real in reals]
    assert list(zip(multipliers.tolist(), shifts.tolist(), strict=True)) == pairs


@pytest.mark.parametrize(
    ("x", "real", "double", "single"),
    [
        (10, 0.5, 5, 5),
        (5, 0.5, 3, 3),  # 2.5: both towards plus infinity
        (-5, 0.5, -2, -2),
        (6, 0.25, 2, 2),  # 1.5
        (-6, 0.25, -2, -1),  # the right shift rounds half away from zero, one rounding does not
        (1, 0.25, 1, 0),  # 0.25 -> 0.5 -> 1: rounded twice
        (3, 4.0, 12, 12),
        (-3, 4.0, -12, -12),
        (100, 0.0, 0, 0),
    ],
)
def test_multiply_by_pencil(x, real, double, single):
    multiplier, shift = quantize_multiplier(real)
    assert multiply_by_quantized_multiplier(x, multiplier, shift) == double
    assert multiply_by_quantized_multiplier(x, multiplier, shift, rounding="single") == single


def test_only_the_two_most_negative_numbers_saturate():
    lowest = np.array([-(2**31)], dtype=np.int64)
    assert saturating_rounding_doubling_high_mul(lowest, lowest).tolist() == [2**31 - 1]
    assert saturating_rounding_doubling_high_mul(lowest, lowest + 1).tolist() == [2**31 - 1]
    assert saturating_rounding_doubling_high_mul(lowest, -lowest - 1).tolist() == [1 - 2**31]


def test_one_rounding_saturates():
    highest = 2**31 - 1
    got = multiply_by_quantized_multiplier([highest, -highest], highest, 3, rounding="single")
    assert got.tolist() == [2**31 - 1, -(2**31)]


@given(INT32, st.integers(0, 31))
def test_divide_by_power_of_two_is_exact(x, exponent):
    got = rounding_divide_by_pot(np.array([x], dtype=np.int64), exponent)
    assert got.tolist() == [half_away(Fraction(x, 2**exponent))]


@given(INT32, MULTIPLIER, st.integers(-31, 31))
def test_double_rounding_is_exact(x, multiplier, shift):
    got = multiply_by_quantized_multiplier(x, multiplier, shift)
    assert got == double_rounded(x, multiplier, shift)


@given(INT32, MULTIPLIER, st.integers(-31, 31))
def test_single_rounding_is_exact(x, multiplier, shift):
    got = multiply_by_quantized_multiplier(x, multiplier, shift, rounding="single")
    exact = half_up(Fraction(x * multiplier) * Fraction(2) ** (shift - 31))
    assert got == min(max(exact, -(2**31)), 2**31 - 1)


@given(st.lists(INT32, min_size=2), MULTIPLIER, st.integers(-31, 0))
def test_it_is_monotone(xs, multiplier, shift):
    got = multiply_by_quantized_multiplier(sorted(xs), multiplier, shift)
    assert (np.diff(got.astype(np.int64)) >= 0).all()


@given(INT32, MULTIPLIER, st.integers(-31, 0))
def test_the_two_roundings_differ_by_one_at_most(x, multiplier, shift):
    double = multiply_by_quantized_multiplier(x, multiplier, shift)
    single = multiply_by_quantized_multiplier(x, multiplier, shift, rounding="single")
    assert abs(int(double) - int(single)) <= 1


def test_per_channel_multipliers_broadcast_over_the_last_axis():
    multiplier, shift = quantize_multiplier([0.5, 0.25])
    got = multiply_by_quantized_multiplier([[8, 8], [-8, -8]], multiplier, shift)
    assert got.dtype == np.int32
    assert got.tolist() == [[4, 2], [-4, -2]]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((2**31, 2**30, 0), "x must lie in"),
        ((1.5, 2**30, 0), "x must be integers, got float64"),
        ((1, 2**31, 0), "multiplier must lie in"),
        ((1, -1, 0), "multiplier must lie in"),
        ((1, 2**30, 32), "shift must lie in"),
    ],
)
def test_what_leaves_its_range_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        multiply_by_quantized_multiplier(*arguments)


def test_an_unknown_rounding_is_refused():
    with pytest.raises(ValueError, match="got 'half'"):
        multiply_by_quantized_multiplier(1, 2**30, 0, rounding="half")
