"""Networks as plain values: the forward pass, and the way from Keras and back."""

from dataclasses import replace

import numpy as np
import pytest

from qutils import nets
from qutils._keras import import_keras
from qutils.data import load_fashion_mnist
from qutils.describe import from_keras, to_keras
from qutils.errors import UnsupportedOperatorError
from qutils.network import BatchNorm, GlobalMean, Linear, MaxPool, Network, Reshape


def floats(*values):
    return np.array(values, np.float32)


def test_dense_by_hand():
    # [1 2] [[1 0], [3 -1]] + [0 1] = [7 -1]; ReLU: [7 0]; saturating at 6: [6 0].
    layer = Linear("d", "dense", floats([1, 0], [3, -1]), floats(0, 1), relu=True)
    assert layer(floats([1, 2])).tolist() == [[7, 0]]
    assert replace(layer, ceiling=floats(6, 6))(floats([1, 2])).tolist() == [[6, 0]]


def test_convolution_by_hand():
    # Taps 1 and 10 over [1 2 3], stride 1, "same": the padding of 1 stands after.
    layer = Linear("c", "conv", floats(1, 10).reshape(1, 2, 1, 1), floats(0), padding="same")
    assert layer(floats(1, 2, 3).reshape(1, 1, 3, 1)).ravel().tolist() == [21, 32, 3]


def test_depthwise_by_hand():
    # Channel 0 times 1 and 2, channel 1 times 3 and 4: outputs run channel by channel.
    kernel = floats(1, 2, 3, 4).reshape(1, 1, 2, 2)
    layer = Linear("w", "depthwise", kernel, np.zeros(4, np.float32))
    assert layer(floats(1, 10).reshape(1, 1, 1, 2)).ravel().tolist() == [1, 2, 30, 40]


def test_batch_norm_by_hand():
    # (7 - 3) / sqrt(3 + 1) * 5 + 1 = 11
    norm = BatchNorm(floats(5), floats(1), floats(3), floats(3), epsilon=1.0)
    layer = Linear("d", "dense", floats([7]), floats(0), norm=norm)
    assert layer(floats([1])).tolist() == [[11]]


def test_pooling_and_reshaping_by_hand():
    x = floats(1, 2, 3, -4).reshape(1, 2, 2, 1)
    assert MaxPool("p", (2, 2), (2, 2), "valid")(x).ravel().tolist() == [3]
    assert MaxPool("p", (2, 2), (1, 1), "same")(-x).ravel().tolist() == [4, 4, 4, 4]
    assert GlobalMean("m")(x).tolist() == [[0.5]]
    assert Reshape("f", (-1,))(x).shape == (1, 4)


def test_columns_and_groups_go_out_and_in_unchanged():
    kernel = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    for kind, channels in (("conv", 5), ("depthwise", 20)):
        layer = Linear("l", kind, kernel, np.zeros(channels, np.float32))
        assert np.array_equal(layer.with_columns(layer.columns).kernel, kernel)
        parts = layer.grouped(layer.columns)
        assert parts.shape == (layer.groups, len(layer.columns), channels // layer.groups)
        assert np.array_equal(layer.ungrouped(parts), layer.columns)


def test_layers_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"a: kernel \(2, 3\) and bias \(2,\) do not make a dense"):
        Linear("a", "dense", np.zeros((2, 3), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="a: unknown kind 'lstm'"):
        Linear("a", "lstm", np.zeros((2, 3), np.float32), np.zeros(3, np.float32))
    layer = Linear("c", "conv", np.zeros((3, 3, 1, 1), np.float32), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match=r"window \(3, 3\) is larger than the input \(2, 2\)"):
        layer(np.zeros((1, 2, 2, 1), np.float32))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((0, 2)), r"needs inputs \(N, 2,\) with N >= 1, got \(0, 2\)"),
        (np.zeros((1, 3)), r"got \(1, 3\)"),
        ([[0.0, np.nan]], "NaN or infinity"),
        ([[0.0, np.inf]], "NaN or infinity"),
    ],
)
def test_inputs_that_make_no_sense_are_refused(inputs, message):
    layer = Linear("d", "dense", np.zeros((2, 1), np.float32), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match=message):
        Network((2,), (layer,))(inputs)


def sequential(*layers, shape=(9, 8, 2)):
    keras = import_keras()
    return keras.Sequential([keras.layers.InputLayer(shape, name="image"), *layers], "small")


