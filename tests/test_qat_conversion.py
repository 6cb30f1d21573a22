"""From QAT to an int8 file: exactly the trained ranges and integers, outputs within one step."""

import numpy as np
import pytest
from test_qat import sequential, small_net

from qutils import nets
from qutils._keras import import_keras
from qutils.affine import QuantParams, quantize
from qutils.data import load_fashion_mnist
from qutils.errors import UnsupportedOperatorError
from qutils.qat import prepare_qat
from qutils.qat_conversion import qat_to_tflite
from qutils.tflm import Interpreter, Model

LINEAR = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(256, 8, 8, 2)).astype(np.float32)


def steps_apart(model, content, images, rounding="tflm"):
    """Return by how many steps the file's outputs differ from the rounded model's."""
    interpreter = Interpreter(model_content=content, rounding=rounding)
    interpreter.allocate_tensors()
    source, target = (
        QuantParams(*details[0]["quantization"])
        for details in (interpreter.get_input_details(), interpreter.get_output_details())
    )
    found = interpreter.predict(quantize(images, source))
    expected = quantize(model.predict(images, verbose=0), target)
    return np.abs(found.astype(np.int64) - expected)


def trained(model, inputs, **options):
    prepared = prepare_qat(model, **options)
    labels = np.arange(len(inputs)) % 3
    nets.fit(prepared, inputs, labels, epochs=1, seed=0, optimizer="adam", learning_rate=1e-3)
    return prepared


@pytest.mark.parametrize("ranges", ["minmax", "learned"])
@pytest.mark.parametrize(("per_channel", "bits"), [(False, 8), (False, 4), (True, 8)])
def test_file_holds_the_trained_scales_and_integers(inputs, ranges, per_channel, bits):
    prepared = trained(small_net(), inputs, ranges=ranges, per_channel=per_channel, bits=bits)
    # qat_to_tflite raises ConversionError where a float tensor is left.
    model = Model.from_bytes(qat_to_tflite(prepared))
    operators = [o for o in model.main.operators if o.name in LINEAR]
    layers = [layer for layer in prepared.layers if hasattr(layer, "inner")]
    assert len(operators) == len(layers) == 4
    for operator, layer in zip(operators, layers, strict=True):
        source, kernel = operator.input(0), operator.input(1)
        assert np.ravel(source.quantization.scale) == pytest.approx(float(layer.source.scale()))
        if per_channel and ranges == "learned" and operator.name == "FULLY_CONNECTED":
            continue  # the converter's own scales, see qat_to_tflite
        scale = layer.scale().numpy()
        assert np.allclose(kernel.quantization.scale, scale, rtol=1e-5)
        columns = layer.quantized_kernel().numpy().reshape(-1, layer.inner.weights[1].shape[0])
        integers = np.round(columns / scale)
        assert np.abs(integers).max() == 2 ** (bits - 1) - 1
        channels_last = np.moveaxis(kernel.data, 0, -1)
        if operator.name == "DEPTHWISE_CONV_2D":
            channels_last = kernel.data
        assert np.array_equal(channels_last.reshape(integers.shape), integers), layer.name


@pytest.mark.parametrize("ranges", ["minmax", "learned"])
def test_outputs_of_a_small_net_are_near(inputs, ranges):
    # Two layers, each output sum is rounded once by the graph and twice by the file.
    layers = import_keras().layers
    import_keras().utils.set_random_seed(0)
    model = sequential(
        layers.Conv2D(4, 3, activation="relu", name="conv"),
        layers.Flatten(name="flatten"),
        layers.Dense(3, name="logits"),
    )
    prepared = trained(model, inputs, ranges=ranges)
    apart = steps_apart(prepared, qat_to_tflite(prepared), inputs)
    assert apart.max() <= 1
    assert np.mean(apart > 0) < 0.05


def test_a_dead_channel_and_a_channel_of_one_weight_convert(inputs):
    layers = import_keras().layers
    model = sequential(
        layers.Conv2D(2, 1, name="conv"),
        layers.DepthwiseConv2D(1, name="one_weight"),
        layers.Flatten(name="flatten"),
        layers.Dense(3, name="logits"),
    )
    kernel, _ = model.get_layer("conv").get_weights()
    kernel[..., 1] = 0
    model.get_layer("conv").set_weights([kernel, np.float32([0.5, 0.25])])
    for per_channel in (False, True):
        prepared = trained(model, inputs, per_channel=per_channel)
        assert np.isfinite(prepared.predict(inputs, verbose=0)).all()
        apart = steps_apart(prepared, qat_to_tflite(prepared), inputs)
        assert apart.max() <= 2


def test_a_model_without_ranges_is_refused():
    with pytest.raises(ValueError, match=r"the ranges of image_range, conv_relu6_range.*unknown"):
        qat_to_tflite(prepare_qat(small_net()))


def test_other_models_are_refused(inputs):
    with pytest.raises(ValueError, match="'small' does not come from prepare_qat"):
        qat_to_tflite(small_net())
    with pytest.raises(ValueError, match="a file has 8-bit activations"):
        qat_to_tflite(prepare_qat(small_net(), activation_bits=4))


@pytest.mark.parametrize("name", ["bits", "activation_bits"])
@pytest.mark.parametrize("value", [1, 9, 4.5])
def test_bits_are_checked(name, value):
    with pytest.raises(
        ValueError, match=f"^{name} must be a whole number from 2 to 8, got {value}"
    ):
        prepare_qat(small_net(), **{name: value})


def test_unknown_ranges_and_diverged_weights_are_named():
    with pytest.raises(ValueError, match="unknown ranges 'mse'; there are: minmax, learned"):
        prepare_qat(small_net(), ranges="mse")
    model = small_net()
    kernel, bias = model.get_layer("dense").get_weights()
    model.get_layer("dense").set_weights([kernel * np.nan, bias])
    with pytest.raises(ValueError, match="weights of dense hold NaN or infinity"):
        prepare_qat(model)


def test_a_layer_that_cannot_be_folded_is_named():
    layers = import_keras().layers
    model = sequential(
        layers.Conv2D(2, 3, name="conv"),
        layers.MaxPooling2D(name="pool"),
        layers.BatchNormalization(name="late_norm"),
    )
    with pytest.raises(UnsupportedOperatorError, match=r"late_norm \(BatchNormalization\)"):
        prepare_qat(model, ranges="learned")


def test_net_b_after_a_short_training_gives_the_outputs_of_the_graph():
    images, labels = load_fashion_mnist("train")
    prepared = prepare_qat(nets.load("net_b"), ranges="learned")
    training = {"epochs": 1, "optimizer": "adam", "learning_rate": 5e-4}
    nets.fit(prepared, images[:3200], labels[:3200], seed=0, **training)
    content = qat_to_tflite(prepared)
    unseen = load_fashion_mnist("validation")[0][:300]
    # Where sums are rounded once, as the graph rounds them, only float32 sums of the graph that
    # lie near a tie can differ. Measured: 2 of 3,000 outputs, by one step.
    once = steps_apart(prepared, content, unseen, rounding="xnnpack")
    assert once.max() <= 1
    assert np.mean(once > 0) < 0.01
    # TFLite Micro rounds twice; the steps between add up over 14 layers. Measured: 34 % of the
    # outputs one step apart, 0.6 % two.
    twice = steps_apart(prepared, content, unseen)
    assert twice.max() <= 2
    assert np.mean(twice > 0) < 0.5
    assert np.mean(twice > 1) < 0.02
