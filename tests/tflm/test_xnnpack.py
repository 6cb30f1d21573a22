"""``rounding="xnnpack"`` against LiteRT with its XNNPACK delegate."""

import litert_oracle
import numpy as np
import oracle
import pytest
from flatmodel import Graph, Op, T, constant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_differential import CASES, ELEMENTS, random_values, run

from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.errors import UnsupportedOperatorError
from qutils.nets import load
from qutils.tflm import Interpreter, Model

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
INVOCATIONS = 40


def interpreter(content: bytes | Model, rounding: str = "xnnpack") -> Interpreter:
    made = Interpreter(model_content=content, rounding=rounding)
    made.allocate_tensors()
    return made


def both(content: bytes, *inputs: np.ndarray) -> tuple[list, list]:
    """Return the first output of one invocation, as TFLM and as XNNPACK round it."""
    values = [list(inputs)]
    first, second = (
        run(interpreter(content, name), values)[0][0].ravel().tolist()
        for name in ("tflm", "xnnpack")
    )
    assert first == oracle.ask(content, values).outputs[0][0].ravel().tolist()
    assert second == litert_oracle.ask(content, values)[0][0][0].ravel().tolist()
    return first, second


def one_operator(name: str, source: T, target: T, *more: T, **options) -> bytes:
    """Write one operator on an input and constants."""
    tensors = (source, *more, target)
    used = tuple(range(len(tensors) - 1))
    operator = Op(name, used, (len(used),), options)
    return Graph(tensors, (operator,), (0,), (len(used),)).to_bytes()


def halves(output_scale: float = 2.0, bias: int = 0) -> bytes:
    """Write a dense layer that multiplies each of six values by 1 / `output_scale`."""
    return one_operator(
        "FULLY_CONNECTED",
        T((6, 1), scale=1.0),
        T((6, 1), scale=output_scale),
        constant([[1]], scale=1.0),
        constant([bias], "INT32", scale=1.0),
    )


def test_halves():
    """The sums are 1, 3, 5, -1, -3, -5: half of them lies between two integers."""
    tflm, xnnpack = both(halves(), np.int8([1, 3, 5, -1, -3, -5])[:, np.newaxis])
    assert tflm == [1, 2, 3, 0, -1, -2]  # 0.5 upwards, as the first of two roundings does
    assert xnnpack == [0, 2, 2, 0, -2, -2]  # to even


def test_a_sum_that_float32_cannot_hold():
    """2**24 + 1 becomes 2**24 in float32; a half of 2**-19 more decides in TFLM."""
    scale = float(2**24 / 64.5)
    tflm, xnnpack = both(halves(scale, bias=2**24), np.int8([1] * 6)[:, np.newaxis])
    assert tflm == [65] * 6
    assert xnnpack == [64] * 6


def test_rounding_twice():
    """3 / 8 = 0.375 is nearest to 0; TFLM rounds 3 / 2 to 2, and then 2 / 4 to 1."""
    tflm, xnnpack = both(halves(8.0), np.int8([3, 11, 4, 12, -3, -11])[:, np.newaxis])
    assert tflm == [1, 2, 1, 2, 0, -1]
    assert xnnpack == [0, 1, 0, 2, 0, -1]


def test_activations_that_end_on_a_half():
    """6 / (6 / 50.5) = 50.5 steps: TFLM clamps at 51, XNNPACK at the even 50."""
    step = 6 / 50.5
    layer = one_operator(
        "FULLY_CONNECTED",
        T((1, 1), scale=step),
        T((1, 1), scale=step),
        constant([[1]], scale=1.0),
        constant([0], "INT32", scale=step),
        activation="RELU6",
    )
    assert both(layer, np.int8([[100]])) == ([51], [50])


def test_mean_adds_the_zero_point_before_it_rounds():
    """The mean of 1 and 2 is 1.5; around the zero point 1 that is 0.5 steps."""
    tensors = T((1, 2), scale=1.0, zero_point=1), T((1,), scale=1.0, zero_point=1)
    content = one_operator("MEAN", *tensors, constant([1], "INT32"))
    assert both(content, np.int8([[1, 2]])) == ([2], [2])
    assert both(content, np.int8([[2, 3]])) == ([3], [2])


