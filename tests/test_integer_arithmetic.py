"""The small rules around an integer layer: by pencil, then against the converter's files."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qutils.affine import QuantParams, quantize
from qutils.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from qutils.integer_arithmetic import (
    accumulator_bound,
    clamps,
    fold_zero_point,
    quantize_bias,
    rounded_mean,
    sum_factors,
)
from qutils.nets import build
from qutils.tflm import Interpreter, Model


def integers(*values):
    return np.array(values, np.int64)


def dense_model(rng):
    """Return a Keras model of one dense layer with a bias that is not 0, and inputs for it."""
    keras = pytest.importorskip("tf_keras")
    inputs = rng.uniform(-1, 3, (64, 20)).astype(np.float32)
    model = keras.Sequential([keras.layers.InputLayer((20,)), keras.layers.Dense(8)])
    weights = rng.normal(size=(20, 8)) * rng.uniform(0.1, 2, 8)
    model.set_weights([weights.astype(np.float32), rng.normal(size=8).astype(np.float32)])
    return model, inputs


@pytest.fixture(scope="module", params=[True, False], ids=["per channel", "per tensor"])
def converted(request):
    from qutils.convert import to_tflite

    model, inputs = dense_model(np.random.default_rng(0))
    return model, inputs, to_tflite(model, "int8", inputs, per_channel=request.param)


def test_bias_is_the_converters(converted):
    model, _, content = converted
    (dense,) = Model.from_bytes(content).main.operators
    source, weights, bias = dense.tensors[:3]
    ours = quantize_bias(model.get_weights()[1], source.scale, weights.scales)
    np.testing.assert_array_equal(ours, bias.data)


def test_a_dense_layer_by_these_rules_is_the_devices(converted):
    _, inputs, content = converted
    (dense,) = Model.from_bytes(content).main.operators
    source, weights, bias = dense.tensors[:3]
    target = dense.outputs[0]
    q = quantize(inputs, QuantParams(source.scale, source.zero_point))
    w = weights.data.astype(np.int64)
    total = q.astype(np.int64) @ w.T
    total += fold_zero_point(bias.data.astype(np.int64), w, source.zero_point, axis=0)
    multiplier, shift = quantize_multiplier(source.scale * weights.scales / target.scale)
    low, high = clamps(-np.inf, np.inf, target.scale, target.zero_point)
    scaled = multiply_by_quantized_multiplier(total.astype(np.int32), multiplier, shift)
    ours = np.clip(scaled + target.zero_point, low, high)
    device = Interpreter(model_content=content)
    device.allocate_tensors()
    np.testing.assert_array_equal(ours, device.predict(q))


def test_a_bias_without_room_names_its_channel():
    with pytest.raises(ValueError, match=r"bias of channel 1 takes 1e\+12 steps"):
        quantize_bias([0.1, 1.0], 1.0, [0.1, 1e-12])


@pytest.mark.parametrize(
    ("bias", "scale", "message"),
    [([0.1], 0.0, "must be positive"), ([np.nan], 1.0, "not finite"), ([0.1], -1.0, "positive")],
)
def test_bad_bias(bias, scale, message):
    with pytest.raises(ValueError, match=message):
        quantize_bias(bias, scale, 0.5)


@given(st.integers(0, 2**32 - 1), st.integers(-128, 127))
def test_folding_the_zero_point_changes_no_sum(seed, zero_point):
    rng = np.random.default_rng(seed)
    x, w = rng.integers(-128, 128, 50), rng.integers(-127, 128, (3, 50))
    bias = rng.integers(-(10**6), 10**6, 3)
    expected = w @ (x - zero_point) + bias
    np.testing.assert_array_equal(w @ x + fold_zero_point(bias, w, zero_point, axis=0), expected)


@given(st.integers(0, 2**32 - 1))
def test_the_bound_is_reached_and_not_passed(seed):
    rng = np.random.default_rng(seed)
    w = rng.integers(-127, 128, (4, 3, 3, 2))
    bound = accumulator_bound(w, 128, axis=0)
    rows = w.reshape(4, -1)
    worst = (rows * np.where(rows > 0, -128, 128)).sum(axis=1)
    np.testing.assert_array_equal(-worst, bound)
    x = rng.integers(-128, 128, rows.shape[1])
    assert (np.abs(np.cumsum(rows * x, axis=1)).max(axis=1) <= bound).all()


def test_channels_of_a_depthwise_filter_are_its_last_axis():
    w = integers(1, -2, 3, -4).reshape(1, 2, 1, 2)  # channels [1, 3] and [-2, -4]
    assert accumulator_bound(w, 10, axis=3).tolist() == [40, 60]
    assert fold_zero_point(integers(0, 0), w, 10, axis=3).tolist() == [-40, 60]


@pytest.mark.parametrize("axis", [-1, 2])
def test_an_axis_that_is_not_there(axis):
    with pytest.raises(ValueError, match=f"axis {axis} is not a dimension"):
        accumulator_bound(integers(1, 2).reshape(1, 2), 128, axis)


def test_clamps_of_activations():
    # Steps of 0.1: 6 is 60 steps above the zero point -128; RELU leaves the rest of int8.
    assert clamps(0, 6, 0.1, -128) == (-128, -68)
    assert clamps(0, np.inf, 0.1, -100) == (-100, 127)
    assert clamps(-1, 1, 0.1, 0) == (-10, 10)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(1, 10**6))
def test_rounded_mean_is_the_nearest_integer(total, count):
    got = int(rounded_mean(np.int64(total), count))
    away = Fraction(abs(total), count)
    assert abs(got) == int(away + Fraction(1, 2))
    assert got == 0 or (got < 0) == (total < 0)


def test_a_sum_by_hand():
    # 10 steps of 0.5 and 4 of 0.25 are 5 + 1 = 6: 12 steps of 0.5.
    factors = sum_factors(0.5, 0.25, 0.5)
    parts = [
        multiply_by_quantized_multiplier(np.int32(steps << 20), *quantize_multiplier(factor))
        for steps, factor in ((10, factors.first), (4, factors.second))
    ]
    total = np.int32(sum(int(part) for part in parts))
    assert multiply_by_quantized_multiplier(total, *quantize_multiplier(factors.output)) == 12


def test_widened_inputs_and_their_sum_fit_int32():
    # The largest steps are 255; factors are at most 1/2.
    factors = sum_factors(0.3, 0.3, 0.3)
    assert factors.first == factors.second == 0.5
    assert (255 << 20) * (factors.first + factors.second) < 2**31


def test_biases_of_a_network_are_all_in_reach():
    # The largest dense layer of the course: its sums stay far inside int32.
    dense = build("large_cnn").get_layer("dense")
    bound = accumulator_bound(np.full((dense.units, dense.input_shape[-1]), 127), 255, axis=0)
    assert bound.max() < 2**31
