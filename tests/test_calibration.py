"""Observers against a pencil, TFLite's converter, published solutions, and their own laws."""

import pickle
import tracemalloc
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qutils.affine import QuantParams, choose_quant_params, fake_quantize, quantize
from qutils.calibration import (
    Entropy,
    MinMax,
    MovingAverage,
    MseOptimal,
    Percentile,
    clipping_divergence,
)
from qutils.errors import CalibrationError
from tests.converted import observed_activations

EVERY = [MinMax, MovingAverage, Percentile, MseOptimal, Entropy]
ORDERLESS = [MinMax, partial(Percentile, percent=90.0), MseOptimal, Entropy]
REALS = st.floats(-1e6, 1e6, width=32)
ARRAYS = hnp.arrays(np.float32, st.integers(1, 40), elements=REALS)


def observed(observer, *updates):
    for x in updates:
        observer.update(x)
    return observer


def ends(observer):
    low, high = observer.limits()
    return float(low[0]), float(high[0])


def normal(n=20_000, seed=0):
    return np.random.default_rng(seed).normal(size=n).astype(np.float32)


# Pencil


def test_min_max():
    observer = observed(MinMax(), [-1.0, 0.5], [[1.55], [0.1]])
    assert ends(observer) == (-1.0, 1.55)
    assert observer.params() == QuantParams(0.01, -28)


def test_moving_average():
    # 0.75 * 4 + 0.25 * 8 = 5, then 0.75 * 5 + 0.25 * 1 = 4.
    observer = MovingAverage(momentum=0.75)
    highs = [ends(observed(observer, [0.0, high]))[1] for high in (4.0, 8.0, 1.0)]
    assert highs == [4.0, 5.0, 4.0]


def test_moving_average_without_memory_is_the_last_update():
    assert ends(observed(MovingAverage(momentum=0), [9.0], [-1.0, 2.0])) == (-1.0, 2.0)


BIN = 1 / 32  # values up to 100 < 2**7: 128 / 4096


@pytest.mark.parametrize(
    ("symmetric", "percent", "expected"),
    [
        (True, 90, (1, 90 + BIN)),  # the ten largest of 1, 2, ..., 100 are cut
        (False, 90, (6, 95 + BIN)),  # five at each end
        (False, 100, (1, 100)),
        (False, 99.9, (1, 100)),  # a tenth of a value cannot be cut
        (False, 1, (50, 51 + BIN)),
    ],
)
def test_percentile(symmetric, percent, expected):
    observer = Percentile(percent=percent, symmetric=symmetric)
    assert ends(observed(observer, np.arange(1, 101))) == expected


def test_mse_optimal():
    # Nine values 1 and one 4 on the integers -1, 0, 1. With a scale s up to 2 all become s:
    # 9 (s - 1)**2 + (s - 4)**2 is least at s = 1.3, and 8.1. Beyond 2, each 1 becomes 0: 9 or more.
    observer = observed(MseOptimal(bits=2, symmetric=True), [1.0] * 9 + [4.0])
    assert ends(observer)[1] == 42 * 4 / 128  # 1.3125, the candidate next to 1.3


def test_clipping_divergence():
    # Two bins become one level: p = (3, 1) / 4, q = (2, 2) / 4.
    merged = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    assert clipping_divergence([3, 1], 2, 1) == pytest.approx(merged)
    # One bin saturates into the last: p = (1, 3) / 4, q = (1, 1) / 2.
    assert clipping_divergence([1, 1, 2], 2, 2) == pytest.approx(merged)
    # Empty bins take no share of their level.
    assert clipping_divergence([2, 0, 0, 2], 4, 2) == 0
    # What saturates into an empty level cannot be compared.
    assert clipping_divergence([1, 0, 1], 2, 2) == np.inf


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("symmetric", [False, True])
def test_evenly_spread_values_are_all_kept(make, symmetric):
    x = np.linspace(-1, 1, 4097)
    assert ends(observed(make(symmetric=symmetric), x)) == pytest.approx((-1, 1), abs=0.01)


