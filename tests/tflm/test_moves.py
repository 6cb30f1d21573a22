"""Operators that move values and compute nothing."""

import re

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_op import output_of, require_tflms_bits
from oracle import OracleError, ask
from strategies.moves import CASES

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model, plan_arena

SIX = [[1, 2, 3], [4, 5, 6]]
TWO_BY_THREE = T((2, 3), scale=1.0, zero_point=-7)


def integers(values) -> T:
    return constant(values, "INT32")


def moved(operator: str, options: dict, *constants: T, to: tuple[int, ...]) -> list:
    """Move SIX by an operator whose first input it is."""
    numbers = range(1, len(constants) + 1)
    output = T(to, scale=1.0, zero_point=-7)
    op = Op(operator, (0, *numbers), (len(constants) + 1,), options)
    return output_of(op, TWO_BY_THREE, *constants, output, inputs={0: SIX}).tolist()


def test_pad_with_the_zero_point():
    # One row above, one column to the right; the real number 0 is -7.
    got = moved("PAD", {}, integers([[1, 0], [0, 1]]), to=(3, 4))
    assert got == [[-7, -7, -7, -7], [1, 2, 3, -7], [4, 5, 6, -7]]


@pytest.mark.parametrize("type", ["INT16", "INT32", "FLOAT32"])
def test_pad_with_zero(type):
    padded = Op("PAD", (0, 1), (2,))
    tensors = (T((2,), type), integers([[1, 2]]), T((5,), type))
    assert output_of(padded, *tensors, inputs={0: [3, 4]}).tolist() == [0, 3, 4, 0, 0]


def test_pad_with_a_value():
    value = constant([9], scale=1.0, zero_point=-7)
    got = moved("PADV2", {}, integers([[0, 0], [1, 0]]), value, to=(2, 4))
    assert got == [[9, 1, 2, 3], [9, 4, 5, 6]]


def test_pad_with_a_value_that_is_computed():
    pad = Op("PADV2", (0, 1, 2), (3,))
    tensors = (T((1,), "INT32"), integers([[1, 1]]), T((), "INT32"), T((3,), "INT32"))
    assert output_of(pad, *tensors, inputs={0: [4], 2: 8}).tolist() == [8, 4, 8]


def test_concatenation_does_not_look_at_scales():
    # 4 at scale 1 and 4 at scale 2 are different numbers, but the same byte.
    operator = Op("CONCATENATION", (0, 1), (2,), {"axis": -1})
    tensors = (T((1, 1), scale=1.0), constant([[4]], scale=2.0), T((1, 2), scale=1.0))
    assert output_of(operator, *tensors, inputs={0: [[4]]}).tolist() == [[4, 4]]


@pytest.mark.parametrize(("axis", "expected"), [(0, [[1, 2], [3, 4]]), (-1, [[1, 3], [2, 4]])])
def test_pack_makes_an_axis(axis, expected):
    operator = Op("PACK", (0, 1), (2,), {"values_count": 2, "axis": axis})
    got = output_of(operator, T((2,)), T((2,)), T((2, 2)), inputs={0: [1, 2], 1: [3, 4]})
    assert got.tolist() == expected


def outputs_of(operator: Op, *tensors: T, values) -> list:
    """Run one operator on a first or second input; return all its outputs."""
    (source,) = (i for i in operator.inputs if tensors[i].data is None)
    graph = Graph(tensors, (operator,), (source,), operator.outputs)
    interpreter = Interpreter(model_content=graph.to_bytes())
    interpreter.allocate_tensors()
    interpreter.set_tensor(source, np.int8(values))
    interpreter.invoke()
    return [interpreter.get_tensor(i).tolist() for i in operator.outputs]


def test_split_into_equal_parts():
    operator = Op("SPLIT", (0, 1), (2, 3, 4), {"num_splits": 3})
    column = T((2, 1))
    got = outputs_of(operator, integers(1), T((2, 3)), column, column, column, values=SIX)
    assert got == [[[1], [4]], [[2], [5]], [[3], [6]]]


def test_split_v_into_parts_of_any_size():
    operator = Op("SPLIT_V", (0, 1, 2), (3, 4), {"num_splits": 2})
    constants = (integers([1, 2]), integers(-1))
    got = outputs_of(operator, T((2, 3)), *constants, T((2, 1)), T((2, 2)), values=SIX)
    assert got == [[[1], [4]], [[2, 3], [5, 6]]]


