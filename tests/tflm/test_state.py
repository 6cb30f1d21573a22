"""State that lives from one invocation to the next: variables, resource variables, subgraphs."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import OracleError, ask
from strategies.moves import ring_buffer

from qutils._keras import import_keras
from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model, plan_arena

HANDLE = T((), "RESOURCE", name="handle")
PAIR = T((1, 2), "FLOAT32")
CALL = Op("CALL_ONCE", (), (), {"init_subgraph_index": 1})


def var_handle(output: int, name: str = "sum", container: str = "") -> Op:
    return Op("VAR_HANDLE", (), (output,), {"shared_name": name, "container": container})


def running_sum(tensor: T = PAIR, start: list | None = None) -> Graph:
    """Add the input to a variable; CALL_ONCE gives it a start."""
    read, assign = Op("READ_VARIABLE", (0,), (2,)), Op("ASSIGN_VARIABLE", (0, 3), ())
    operators = (var_handle(0), read, Op("ADD", (1, 2), (3,)), assign)
    tensors = (HANDLE, tensor, tensor, tensor)
    if start is None:
        return Graph(tensors, operators, (1,), (3,))
    keywords = {"scale": tensor.scale, "zero_point": tensor.zero_point}
    first = constant(start, tensor.type, **keywords)
    called = Graph((HANDLE, first), (var_handle(0), Op("ASSIGN_VARIABLE", (0, 1), ())), (), ())
    return Graph(tensors, (CALL, *operators), (1,), (3,), called=(called,))


def outputs(graph: Graph, inputs: list) -> list:
    """Invoke on each input; None resets the variables."""
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    got = []
    for value in inputs:
        if value is None:
            interpreter.reset_all_variables()
            continue
        index = interpreter.get_input_details()[0]["index"]
        interpreter.set_tensor(index, value)
        interpreter.invoke()
        index = interpreter.get_output_details()[0]["index"]
        got.append(interpreter.get_tensor(index).tolist())
    return got


def tflms_outputs(graph: Graph, inputs: list) -> list:
    invocations = [None if value is None else [value] for value in inputs]
    return [values[0].tolist() for values in ask(graph.to_bytes(), invocations).outputs]


def require_tflms_arena(graph: Graph) -> None:
    answer, plan = ask(graph.to_bytes()), plan_arena(Model.from_bytes(graph.to_bytes()))
    assert (plan.head_bytes, plan.tail_bytes_x86_64) == (answer.head_bytes, answer.tail_bytes)


ONE_TWO = np.float32([[1, 2]])


def test_a_running_sum():
    # 0 + 1, 1 + 1, reset to 0, 0 + 1; and twice as fast in the second column.
    inputs = [ONE_TWO, ONE_TWO, None, ONE_TWO]
    graph = running_sum()
    assert outputs(graph, inputs) == [[[1, 2]], [[2, 4]], [[1, 2]]]
    assert tflms_outputs(graph, inputs) == outputs(graph, inputs)
    require_tflms_arena(graph)


def test_a_reset_does_not_call_once_again():
    # Starts at (10, 20); a reset leaves 0, because CALL_ONCE has run.
    inputs = [ONE_TWO, ONE_TWO, None, ONE_TWO]
    graph = running_sum(start=[[10, 20]])
    assert outputs(graph, inputs) == [[[11, 22]], [[12, 24]], [[1, 2]]]
    assert tflms_outputs(graph, inputs) == outputs(graph, inputs)
    require_tflms_arena(graph)


def test_allocating_again_starts_anew():
    interpreter = Interpreter(model_content=running_sum(start=[[10, 20]]).to_bytes())
    for _ in range(2):
        interpreter.allocate_tensors()
        assert interpreter.predict(ONE_TWO[np.newaxis]).tolist() == [[[11, 22]]]


def test_an_int8_variable_starts_at_its_zero_point():
    # Zero point 3: the variable is the real 0 that the byte 3 stands for; 3 - 3 + 5 = 5.
    tensor = T((1, 2), scale=1.0, zero_point=3)
    inputs = [np.int8([[5, 6]]), np.int8([[4, 4]]), None, np.int8([[5, 6]])]
    graph = running_sum(tensor)
    assert outputs(graph, inputs) == [[[5, 6]], [[6, 7]], [[5, 6]]]
    assert tflms_outputs(graph, inputs) == outputs(graph, inputs)
    require_tflms_arena(graph)


def test_every_byte_of_a_variable_is_the_low_byte_of_its_zero_point():
    # An int32 with zero point 258 = 0x102 starts as 0x02020202, which is 33686018.
    tensor = T((1, 2), "INT32", scale=1.0, zero_point=258)
    operators = (
        var_handle(0),
        Op("READ_VARIABLE", (0,), (2,)),
        Op("ASSIGN_VARIABLE", (0, 1), ()),
    )
    graph = Graph((HANDLE, tensor, tensor), operators, (1,), (2,))
    inputs = [np.int32([[7, 8]]), np.int32([[9, 9]])]
    assert outputs(graph, inputs) == [[[33686018, 33686018]], [[7, 8]]]
    assert tflms_outputs(graph, inputs) == outputs(graph, inputs)


def test_bytes_are_read_as_another_type():
    # The float32 1 is 0x3f800000.
    tensors = (HANDLE, PAIR, T((2,), "INT32"))
    assign, read = Op("ASSIGN_VARIABLE", (0, 1), ()), Op("READ_VARIABLE", (0,), (2,))
    graph = Graph(tensors, (var_handle(0), assign, read), (1,), (2,))
    assert outputs(graph, [ONE_TWO]) == [[0x3F800000, 0x40000000]]
    assert tflms_outputs(graph, [ONE_TWO]) == outputs(graph, [ONE_TWO])


def test_a_delay_line():
    # Each output is the input before; what was read stays when the variable changes.
    inputs = [ONE_TWO, 10 * ONE_TWO, 100 * ONE_TWO]
    delayed = (
        var_handle(0),
        Op("READ_VARIABLE", (0,), (2,)),
        Op("ASSIGN_VARIABLE", (0, 1), ()),
    )
    graph = Graph((HANDLE, PAIR, PAIR), delayed, (1,), (2,))
    assert outputs(graph, inputs) == [[[0, 0]], [[1, 2]], [[10, 20]]]


def test_containers_keep_names_apart():
    # The last input of variable a/v, and nothing of b/v: (1, 2) + (0, 0).
    tensors = (HANDLE, HANDLE, PAIR, PAIR, PAIR, PAIR)
    operators = (
        var_handle(0, "v", "a"),
        var_handle(1, "v", "b"),
        Op("READ_VARIABLE", (1,), (3,)),
        Op("ASSIGN_VARIABLE", (0, 2), ()),
        Op("READ_VARIABLE", (0,), (4,)),
        Op("ADD", (3, 4), (5,)),
        Op("ASSIGN_VARIABLE", (1, 3), ()),
    )
    graph = Graph(tensors, operators, (2,), (5,))
    assert outputs(graph, [ONE_TWO]) == [[[1, 2]]]
    assert list(Model.from_bytes(graph.to_bytes()).variables) == ["a/v", "b/v"]


def test_a_name_ends_at_a_zero_byte():
    graph = running_sum()
    named = (var_handle(0, "sum\0 of all"), *graph.operators[1:])
    interpreter = Interpreter(
        model_content=Graph(graph.tensors, named, graph.inputs, graph.outputs).to_bytes()
    )
    interpreter.allocate_tensors()
    assert interpreter.predict(ONE_TWO[np.newaxis]).tolist() == [[[1, 2]]]
    assert list(interpreter.model.variables) == ["sum"]


def test_predict_is_one_invocation_after_the_other():
    interpreter = Interpreter(model_content=running_sum(start=[[10, 20]]).to_bytes())
    interpreter.allocate_tensors()
    batch = np.float32([[1, 1], [2, 2], [3, 3]])
    assert interpreter.predict(batch).tolist() == [[11, 21], [13, 23], [16, 26]]
    assert interpreter.predict(batch[:1]).tolist() == [[17, 27]]


@settings(deadline=None, max_examples=15, database=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32 - 1),
    type=st.sampled_from(["INT8", "INT16", "FLOAT32"]),
    first_value=st.booleans(),
)
def test_a_ring_buffer_over_a_stream(seed, type, first_value):
    """The window is the end of the first value followed by all rows so far."""
    rng = np.random.default_rng(seed)
    content = ring_buffer(rng, type, first_value)
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    stream = rng.integers(-128, 128, (12, *source["shape"])).astype(source["dtype"])
    got = interpreter.predict(stream)
    rows = np.concatenate(stream)
    for count, window in enumerate(got, 1):
        expected = rows[: count * len(stream[0])][-len(window) :]
        np.testing.assert_array_equal(window[len(window) - len(expected) :], expected)
    answer = ask(content, [*[[x] for x in stream[:6]], None, *[[x] for x in stream[6:]]])
    interpreter.allocate_tensors()
    for number, ([expected], value) in enumerate(zip(answer.outputs, stream, strict=True)):
        if number == 6:
            interpreter.reset_all_variables()
        interpreter.set_tensor(source["index"], value)
        interpreter.invoke()
        np.testing.assert_array_equal(interpreter.get_tensor(target["index"]), expected)


def test_a_streaming_model_of_the_converter():
    """A delay line and a counter with first values, as TensorFlow writes them."""
    import_keras()
    import tensorflow as tf

    class Stream(tf.Module):
        def __init__(self):
            super().__init__()
            self.window = tf.Variable(tf.range(8.0)[tf.newaxis], trainable=False)
            self.count = tf.Variable([[3.0]], trainable=False)

        @tf.function(input_signature=[tf.TensorSpec([1, 2])])
        def __call__(self, x):
            self.window.assign(tf.concat([self.window[:, 2:], x], 1))
            self.count.assign_add([[1.0]])
            old, new = tf.split(self.window, 2, axis=1)
            squares = tf.transpose(tf.reshape(old * 2.0 + new, [1, 2, 2]), [0, 2, 1])
            return tf.pad(squares, [[0, 0], [1, 0], [0, 1]]) * self.count

    stream = Stream()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [stream.__call__.get_concrete_function()], stream
    )
    converter.experimental_enable_resource_variables = True
    content = converter.convert()
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    batch = np.random.default_rng(0).normal(size=(6, 1, 2)).astype(np.float32)
    answer = ask(content, [[x] for x in batch])
    np.testing.assert_array_equal(
        interpreter.predict(batch), np.stack([values[0] for values in answer.outputs])
    )
    plan = plan_arena(interpreter.model)
    assert (plan.head_bytes, plan.tail_bytes_x86_64) == (answer.head_bytes, answer.tail_bytes)


def test_variable_tensors_of_every_subgraph_take_memory():
    state = T((3, 5), scale=1.0, zero_point=9, is_variable=True)
    graph = Graph((PAIR, PAIR, state), (Op("RELU", (0,), (1,)),), (0,), (1,))
    called = Graph((state, state, T((1, 7), "INT16", is_variable=True)), (), (), ())
    for calls in ((), (CALL,)):
        whole = Graph(graph.tensors, (*calls, *graph.operators), (0,), (1,), called=(called,))
        require_tflms_arena(whole)


RELU = Op("RELU", (0,), (1,))
SUB = Graph((constant([[1, -2]], "FLOAT32"), PAIR, PAIR), (RELU, Op("RELU", (1,), (2,))), (), (2,))


def call(number: int) -> Op:
    return Op("CALL_ONCE", (), (), {"init_subgraph_index": number})


@pytest.mark.parametrize("calls", [(), (1,), (1, 2), (2,), (1, 1), (2, 1, 2), (3,), (3, 1)])
def test_subgraphs_have_steps_of_their_own(calls):
    """Subgraph 3 calls 1; whatever nothing calls is in memory all the time."""
    nested = Graph((PAIR, PAIR), (call(1),), (), ())
    large = T((4, 8), "FLOAT32")
    tensors = (PAIR, large, large, PAIR)
    operators = (
        Op("PAD", (0, 4), (1,)),
        *[call(number) for number in calls],
        Op("RELU", (1,), (2,)),
        Op("SLICE", (2, 5, 6), (3,)),
    )
    numbers = (
        constant([[0, 3], [0, 6]], "INT32"),
        constant([0, 0], "INT32"),
        constant([1, 2], "INT32"),
    )
    graph = Graph((*tensors, *numbers), operators, (0,), (3,), called=(SUB, SUB, nested))
    require_tflms_arena(graph)
    assert outputs(graph, [ONE_TWO]) == [[[1, 2]]]


def main(*operators: Op, tensors: tuple[T, ...] = (), called: tuple[Graph, ...] = ()) -> bytes:
    everything = (PAIR, PAIR, HANDLE, *tensors)
    return Graph(everything, (RELU, *operators), (0,), (1,), called=called).to_bytes()


HALF = T((1,), "FLOAT32")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (main(call(0)), "subgraph 0 calls itself"),
        (
            main(call(1), called=(Graph((), (call(2),), (), ()), Graph((), (call(1),), (), ()))),
            "subgraph 1 calls itself",
        ),
        (main(call(1)), "Accessing subgraph 1 but only 1 subgraphs found"),
        (main(call(-1)), "Accessing subgraph -1 but only 1 subgraphs found"),
        (
            main(call(1), called=(Graph((PAIR,), (), (0,), ()),)),
            "gives no inputs, but subgraph 1 has some",
        ),
        (main(Op("CALL_ONCE", (0,), ())), "has not 0 inputs"),
        (main(Op("CALL_ONCE", (), (2,))), "has not 0 outputs"),
        (main(Op("READ_VARIABLE", (0,), (3,)), tensors=(PAIR,)), "tensor 0 is no handle"),
        (
            main(Op("ASSIGN_VARIABLE", (3, 0), ()), tensors=(constant([0], "INT32"),)),
            "tensor 3 is no handle",
        ),
        (
            main(var_handle(2), Op("READ_VARIABLE", (2,), (3,)), tensors=(PAIR,)),
            "copies 8 bytes, but the variable 'sum' was given 0",
        ),
        (
            main(
                var_handle(2),
                Op("ASSIGN_VARIABLE", (2, 0), ()),
                Op("READ_VARIABLE", (2,), (3,)),
                tensors=(HALF,),
            ),
            "copies 4 bytes, but the variable 'sum' was given 8",
        ),
        (main(var_handle(2), Op("ASSIGN_VARIABLE", (2,), ())), "has not 2 inputs"),
        (main(Op("VAR_HANDLE", (0,), (2,))), "has not 0 inputs"),
    ],
)
def test_what_makes_no_sense(content, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        Model.from_bytes(content)


def test_calls_that_double_with_every_subgraph_are_refused_quickly():
    """Thirty subgraphs that each call the next one twice would run 2^30 times."""
    called = tuple(Graph((), (call(n), call(n)), (), ()) for n in range(2, 31))
    content = main(call(1), called=(*called, Graph((), (), (), ())))
    with pytest.raises(InvalidModelError, match="called more than 100 times"):
        Model.from_bytes(content)


@pytest.mark.parametrize("number", [1, -1])
def test_tflm_refuses_calls_of_what_is_not_there(number):
    with pytest.raises(OracleError):
        ask(main(call(number)), [[ONE_TWO]])


@pytest.mark.parametrize("type", ["STRING", "RESOURCE", "INT4"])
def test_what_has_no_numpy_type_cannot_go_in_or_out(type):
    tensors = (PAIR, PAIR, T((1, 2), type))
    content = Graph(tensors, (RELU,), (0, 2), (1,)).to_bytes()
    with pytest.raises(UnsupportedOperatorError, match=f"type {type} can neither be given"):
        Model.from_bytes(content)