def test_leaky_relu_multiplies_in_steps_of_one_256th():
    """0.1 becomes 26 / 256: -114 * 26 / 256 = -11.6, where -114 * 0.1 = -11.4."""
    tensors = T((1, 2), scale=1.0), T((1, 2), scale=1.0)
    content = one_operator("LEAKY_RELU", *tensors, alpha=0.1)
    assert both(content, np.int8([[-114, 7]])) == ([-11, 7], [-12, 7])


def has_biases(model: Model) -> bool:
    """Whether all layers with weights have a bias: without one, LiteRT may crash."""
    return all(
        len(op.inputs) > 2 and op.inputs[2] is not None
        for op in model.main.operators
        if op.name in WEIGHTED
    )


def compare(content: bytes, rng: np.random.Generator, near_ties: int = 0) -> int:
    """Compare all outputs of a model; return how many there are, 0 where one refuses.

    At most `near_ties` of the different outputs may be one step apart.
    """
    model = Model.from_bytes(content)
    try:
        ours = interpreter(model)
    except UnsupportedOperatorError:
        return 0
    if not has_biases(model):
        return 0
    details = ours.get_input_details()
    inputs = [[random_values(d, rng) for d in details] for _ in range(INVOCATIONS)]
    try:
        expected, _ = litert_oracle.ask(content, inputs)
    except oracle.OracleError:
        # LiteRT refuses shapes in the file that TFLM takes as they are.
        return 0
    elements = 0
    for got, wanted in zip(run(ours, inputs), expected, strict=True):
        for array, other in zip(got, wanted, strict=True):
            apart = array != other
            if near_ties and apart.any():
                assert len(np.unique(other[apart])) <= near_ties
                assert np.abs(array[apart].astype(int) - other[apart].astype(int)).max() == 1
            else:
                np.testing.assert_array_equal(array, other)
            elements += array.size
    return elements


STATEFUL = ["variables int8", "CALL_ONCE int8"]
HELD = [
    name
    for name in CASES
    if {"int8"} <= {*name.split()[1:]} <= {"int8", "to", "float32"} and name not in STATEFUL
]
# XNNPACK approximates these functions: one of a model's 256 values may lie so near a tie that it
# falls on the other side.
NEAR_TIES = ["LOGISTIC int8", "TANH int8"]