def test_unpack_drops_the_axis():
    operator = Op("UNPACK", (0,), (1, 2), {"num": 2, "axis": 0})
    assert outputs_of(operator, T((2, 3)), T((3,)), T((3,)), values=SIX) == SIX


def test_slice():
    assert moved("SLICE", {}, integers([0, 1]), integers([-1, 2]), to=(2, 2)) == [[2, 3], [5, 6]]


@pytest.mark.parametrize(
    ("begin", "end", "strides", "options", "expected"),
    [
        ([0, 0], [2, 3], [1, 2], {}, [[1, 3], [4, 6]]),
        ([-1, 0], [2, 2], [1, 1], {}, [[4, 5]]),
        ([1, 2], [-3, -4], [-1, -2], {}, [[6, 4], [3, 1]]),
        ([9, 9], [9, 2], [1, 1], {"begin_mask": 3, "end_mask": 1}, [[1, 2], [4, 5]]),
        ([0, 9], [1, 9], [1, -1], {"begin_mask": 2, "end_mask": 2}, [[3, 2, 1]]),
        ([0, -1], [2, 0], [1, 1], {"shrink_axis_mask": 2}, [3, 6]),
        # TFLM does not read these masks; the dimensions are taken as they stand.
        ([0, 0], [1, 2], [1, 1], {"ellipsis_mask": 1, "new_axis_mask": 2}, [[1, 2]]),
    ],
)
def test_strided_slice(begin, end, strides, options, expected):
    constants = (integers(begin), integers(end), integers(strides))
    shape = np.shape(expected)
    assert moved("STRIDED_SLICE", options, *constants, to=shape) == expected
    operator = Op("STRIDED_SLICE", (0, 1, 2, 3), (4,), options)
    require_tflms_bits(operator, T((2, 3)), *constants, T(shape), inputs={0: SIX})


def test_transpose():
    assert moved("TRANSPOSE", {}, integers([1, 0]), to=(3, 2)) == [[1, 4], [2, 5], [3, 6]]


def test_reshape_does_not_read_its_second_input():
    assert moved("RESHAPE", {}, integers([6]), to=(3, 2)) == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(("dims", "shape"), [((), (2, 3)), ((0,), (2, 1, 3)), ((-2,), (1, 2, 3))])
def test_squeeze(dims, shape):
    operator = Op("SQUEEZE", (0,), (1,), {"squeeze_dims": dims})
    got = output_of(operator, T((1, 2, 1, 3)), T(shape), inputs={0: SIX})
    assert got.tolist() == np.reshape(SIX, shape).tolist()


@pytest.mark.parametrize(("axis", "shape"), [(0, (1, 2, 3)), (-1, (2, 3, 1)), (1, (2, 1, 3))])
def test_expand_dims(axis, shape):
    got = moved("EXPAND_DIMS", {}, integers(axis), to=shape)
    assert got == np.reshape(SIX, shape).tolist()


KERNELS = {
    "PAD": Op("PAD", (0, 1), (3,)),
    "CONCATENATION": Op("CONCATENATION", (0,), (3,), {"axis": 0}),
    "PACK": Op("PACK", (0,), (3,), {"values_count": 1, "axis": 0}),
    "SPLIT": Op("SPLIT", (1, 0), (3,), {"num_splits": 1}),
    "SPLIT_V": Op("SPLIT_V", (0, 1, 1), (3,), {"num_splits": 1}),
    "UNPACK": Op("UNPACK", (0,), (3,), {"num": 1, "axis": 0}),
    "SLICE": Op("SLICE", (0, 1, 2), (3,)),
    "STRIDED_SLICE": Op("STRIDED_SLICE", (0, 1, 2, 2), (3,)),
    "TRANSPOSE": Op("TRANSPOSE", (0, 1), (3,)),
    "RESHAPE": Op("RESHAPE", (0,), (3,)),
    "SQUEEZE": Op("SQUEEZE", (0,), (3,)),
    "EXPAND_DIMS": Op("EXPAND_DIMS", (0, 1), (3,)),
}
SHAPES = {"PACK": ((1,), (1, 1)), "EXPAND_DIMS": ((1,), (1, 1)), "UNPACK": ((1, 1), (1,))}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    "type", ["INT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL", "UINT8", "FLOAT16"]
)
def test_types_are_those_of_tflm(name, type):
    """Moved or refused as TFLM does, in its words but for the number that it gives a type."""
    source, target = SHAPES.get(name, ((1,), (1,)))
    numbers = integers([[0, 0]]) if name == "PAD" else integers([0])
    tensors = (T(source, type), numbers, integers([1]), T(target, type))
    content = file_of(KERNELS[name], tensors)
    value = np.ones(source, type.lower())
    refusal = refusal_of(content)
    if not refusal:
        expected = ask(content, [[value]]).outputs[0][0]
        got = output_of(KERNELS[name], *tensors, inputs={0: value})
        np.testing.assert_array_equal(got, expected)
        return
    with pytest.raises(OracleError) as caught:
        ask(content, [[value]])
    printed = re.sub(r" \(\d+\)|got \d+", "", str(caught.value))
    # For CONCATENATION, TFLM prints the condition that it has checked.
    words = refusal.split(": ")[1].replace(f"got {type}", "")
    assert words in printed or "input_type == kTfLiteFloat32 ||" in printed


