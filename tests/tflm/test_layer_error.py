"""The error of each layer: by pencil, and on a network whose weak layer is known."""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from pairs import float_graph, int8_graph, with_float_ends

from qutils.metrics import sqnr_db
from qutils.tflm import Model
from qutils.tflm.report.layer_error import WRONG_BELOW_DB, first_wrong, layer_errors, match_layers
from qutils.tflm.report.trace import run, samples_at_once, to_inputs

# y is 1 + 2 * 1.5 = 4, which int8 holds, and 0.5 + 2 * 0.5 = 1.5, which becomes 2.
DATA = np.array([[1.0, 1.5], [0.5, 0.5]], np.float32)


def model(graph: Graph) -> Model:
    return Model.from_bytes(graph.to_bytes())


def test_one_layer_by_pencil():
    entry, layer = layer_errors(model(int8_graph()), model(float_graph()), DATA)
    assert (entry.operator, entry.name, entry.sqnr_db) == (None, "input", inf)
    assert (layer.operator, layer.name, layer.tensor) == (0, "FULLY_CONNECTED", "y")
    # Signal 16 + 2.25, noise 0.25.
    assert layer.sqnr_db == pytest.approx(10 * np.log10(18.25 / 0.25))
    assert layer.own_sqnr_db == layer.sqnr_db == layer.worst_channel_sqnr_db
    # (4 * 4 + 1.5 * 2) / sqrt(18.25 * (16 + 4))
    assert layer.cosine == pytest.approx(19 / sqrt(18.25 * 20))
    assert (layer.worst_channel, layer.saturated, layer.values) == (0, 0, 2)
    assert first_wrong([entry, layer]) is None


def test_a_value_beyond_the_scale_counts_as_clipped():
    # The largest code stands for 127 / 64 = 1.98: 4 is clipped, 1.5 is not.
    _, layer = layer_errors(model(int8_graph(1 / 64)), model(float_graph()), DATA)
    assert (layer.saturated, layer.values) == (1, 2)
    # The noise is (4 - 127 / 64)**2.
    expected = 10 * np.log10(18.25 / (4 - 127 / 64) ** 2)
    assert layer.own_sqnr_db == pytest.approx(expected)
    assert layer.is_wrong == (expected < WRONG_BELOW_DB)
    assert layer.is_wrong


def test_error_of_the_input_is_not_the_layers():
    # 0.2 becomes 0 and 0.3 becomes 0.5, so y is 1 instead of 0.8, and exactly 1 given 0 and 0.5.
    entry, layer = layer_errors(
        model(int8_graph()), model(float_graph()), np.array([[0.2, 0.3]], np.float32)
    )
    assert entry.sqnr_db == pytest.approx(10 * np.log10(0.13 / 0.08), abs=1e-5)
    assert layer.sqnr_db == pytest.approx(10 * np.log10(0.64 / 0.04), abs=1e-5)
    assert layer.own_sqnr_db == inf
    assert first_wrong([entry, layer]) is entry


def test_a_channel_without_signal_is_not_the_worst():
    shape = {"type": "FLOAT32", "name": "y"}
    tensors = (T((1, 2), "FLOAT32"), T((1, 2), **shape))
    floats = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,))
    coarse = replace(floats, tensors=tuple(T((1, 2), scale=1.0, name=t.name) for t in tensors))
    # Channel 0 is negative, so RELU leaves no signal there.
    _, layer = layer_errors(model(coarse), model(floats), np.array([[-1.0, 1.5]], np.float32))
    assert layer.worst_channel == 1


def test_conversions_at_the_ends_are_left_out_and_the_input_is_still_judged():
    inner = layer_errors(model(int8_graph()), model(float_graph()), DATA)
    outer = layer_errors(model(with_float_ends(int8_graph())), model(float_graph()), DATA)
    assert [(e.name, e.sqnr_db, e.own_sqnr_db) for e in outer] == [
        (e.name, e.sqnr_db, e.own_sqnr_db) for e in inner
    ]


