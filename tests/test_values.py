"""What is no number, or not a finite one, is refused by name, wherever numbers come in."""

from functools import partial

import numpy as np
import pytest

from qutils.affine import QuantParams, choose_quant_params, fake_quantize, quantize, round_half_away
from qutils.calibration import Entropy, MinMax, MovingAverage, MseOptimal, Percentile
from qutils.floats import float_fields
from qutils.histogram import StreamingHistogram
from qutils.rounding_modes import round_half_even, round_half_up, round_stochastic
from qutils.values import finite_values, real_values

PARAMS = QuantParams(0.5, 0)
TAKERS = {
    "choose_quant_params": choose_quant_params,
    "quantize": partial(quantize, params=PARAMS),
    "fake_quantize": partial(fake_quantize, params=PARAMS),
    "round_half_away": round_half_away,
    "round_half_even": round_half_even,
    "round_half_up": round_half_up,
    "round_stochastic": partial(round_stochastic, rng=np.random.default_rng(0)),
    "StreamingHistogram.add": StreamingHistogram().add,
    "float_fields": float_fields,
} | {
    f"{make.__name__}.update": make().update
    for make in (MinMax, MovingAverage, Percentile, MseOptimal, Entropy)
}


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize(
    "values", [["1", "2"], [1 + 2j], [None, 1.0]], ids=["text", "complex", "objects"]
)
def test_only_real_numbers_are_taken(name, values):
    with pytest.raises(ValueError, match=r"values must be real numbers, got (<U1|complex|object)"):
        TAKERS[name](values)


@pytest.mark.parametrize("rounding", [round_half_away, round_half_even, round_half_up])
def test_integers_and_truth_values_are_numbers(rounding):
    assert rounding([True, False]).tolist() == [1, 0]
    assert rounding([2, -3]).dtype == np.float64


def test_floats_keep_their_type():
    x = np.float32([1.5, -2.5])
    assert real_values(x) is x
    assert finite_values(x) is x


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_the_place_of_what_is_not_finite_is_told(value, word):
    x = np.zeros((3, 4), np.float32)
    x[1, 2] = x[2, 0] = value
    with pytest.raises(ValueError, match=rf"{word} .* 2 of 12 .* the first at \(1, 2\)"):
        finite_values(x)