def refusal_of(content: bytes) -> str:
    """Return why a model is refused, or nothing."""
    try:
        Model.from_bytes(content)
    except (UnsupportedOperatorError, InvalidModelError) as error:
        return str(error)
    return ""


A = T((2, 3))
MANY = (A,) * 11


@pytest.mark.parametrize(
    ("operator", "tensors", "words"),
    [
        (Op("PAD", (0, 1), (2,)), (A, T((2, 2), "INT32"), A), "Non-constant >paddings< tensor"),
        (Op("SPLIT", (1, 0), (2,)), (A, T((), "INT32"), A), "Non-constant >axis< tensor"),
        (Op("TRANSPOSE", (0, 1), (2,)), (A, T((2,), "INT32"), A), "Non-constant >perm< tensor"),
        (Op("TRANSPOSE", (0, 1), (2,)), (A, integers([0, 2]), A), "array is out of bounds"),
        (
            Op("STRIDED_SLICE", (0, 1, 2, 3), (4,)),
            (A, integers([0, 0]), integers([2, 3]), integers([1, 0]), A),
            "stride value has to be non-zero",
        ),
        (
            Op("STRIDED_SLICE", (0, 1, 1, 1), (2,)),
            (T((1,) * 5), integers([1] * 5), T((1,) * 5)),
            "input dim should not exceed 4",
        ),
        (
            Op("TRANSPOSE", (0, 1), (2,)),
            (T((1,) * 6), integers(range(6)), T((1,) * 6)),
            "Transpose op only supports 1D-5D input arrays.",
        ),
        (
            Op("CONCATENATION", (0,), (1,), {"axis": 0}),
            (T((1,) * 7), T((1,) * 7)),
            "does not currently support num dimensions > 6 Tensor has 7 dimensions.",
        ),
    ],
)
def test_what_tflm_refuses_is_refused_in_its_words(operator, tensors, words):
    content = file_of(operator, tensors)
    assert words in refusal_of(content)
    with pytest.raises(OracleError) as printed:
        ask(content)
    assert words in str(printed.value)


def file_of(operator: Op, tensors: tuple[T, ...]) -> bytes:
    """Write one operator: the last tensor goes out, all that is not constant comes in."""
    of_model = tuple(i for i, t in enumerate(tensors[:-1]) if t.data is None)
    return Graph(tensors, (operator,), of_model, (len(tensors) - 1,)).to_bytes()


