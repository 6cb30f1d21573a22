"""The quantizers of others on the same tensors: TFLite's converter and ai-edge-quantizer.

Scales and zero points are theirs, and so are the integers, but for these deliberate differences:

* Quotient and ties. `quantize` divides by the float32 scale, ties away from zero, as the operator
  QUANTIZE of TFLite Micro does. The converter multiplies weights by a float32 reciprocal, per
  channel that of the float32 scale, per tensor that of the scale before it is rounded;
  ai-edge-quantizer divides and takes ties to even. A weight that lies on a tie, or within
  float32's rounding of one, gets a neighboring integer: a few in a million.
* Ranges. `choose_quant_params` computes in float64 and rounds the scale once. ai-edge-quantizer
  subtracts in float32: a quarter of its asymmetric scales are one unit in the last place away,
  and one zero point in 100,000 is, that lies within float32's rounding of a tie.
* Dead and tiny ranges. Zeros alone get scale 1 here. The converter takes no magnitude below 5e-7,
  ai-edge-quantizer no range below 1e-9. Everyone stores zeros as the zero point.
* Bits. With 4 bits ai-edge-quantizer may use -8, but no weight reaches it: the largest magnitude
  is at 7. It leaves depthwise kernels of 4 bits in float32.
* Several samples. Ranges of activations are the least and largest of all samples in the converter
  (`MinMax`), moving averages with momentum 0.95 in ai-edge-quantizer (`MovingAverage`).
"""

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qutils._keras import import_keras
from qutils.affine import (
    QuantParams,
    choose_quant_params,
    choose_quant_params_from_range,
    dequantize,
    quantize,
    round_half_away,
)
from qutils.calibration import MinMax, MovingAverage
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.nets import load
from tests.converted import float_weights, observed_activations, stored_tensors

# Random weights of 4 million, and trained ones.
NETWORKS = ["mobilenet", "net_a", "net_b"]
# How far roundings of scale, reciprocal and product, 2**-24 each, take a number of up to 127.
ROUNDING = 3 * 127 * 2.0**-24


@cache
def network(name: str) -> Any:
    return mobilenet() if name == "mobilenet" else load(name)