def every_layer():
    """Every kind of layer that can be described, with batch norms that have seen data."""
    layers = import_keras().layers
    import_keras().utils.set_random_seed(0)
    model = sequential(
        layers.Reshape((8, 9, 2), name="turned"),
        layers.Conv2D(4, (3, 2), (2, 1), padding="same", use_bias=False, name="conv"),
        layers.BatchNormalization(name="conv_norm"),
        layers.Activation("relu6", name="conv_relu6"),
        layers.DepthwiseConv2D(3, depth_multiplier=2, dilation_rate=(1, 2), name="depthwise"),
        layers.BatchNormalization(scale=False, center=False, name="depthwise_norm"),
        layers.ReLU(1.5, name="depthwise_relu"),
        layers.MaxPooling2D((2, 3), 1, padding="same", name="pool"),
        layers.Activation("linear", name="nothing"),
        layers.Conv2D(3, 1, activation="relu6", name="pointwise"),
        layers.Flatten(name="flatten"),
        layers.Dropout(0.1, name="dropout"),
        layers.Dense(5, name="dense"),
        layers.BatchNormalization(name="dense_norm"),
        layers.Activation("relu", name="dense_relu"),
        layers.Dense(3, name="logits"),
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


def test_forward_pass_equals_keras_for_every_kind_of_layer():
    model = every_layer()
    x = np.random.default_rng(1).normal(size=(300, 9, 8, 2)).astype(np.float32)
    network, expected = from_keras(model), model.predict(x, verbose=0)
    # Both round sums of up to 90 float32 products, in other orders: 90 * 2**-24 = 5e-6, relatively.
    tolerance = 1e-5 * np.abs(expected).max()
    assert expected.std(axis=0).min() > 100 * tolerance
    assert np.abs(network(x) - expected).max() < tolerance
    again = to_keras(network)
    assert np.abs(again.predict(x, verbose=0) - expected).max() < tolerance


@pytest.mark.parametrize("name", nets.TRAINED)
def test_trained_nets_go_out_and_in_unchanged(name):
    model = nets.load(name)
    again = to_keras(from_keras(model))
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.name == model.name
    assert again.input_names == model.input_names
    weights, others = nets.named_weights(model), nets.named_weights(again)
    assert all(np.array_equal(weights[key], others[key]) for key in weights)
    # The description gives every layer a bias.
    assert {key.split("/")[1] for key in others.keys() - weights.keys()} == {"bias"}
    assert not any(others[key].any() for key in others.keys() - weights.keys())


@pytest.mark.parametrize("name", nets.TRAINED)
def test_forward_pass_equals_keras_on_the_trained_nets(name):
    model = nets.load(name)
    images = load_fashion_mnist("validation")[0][:300]
    expected = model.predict(images, verbose=0)
    # 12 layers with sums of up to 128 products: 12 * 128 * 2**-24 = 1e-4 of the largest logit.
    assert np.abs(from_keras(model)(images) - expected).max() < 1e-4 * np.abs(expected).max()


def test_every_layer_that_cannot_be_described_is_named():
    layers = import_keras().layers
    model = sequential(
        layers.BatchNormalization(name="first_norm"),
        layers.Conv2D(2, 3, activation="tanh", name="curved"),
        layers.Conv2D(2, 3, activation="relu", name="conv"),
        layers.BatchNormalization(name="late_norm"),
        layers.Conv2D(4, 1, groups=2, name="grouped"),
        layers.LeakyReLU(name="leaky"),
        layers.ReLU(negative_slope=0.1, name="sloped"),
        layers.Conv2D(2, 1, name="rows"),
        layers.BatchNormalization(axis=1, name="row_norm"),
        layers.MaxPooling2D(1, data_format="channels_first", name="first"),
        layers.GlobalAveragePooling2D(keepdims=True, name="kept"),
        layers.Conv2DTranspose(2, 3, name="transposed"),
    )
    with pytest.raises(UnsupportedOperatorError, match="'small' cannot be described") as caught:
        from_keras(model)
    problems = str(caught.value).split("described: ")[1].split("; ")
    folding = "cannot be folded: does not follow a convolution or dense layer without activation"
    assert problems == [
        f"first_norm (BatchNormalization): {folding}",
        "curved (Conv2D): its activation is not ReLU or ReLU6",
        f"late_norm (BatchNormalization): {folding}",
        "grouped (Conv2D): convolution in groups is not supported",
        "leaky (LeakyReLU): this kind of layer is not supported",
        "sloped (ReLU): a ReLU with a slope or threshold is not supported",
        "row_norm (BatchNormalization): cannot be folded: not over the channels",
        "first (MaxPooling2D): its channels are not last",
        "kept (GlobalAveragePooling2D): keepdims is not supported",
        "transposed (Conv2DTranspose): this kind of layer is not supported",
    ]


def test_activation_must_follow_a_layer_with_weights():
    layers = import_keras().layers
    model = sequential(layers.MaxPooling2D(name="pool"), layers.ReLU(name="late"))
    with pytest.raises(UnsupportedOperatorError, match=r"late \(ReLU\): does not follow"):
        from_keras(model)


def test_only_sequential_models_are_described():
    keras = import_keras()
    image = keras.Input((4,), name="image")
    with pytest.raises(UnsupportedOperatorError, match=r"only tf_keras\.Sequential"):
        from_keras(keras.Model(image, keras.layers.Dense(2, name="dense")(image)))


def test_ceilings_that_differ_are_refused_at_the_border():
    layer = Linear(
        "d", "dense", np.ones((1, 2), np.float32), floats(0, 0), relu=True, ceiling=floats(6, 3)
    )
    with pytest.raises(UnsupportedOperatorError, match="d: its channels saturate at 2 different"):
        to_keras(Network((1,), (layer,)))