@pytest.mark.parametrize(
    ("operator", "tensors", "complaint"),
    [
        (Op("PAD", (0, 1), (2,)), (A, integers([[0, 0]]), A), r"pads \[2, 3\] by \[0, 0\]"),
        (Op("PAD", (0, 1), (2,)), (A, integers([[0, 0], [0, -1]]), T((2, 2))), "pads"),
        (Op("PAD", (0, 1), (2,)), (A, integers([[0, 0], [0, 1]]), A), r"needs \[2, 4\]"),
        (Op("PAD", (0, 1), (2,)), (T((1,) * 6), integers([0]), A), "at most 5 dimensions"),
        (
            Op("PADV2", (0, 1, 2), (3,)),
            (A, integers([[0, 0]] * 2), constant([1, 2]), A),
            "pads with 2 values",
        ),
        (
            Op("PADV2", (0, 1, 2), (3,)),
            (T((2, 3), scale=1.0), integers([[0, 0]] * 2), constant([1], scale=2.0), A),
            "not quantized as the output",
        ),
        (Op("CONCATENATION", tuple(range(11)), (11,)), (*MANY, A), "not 1 to 10 inputs"),
        (
            Op("CONCATENATION", (0,), (1,), {"activation": "RELU"}),
            (A, A),
            "no fused activation",
        ),
        (Op("CONCATENATION", (0, 0), (1,), {"axis": 2}), (A, A), "the axis 2 for 2 dimensions"),
        (Op("CONCATENATION", (0, 0), (1,), {"axis": 1}), (A, A), "do not make up tensor 1"),
        (Op("CONCATENATION", (0, 1), (2,)), (A, T((4,)), T((3, 4))), "do not make up tensor 2"),
        (Op("CONCATENATION", (0, -1), (1,)), (A, A), "leaves out input 1"),
        (Op("PACK", (0,), (1,), {"values_count": 2}), (A, A), "has not 2 inputs"),
        (Op("UNPACK", (0,), (1,), {"num": 1, "axis": 1}), (A, T((2,))), "do not make up tensor 0"),
        (Op("SPLIT", (1, 0), (2,)), (A, integers(-3), A), "the axis -3 for 2 dimensions"),
        (Op("SPLIT", (1, 0), (2,)), (A, integers(1), T((2, 2))), "do not make up tensor 0"),
        (Op("SPLIT", (1, 0), ()), (A, integers(1)), "do not make up tensor 0"),
        (Op("SLICE", (0, 1, 1), (2,)), (A, integers([0]), A), "not slice each dimension"),
        (Op("SLICE", (0, 1, 2), (3,)), (A, integers([0, 1]), integers([2, 3]), A), "from 1 out"),
        (Op("SLICE", (0, 1, 2), (3,)), (A, integers([0, 9]), integers([2, -1]), A), "from 9 out"),
        (Op("SLICE", (0, 1, 2), (3,)), (A, integers([0, 0]), integers([1, 3]), A), "3 elements"),
        (Op("STRIDED_SLICE", (0, 1, 1, 1), (2,)), (A, integers([1]), A), "not slice all of 2"),
        (
            Op("STRIDED_SLICE", (0, 1, 1, 1), (2,), {"shrink_axis_mask": 3}),
            (A, integers([2, 1]), T(())),
            "moves 0 elements into 1",
        ),
        (Op("TRANSPOSE", (0, 1), (2,)), (A, integers([1, 1]), A), "repeats itself"),
        (Op("TRANSPOSE", (0, 1), (2,)), (A, integers([1, 0]), A), r"needs \[3, 2\]"),
        (Op("SQUEEZE", (0,), (1,), {"squeeze_dims": (1,)}), (A, T((2,))), "which is not 1"),
        (Op("SQUEEZE", (0,), (1,)), (A, T((2,))), "6 elements into 2"),
        (Op("EXPAND_DIMS", (0, 1), (2,)), (A, integers([]), A), "tensor 1, its axis, is empty"),
        (Op("EXPAND_DIMS", (0, 1), (2,)), (A, integers(3), A), "the axis 3 for 3 dimensions"),
        (Op("EXPAND_DIMS", (0, 1), (2,)), (A, integers(0), T((2, 1, 3))), r"needs \[1, 2, 3\]"),
        (
            Op("EXPAND_DIMS", (0, 1), (2,)),
            (A, constant([0], "INT64"), T((1, 2, 3))),
            "axis of type INT64 not supported",
        ),
        (Op("RESHAPE", (0,), (1,)), (A, T((2, 3), "INT16")), "no kernel for these types"),
    ],
)
def test_what_makes_no_sense(operator, tensors, complaint):
    assert re.search(complaint, refusal_of(file_of(operator, tensors)))


def test_a_batch_of_what_is_partly_constant():
    """Constants have a batch axis of 1 and are spread over the batch."""
    tensors = (T((1, 1)), constant([[7]]), T((1, 2)))
    operator = Op("CONCATENATION", (0, 1), (2,), {"axis": 1})
    interpreter = Interpreter(model_content=Graph(tensors, (operator,), (0,), (2,)).to_bytes())
    interpreter.allocate_tensors()
    assert interpreter.predict(np.int8([[1], [2]])).tolist() == [[1, 7], [2, 7]]


@settings(deadline=None, max_examples=20, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(CASES)))
def test_the_arena_is_tflms(seed, name):
    content = CASES[name](np.random.default_rng(seed))
    answer, plan = ask(content), plan_arena(Model.from_bytes(content))
    assert (plan.head_bytes, plan.tail_bytes_x86_64) == (answer.head_bytes, answer.tail_bytes)