def mobilenet() -> Any:
    """Build MobileNet-v1 1.0 for 1,000 classes; small images, because weights alone count."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet(input_shape=(32, 32, 3), weights=None)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Factors of batch norms, folded in, make the ranges of channels differ.
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights(
                [rng.uniform(0.2, 2, gamma.shape), beta, mean, rng.uniform(0.01, 4, variance.shape)]
            )
    return model


@cache
def float_file(name: str) -> bytes:
    return to_tflite(network(name))


def converted(name: str, per_channel: bool) -> bytes:
    model = network(name)
    sample = np.random.default_rng(1).random((1, *model.input_shape[1:]), np.float32)
    return to_tflite(model, "int8", sample, per_channel)


def edge_quantized(content: bytes, bits: int, per_channel: bool = True) -> bytes:
    """Quantize the weights of a float file as ai-edge-quantizer does."""
    from ai_edge_quantizer import qtyping, quantizer

    edge = quantizer.Quantizer(bytearray(content))
    granularity = qtyping.QuantGranularity["CHANNELWISE" if per_channel else "TENSORWISE"]
    edge.add_dynamic_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, bits, granularity)
    return bytes(edge.quantize().quantized_model)


def compared(
    weights: dict[str, NDArray[np.float32]], content: bytes, bits: int, per_channel: bool
) -> dict[str, tuple[NDArray[np.float32], QuantParams, NDArray[np.int8]]]:
    """Map names to weights, our parameters for them and the stored integers; scales are equal."""
    stored = stored_tensors(content)
    found = {}
    for name, weight in weights.items():
        value, scales, zero_points, axis = stored[name]
        if not len(scales):
            assert bits == 4, name
            assert "depthwise" in name
            continue
        params = choose_quant_params(
            weight, bits=bits, symmetric=True, axis=axis if per_channel else None
        )
        assert value is not None
        assert value.shape == weight.shape
        assert len(scales) == (weight.shape[axis] if per_channel else 1), name
        np.testing.assert_array_equal(np.ravel(params.scale), scales, err_msg=name)
        assert not zero_points.any(), name
        found[name] = weight, params, value
    return found


def scale_along_axis(params: QuantParams, dimensions: int) -> NDArray[np.float32]:
    shape = [1] * dimensions
    if params.axis is not None:
        shape[params.axis] = -1
    return np.asarray(params.scale).reshape(shape)


def distance_to_tie(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(x - np.floor(x) - 0.5)


# Weights


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_of_the_converter(name, per_channel):
    weights = float_weights(float_file(name))
    tensors = compared(weights, converted(name, per_channel), 8, per_channel)
    assert len(tensors) == {"mobilenet": 28, "net_a": 12, "net_b": 12}[name]
    unequal = total = 0
    for weight, params, stored in tensors.values():
        scale = scale_along_axis(params, weight.ndim)
        exact = scale if per_channel else np.abs(weight).max().astype(np.float64) / 127
        by_reciprocal = round_half_away(weight * (1 / exact).astype(np.float32))
        np.testing.assert_array_equal(by_reciprocal, stored)
        other = quantize(weight, params) != stored
        quotient = weight.astype(np.float64) / scale
        assert distance_to_tie(quotient[other]).max(initial=0) <= ROUNDING
        unequal += np.count_nonzero(other)
        total += weight.size
    assert total == sum(weight.size for weight in weights.values())
    assert unequal <= 1e-5 * total


@pytest.mark.parametrize(("bits", "per_channel"), [(8, True), (8, False), (4, True), (4, False)])
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_of_ai_edge_quantizer(name, bits, per_channel):
    weights = float_weights(float_file(name))
    tensors = compared(
        weights, edge_quantized(float_file(name), bits, per_channel), bits, per_channel
    )
    assert len(tensors) >= (len(weights) if bits == 8 else len(weights) // 2)
    for weight, params, stored in tensors.values():
        quotient = weight / scale_along_axis(params, weight.ndim)
        np.testing.assert_array_equal(np.rint(quotient), stored)
        other = quantize(weight, params) != stored
        assert (np.abs(np.fmod(quotient[other], 1)) == 0.5).all()
        assert np.count_nonzero(other) <= 1e-5 * weight.size + 1


@pytest.mark.parametrize("name", ["ad01_int8", "kws_int8", "hello_world_int8"])
def test_weights_of_published_models_are_met_again(shared_models, name):
    content = (shared_models / f"{name}.tflite").read_bytes()
    met = 0
    for tensor, (value, scales, zero_points, axis) in stored_tensors(content).items():
        if value is None or value.dtype != np.int8 or value.ndim < 2:
            continue
        scale, along = (scales, axis) if len(scales) > 1 else (scales[0], None)
        assert not zero_points.any()
        real = dequantize(value, QuantParams(scale, 0, axis=along))
        params = choose_quant_params(real, symmetric=True, axis=along)
        np.testing.assert_array_equal(params.scale, scale, err_msg=tensor)
        np.testing.assert_array_equal(quantize(real, params), value, err_msg=tensor)
        met += 1
    assert met >= 3


def test_weights_of_a_published_float_model_become_the_published_integers(shared_models):
    weights = float_weights((shared_models / "ad01_float.tflite").read_bytes())
    tensors = compared(weights, (shared_models / "ad01_int8.tflite").read_bytes(), 8, False)
    assert len(tensors) == 10
    for weight, params, stored in tensors.values():
        assert np.count_nonzero(quantize(weight, params) != stored) <= 1e-5 * weight.size + 1


# Dead, constant and single weights


def convolution(kernel: NDArray[np.float32]) -> Any:
    keras = import_keras()
    layer = keras.layers.Conv2D(kernel.shape[-1], kernel.shape[:2], use_bias=False, name="conv")
    model = keras.Sequential([keras.layers.InputLayer((4, 4, kernel.shape[2]), name="x"), layer])
    layer.set_weights([kernel])
    return model


LIVE = np.random.default_rng(2).normal(size=(3, 3, 2, 4)).astype(np.float32)
KERNELS = {
    "a dead channel": LIVE * np.float32([1, 0, 1, 1]),
    "dead altogether": 0 * LIVE,
    "constant": np.full_like(LIVE, 0.3) * np.float32([1, 1, -1, 1]),
    "one element per channel": np.float32([1.5, -2.0, 0.0, 1e-3]).reshape(1, 1, 1, 4),
    "tiny": np.full_like(LIVE, 1e-8) * np.float32([1, 1, 1, 1e7]),
}


def expected_scales(weight: NDArray[np.float32], least: float) -> NDArray[np.float32]:
    """Return the scale per channel of one who takes no magnitude below `least`."""
    largest = np.abs(weight).max(axis=(1, 2, 3)).astype(np.float64)
    return (np.maximum(largest, least) / 127).astype(np.float32)


@pytest.mark.parametrize("case", KERNELS)
def test_channels_that_are_dead_constant_or_of_one_element(case):
    model = convolution(KERNELS[case])
    ((name, weight),) = float_weights(to_tflite(model)).items()
    params = choose_quant_params(weight, symmetric=True, axis=0)
    dead = ~weight.any(axis=(1, 2, 3))
    ours = expected_scales(weight, 0)
    ours[dead] = 1
    np.testing.assert_array_equal(params.scale, ours)

    sample = np.random.default_rng(3).random((1, *model.input_shape[1:]), np.float32)
    theirs = stored_tensors(to_tflite(model, "int8", sample))[name]
    np.testing.assert_array_equal(theirs.scales, expected_scales(weight, 5e-7))
    edge = stored_tensors(edge_quantized(to_tflite(model), 8))[name]
    np.testing.assert_array_max_ulp(edge.scales, expected_scales(weight, 1e-9), 1)

    q = quantize(weight, params)
    assert not q[dead].any()
    np.testing.assert_array_equal(q, edge.value)
    # The converter has few steps for what is below its least magnitude.
    large = np.abs(weight).max(axis=(1, 2, 3)) >= 5e-7
    np.testing.assert_array_equal(q[large | dead], theirs.value[large | dead])


@pytest.mark.parametrize("value", [0.0, 0.3, -0.3])
def test_parameters_of_a_constant_input(value):
    model = convolution(LIVE)
    x = np.full((2, *model.input_shape[1:]), value, np.float32)
    _, scales, zero_points, _ = stored_tensors(to_tflite(model, "int8", x))["serving_default_x:0"]
    params = choose_quant_params(x)
    if value:
        assert (params.scale, params.zero_point) == (scales[0], zero_points[0])
    else:
        assert (params.scale, params.zero_point) == (1.0, 0)
        assert scales[0] == pytest.approx(2e-6 / 255, rel=1e-6)


# Ranges


@pytest.mark.parametrize(("low", "high"), [(-1.3, 2.2), (0.0, 1.0), (0.5, 6.0), (-3.0, -1.0)])
def test_input_parameters_of_the_converter(low, high):
    keras = import_keras()
    layers = [keras.layers.InputLayer((4,), name="x"), keras.layers.Dense(2, name="fc")]
    x = np.random.default_rng(1).uniform(low, high, (50, 4)).astype(np.float32)
    tensors = stored_tensors(to_tflite(keras.Sequential(layers), "int8", x))
    _, scales, zero_points, _ = tensors["serving_default_x:0"]
    params = choose_quant_params(x)
    assert (params.scale, params.zero_point) == (scales[0], zero_points[0])


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("bits", [4, 8])
def test_parameters_of_many_ranges(bits, symmetric):
    from ai_edge_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as edge
    from ai_edge_quantizer.qtyping import QuantGranularity

    rng = np.random.default_rng(4)
    low = -rng.exponential(size=100_000).astype(np.float32)
    high = rng.exponential(size=100_000).astype(np.float32)
    zero_points, scales = edge.tensor_zp_scale_from_min_max(
        low, high, bits, symmetric, QuantGranularity.CHANNELWISE
    )
    params = choose_quant_params_from_range(
        low, high, bits=bits, symmetric=symmetric, axis=0, narrow_range=False
    )
    np.testing.assert_array_max_ulp(params.scale, scales, 0 if symmetric else 1)
    other = params.zero_point != zero_points
    exact = 2 ** (bits - 1) + low[other].astype(np.float64) / np.asarray(params.scale)[other]
    assert distance_to_tie(exact).max(initial=0) <= 2 * ROUNDING
    assert np.count_nonzero(other) <= 5


def edge_calibrated(content: bytes, samples: NDArray[np.float32]) -> bytes:
    """Quantize weights and activations as ai-edge-quantizer does."""
    from ai_edge_quantizer import quantizer, recipe

    edge = quantizer.Quantizer(bytearray(content), recipe.static_wi8_ai8())
    (input_name,) = edge_inputs(content)
    found = edge.calibrate({"serving_default": [{input_name: x[np.newaxis]} for x in samples]})
    return bytes(edge.quantize(found).quantized_model)


def edge_inputs(content: bytes) -> list[str]:
    from ai_edge_litert.interpreter import Interpreter

    signatures = Interpreter(model_content=content).get_signature_list()
    return list(signatures["serving_default"]["inputs"])


@pytest.mark.parametrize("name", ["net_a", "net_b"])
def test_activations_of_ai_edge_quantizer(name):
    samples = load_fashion_mnist("validation")[0][:5]
    content = float_file(name)
    stored = stored_tensors(edge_calibrated(content, samples))
    averages = observed_activations(content, samples, MovingAverage, momentum=0.95)
    widest = observed_activations(content, samples, MinMax)
    met = wider = 0
    for tensor, (value, scales, zero_points, _) in stored.items():
        if value is not None or len(scales) != 1 or tensor not in averages:
            continue
        params = averages[tensor].params()
        np.testing.assert_allclose(params.scale, scales[0], rtol=1e-5, err_msg=tensor)
        assert params.zero_point == zero_points[0], tensor
        wider += widest[tensor].params().scale > params.scale
        met += 1
    assert met >= 12
    assert wider >= 5