@pytest.mark.parametrize("make", EVERY)
def test_per_channel_equals_each_channel_alone(make):
    x = normal(600).reshape(5, 3, 40) * np.float32([1, 10, 100])[:, np.newaxis]
    params = observed(make(axis=-2, symmetric=True), x[:2], x[2:]).params()
    assert params.axis == 1
    for channel in range(3):
        alone = observed(make(symmetric=True), x[:2, channel], x[2:, channel]).params()
        assert np.asarray(params.scale)[channel] == alone.scale


def test_options_reach_the_parameters():
    x = [-2.0, 1.0]
    assert observed(MinMax(bits=2), x).params() == QuantParams(1.0, 0, bits=2)
    wide = observed(MinMax(symmetric=True, narrow_range=False), x).params()
    assert wide == choose_quant_params(x, symmetric=True, narrow_range=False)
    assert observed(MinMax(bits=16, symmetric=True), x).params().qmax == 32767


# Dead, constant and single values


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_dead_tensor_gets_scale_one(make, symmetric):
    params = observed(make(symmetric=symmetric), np.zeros(5), np.zeros(3)).params()
    assert (params.scale, params.zero_point) == (1.0, 0)


@pytest.mark.parametrize("make", EVERY)
def test_a_dead_channel_beside_a_live_one(make):
    x = np.stack([np.zeros(50), np.linspace(-1, 1, 50)])
    params = observed(make(axis=0), x).params()
    assert np.asarray(params.scale)[0] == 1
    assert np.asarray(params.scale)[1] == pytest.approx(2 / 255, rel=0.02)
    assert not fake_quantize(x, params)[0].any()


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("value", [3.0, -3.0, 1e-30])
def test_a_constant_tensor_is_met(make, value):
    params = observed(make(), np.full(7, value)).params()
    assert fake_quantize(value, params) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("make", EVERY)
def test_channels_of_one_element(make):
    x = np.array([[1.0], [0.0], [-4.0]])
    params = observed(make(axis=0), x).params()
    assert np.asarray(params.scale).shape == (3,)
    np.testing.assert_allclose(fake_quantize(x, params), x, rtol=1e-6)


# Laws


@pytest.mark.parametrize("make", ORDERLESS)
@settings(max_examples=25, deadline=None)
@given(x=ARRAYS, data=st.data())
def test_neither_order_nor_division_matters(make, x, data):
    shuffled = x[data.draw(st.permutations(range(len(x))))]
    cuts = sorted(data.draw(st.lists(st.integers(1, len(x)), max_size=3)))
    parts = [part for part in np.split(shuffled, cuts) if part.size]
    assert observed(make(), x).params() == observed(make(), *parts).params()


def test_order_matters_to_a_moving_average():
    large, small = [8.0], [1.0]
    assert ends(observed(MovingAverage(), large, small)) != ends(
        observed(MovingAverage(), small, large)
    )


@pytest.mark.parametrize("make", EVERY)
@settings(max_examples=25, deadline=None)
@given(x=ARRAYS, bits=st.integers(2, 8), symmetric=st.booleans())
def test_zero_is_exact(make, x, bits, symmetric):
    params = observed(make(bits=bits, symmetric=symmetric), x).params()
    assert quantize(0.0, params) == params.zero_point


@given(st.lists(ARRAYS, min_size=2, max_size=4))
def test_min_max_only_widens(updates):
    observer = MinMax()
    seen = [ends(observed(observer, x)) for x in updates]
    assert all(b[0] <= a[0] and b[1] >= a[1] for a, b in pairwise(seen))


@given(st.lists(ARRAYS, min_size=1, max_size=4), st.booleans(), st.integers(2, 16))
def test_min_max_is_that_of_all_values_at_once(updates, symmetric, bits):
    observer = observed(MinMax(symmetric=symmetric, bits=bits), *updates)
    whole = np.concatenate(updates)
    assert observer.params() == choose_quant_params(whole, symmetric=symmetric, bits=bits)


@given(ARRAYS, st.booleans(), st.lists(st.floats(0.1, 100), min_size=2, max_size=4))
def test_percentile_holds_its_share_and_grows_with_it(x, symmetric, percents):
    found = []
    for percent in sorted(percents):
        low, high = ends(observed(Percentile(percent=percent, symmetric=symmetric), x))
        assert ((x >= low) & (x <= high)).mean() >= percent / 100 - 1e-6
        found.append((low, high))
    assert all(b[0] <= a[0] and b[1] >= a[1] for a, b in pairwise(found))


