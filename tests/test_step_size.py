"""The gradient by the scale: by hand, against numeric slopes, and against our Keras layers."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qutils._keras import import_keras, import_tensorflow
from qutils.affine import QuantParams, fake_quantize
from qutils.qat import fake_quantize_gradient
from qutils.step_size import gradient_scale, initial_step_size, step_size_gradient


def test_gradient_by_hand():
    params = QuantParams(0.5, 1, bits=3)  # steps -5..2 from the zero point
    # 0.6 is 1.2 steps, rounded to 1; 5 saturates at 2 steps, -5 at -5; 0.5 is met exactly.
    for x, slope in ((0.6, -0.2), (5.0, 2.0), (-5.0, -5.0), (0.5, 0.0)):
        assert step_size_gradient([3.0], [x], params) == pytest.approx(3 * slope, abs=1e-6)


def test_gradient_per_channel_is_summed_by_channel():
    params = QuantParams([1.0, 0.5], 0, bits=3, axis=1)
    x = [[0.25, 9.0], [0.25, 0.5]]
    assert step_size_gradient(np.ones((2, 2)), x, params).tolist() == [-0.5, 3.0]


@settings(deadline=None)
@given(st.floats(-4, 4), st.floats(0.2, 1.0), st.integers(-3, 3))
def test_a_saturated_value_has_the_slope_of_the_staircase(x, scale, zero_point):
    params = QuantParams(scale, zero_point, bits=3)
    ends = np.array([params.qmin - zero_point, params.qmax - zero_point])
    assume(not ends[0] * scale * 1.02 <= x <= ends[1] * scale * 1.02)
    wider, narrower = (QuantParams(scale * f, zero_point, bits=3) for f in (1.01, 0.99))
    slope = (fake_quantize(x, wider) - fake_quantize(x, narrower)) / (0.02 * scale)
    assert step_size_gradient([1.0], [x], params) == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_slope_inside_is_that_of_the_error_while_the_rounding_stays():
    # Straight through: d(v + r)/ds * s with r = round(v) - v held, as the paper derives it.
    params = QuantParams(0.5, 0, bits=4)
    x = np.linspace(-3.4, 3.4, 41)
    h = 1e-3
    rest = fake_quantize(x, params) / 0.5 - x / 0.5
    slope = ((x / (0.5 + h) + rest) * (0.5 + h) - (x / (0.5 - h) + rest) * (0.5 - h)) / (2 * h)
    found = [step_size_gradient([1.0], [value], params) for value in x]
    assert np.allclose(found, slope, atol=1e-5)


def test_wrong_arguments_are_named():
    params = QuantParams([1.0, 1.0], 0, axis=0)
    with pytest.raises(ValueError, match=r"upstream has shape \(1,\), x has \(2,\)"):
        step_size_gradient([1.0], [1.0, 2.0], params)
    with pytest.raises(ValueError, match="NaN"):
        step_size_gradient([1.0, 1.0], [1.0, np.nan], params)
    with pytest.raises(ValueError, match="2 channels do not fit axis 0"):
        step_size_gradient(np.ones(3), np.ones(3), params)
    with pytest.raises(ValueError, match="needs values"):
        initial_step_size([])
    with pytest.raises(ValueError, match="NaN"):
        initial_step_size([np.nan])
    with pytest.raises(ValueError, match="from 2 to 16, got 1"):
        initial_step_size([1.0], bits=1)
    with pytest.raises(ValueError, match="axis 1 is out of range"):
        initial_step_size([1.0], axis=1)


def test_start_per_channel_with_a_dead_channel_and_one_of_one_element():
    found = initial_step_size([[1.0, -3.0], [0.0, 0.0]], bits=3, axis=0)
    assert found.tolist() == [np.float32(4 / 3**0.5), 1.0]
    assert initial_step_size([[2.0]], bits=2, axis=0).tolist() == [4.0]


@pytest.mark.parametrize(("bits", "zero_point"), [(2, 0), (4, -8), (8, 5)])
def test_gradients_equal_automatic_differentiation_of_the_layers(bits, zero_point):
    from qutils._qat_layers import learned_fake_quantize

    tf = import_tensorflow()
    random = np.random.default_rng(bits)
    x = random.normal(size=500).astype(np.float32)
    upstream = random.normal(size=500).astype(np.float32)
    scale = np.float32(2.5 / 2**bits)
    params = QuantParams(scale, zero_point, bits)
    low, high = (float(end - zero_point) for end in (params.qmin, params.qmax))
    with tf.GradientTape() as tape:
        inputs, step = tf.Variable(x), tf.Variable(scale)
        outputs = learned_fake_quantize(inputs, step, low, high, gradient_scale(500, high))
    by_x, by_scale = tape.gradient(outputs, [inputs, step], upstream)
    assert np.allclose(outputs, fake_quantize(x, params), atol=1e-6)
    # Theirs has been divided by the scale and multiplied again.
    assert np.allclose(by_x, fake_quantize_gradient(upstream, x, params), rtol=1e-6)
    expected = step_size_gradient(upstream, x, params) * gradient_scale(500, high)
    # Two float32 sums of 500 terms.
    assert float(by_scale) == pytest.approx(float(expected), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("per_channel", [False, True])
def test_kernel_is_trained_in_the_logarithm_of_its_scale(per_channel):
    from qutils._qat_layers import FakeQuantizedActivation, LearnedKernel

    tf = import_tensorflow()
    dense = import_keras().layers.Dense(3, name="dense")
    dense.build((None, 20))
    layer = LearnedKernel(dense, 3, per_channel, FakeQuantizedActivation("range"))
    # Away from the start, where the largest weight may lie on the kink at the end of the range.
    layer.log_scale.assign_sub(0.1 * np.ones(layer.log_scale.shape))
    upstream = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        rounded = layer.quantized_kernel()
    found = tape.gradient(rounded, layer.log_scale, upstream).numpy()
    axis = 1 if per_channel else None
    params = QuantParams(layer.scale().numpy(), 0, 3, axis, narrow_range=True)
    kernel = dense.get_weights()[0]
    expected = step_size_gradient(upstream, kernel, params) * params.scale
    expected = expected * gradient_scale(20 if per_channel else 60, 3)
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-6)
    assert np.allclose(rounded, fake_quantize(kernel, params), atol=1e-6)


def test_activations_start_where_the_paper_does_unless_the_batch_fits_in_less():
    from qutils._qat_layers import LearnedActivation

    x = np.array([[0.0, 0.0, 1.0, 9.0]], np.float32)  # fits in 15 steps of 0.6
    layer = LearnedActivation("range", bits=4)
    assert np.array_equal(layer(x), x)  # no range yet
    layer(x, training=True)
    assert float(layer.scale()) == pytest.approx(0.6)
    few = np.array([[0.0] * 99 + [9.0]], np.float32)
    layer = LearnedActivation("range", bits=4)
    layer(few, training=True)
    assert float(layer.scale()) == pytest.approx(2 * 0.09 / 15**0.5)
    layer(10 * few, training=True)
    assert float(layer.scale()) == pytest.approx(2 * 0.09 / 15**0.5)


def test_activations_below_zero_get_a_zero_point():
    from qutils._qat_layers import LearnedActivation

    layer = LearnedActivation("range", bits=2)
    layer(np.array([[-1.0, 2.0]], np.float32), training=True)
    assert [float(end) for end in layer.limits()] == [-1.0, 2.0]
    assert layer(np.array([[-5.0, -0.4, 0.6, 5.0]])).numpy().tolist() == [[-1, 0, 1, 2]]


def test_a_batch_of_zeros_gives_a_range():
    from qutils._qat_layers import LearnedActivation

    layer = LearnedActivation("range")
    assert layer(np.zeros((1, 3), np.float32), training=True).numpy().tolist() == [[0, 0, 0]]
    assert np.isfinite(float(layer.scale()))
