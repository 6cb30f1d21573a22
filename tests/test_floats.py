"""Bits of float32 and costs of networks against a pencil, NumPy, Keras and the real files."""

from math import frexp, prod
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qutils.floats import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    FloatFields,
    FloatFormat,
    LayerCost,
    activation_peak_bytes,
    float_fields,
    float_from_fields,
    float_spacing,
    network_cost,
    round_to_format,
    weight_bytes,
)

NUMBERS = st.floats(width=32, allow_nan=False)


def fields(x):
    found = float_fields(x)
    return int(found.sign), int(found.exponent), int(found.fraction)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (1.0, (0, 127, 0)),
        (-0.75, (1, 126, 2**22)),  # -1.5 * 2**-1
        (6.5, (0, 129, 5 * 2**20)),  # 1.625 * 2**2
        (0.0, (0, 0, 0)),
        (-0.0, (1, 0, 0)),
        (2.0**-149, (0, 0, 1)),  # the smallest subnormal number
        (np.inf, (0, 255, 0)),
        (1e300, (0, 255, 0)),  # infinity in float32
    ],
)
def test_fields(x, expected):
    assert fields(x) == expected


def test_fields_keep_the_shape():
    assert float_fields(np.ones((2, 3))).exponent.tolist() == [[127] * 3] * 2


@given(NUMBERS)
def test_fields_mean_what_the_formula_says(x):
    sign, exponent, fraction = fields(x)
    if 0 < exponent < 255:
        assert (-1) ** sign * 2.0 ** (exponent - 127) * (1 + fraction / 2**23) == x
        assert exponent - 127 == frexp(x)[1] - 1
    elif exponent == 0:
        assert (-1) ** sign * 2.0**-126 * (fraction / 2**23) == x


@given(NUMBERS)
def test_fields_and_back(x):
    back = float_from_fields(float_fields(x))
    assert back.dtype == np.float32
    assert back.tobytes() == np.float32(x).tobytes()


@pytest.mark.parametrize(("name", "value"), [("sign", 2), ("exponent", 256), ("fraction", -1)])
def test_fields_wider_than_their_bits(name, value):
    given_fields = {"sign": 0, "exponent": 0, "fraction": 0, name: value}
    with pytest.raises(ValueError, match=f"{name} must fit"):
        float_from_fields(FloatFields(**{k: np.asarray(v) for k, v in given_fields.items()}))


def test_spacing():
    assert float_spacing([1.0, 1.5, 2.0, -16777216.0, 0.0]).tolist() == [
        2.0**-23,
        2.0**-23,
        2.0**-22,
        2.0,
        2.0**-149,
    ]


@given(st.floats(-(2.0**127), 2.0**127, width=32))
def test_spacing_is_that_of_numpy(x):
    assert float_spacing(x) == np.spacing(np.abs(np.float32(x)))


@pytest.mark.parametrize("x", [np.nan, np.inf])
def test_spacing_of_what_has_none(x):
    with pytest.raises(ValueError, match="no spacing"):
        float_spacing(x)


# float16 and bfloat16

HALVES = st.integers(0, 2**16 - 1)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (FLOAT16, (0, 15 - 2, 614)),  # 0.4 = 1.6 * 2**-2, and 0.6 * 1024 = 614.4
        (BFLOAT16, (0, 127 - 2, 77)),  # 0.6 * 128 = 76.8
    ],
    ids=["float16", "bfloat16"],
)
def test_fields_of_small_formats(form, expected):
    found = float_fields(0.4, form)
    assert (int(found.sign), int(found.exponent), int(found.fraction)) == expected


@pytest.mark.parametrize(
    ("form", "dtype"), [(FLOAT32, np.float32), (FLOAT16, np.float16)], ids=["32", "16"]
)
def test_limits_are_those_of_numpy(form, dtype):
    info = np.finfo(dtype)
    assert (form.bits, form.largest, form.smallest_normal) == (info.bits, info.max, info.tiny)


