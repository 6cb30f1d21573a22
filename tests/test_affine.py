"""Affine quantization against a pencil, against TFLite Micro, and against its own laws."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qutils.affine import (
    SMALLEST_SCALE,
    QuantParams,
    choose_quant_params,
    choose_quant_params_from_range,
    dequantize,
    fake_quantize,
    quantize,
    round_half_away,
)
from tests.oracle import first_outputs

REALS = st.floats(-1e6, 1e6, width=32)
ARRAYS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=5), elements=REALS)
BITS = st.integers(2, 16)


# Pencil


def test_asymmetric_parameters_of_a_small_range():
    # Width 2.55 over 255 steps is 0.01; -1.0 is 100 steps below 0, so 0 sits at -128 + 100.
    assert choose_quant_params([-1.0, 0.3, 1.55]) == QuantParams(0.01, -28)


def test_symmetric_parameters_leave_minus_128_unused():
    params = choose_quant_params([-1.27, 0.3], symmetric=True)
    assert params == QuantParams(0.01, 0, narrow_range=True)
    assert (params.qmin, params.qmax) == (-127, 127)


def test_symmetric_with_the_full_range_of_integers():
    params = choose_quant_params([-1.27, 0.3], symmetric=True, narrow_range=False)
    assert (params.scale, params.qmin) == (np.float32(0.01), -128)


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (1.0, 6.0, 6 / 255, -128),  # widened down to 0
        (-6.0, -1.0, 6 / 255, 127),  # widened up to 0
        (-1.5, 2.8, 4.3 / 255, -39),
    ],
)
def test_range_is_widened_to_hold_zero(low, high, scale, zero_point):
    assert choose_quant_params_from_range(low, high) == QuantParams(scale, zero_point)


def test_widened_range_keeps_its_largest_value():
    # Clamping the zero point in place of widening would bring 6 back as 5.
    params = choose_quant_params([1.0, 6.0])
    assert fake_quantize([6.0], params)[0] == pytest.approx(6.0, rel=1e-6)


def test_two_bits():
    params = choose_quant_params([-2.0, 1.0], bits=2)
    assert params == QuantParams(1.0, 0, bits=2)
    assert quantize([-2, -1, 0, 1], params).tolist() == [-2, -1, 0, 1]


def test_sixteen_bits_are_int16():
    params = choose_quant_params([-32767.0, 5.0], bits=16, symmetric=True)
    q = quantize([-32767.0, 32767.0, 40000.0], params)
    assert (params.scale, q.dtype, q.tolist()) == (1.0, np.int16, [-32767, 32767, 32767])


def test_ties_go_away_from_zero():
    x = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5]
    assert round_half_away(x).tolist() == [1, 2, 3, -1, -2, -3]
    assert quantize(x, QuantParams(1.0, 10)).tolist() == [11, 12, 13, 9, 8, 7]


def test_just_below_a_tie_rounds_down():
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert quantize([below, -below], QuantParams(1.0, 0)).tolist() == [0, 0]


def test_quantize_saturates():
    params = QuantParams(0.01, 100)
    q = quantize([0.3, -3.0, 1e30, -1e30, 1e300], params)
    assert q.dtype == np.int8
    assert q.tolist() == [127, -128, 127, -128, 127]


def test_saturation_holds_for_quotients_that_overflow_float32():
    params = QuantParams(SMALLEST_SCALE, 0)
    assert quantize([3e38, -3e38], params).tolist() == [127, -128]


def test_dequantize_does_not_wrap_in_int8():
    assert dequantize(np.array([127, -128], np.int8), QuantParams(1.0, -100)).tolist() == [227, -28]


def test_per_channel_parameters_and_values():
    x = np.array([[1.27, 0.635], [-2.54, 0.02]], np.float32)
    params = choose_quant_params(x, symmetric=True, axis=0)
    assert params == QuantParams([0.01, 0.02], [0, 0], axis=0, narrow_range=True)
    assert quantize(x, params).tolist() == [[127, 64], [-127, 1]]


def test_per_channel_along_the_last_axis_equals_each_channel_alone():
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    params = choose_quant_params(x, axis=-1)
    assert params.axis == 2
    for channel in range(5):
        alone = choose_quant_params(x[..., channel])
        assert np.asarray(params.scale)[channel] == alone.scale
        expected = quantize(x[..., channel], alone)
        np.testing.assert_array_equal(quantize(x, params)[..., channel], expected)


@pytest.mark.parametrize("symmetric", [False, True])
def test_dead_channel_gets_scale_one_and_stays_zero(symmetric):
    x = np.array([[0.0, 0.0], [1.0, -1.0]], np.float32)
    params = choose_quant_params(x, axis=0, symmetric=symmetric)
    assert (np.asarray(params.scale)[0], np.asarray(params.zero_point)[0]) == (1.0, 0)
    assert fake_quantize(x, params)[0].tolist() == [0.0, 0.0]
    assert choose_quant_params(np.zeros(3)) == QuantParams(1.0, 0)


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_smallest_ranges_never_give_scale_zero(symmetric):
    params = choose_quant_params(np.float32([-1e-45, 1e-45]), symmetric=symmetric)
    assert params.scale == np.float32(SMALLEST_SCALE)


def test_the_largest_range_of_float32_fits():
    largest = np.finfo(np.float32).max
    params = choose_quant_params([-largest, largest])
    assert quantize([-largest, 0.0, largest], params).tolist() == [-128, params.zero_point, 127]


def test_integers_and_scalars_may_be_quantized():
    assert quantize(3, QuantParams(0.5, 1)) == 7
    assert choose_quant_params([0, 255]) == QuantParams(1.0, -128)


def test_arguments_are_left_alone():
    x = np.array([1.0, -1.0], np.float32)
    scales = np.array([0.5, 0.5], np.float32)
    params = QuantParams(scales, 0, axis=0)
    quantize(x, params)
    scales[0] = 7.0
    assert x.tolist() == [1.0, -1.0]
    assert np.asarray(params.scale).tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(params.zero_point)[0] = 1


# Errors


@pytest.mark.parametrize(
    "function", [choose_quant_params, lambda x: quantize(x, QuantParams(1, 0))]
)
@pytest.mark.parametrize(("value", "words"), [(np.nan, "NaN"), (np.inf, "infin"), (-np.inf, "inf")])
def test_values_that_are_not_finite(function, value, words):
    with pytest.raises(ValueError, match=words):
        function([1.0, value])


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf, 1e-60, 1e60])
def test_impossible_scales(scale):
    with pytest.raises(ValueError, match="scale must be finite and above 0"):
        QuantParams(scale, 0)
    with pytest.raises(ValueError, match="scale must be finite and above 0"):
        QuantParams([1.0, scale], [0, 0], axis=0)


@pytest.mark.parametrize("bits", [1, 17, 0, -8, 7.5, np.nan, None, "8"])
def test_bits_out_of_range(bits):
    with pytest.raises(ValueError, match=f"from 2 to 16, got {bits}"):
        choose_quant_params([1.0], bits=bits)
    with pytest.raises(ValueError, match=f"from 2 to 16, got {bits}"):
        QuantParams(1.0, 0, bits=bits)


@pytest.mark.parametrize("axis", [2, -3])
def test_axis_out_of_range(axis):
    with pytest.raises(ValueError, match=f"axis {axis} is out of range"):
        choose_quant_params(np.ones((2, 2)), axis=axis)
    with pytest.raises(ValueError, match=f"axis {axis} is out of range"):
        quantize(np.ones((2, 2)), QuantParams([1.0, 1.0], 0, axis=axis))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1.0, 128), r"\[-128, 127\], got 128"),
        ((1.0, -128, 8, None, True), r"\[-127, 127\], got -128"),
        ((1.0, 0.5), "zero_point must be an integer"),
        (([1.0, 2.0], 0), "need an axis"),
        ((1.0, 0, 8, 0), "need an axis"),
        (([1.0, 2.0], [0, 0, 0], 8, 0), "as many zero points"),
    ],
)
def test_parameters_that_do_not_fit_together(arguments, words):
    with pytest.raises(ValueError, match=words):
        QuantParams(*arguments)


def test_other_wrong_arguments():
    params = QuantParams([1.0, 1.0], 0, axis=0)
    with pytest.raises(ValueError, match="empty"):
        choose_quant_params([])
    with pytest.raises(ValueError, match="above range_max"):
        choose_quant_params_from_range(2.0, 1.0)
    with pytest.raises(ValueError, match="2 channels do not fit axis 0 of shape"):
        quantize([1.0, 2.0, 3.0], params)
    with pytest.raises(ValueError, match="must be integers, got float64"):
        dequantize([0.5, 1.0], params)
    with pytest.raises(ValueError, match=r"must lie in \[-128, 127\]"):
        dequantize([0, 128], params)
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.bits = 4


# Laws


@given(ARRAYS, BITS, st.booleans())
def test_zero_is_exact(x, bits, symmetric):
    params = choose_quant_params(x, bits=bits, symmetric=symmetric)
    assert quantize(0.0, params) == params.zero_point
    assert fake_quantize(0.0, params) == 0.0


@given(ARRAYS, BITS, st.booleans())
def test_error_is_at_most_half_a_step_plus_float32_rounding(x, bits, symmetric):
    params = choose_quant_params(x, bits=bits, symmetric=symmetric)
    error = np.abs(fake_quantize(x, params).astype(np.float64) - x).max()
    scale = float(params.scale)
    # An asymmetric zero point is rounded: one end of the range may lie up to half a step
    # outside. Scale and quotient are rounded to 24 bits: a share 2**-22 of the largest value.
    assert error <= (0.5 if symmetric else 1.0) * scale + np.abs(x).max() * 2.0**-22


@given(ARRAYS, BITS, st.booleans())
def test_integers_survive_the_round_trip(x, bits, symmetric):
    params = choose_quant_params(x, bits=bits, symmetric=symmetric)
    every = np.arange(params.qmin, params.qmax + 1)
    np.testing.assert_array_equal(quantize(dequantize(every, params), params), every)


@given(ARRAYS, BITS)
def test_fake_quantization_is_idempotent(x, bits):
    params = choose_quant_params(x, bits=bits)
    once = fake_quantize(x, params)
    np.testing.assert_array_equal(fake_quantize(once, params), once)


@given(ARRAYS, ARRAYS)
def test_quantize_is_monotone(x, calibration):
    q = quantize(np.sort(x, axis=None), choose_quant_params(calibration))
    assert (np.diff(q.astype(np.int64)) >= 0).all()


@given(ARRAYS)
def test_symmetric_quantization_is_odd(x):
    params = choose_quant_params(x, symmetric=True)
    np.testing.assert_array_equal(quantize(-x, params), -quantize(x, params))


# Oracle: TFLite Micro. The converter and ai-edge-quantizer are in test_peers.py.


def test_quantize_equals_the_operator_quantize_of_tflm():
    from qutils._keras import import_keras, import_tensorflow, quiet

    tf, keras = import_tensorflow(), import_keras()
    layers = [keras.layers.InputLayer((4000,)), keras.layers.Reshape((40, 100))]
    rng = np.random.default_rng(2)
    calibration = rng.uniform(-4, 4, (1, 4000)).astype(np.float32)
    with quiet(), warnings.catch_warnings(action="ignore"):
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Sequential(layers))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: [[calibration]]
        converter.inference_output_type = tf.int8  # QUANTIZE, then RESHAPE
        content = converter.convert()
    params = choose_quant_params(calibration)
    # Ties, values out of range, and what lies between.
    ties = (np.arange(-400, 400) + 0.5) * params.scale
    x = np.concatenate([ties, rng.uniform(-6, 6, 4000 - ties.size)]).astype(np.float32)
    expected = first_outputs(content, x[np.newaxis, np.newaxis])
    np.testing.assert_array_equal(quantize(x, params), expected.ravel())