@given(ARRAYS, st.booleans())
def test_a_hundred_percent_is_min_max(x, symmetric):
    whole = observed(MinMax(symmetric=symmetric), x).params()
    assert observed(Percentile(percent=100, symmetric=symmetric), x).params() == whole


def squared_error(x, params):
    return float(np.sum((fake_quantize(x, params).astype(np.float64) - x) ** 2))


SHAPES = {
    "normal": normal(),
    "laplace": np.random.default_rng(1).laplace(size=20_000).astype(np.float32),
    "relu": np.maximum(normal(seed=2), 0),
    "shifted": normal(seed=3) + np.float32(1.5),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_mse_optimal_is_as_good_as_the_best_of_all_thresholds(shape, bits):
    x = SHAPES[shape]
    largest = np.abs(x).max()
    thresholds = np.linspace(0, 1, 401)[1:] * largest
    best = min(
        squared_error(x, choose_quant_params([t], bits=bits, symmetric=True)) for t in thresholds
    )
    found = squared_error(x, observed(MseOptimal(bits=bits, symmetric=True), x).params())
    assert found <= 1.01 * best  # candidates are 1/128 apart, bins up to 1/2048
    asymmetric = squared_error(x, observed(MseOptimal(bits=bits), x).params())
    assert asymmetric <= 1.01 * squared_error(x, choose_quant_params(x, bits=bits))


def octav(x, bits, iterations=50):
    """Clip where OCTAV does: Sakr et al. 2022, arXiv:2206.06501, the Newton iteration."""
    magnitude = np.abs(x.astype(np.float64))
    clip = magnitude.mean()
    for _ in range(iterations):
        beyond = magnitude > clip
        rounded = 4.0**-bits / 3 * (~beyond & (magnitude > 0)).sum()
        clip = magnitude[beyond].sum() / (rounded + beyond.sum())
    return clip


@pytest.mark.parametrize("shape", ["normal", "laplace"])
@pytest.mark.parametrize("bits", [4, 6, 8])
def test_mse_optimal_beats_octav_or_equals_it(shape, bits):
    # OCTAV takes rounding errors as uniform; the search counts them.
    x = SHAPES[shape]
    clip = octav(x, bits)
    theirs = squared_error(x, choose_quant_params([clip], bits=bits, symmetric=True))
    observer = observed(MseOptimal(bits=bits, symmetric=True), x)
    assert squared_error(x, observer.params()) <= 1.01 * theirs
    assert max(np.abs(observer.limits())) == pytest.approx(clip, rel=0.15)


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_clipping_pays_more_with_fewer_bits(bits):
    x = SHAPES["laplace"]
    fewer, more = (
        ends(observed(MseOptimal(bits=b, symmetric=True), x))[1] for b in (bits - 2, bits)
    )
    assert fewer < more


@pytest.mark.parametrize("make", [Percentile, Entropy])
def test_one_outlier_does_not_decide(make):
    x = np.append(normal(), 60.0)
    assert ends(observed(MinMax(), x))[1] == 60
    assert ends(observed(make(), x))[1] < 10


def test_entropy_does_not_count_zeros():
    x = SHAPES["relu"]
    assert ends(observed(Entropy(), x)) == ends(observed(Entropy(), x[x > 0], [0.0]))


# State


@pytest.mark.parametrize("make", EVERY)
def test_state_does_not_grow(make):
    observer = observed(make(axis=-1), normal(3_000).reshape(-1, 3))
    before = len(pickle.dumps(observer))
    for seed in range(30):
        observer.update(normal(3_000, seed).reshape(-1, 3))
    assert abs(len(pickle.dumps(observer)) - before) <= 64  # Python's integers may grow by bytes


@pytest.mark.parametrize("make", EVERY)
def test_an_update_needs_no_copy_of_the_values(make):
    x = normal(2**22)
    observer = make()
    tracemalloc.start()
    observer.update(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 4


@pytest.mark.parametrize("make", EVERY)
def test_arguments_are_left_alone(make):
    x = normal(100)
    before = x.copy()
    observer = observed(make(), x)
    first = observer.params()
    x[:] = 7  # what was seen was seen
    assert observer.params() == first
    np.testing.assert_array_equal(observed(make(), before).limits(), observer.limits())


# Errors


@pytest.mark.parametrize("make", EVERY)
def test_empty_calibration(make):
    with pytest.raises(CalibrationError, match="calibration is empty"):
        make().params()
    with pytest.raises(CalibrationError, match=r"without values: its shape is \(0, 3\)"):
        make().update(np.zeros((0, 3)))


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_values_that_are_not_finite_leave_the_observer_as_it_was(make, value):
    observer = observed(make(), [1.0, 2.0])
    before = observer.params()
    with pytest.raises(CalibrationError, match="NaN or infinity"):
        observer.update([1.0, value, 50.0])
    assert observer.params() == before


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("bits", [1, 0, 17, 4.5, np.nan, None, "8"])
def test_bits_out_of_range(make, bits):
    with pytest.raises(ValueError, match=f"bits must .* got {bits}"):
        make(bits=bits)


@pytest.mark.parametrize("make", [MseOptimal, Entropy])
def test_more_bits_than_the_bins_resolve(make):
    with pytest.raises(ValueError, match=r"2\.\.8 .* got 9"):
        make(bits=9)


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("axis", [2, -3])
def test_axis_out_of_range(make, axis):
    with pytest.raises(CalibrationError, match=f"axis {axis} is out of range"):
        make(axis=axis).update(np.ones((2, 2)))


@pytest.mark.parametrize("make", EVERY)
def test_channels_may_not_change(make):
    observer = observed(make(axis=0), np.ones((3, 4)))
    with pytest.raises(CalibrationError, match="had 3 channels before, now it has 2"):
        observer.update(np.ones((2, 4)))


@pytest.mark.parametrize("percent", [0, -1, 100.5, np.nan])
def test_percent_out_of_range(percent):
    with pytest.raises(ValueError, match="percent must lie"):
        Percentile(percent=percent)


@pytest.mark.parametrize("momentum", [-0.1, 1, np.nan])
def test_momentum_out_of_range(momentum):
    with pytest.raises(ValueError, match="momentum must lie"):
        MovingAverage(momentum=momentum)


@pytest.mark.parametrize("counts", [[], [0, 0], [1, -2], [1, np.nan], [1, np.inf], [[1, 2]]])
def test_counts_that_are_no_histogram(counts):
    with pytest.raises(ValueError, match="counts must be 1-D, finite, none below 0 and not all 0"):
        clipping_divergence(counts, 1, 1)


@pytest.mark.parametrize(("kept", "levels"), [(0, 0), (4, 1), (2, 3), (2, 0)])
def test_levels_and_bins_that_do_not_fit(kept, levels):
    with pytest.raises(ValueError, match="needed is 1 <= levels <= kept <= 3 bins"):
        clipping_divergence([1, 2, 3], kept, levels)


# TFLite's converter


@pytest.mark.parametrize("name", ["net_a", "net_b"])
def test_every_activation_gets_the_parameters_of_the_converter(name):
    from ai_edge_litert.interpreter import Interpreter

    from qutils.convert import to_tflite
    from qutils.data import load_fashion_mnist
    from qutils.nets import load

    net, samples = load(name), load_fashion_mnist("validation")[0][:20]
    observers = observed_activations(to_tflite(net), samples)
    int8 = Interpreter(model_content=to_tflite(net, "int8", samples))
    exact = []
    for detail in int8.get_tensor_details():
        found = detail["quantization_parameters"]
        if detail["dtype"] != np.int8 or detail["name"] not in observers:
            continue
        if len(found["scales"]) != 1 or found["quantized_dimension"]:
            continue
        params = observers[detail["name"]].params()
        assert params.zero_point == found["zero_points"][0], detail["name"]
        # The dense layer sums 128 products, and the converter does so in another order.
        np.testing.assert_array_max_ulp(params.scale, found["scales"][0], 4)
        exact.append(params.scale == found["scales"][0])
    assert len(exact) == 14  # input, stem, ten of the blocks, pool, logits
    assert sum(exact) >= 13