@given(NUMBERS)
def test_rounding_to_float16_is_that_of_numpy(x):
    with np.errstate(over="ignore"):
        expected = np.float32(np.float16(np.float32(x)))
    assert round_to_format(x, FLOAT16).tobytes() == expected.tobytes()


def bfloat16_of_tensorflow(x):
    from qutils._keras import import_tensorflow

    tf = import_tensorflow()
    return tf.cast(tf.cast(x, tf.bfloat16), tf.float32).numpy()


def test_rounding_to_bfloat16_is_that_of_tensorflow():
    words = np.random.default_rng(0).integers(0, 2**32, 200_000).astype(np.uint32)
    ties = (np.arange(2**16, dtype=np.uint32) << np.uint32(16)) | np.uint32(0x8000)
    x = np.concatenate([words, ties, ties - np.uint32(1), ties + np.uint32(1)]).view(np.float32)
    ours, expected = round_to_format(x, BFLOAT16), bfloat16_of_tensorflow(x)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(x))
    numbers = ~np.isnan(x)
    np.testing.assert_array_equal(ours[numbers].view(np.int32), expected[numbers].view(np.int32))


@pytest.mark.parametrize("form", [FLOAT16, BFLOAT16], ids=["float16", "bfloat16"])
def test_every_number_of_a_small_format_survives(form):
    word = np.arange(2**16)
    fields = FloatFields(
        word >> 15,
        (word >> form.fraction_bits) & (2**form.exponent_bits - 1),
        word & (2**form.fraction_bits - 1),
    )
    numbers = float_from_fields(fields, form)
    again = float_fields(numbers, form)
    finite = np.isfinite(numbers)
    for name in ("sign", "exponent", "fraction"):
        kept, found = getattr(fields, name), getattr(again, name)
        np.testing.assert_array_equal(found[finite], kept[finite])


@pytest.mark.parametrize("form", [FLOAT16, BFLOAT16], ids=["float16", "bfloat16"])
@given(x=st.floats(-60000, 60000, width=32))
def test_rounding_is_wrong_by_half_a_spacing_at_most(form, x):
    rounded = float(round_to_format(x, form))
    assert abs(rounded - x) <= float(float_spacing(x, form)) / 2


@given(st.floats(-60000, 60000, width=16))
def test_spacing_of_float16_is_that_of_numpy(x):
    assert float_spacing(x, FLOAT16) == np.float32(np.spacing(np.abs(np.float16(x))))


def test_numbers_too_large_for_a_format_have_no_spacing_in_it():
    with pytest.raises(ValueError, match="no spacing"):
        float_spacing(65520.0, FLOAT16)


def test_other_formats_are_refused():
    with pytest.raises(ValueError, match="the formats are"):
        float_fields(1.0, FloatFormat(4, 3))


# Networks


@pytest.fixture(scope="module")
def keras():
    from qutils._keras import import_keras

    return import_keras()


@pytest.fixture(scope="module")
def every_kind(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.InputLayer((6, 6, 2), name="x"),
            layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.DepthwiseConv2D((3, 1), strides=2, padding="same", name="depthwise"),
            layers.SeparableConv2D(5, 3, name="separable"),
            layers.MaxPooling2D(1, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, name="dense"),
        ]
    )


def test_costs_of_every_kind(every_kind):
    table = [
        (c.name, c.kind, c.parameters, c.output_bytes, c.macs)
        for c in network_cost(every_kind, weight_bits=8, activation_bits=8)
    ]
    assert table == [
        ("conv", "conv", 3 * 3 * 2 * 4, 6 * 6 * 4, 36 * 72),
        ("norm", "batch_norm", 4 * 4, 6 * 6 * 4, 0),
        ("relu", "activation", 0, 6 * 6 * 4, 0),
        ("depthwise", "depthwise", 3 * 4 + 4, 3 * 3 * 4, 9 * 12),
        ("separable", "separable", 36 + 20 + 5, 1 * 1 * 5, 36 + 20),
        ("pool", "pool", 0, 5, 0),
        ("flatten", "reshape", 0, 5, 0),
        ("dense", "dense", 5 * 3 + 3, 3, 15),
    ]


