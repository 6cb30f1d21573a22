"""Any bytes at all end in a model or in one of two errors."""

import time
from contextlib import suppress

import flatbuffers
import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import ask
from random_nets import network, one_layer

from qutils.errors import ArenaOutOfMemoryError, InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model, plan_arena

TINY = one_layer("conv", 1).graph().to_bytes()
NET = network(3).graph().to_bytes()
A = T((1, 2), scale=1.0)


def load_and_run(content: bytes) -> None:
    """Whatever loads must run; the named errors are answers, all else is a failure."""
    with suppress(InvalidModelError, UnsupportedOperatorError, ArenaOutOfMemoryError):
        interpreter = Interpreter(model_content=content, arena_size=1_000_000)
        interpreter.allocate_tensors()
        interpreter.invoke()


def test_a_good_file_loads():
    assert len(Model.from_bytes(TINY).main.operators) == 1
    assert Model.from_bytes(NET).main.operators[-1].name == "SOFTMAX"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "at least 8 bytes, this one has 0"),
        (b"TFL3", "at least 8 bytes, this one has 4"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a .tflite file"),
        (b"\x06\x00\x00\x00TFL3", "outside the file of 8 bytes"),
        (b"\xff\xff\xff\xffTFL3" + bytes(64), "outside the file"),
        (b"\x00\x00\x00\x00TFL3", "schema version 0"),
        (b"\x08\x00\x00\x00TFL3\x01\x00\x00\x00" + bytes(64), "the field list of model"),
    ],
)
def test_what_is_no_model(content, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        Model.from_bytes(content)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Model.from_file(tmp_path / "none.tflite")


def test_a_file_larger_than_any_flatbuffer_is_not_read(tmp_path):
    path = tmp_path / "sparse.tflite"
    with path.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(InvalidModelError, match="less than 2 GiB, this one 2,147,483,648 bytes"):
        Model.from_file(path)


def test_an_input_that_is_a_constant():
    """TFLM writes such an input into the file itself; on a board that is flash."""
    graph = Graph((constant([[1, 2]], scale=1.0), A), (Op("RELU", (0,), (1,)),), (0,), (1,))
    with pytest.raises(UnsupportedOperatorError, match="tensor 0: an input of the model is a"):
        Model.from_bytes(graph.to_bytes())


def test_every_truncation_is_refused():
    for length in range(len(TINY)):
        with pytest.raises(InvalidModelError):
            Model.from_bytes(TINY[:length])


@settings(max_examples=300, deadline=2000, database=None)
@given(st.binary(max_size=300))
def test_random_bytes(content):
    load_and_run(content)
    load_and_run(content[:4] + b"TFL3" + content[8:])


def graph(*operators: Op, tensors: tuple[T, ...] = (A, A, A), **changes) -> bytes:
    parts = {"inputs": (0,), "outputs": (len(tensors) - 1,), **changes}
    return Graph(tensors, operators, **parts).to_bytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (graph(Op("RELU", (0,), (7,))), "an output of operator 0 RELU names tensor 7 of 3"),
        (graph(Op("RELU", (-2,), (1,))), "an input of operator 0 RELU names tensor -2 of 3"),
        (graph(inputs=(9,)), "an input of the model names tensor 9 of 3"),
        (graph(Op("RELU", (0,), (1,))), r"the output tensor 2 is written by no operator"),
        (
            graph(Op("RELU", (1,), (2,)), Op("RELU", (0,), (1,))),
            "reads tensor 1 before any operator has written it",
        ),
        (
            graph(Op("ADD", (0, 2), (1,)), Op("RELU", (1,), (2,))),
            "reads tensor 2 before any operator has written it",
        ),
        (
            graph(Op("RELU", (0,), (2,)), Op("RELU", (0,), (2,))),
            "writes tensor 2, which already has a value",
        ),
        (graph(Op("RELU", (0,), (0,)), outputs=(0,)), "writes tensor 0, which already"),
        (graph(tensors=(T((1, -3)),), outputs=(0,)), r"impossible shape \[1, -3\]"),
        (graph(tensors=(T((1,) * 9),), outputs=(0,)), "impossible shape"),
        (graph(tensors=(T((2**20, 2**20)),), outputs=(0,)), "passes 2\\^31 - 1 bytes"),
        (graph(tensors=(T((2**30,), "FLOAT32"),), outputs=(0,)), "passes 2\\^31 - 1 bytes"),
        (
            graph(tensors=(T((5,), data=np.zeros(4, np.int8)),), inputs=(), outputs=(0,)),
            "takes 5 bytes, its buffer has 4",
        ),
        (
            graph(tensors=(T((2,), "INT32", data=np.zeros(1, np.int32)),), inputs=(), outputs=(0,)),
            "takes 8 bytes, its buffer has 4",
        ),
        # No elements, and yet more than a shape can hold.
        (graph(tensors=(T((2**20, 2**20, 0)),), outputs=(0,)), "passes 2\\^31 - 1 bytes"),
        (graph(tensors=(T((1,), scale=float("nan")),), outputs=(0,)), "negative or not finite"),
        (graph(tensors=(T((1,), scale=-1.0),), outputs=(0,)), "negative or not finite"),
        (
            graph(tensors=(A,), outputs=(0,), metadata={"OfflineMemoryAllocation": b"\x01"}),
            "Nbr of offline buffer offsets",
        ),
    ],
)
def test_what_does_not_fit_together(content, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        plan_arena(Model.from_bytes(content))


def test_a_scalar_and_an_unused_tensor_are_fine():
    tensors = (A, A, T((), scale=1.0), constant([], "INT32"))
    model = Model.from_bytes(graph(Op("RELU", (0,), (1,)), tensors=tensors, outputs=(1,)))
    assert [t.shape for t in model.main.tensors] == [(1, 2), (1, 2), (), (0,)]


def layer(weights: T, bias: T) -> bytes:
    tensors = (T((1, 1), scale=1.0), weights, bias, T((1, 16), scale=1.0))
    return graph(Op("FULLY_CONNECTED", (0, 1, 2), (3,)), tensors=tensors)


def test_a_bias_has_a_value_for_each_channel_of_the_filter():
    weights = constant(np.ones((1, 1)), scale=1.0)
    with pytest.raises(InvalidModelError, match=r"tensor 2 has shape \[16\], .* needs \[1\]"):
        Model.from_bytes(layer(weights, constant(np.zeros(16), "INT32")))


def test_as_lenient_as_tflm():
    """An axis out of range, a buffer too long, a variable with content, a name in no UTF-8."""
    weights = constant(np.ones((16, 1)), scale=[0.5] * 16, name="WEIGHTS")
    content = layer(weights, T((16,), "INT32", [0.5] * 16, axis=3, data=np.zeros(20, np.int32)))
    content = content.replace(b"WEIGHTS", b"\xff\xfe\xfdGHTS")
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.int8([[3]]))
    interpreter.invoke()
    # 3 * 0.5 is 1.5, and half is rounded away from zero.
    np.testing.assert_array_equal(interpreter.get_tensor(3), np.full((1, 16), 2))
    assert ask(content, [[np.int8([[3]])]]).outputs[0][0].tolist() == [[2] * 16]
    variable = T((1, 2), data=np.ones(2, np.int8), scale=1.0, is_variable=True)
    model = Model.from_bytes(graph(Op("RELU", (0,), (1,)), tensors=(variable, A), inputs=()))
    assert model.main.tensors[0].data is None