def test_models_with_other_operators_are_matched_by_name():
    extended = float_graph()
    relu = T((1, 1), "FLOAT32", name="z")
    extended = replace(
        extended,
        tensors=(*extended.tensors, relu),
        operators=(*extended.operators, Op("RELU", (2,), (3,))),
        outputs=(3,),
    )
    pairs = match_layers(model(int8_graph()).main, model(extended).main)
    assert [(a.index, b.index) for a, b in pairs] == [(0, 0)]
    renamed = replace(
        extended, tensors=tuple(replace(t, name=f"other {t.name}") for t in extended.tensors)
    )
    with pytest.raises(ValueError, match="no layer in common"):
        match_layers(model(int8_graph()).main, model(renamed).main)


def test_parts_of_a_batch_add_up(monkeypatch):
    rng = np.random.default_rng(0)
    data = rng.uniform(-3, 3, (50, 2)).astype(np.float32)
    pair = model(int8_graph(0.1)), model(float_graph())
    whole = layer_errors(*pair, data)
    monkeypatch.setattr("qutils.tflm.report.trace._CHUNK_BYTES", 1)
    assert samples_at_once(*pair) == 1
    for one, many in zip(whole, layer_errors(*pair, data), strict=True):
        assert one.sqnr_db == pytest.approx(many.sqnr_db)
        assert one.own_sqnr_db == pytest.approx(many.own_sqnr_db)
        assert (one.saturated, one.values) == (many.saturated, many.values)


def test_the_numbers_are_those_of_the_metrics():
    rng = np.random.default_rng(1)
    data = rng.uniform(-3, 3, (50, 2)).astype(np.float32)
    quantized, floats = model(int8_graph(0.1)), model(float_graph())
    (codes,) = run(quantized, to_inputs(quantized, [data]))
    (wanted,) = run(floats, to_inputs(floats, [data]))
    layer = layer_errors(quantized, floats, data)[-1]
    assert layer.sqnr_db == pytest.approx(sqnr_db(wanted, codes * 0.1), abs=1e-4)


def test_nan_in_the_float_model_is_refused():
    x, weights, y = float_graph().tensors
    nothing = constant(np.full(weights.shape, np.nan), "FLOAT32")
    broken = replace(float_graph(), tensors=(x, nothing, y))
    with pytest.raises(ValueError, match=r"NaN or infinity in tensor 2 \('y'\)"):
        layer_errors(model(int8_graph()), model(broken), DATA)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((3, 3), np.float32), r"takes an array of shape \(N, 2\), this one has shape"),
        (np.zeros((0, 2), np.float32), "takes an array of shape"),
        (np.zeros((1, 2), np.uint8), "takes int8 or float32, the array holds uint8"),
        (np.full((1, 2), np.nan), "holds NaN or infinity"),
    ],
    ids=["shape", "empty", "dtype", "nan"],
)
def test_data_that_do_not_fit_are_refused(data, words):
    with pytest.raises(ValueError, match=words):
        layer_errors(model(int8_graph()), model(float_graph()), data)


def test_integers_are_taken_as_they_are_where_the_model_takes_them():
    codes = np.array([[1, -2]], np.int8)
    np.testing.assert_array_equal(to_inputs(model(int8_graph()), [codes])[0], codes[np.newaxis])


def test_one_array_for_each_input():
    with pytest.raises(ValueError, match="arrays given: 2, inputs of the model: 1"):
        to_inputs(model(int8_graph()), [DATA, DATA])


def test_the_weak_layer_of_a_network_is_found():
    """Net B with one scale per tensor is ruined by its first depthwise layer."""
    from qutils.convert import to_tflite
    from qutils.data import load_fashion_mnist
    from qutils.nets import load

    images = load_fashion_mnist("train")[0][:30]
    net = load("net_b")
    floats = Model.from_bytes(to_tflite(net))
    spoilt, good, raw = (
        Model.from_bytes(to_tflite(net, "int8", data, per_channel=per_channel))
        for data, per_channel in ((images, False), (images, True), (images * 255, True))
    )
    wrong = first_wrong(layer_errors(spoilt, floats, images))
    assert wrong is not None
    assert (wrong.operator, wrong.name) == (1, "DEPTHWISE_CONV_2D")
    errors = layer_errors(good, floats, images)
    assert first_wrong(errors) is None
    assert len(errors) == 14
    # Calibrated in other units, the input itself is wrong.
    wrong = first_wrong(layer_errors(raw, floats, images))
    assert wrong is not None
    assert wrong.operator is None