def test_bytes_follow_the_width_of_a_value(every_kind):
    ones = network_cost(every_kind, weight_bits=8, activation_bits=8)
    fours = network_cost(every_kind)
    assert weight_bytes(fours) == 4 * weight_bytes(ones) == 4 * every_kind.count_params()
    assert all(f.input_bytes == 4 * o.input_bytes for f, o in zip(fours, ones, strict=True))


def test_widths_of_weights_and_activations_are_apart(every_kind):
    conv, *_, dense = network_cost(every_kind, weight_bits=4, activation_bits=8)
    assert (conv.weight_bytes, conv.input_bytes, conv.output_bytes) == (36, 72, 144)
    # 18 weights of 4 bits are 9 bytes; 3 of them would be 2, the last one half empty.
    assert (dense.weight_bytes, dense.live_bytes) == (9, 5 + 3)
    assert network_cost(every_kind, activation_bits=4)[-1].output_bytes == 2


def test_peak_is_the_largest_input_plus_output_of_a_layer_that_moves_data():
    def cost(kind, input_bytes, output_bytes):
        return LayerCost(kind, kind, 0, 0, input_bytes, output_bytes, 0)

    costs = [cost("conv", 10, 40), cost("activation", 40, 40), cost("dense", 40, 5)]
    assert activation_peak_bytes(costs) == 50
    assert activation_peak_bytes([]) == 0


@pytest.mark.parametrize("name", ["large_cnn", "net_a", "net_b", "wide_activations"])
def test_parameters_are_those_that_keras_counts(name):
    from qutils.nets import build

    model = build(name)
    assert sum(c.parameters for c in network_cost(model)) == model.count_params()


@pytest.mark.parametrize("name", ["large_cnn", "wide_activations"])
def test_peak_is_the_arena_head_that_tflm_records(name):
    from qutils.convert import to_tflite
    from qutils.nets import build
    from tests.oracle import ask

    model = build(name)
    head = ask(to_tflite(model)).head_bytes
    assert activation_peak_bytes(network_cost(model)) == head


def test_macs_are_those_of_the_kernel_shapes(keras):
    layer = keras.layers.Conv2D(8, 3, groups=2, strides=2, name="conv")
    model = keras.Sequential([keras.layers.InputLayer((9, 9, 4)), layer])
    (cost,) = network_cost(model)
    # 4 x 4 positions, each output channel sees 3 x 3 x (4 / 2) values.
    assert cost.macs == prod((4, 4, 8, 3, 3, 2))


def test_a_model_without_keras_will_do():
    kernel = SimpleNamespace(name="fc/kernel:0", shape=(2, 3))
    Dense = type("Dense", (SimpleNamespace,), {})
    layer = Dense(
        name="fc",
        weights=[kernel],
        input=SimpleNamespace(shape=(None, 2)),
        output=SimpleNamespace(shape=(None, 3)),
    )
    assert network_cost(SimpleNamespace(layers=[layer])) == [
        LayerCost("fc", "dense", 6, 24, 8, 12, 6)
    ]


def test_layers_that_are_not_known_are_named(keras):
    model = keras.Sequential([keras.layers.InputLayer((4, 2)), keras.layers.LSTM(3, name="memory")])
    with pytest.raises(ValueError, match="layer 'memory' is a LSTM"):
        network_cost(model)


def test_a_network_that_is_no_chain_is_refused():
    Softmax = type("Softmax", (SimpleNamespace,), {})
    layer = Softmax(name="twice", input=["a", "b"], weights=[])
    with pytest.raises(ValueError, match="'twice' has several inputs"):
        network_cost(SimpleNamespace(layers=[layer]))


def test_bits_below_one(every_kind):
    with pytest.raises(ValueError, match="at least 1 bit, got 0 and 32"):
        network_cost(every_kind, weight_bits=0)