def test_int4_has_zero_points_of_four_bits_and_no_variables():
    weights = T((2, 1), "INT4", 1.0, 10**18, data=np.zeros(1, np.int8))
    with pytest.raises(InvalidModelError, match="of type INT4 has the zero point 10"):
        Model.from_bytes(layer(weights, constant(np.zeros(2), "INT32")))
    with pytest.raises(UnsupportedOperatorError, match="no variable can be of INT4"):
        Model.from_bytes(graph(tensors=(A, T((2,), "INT4", is_variable=True)), outputs=(0,)))


def test_a_name_ends_as_in_c():
    content = graph(Op("RELU", (0,), (1,)), tensors=(T((1, 2), scale=1.0, name="a\0b"), A))
    assert Model.from_bytes(content).main.tensors[0].name == "a"


def test_what_does_not_fit_any_memory_is_out_of_memory():
    """A pool over 2 GB: preparing it allocates nothing of that size."""
    large = T((1, 46_000, 46_000, 1), scale=1.0)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "filter_w": 3, "filter_h": 3}
    pool = Op("AVERAGE_POOL_2D", (0,), (1,), options)
    with pytest.raises(ArenaOutOfMemoryError, match="Requested: 4232000000"):
        Interpreter(model_content=graph(pool, tensors=(large, large))).allocate_tensors()


def test_a_weight_that_too_many_operators_share_is_refused():
    weights = constant(np.ones((512, 512)), scale=1.0)
    row = T((1, 512), scale=1.0)
    operators = [Op("FULLY_CONNECTED", (i, 0), (i + 1,)) for i in range(1, 100)]
    with pytest.raises(UnsupportedOperatorError, match="operators read 25952256 bytes"):
        Model.from_bytes(graph(*operators, tensors=(weights, *[row] * 100), inputs=(1,)))


@pytest.mark.parametrize(("operators", "tensors"), [(2049, 2050), (0, 20_001)])
def test_too_many_parts_are_refused(operators, tensors):
    chain = [Op("RELU", (i,), (i + 1,)) for i in range(operators)]
    with pytest.raises(UnsupportedOperatorError, match="the emulator takes at most"):
        Model.from_bytes(graph(*chain, tensors=(A,) * tensors, outputs=(0,)))


def test_a_file_whose_parts_are_used_over_and_over_is_refused_quickly():
    """10,000 operators that share one list of 10,000 inputs would decode to 10^8 numbers."""
    builder = flatbuffers.Builder(1024)
    builder.StartVector(4, 10_000, 4)
    for _ in range(10_000):
        builder.PrependInt32(-1)
    inputs = builder.EndVector()
    operators = []
    for _ in range(10_000):
        builder.StartObject(2)
        builder.PrependUOffsetTRelativeSlot(1, inputs, 0)
        operators.append(builder.EndObject())
    builder.StartVector(4, len(operators), 4)
    for operator in operators:
        builder.PrependUOffsetTRelative(operator)
    vector = builder.EndVector()
    builder.StartObject(4)
    builder.PrependUOffsetTRelativeSlot(3, vector, 0)
    subgraph = builder.EndObject()
    builder.StartObject(1)
    code = builder.EndObject()
    lists = []
    for element in (code, subgraph):
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(element)
        lists.append(builder.EndVector())
    builder.StartObject(3)
    builder.PrependUint32Slot(0, 3, 0)
    for number, element in enumerate(lists, 1):
        builder.PrependUOffsetTRelativeSlot(number, element, 0)
    builder.Finish(builder.EndObject(), b"TFL3")
    start = time.perf_counter()
    with pytest.raises(InvalidModelError, match="over and over"):
        Model.from_bytes(bytes(builder.Output()))
    assert time.perf_counter() - start < 2
