"""The interpreter's face: that of LiteRT's, with errors that help."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from random_nets import network

from qutils.errors import UnsupportedFeatureError
from qutils.tflm import Interpreter
from qutils.tflm.example import tiny_model


@pytest.fixture
def tiny() -> Interpreter:
    interpreter = Interpreter(model_content=tiny_model())
    interpreter.allocate_tensors()
    return interpreter


def test_the_example_is_what_the_tests_would_write():
    tensors = (T((1, 2), scale=0.5, name="x"), T((1, 2), scale=0.5, name="y"))
    content = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes()
    model, expected = tiny_model(), Interpreter(model_content=content).model
    assert model.size_bytes == expected.size_bytes
    assert [t.name for t in model.main.tensors] == ["x", "y"]
    assert model.main.tensors[0].quantization.scale.tolist() == [0.5]


def test_a_model_comes_from_a_path_or_from_bytes(tmp_path):
    content = network(1).graph().to_bytes()
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    for keywords in ({"model_path": path}, {"model_path": str(path)}, {"model_content": content}):
        interpreter = Interpreter(**keywords)
        interpreter.allocate_tensors()
        assert interpreter.model.size_bytes == len(content)


@pytest.mark.parametrize("keywords", [{}, {"model_path": "x", "model_content": b"x"}])
def test_it_wants_exactly_one_model(keywords):
    with pytest.raises(ValueError, match="either model_path or model_content"):
        Interpreter(**keywords)


def test_details_have_the_keys_and_values_of_litert():
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="no ai-edge-litert")
    content = network(4).graph().to_bytes()
    ours, theirs = Interpreter(model_content=content), litert.Interpreter(model_content=content)
    for name in ("get_input_details", "get_output_details", "get_tensor_details"):
        # LiteRT appends temporary tensors of its own.
        for got, expected in zip(getattr(ours, name)(), getattr(theirs, name)(), strict=False):
            assert got.keys() == expected.keys()
            assert got["quantization_parameters"].keys() == (
                expected["quantization_parameters"].keys()
            )
            for key in ("shape", "shape_signature"):
                assert got[key].dtype == expected[key].dtype
                np.testing.assert_array_equal(got[key], expected[key])
            for key in ("name", "index", "dtype", "quantization", "sparsity_parameters"):
                assert got[key] == expected[key]
            for key, value in got["quantization_parameters"].items():
                np.testing.assert_array_equal(value, expected["quantization_parameters"][key])


def test_invoke(tiny):
    tiny.set_tensor(0, np.int8([[-3, 5]]))
    tiny.invoke()
    assert tiny.get_tensor(1).tolist() == [[0, 5]]
    assert tiny.get_tensor(0).tolist() == [[-3, 5]]


def test_inputs_stay_for_the_next_invocation(tiny):
    tiny.set_tensor(0, np.int8([[-3, 5]]))
    tiny.invoke()
    tiny.invoke()
    assert tiny.get_tensor(1).tolist() == [[0, 5]]


def test_tensors_are_copies(tiny):
    values = np.int8([[1, 2]])
    tiny.set_tensor(0, values)
    values[:] = 0
    tiny.invoke()
    tiny.get_tensor(1)[:] = 0
    assert tiny.get_tensor(1).tolist() == [[1, 2]]


def test_resetting_variables_keeps_the_rest(tiny):
    tiny.set_tensor(0, np.int8([[1, 2]]))
    tiny.reset_all_variables()
    tiny.invoke()
    assert tiny.get_tensor(1).tolist() == [[1, 2]]


def test_a_variable_starts_at_the_real_number_0():
    tensors = (
        T((1, 2), scale=1.0),
        T((1, 2), scale=1.0, zero_point=7, is_variable=True),
        T((1, 2), scale=1.0),
    )
    graph = Graph(tensors, (Op("ADD", (0, 1), (2,)),), (0,), (2,))
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    assert interpreter.predict(np.int8([[1, 2], [3, 4]])).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (np.zeros((1, 3), np.int8), r"got shape \(1, 3\) and dtype int8"),
        (np.zeros((2,), np.int8), r"got shape \(2,\) and dtype int8"),
        (np.zeros((1, 2), np.float32), r"got shape \(1, 2\) and dtype float32"),
        ([[0, 1]], r"got shape \(1, 2\) and dtype int64"),
    ],
)
def test_set_tensor_says_expected_and_got(tiny, value, got):
    expected = r"tensor 0 \('x'\): expected shape \(1, 2\) and dtype int8, "
    with pytest.raises(ValueError, match=expected + got):
        tiny.set_tensor(0, value)


def test_only_inputs_can_be_set(tiny):
    with pytest.raises(ValueError, match=r"tensor 1 \('y'\) is no input; inputs are \[0\]"):
        tiny.set_tensor(1, np.zeros((1, 2), np.int8))


@pytest.mark.parametrize("index", [-1, 2])
def test_there_are_only_so_many_tensors(tiny, index):
    with pytest.raises(ValueError, match=f"no tensor {index}: the model has 2"):
        tiny.get_tensor(index)


def test_an_output_has_no_value_before_the_first_invocation(tiny):
    with pytest.raises(ValueError, match="call invoke"):
        tiny.get_tensor(1)


@pytest.mark.parametrize(
    "call",
    [
        lambda i: i.invoke(),
        lambda i: i.get_tensor(0),
        lambda i: i.set_tensor(0, np.zeros((1, 2), np.int8)),
        lambda i: i.reset_all_variables(),
        lambda i: i.predict(np.zeros((5, 2), np.int8)),
    ],
)
def test_tensors_must_be_allocated_first(call):
    with pytest.raises(RuntimeError, match="call allocate_tensors"):
        call(Interpreter(model_content=tiny_model()))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda i: i.resize_tensor_input(0, [2, 2]), "cannot resize"),
        (lambda i: i.get_signature_list(), "has no signatures"),
        (lambda i: i.get_signature_runner("serving_default"), "has no signatures"),
    ],
)
def test_what_tflm_has_not(tiny, call, words):
    with pytest.raises(UnsupportedFeatureError, match=words):
        call(tiny)


def test_delegates_are_refused_at_once():
    with pytest.raises(UnsupportedFeatureError, match="has no delegates"):
        Interpreter(model_content=tiny_model(), experimental_delegates=[object()])


def test_predict_gives_the_bits_of_single_invocations():
    net = network(6)
    interpreter = Interpreter(model_content=net.graph().to_bytes())
    interpreter.allocate_tensors()
    batch = net.inputs(50)
    whole = interpreter.predict(batch)
    for x, expected in zip(batch, whole, strict=True):
        interpreter.set_tensor(net.activations[0], x)
        interpreter.invoke()
        np.testing.assert_array_equal(interpreter.get_tensor(net.activations[-1]), expected)


def test_predict_drops_the_leading_one_where_the_batch_does():
    net = network(6)
    interpreter = Interpreter(model_content=net.graph().to_bytes())
    interpreter.allocate_tensors()
    batch = net.inputs(3)
    np.testing.assert_array_equal(
        interpreter.predict(batch[:, 0]), interpreter.predict(batch)[:, 0]
    )
    assert interpreter.predict(batch[:0]).shape == (0, *interpreter.predict(batch).shape[1:])


def test_predict_of_what_does_not_depend_on_the_input():
    tensors = (T((1, 2), scale=1.0), constant([[5, -6]], scale=1.0), T((1, 2), scale=1.0))
    graph = Graph(tensors, (Op("RELU", (1,), (2,)),), (0,), (2,))
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    assert interpreter.predict(np.zeros((3, 2), np.int8)).tolist() == [[5, 0]] * 3


@pytest.mark.parametrize("batch", [np.zeros((4, 3), np.int8), np.zeros((4, 2), np.float32)])
def test_predict_says_expected_and_got(tiny, batch):
    with pytest.raises(ValueError, match=r"expected shape \(N, 2\) and dtype int8, got"):
        tiny.predict(batch)


def test_predict_needs_one_input_and_one_output():
    a = T((1, 2), scale=1.0)
    graph = Graph((a, a, a), (Op("ADD", (0, 1), (2,)),), (0, 1), (2,))
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    with pytest.raises(ValueError, match="the model has 2 and 1"):
        interpreter.predict(np.zeros((4, 2), np.int8))


@pytest.mark.parametrize(
    ("keywords", "complaint"),
    [
        ({"board": "nano33"}, "no board 'nano33'; did you mean nano33ble"),
        ({"arena_size": 0}, "arena_size must be positive, got 0"),
        ({"board": "uno", "arena_size": 4096}, "exceeds the 2,048 bytes of SRAM"),
    ],
)
def test_arenas_that_cannot_be(keywords, complaint):
    with pytest.raises(ValueError, match=complaint):
        Interpreter(model_content=tiny_model(), **keywords)
