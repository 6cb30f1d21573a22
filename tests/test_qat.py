"""Fake quantization and its gradient, folding, and the way from training to an int8 file."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qutils import nets
from qutils._keras import import_keras, import_tensorflow
from qutils.affine import (
    QuantParams,
    choose_quant_params,
    choose_quant_params_from_range,
    fake_quantize,
    quantize,
)
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.errors import UnsupportedOperatorError
from qutils.metrics import accuracy
from qutils.qat import (
    fake_quantize_gradient,
    fold_batch_norm,
    fold_batch_norms,
    prepare_qat,
    strip_qat,
)
from qutils.tflm import Interpreter, Model


def sequential(*layers, shape=(8, 8, 2)):
    keras = import_keras()
    return keras.Sequential([keras.layers.InputLayer(shape, name="image"), *layers], "small")


def small_net():
    """Every kind of layer that can be prepared, with batch norms that have seen data."""
    keras = import_keras()
    layers = keras.layers
    keras.utils.set_random_seed(0)
    model = sequential(
        layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv"),
        layers.BatchNormalization(name="conv_norm"),
        layers.Activation("relu6", name="conv_relu6"),
        layers.DepthwiseConv2D(3, 2, depth_multiplier=2, name="depthwise"),
        layers.BatchNormalization(scale=False, center=False, name="depthwise_norm"),
        layers.ReLU(name="depthwise_relu"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flatten"),
        layers.Dropout(0.1, name="dropout"),
        layers.Dense(5, name="dense"),
        layers.BatchNormalization(name="dense_norm"),
        layers.Dense(3, activation="relu", name="logits"),
    )
    weights = nets.named_weights(model)
    random = np.random.default_rng(0)
    for name, value in weights.items():
        if name.endswith(("norm/gamma", "moving_variance")):
            weights[name] = random.uniform(0.2, 3.0, value.shape).astype(np.float32)
        elif "norm" in name or name.endswith("bias"):
            weights[name] = random.normal(size=value.shape).astype(np.float32)
    nets.set_named_weights(model, weights)
    return model


@pytest.fixture
def small():
    return small_net()


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(64, 8, 8, 2)).astype(np.float32)


def test_gradient_passes_inside_the_range_and_nowhere_else():
    params = QuantParams(0.5, 1, bits=3)  # -4..3 stand for -2.5..1.0
    x = np.array([-2.6, -2.5, -0.1, 0.0, 0.3, 1.0, 1.1], np.float32)
    assert fake_quantize_gradient(np.full(7, 2.0), x, params).tolist() == [0, 2, 2, 2, 2, 2, 0]


def test_gradient_per_channel_uses_each_channels_range():
    params = QuantParams([1.0, 0.1], [0, 0], bits=2, axis=1, narrow_range=True)  # +-1 and +-0.1
    x = np.array([[0.5, 0.5], [0.05, 0.05]], np.float32)
    assert fake_quantize_gradient(np.ones((2, 2)), x, params).tolist() == [[1, 0], [1, 1]]


def test_gradient_refuses_another_shape():
    with pytest.raises(ValueError, match=r"upstream has shape \(2,\), x has \(3,\)"):
        fake_quantize_gradient(np.ones(2), np.ones(3), QuantParams(1.0, 0))


@given(
    arrays(np.float32, 20, elements=st.floats(-3, 3, width=32)),
    st.floats(-2, 0),
    st.floats(0.125, 2),
)
def test_gradient_is_the_slope_of_the_clipped_identity(x, low, high):
    params = choose_quant_params_from_range(low, high)
    ends = (np.array([params.qmin, params.qmax]) - params.zero_point) * float(params.scale)
    h = 1e-4
    x = x[np.abs(x[:, np.newaxis] - ends).min(axis=1) > 2 * h].astype(np.float64)
    slope = (np.clip(x + h, *ends) - np.clip(x - h, *ends)) / (2 * h)
    # float64 differences of numbers up to 3 over 2e-4: rounding 3 * 2**-52 / 2e-4 < 1e-11.
    assert np.allclose(fake_quantize_gradient(np.ones(len(x)), x, params), slope, atol=1e-11)


def test_gradient_is_the_slope_of_fake_quantization_over_whole_steps():
    # Over 4 steps of 0.25, from x - 0.5 to x + 0.5, the staircase rises by exactly 1.
    params = QuantParams(0.25, 0, bits=4)  # -2.0..1.75
    x = np.linspace(-1.4, 1.2, 27)
    slope = (fake_quantize(x + 0.5, params) - fake_quantize(x - 0.5, params)) / (0.5 + 0.5)
    assert np.array_equal(slope, fake_quantize_gradient(np.ones(27), x, params))


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("narrow_range", [False, True])
def test_forward_and_gradient_equal_tensorflows(bits, narrow_range):
    tf = import_tensorflow()
    random = np.random.default_rng(bits)
    x = random.normal(size=1000).astype(np.float32)
    upstream = random.normal(size=1000).astype(np.float32)
    params = choose_quant_params_from_range(-1.2, 0.9, bits=bits, narrow_range=narrow_range)
    with tf.GradientTape() as tape:
        variable = tf.Variable(x)
        theirs = tf.quantization.fake_quant_with_min_max_vars(
            variable, -1.2, 0.9, bits, narrow_range
        )
    gradient = tape.gradient(theirs, variable, upstream).numpy()
    assert np.array_equal(fake_quantize_gradient(upstream, x, params), gradient)
    # Their scale is rounded to float32 at another place: the same step, but for its last digits.
    assert np.allclose(fake_quantize(x, params), theirs, atol=1e-6)


def test_gradient_per_channel_equals_tensorflows():
    tf = import_tensorflow()
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)
    high = np.array([0.5, 1.0, 2.0], np.float32)
    params = choose_quant_params_from_range(-high, high, axis=1, symmetric=True)
    with tf.GradientTape() as tape:
        variable = tf.Variable(x)
        theirs = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            variable, -high, high, narrow_range=True
        )
    gradient = tape.gradient(theirs, variable, np.ones_like(x)).numpy()
    assert np.array_equal(fake_quantize_gradient(np.ones_like(x), x, params), gradient)


def test_numpy_half_imports_no_tensorflow():
    code = "import sys, qutils.qat; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fold_by_hand():
    # Channel 1: (2x + 1 - 5) * 3 / 2 + 10 = 3x + 4. Channel 2: the batch norm does nothing.
    kernel, bias = fold_batch_norm(
        np.float32([[2.0, 7.0]]),
        np.float32([1.0, 0.5]),
        gamma=np.float32([3.0, 1.0]),
        beta=np.float32([10.0, 0.0]),
        mean=np.float32([5.0, 0.0]),
        variance=np.float32([3.0, 0.0]),
        epsilon=1.0,
    )
    assert kernel.tolist() == [[3.0, 7.0]]
    assert bias.tolist() == [4.0, 0.5]


@pytest.mark.parametrize("name", nets.TRAINED)
def test_folding_preserves_the_function_of_the_trained_nets(name):
    model = nets.load(name)
    images = load_fashion_mnist("validation")[0][:500]
    folded = fold_batch_norms(model)
    assert not any("norm" in layer.name for layer in folded.layers)
    before, after = (m.predict(images, verbose=0) for m in (model, folded))
    # Rounding only. Each of 12 layers rounds its kernel, bias and sums to 2**-24, relatively;
    # sums have up to 128 terms, partly cancelling: 12 * 128 * 2**-24 = 1e-4 of the largest logit.
    assert np.abs(before - after).max() < 1e-4 * np.abs(before).max()


def test_folding_preserves_the_function_of_every_kind_of_layer(small, inputs):
    before, after = (m.predict(inputs, verbose=0) for m in (small, fold_batch_norms(small)))
    assert np.abs(before).max() > 0.1
    assert np.abs(before - after).max() < 1e-5 * np.abs(before).max()


def test_preparing_leaves_the_model_as_it_was(small, inputs):
    before = small.predict(inputs, verbose=0)
    prepare_qat(small)(inputs, training=True)
    assert np.array_equal(small.predict(inputs, verbose=0), before)


def test_every_layer_that_cannot_be_prepared_is_named():
    layers = import_keras().layers
    model = sequential(
        layers.BatchNormalization(name="first_norm"),
        layers.Conv2D(2, 3, activation="tanh", name="curved"),
        layers.Conv2D(2, 3, activation="relu", name="conv"),
        layers.BatchNormalization(name="late_norm"),
        layers.Conv2DTranspose(2, 3, name="transposed"),
    )
    with pytest.raises(UnsupportedOperatorError) as caught:
        prepare_qat(model)
    message = str(caught.value)
    assert "first_norm (BatchNormalization): does not follow a convolution" in message
    assert "late_norm (BatchNormalization): does not follow a convolution" in message
    assert "curved (Conv2D): its activation is not ReLU" in message
    assert "transposed (Conv2DTranspose): this kind of layer" in message
    assert "conv (Conv2D)" not in message


def test_only_sequential_models_are_prepared():
    keras = import_keras()
    image = keras.Input((4,), name="image")
    with pytest.raises(UnsupportedOperatorError, match=r"only tf_keras\.Sequential"):
        prepare_qat(keras.Model(image, keras.layers.Dense(2, name="dense")(image)))


@pytest.mark.parametrize("bits", [1, 9])
def test_weights_have_two_to_eight_bits(small, bits):
    with pytest.raises(ValueError, match=f"from 2 to 8, got {bits}"):
        prepare_qat(small, bits=bits)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_kernels_lie_on_the_grid_of_the_affine_module(small, bits):
    folded = {layer.name: layer for layer in fold_batch_norms(small).layers}
    for per_channel, axis in ((False, None), (True, -1)):
        for layer in strip_qat(prepare_qat(small, bits=bits, per_channel=per_channel)).layers:
            if not layer.weights:
                continue
            kernel = folded[layer.name].get_weights()[0]
            columns = kernel.reshape(-1, layer.weights[1].shape[0])
            params = choose_quant_params(columns, bits=bits, symmetric=True, axis=axis)
            expected = fake_quantize(columns, params).reshape(kernel.shape)
            # A tie may fall to either side: TensorFlow rounds up, the affine module away from 0.
            found = layer.get_weights()[0]
            assert np.mean(np.isclose(found, expected, rtol=1e-5, atol=1e-7)) > 0.99, layer.name


def test_range_is_tracked_in_training_and_frozen_in_inference():
    from qutils._qat_layers import FakeQuantizedActivation

    layer = FakeQuantizedActivation("range")
    x = np.array([-1.0, 3.0], np.float32)
    assert np.array_equal(layer(x), x)  # no range yet
    layer(x, training=True)
    assert (float(layer.low), float(layer.high)) == (-1.0, 3.0)
    layer(3 * x, training=True)  # the mean of two batches
    assert (float(layer.low), float(layer.high)) == (-2.0, 6.0)
    assert np.array_equal(layer(np.array([100.0])), [np.float32(layer(np.array([7.0]))[0])])
    assert (float(layer.low), float(layer.high), float(layer.batches)) == (-2.0, 6.0, 2.0)


def test_range_is_widened_to_hold_zero():
    from qutils._qat_layers import FakeQuantizedActivation

    layer = FakeQuantizedActivation("range")
    layer(np.array([2.0, 4.0], np.float32), training=True)
    # 0..4 in 255 steps, not 2..4.
    assert np.allclose(layer(np.array([0.0, 1.0, 4.0])), [0.0, 64 * 4 / 255, 4.0])


def test_dense_gradient_is_straight_through():
    from qutils._qat_layers import FakeQuantizedActivation, FakeQuantizedKernel

    tf = import_tensorflow()
    dense = import_keras().layers.Dense(2, name="dense")
    source = FakeQuantizedActivation("range")
    layer = FakeQuantizedKernel(dense, 4, per_channel=False, source=source)
    x = np.array([[1.0, 2.0, 3.0]], np.float32)
    dense.build((None, 3))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) * [[1.0, 10.0]])
    kernel_gradient, bias_gradient = tape.gradient(loss, dense.weights)
    # As without rounding: the outer product of the input and the upstream gradient.
    assert kernel_gradient.numpy().tolist() == [[1, 10], [2, 20], [3, 30]]
    assert bias_gradient.numpy().tolist() == [1, 10]


@pytest.mark.parametrize("per_channel", [False, True])
def test_stripped_model_converts_to_the_integers_it_was_trained_with(small, inputs, per_channel):
    labels = np.arange(len(inputs)) % 3
    prepared = prepare_qat(small, per_channel=per_channel)
    nets.fit(prepared, inputs, labels, epochs=3, seed=0, optimizer="adam", learning_rate=1e-2)
    stripped = strip_qat(prepared)
    # to_tflite raises ConversionError where a float tensor is left.
    model = Model.from_bytes(to_tflite(stripped, "int8", inputs, per_channel))
    kernels = [
        operator.input(1)
        for operator in model.main.operators
        if operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    ]
    layers = [layer for layer in stripped.layers if layer.weights]
    assert len(kernels) == len(layers) == 4
    for theirs, layer in zip(kernels, layers, strict=True):
        kernel, bias = layer.get_weights()
        columns = kernel.reshape(-1, len(bias))
        axis = 1 if per_channel else None
        integers = quantize(columns, choose_quant_params(columns, symmetric=True, axis=axis))
        # A .tflite kernel has its channels first, but for the depthwise one.
        assert theirs.type == "INT8"
        first = layer.name != "depthwise"
        channels_last = np.moveaxis(theirs.data, 0, -1) if first else theirs.data
        assert np.array_equal(channels_last.reshape(integers.shape), integers), layer.name


def test_stripping_a_plain_model_is_refused(small):
    with pytest.raises(ValueError, match="'small' does not come from prepare_qat"):
        strip_qat(small)


def test_a_short_training_repairs_net_b_on_the_converted_file(repository):
    images, labels = load_fashion_mnist("train")
    prepared = prepare_qat(nets.load("net_b"))
    training = {"epochs": 1, "optimizer": "adam", "learning_rate": 5e-4}
    nets.fit(prepared, images[:3200], labels[:3200], seed=0, **training)
    content = to_tflite(strip_qat(prepared), "int8", images[:200], per_channel=False)

    check, truth = (part[:500] for part in load_fashion_mnist("validation"))
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    source = QuantParams(*interpreter.get_input_details()[0]["quantization"])
    repaired = accuracy(interpreter.predict(quantize(check, source)), truth)
    simulated = accuracy(prepared.predict(check, verbose=0), truth)
    record = json.loads((repository / "qutils" / "assets" / "nets.json").read_text())["net_b"]
    # Without training the file is right on about 0.67 of all images; 500 images tell 0.04 apart.
    assert repaired > 0.78
    assert repaired <= record["accuracy"]["validation"] + 0.04
    assert repaired == pytest.approx(simulated, abs=0.02)
