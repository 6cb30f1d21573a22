"""Conversion: what is in the files, that they are checked, that nothing is printed."""

import subprocess
import sys

import numpy as np
import pytest

from qutils.convert import MODES, to_tflite
from qutils.errors import ConversionError
from qutils.tflm.parse import parse_subgraphs, root_table


@pytest.fixture(scope="module")
def keras():
    from qutils._keras import import_keras

    return import_keras()


@pytest.fixture(scope="module")
def model(keras):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.InputLayer((6, 6, 2), name="x"),
            layers.Conv2D(4, 3, name="conv"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Flatten(name="flatten"),
            layers.Dense(100, name="dense"),  # the dynamic mode leaves small ones alone
        ],
        "small",
    )


@pytest.fixture(scope="module")
def samples():
    return np.random.default_rng(0).normal(size=(10, 6, 6, 2)).astype(np.float32)


def tensors(content):
    return parse_subgraphs(root_table(content))[0].tensors


def types(content):
    return {tensor.type for tensor in tensors(content)}


def test_types_in_the_files(model, samples):
    assert types(to_tflite(model, "float32")) == {"FLOAT32", "INT32"}
    assert types(to_tflite(model, "float16")) == {"FLOAT32", "FLOAT16", "INT32"}
    assert types(to_tflite(model, "int8", samples)) == {"INT8", "INT32"}
    dynamic = tensors(to_tflite(model, "dynamic"))
    assert {t.type for t in dynamic if "dense" in t.name and t.data is not None} == {"INT8"}
    assert dynamic[0].type == "FLOAT32"


def test_int8_inputs_and_outputs(model, samples):
    graph = parse_subgraphs(root_table(to_tflite(model, "int8", samples)))[0]
    assert [t.type for t in (*graph.inputs, *graph.outputs)] == ["INT8", "INT8"]


@pytest.mark.parametrize("per_channel", [True, False])
def test_weight_scales_per_channel_and_per_tensor(model, samples, per_channel):
    content = to_tflite(model, "int8", samples, per_channel=per_channel)
    weights = [t for t in tensors(content) if t.data is not None and t.type == "INT8"]
    scales = sorted(t.quantization.scale.size for t in weights)
    assert scales == ([4, 4, 100] if per_channel else [1, 1, 1])


def test_named_layers_give_the_same_bytes(model, samples):
    assert to_tflite(model, "int8", samples) == to_tflite(model, "int8", samples)


def test_forms_of_a_representative_data_set(model, samples):
    expected = to_tflite(model, "int8", samples)
    assert to_tflite(model, "int8", list(samples)) == expected
    assert to_tflite(model, "int8", (samples[i : i + 3] for i in range(0, 10, 3))) == expected
    assert to_tflite(model, "int8", samples.astype(np.float64)) == expected


def test_calibration_sets_the_scale_of_the_input(model, samples):
    first = tensors(to_tflite(model, "int8", samples))[0].quantization.scale[0]
    doubled = tensors(to_tflite(model, "int8", 2 * samples))[0].quantization.scale[0]
    assert doubled == 2 * first


def test_unknown_mode(model):
    with pytest.raises(ValueError, match="unknown mode 'int4'; there are: float32, dynamic"):
        to_tflite(model, "int4")


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (None, "needs a representative_dataset"),
        ([], "is empty"),
        (np.zeros((0, 6, 6, 2)), "is empty"),
        (np.zeros((4, 6, 2)), r"shape \(6, 2\); the model takes \(6, 6, 2\)"),
        (np.zeros((6, 6, 2)), r"shape \(6, 2\)"),
        ([np.full((6, 6, 2), np.nan)], "NaN or infinity"),
        ([np.full((6, 6, 2), np.inf)], "NaN or infinity"),
    ],
)
def test_representative_data_sets_that_will_not_do(model, dataset, words):
    with pytest.raises(ValueError, match=words):
        to_tflite(model, "int8", dataset)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "int8"])
def test_a_data_set_where_nothing_is_calibrated(model, samples, mode):
    with pytest.raises(ValueError, match="has no use in mode"):
        to_tflite(model, mode, samples)


def test_a_float_operator_that_is_left_is_named(keras):
    from qutils._keras import import_tensorflow

    sine = import_tensorflow().math.sin
    layers = keras.layers
    model = keras.Sequential(
        [layers.InputLayer((4,)), layers.Dense(4), layers.Lambda(lambda x: sine(x), name="sine")]
    )
    samples = np.ones((2, 4), np.float32)
    with pytest.raises(ConversionError, match=r"(?s)not int8.*DEQUANTIZE.*SIN.*SIN.*QUANTIZE"):
        to_tflite(model, "int8", samples)


def test_an_operator_that_tflite_lacks(keras):
    from qutils._keras import import_tensorflow

    inverse = import_tensorflow().linalg.inv
    model = keras.Sequential([keras.layers.InputLayer((4, 4)), keras.layers.Lambda(inverse)])
    with pytest.raises(ConversionError, match=r"(?s)converter failed.*MatrixInverse"):
        to_tflite(model)


def test_several_inputs(keras):
    a, b = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([a, b], keras.layers.Add()([a, b]))
    with pytest.raises(ValueError, match="only models with one input"):
        to_tflite(model)


SILENT = """
import numpy as np
from qutils._keras import import_keras
from qutils.convert import to_tflite
keras = import_keras()
model = keras.Sequential([keras.layers.InputLayer((2,)), keras.layers.Dense(3)])
to_tflite(model, "float32")
to_tflite(model, "int8", np.eye(2))
"""


def test_conversion_prints_nothing():
    run = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_importing_convert_does_not_import_tensorflow():
    code = "import sys, qutils.convert; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