@pytest.mark.parametrize("name", HELD)
def test_case(name):
    elements = 0
    budget = ELEMENTS // 5 // len(HELD)

    @settings(
        deadline=None,
        max_examples=max(8, budget // 2500),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        nonlocal elements
        rng = np.random.default_rng(seed)
        elements += compare(CASES[name](rng), rng, near_ties=int(name in NEAR_TIES))

    check()
    assert elements > 0


def fraction_apart(model: bytes, batch: np.ndarray) -> float:
    """Check both modes against their runtimes; return how many outputs differ between them."""
    tflm = interpreter(model, "tflm").predict(batch)
    xnnpack = interpreter(model).predict(batch)
    np.testing.assert_array_equal(tflm, oracle.first_outputs(model, batch))
    np.testing.assert_array_equal(xnnpack, litert_oracle.first_outputs(model, batch))
    return float((tflm != xnnpack).mean())


def dense_net(rng: np.random.Generator, layers: int) -> bytes:
    """Write dense layers of 64 values with RELU, whose outputs fill the range of int8."""
    tensors, operators, count = [T((1, 64), scale=0.05)], [], 64
    for _ in range(layers):
        scales = rng.uniform(1e-3, 1e-2, count).astype(np.float32)
        # Weights and inputs have roots of mean squares of about 73 and 52; 73 is aimed at.
        step = float(tensors[-1].scale * scales.mean()) * 52 * np.sqrt(count)
        tensors += [
            constant(rng.integers(-127, 128, (count, count)), scale=scales),
            constant(np.zeros(count), "INT32", scale=tensors[-1].scale * scales),
            T((1, 64), scale=step, zero_point=-128),
        ]
        last = len(tensors) - 1
        used = (last - 3, last - 2, last - 1)
        operators.append(Op("FULLY_CONNECTED", used, (last,), {"activation": "RELU"}))
    return Graph(tuple(tensors), tuple(operators), (0,), (len(tensors) - 1,)).to_bytes()


def test_differences_grow_from_layer_to_layer():
    rng = np.random.default_rng(0)
    batch = rng.integers(-128, 128, (200, 1, 64)).astype(np.int8)
    once, ten_times = (fraction_apart(dense_net(rng, layers), batch) for layers in (1, 10))
    assert 0 < once < 0.01
    assert ten_times > 10 * once


@pytest.mark.parametrize(
    ("name", "low", "high"), [("ad01_int8", 0.28, 0.32), ("kws_int8", 0.01, 0.1)]
)
def test_two_runtimes_differ_on_real_models(shared_models, name, low, high):
    content = (shared_models / f"{name}.tflite").read_bytes()
    shape = interpreter(content).get_input_details()[0]["shape"]
    batch = np.random.default_rng(0).integers(-128, 128, (200, *shape)).astype(np.int8)
    assert low < fraction_apart(content, batch) < high


@pytest.mark.parametrize("name", ["net_a", "net_b"])
def test_two_runtimes_differ_on_the_courses_networks(name):
    images = load_fashion_mnist("train")[0][:300]
    content = to_tflite(load(name), mode="int8", representative_dataset=images[:100])
    details = interpreter(content).get_input_details()[0]
    scale, zero_point = details["quantization"]
    steps = np.rint(images / np.float32(scale)) + zero_point
    batch = np.clip(steps, -128, 127).astype(np.int8).reshape(-1, *details["shape"])
    assert 0.15 < fraction_apart(content, batch) < 0.4


IMAGE = T((1, 4), scale=1.0)
REFUSED = {
    "only int8": one_operator("RELU", T((1, 4), "FLOAT32"), T((1, 4), "FLOAT32")),
    "by 0 to 256, not by 300": halves(1 / 300),
    "filter with zero point 0": one_operator(
        "FULLY_CONNECTED", IMAGE, IMAGE, constant(np.eye(4), scale=1.0, zero_point=1)
    ),
    "not all the same scale": one_operator(
        "RESHAPE", IMAGE, T((4,), scale=2.0), constant([4], "INT32")
    ),
    "ends on a half": one_operator(
        "MAX_POOL_2D",
        T((1, 1, 1, 1), scale=6 / 50.5),
        T((1, 1, 1, 1), scale=6 / 50.5),
        activation="RELU6",
        filter_h=1,
        filter_w=1,
        stride_h=1,
        stride_w=1,
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_not_held_is_refused(words):
    with pytest.raises(UnsupportedOperatorError, match=words):
        interpreter(REFUSED[words])
    interpreter(REFUSED[words], "tflm")


@pytest.mark.parametrize("name", [*STATEFUL, "ADD int16", "CONV_2D int4 weights"])
def test_cases_that_are_not_held_are_refused(name):
    with pytest.raises(UnsupportedOperatorError, match="held to LiteRT"):
        interpreter(CASES[name](np.random.default_rng(0)))


def test_all_operators_that_are_not_held_are_named_before_anything_is_allocated():
    tensors = (T((1, 2), "FLOAT32"),) * 3
    operators = (Op("RELU", (0,), (1,)), Op("RELU", (1,), (2,)))
    content = Graph(tensors, operators, (0,), (2,)).to_bytes()
    with pytest.raises(UnsupportedOperatorError, match=r"(?s)operator 0 RELU.*operator 1 RELU"):
        Interpreter(model_content=content, rounding="xnnpack")


def test_rounding_has_two_names():
    with pytest.raises(ValueError, match="rounding is one of"):
        interpreter(halves(), "litert")
