"""SOFTMAX of every type."""

import numpy as np
import pytest
from flatmodel import Op, T
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_op import one_op, output_of, require_tflms_bits, run
from oracle import ask

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model

OUTPUTS = {
    ("INT8", "INT8"): {"scale": 1 / 256, "zero_point": -128},
    ("INT8", "INT16"): {"scale": 1 / 65536, "zero_point": -32768},
    ("INT16", "INT16"): {"scale": 1 / 32768},
}


def softmax(beta: float = 1.0) -> Op:
    return Op("SOFTMAX", (0,), (1,), {"beta": beta})


def tensors(types: tuple[str, str], shape: tuple[int, ...], scale: float) -> tuple[T, T]:
    return T(shape, types[0], scale=scale), T(shape, types[1], **OUTPUTS[types])


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("INT8", "INT8"), 64 - 128),
        (("INT8", "INT16"), 16384 - 32768),
        (("INT16", "INT16"), 8192),
    ],
)
def test_equal_values_share_equally(types, expected):
    got = run(softmax(), *tensors(types, (1, 4), 0.1), inputs={0: [7, 7, 7, 7]})
    assert got == [expected] * 4


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (("INT8", "INT8"), [127, -128]),
        (("INT8", "INT16"), [32767, -32768]),
        (("INT16", "INT16"), [32766, 2]),
    ],
)
def test_one_large_value_takes_all(types, expected):
    # exp(-10), the least that int16 knows, is 1.5 / 32768; both are rounded on the way.
    got = run(softmax(), *tensors(types, (1, 2), 1.0), inputs={0: [100, -100]})
    assert got == expected


def test_float_rows_are_apart():
    got = run(
        softmax(),
        T((2, 2), "FLOAT32"),
        T((2, 2), "FLOAT32"),
        inputs={0: [5, 5, 0, np.log(3)]},
    )
    assert got == pytest.approx([0.5, 0.5, 0.25, 0.75])


slow = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.mark.parametrize("types", OUTPUTS)
@slow
@given(
    scale=st.floats(1e-4, 10),
    beta=st.floats(1e-2, 10),
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 300)),
)
def test_any_scale(types, scale, beta, seed, shape):
    if np.float32(scale) * np.float32(beta) * 2**26 <= 2:
        return
    limits = np.iinfo(types[0].lower())
    values = np.random.default_rng(seed).integers(limits.min, limits.max, shape, endpoint=True)
    require_tflms_bits(softmax(beta), *tensors(types, shape, scale), inputs={0: values})


@pytest.mark.parametrize("types", [("INT8", "INT8"), ("INT8", "INT16")])
@pytest.mark.parametrize("depth", [1, 2, 255, 256, 257, 511])
def test_sums_around_powers_of_two(types, depth):
    require_tflms_bits(softmax(), *tensors(types, (1, depth), 0.1), inputs={0: np.zeros(depth)})


def test_the_longest_row():
    # 8191 * 2**19 does not fit int32, but uint32.
    content = np.zeros(8191)
    require_tflms_bits(softmax(), *tensors(("INT8", "INT16"), (8191,), 0.1), inputs={0: content})


def test_every_int16_difference():
    # Rows (x, 32767): the second one is the largest, so each difference occurs once.
    values = np.stack([np.arange(-32768, 32768), np.full(65536, 32767)], axis=-1)
    for scale in (1e-4, 10 / 65535, 3e-3):
        require_tflms_bits(
            softmax(), *tensors(("INT16", "INT16"), values.shape, scale), inputs={0: values}
        )


@pytest.mark.parametrize("types", OUTPUTS)
@slow
@given(seed=st.integers(0, 2**32 - 1), step=st.integers(-20, 20))
def test_what_is_added_to_all_changes_nothing_and_the_sum_is_1(types, seed, step):
    values = np.random.default_rng(seed).integers(-100, 100, (1, 20))
    pair = tensors(types, values.shape, 0.05)
    got = output_of(softmax(), *pair, inputs={0: values})
    np.testing.assert_array_equal(got, output_of(softmax(), *pair, inputs={0: values + step}))
    output = OUTPUTS[types]
    total = output["scale"] * (got.astype(np.int64) - output.get("zero_point", 0)).sum()
    # Half a step for each value; int16 divides by a reciprocal of 15 bits.
    assert abs(total - 1) <= 20 * output["scale"] / 2 + 2.0**-14


def test_floats():
    """Equal bits where `exponential` has those of the C library; else one unit of 2**-23 apart.

    A sum of such exponentials is as far apart, and so the quotient by at most 2**-22.
    """
    values = np.random.default_rng(0).normal(0, 3, (500, 40)).astype(np.float32)
    tensor = T(values.shape, "FLOAT32")
    content = one_op(softmax(0.7), tensor, tensor, inputs={0: values})
    expected = ask(content, [[values]]).outputs[0][0]
    got = output_of(softmax(0.7), tensor, tensor, inputs={0: values})
    np.testing.assert_allclose(got, expected, rtol=2.0**-22, atol=0)


def test_a_batch_has_the_bits_of_its_rows():
    # One row and many take different ways through the reciprocal.
    interpreter = Interpreter(
        model_content=one_op(
            softmax(), *tensors(("INT8", "INT8"), (1, 12), 0.2), inputs={0: [0] * 12}
        )
    )
    interpreter.allocate_tensors()
    batch = np.random.default_rng(0).integers(-128, 128, (500, 1, 12)).astype(np.int8)
    single = [interpreter.predict(x[np.newaxis])[0] for x in batch]
    np.testing.assert_array_equal(interpreter.predict(batch), single)


@pytest.mark.parametrize(
    ("pair", "error", "words"),
    [
        ((T((), scale=0.1), T((), **OUTPUTS["INT8", "INT8"])), InvalidModelError, "one dimension"),
        (
            (T((4,), scale=0.1), T((4,), scale=1 / 256)),
            UnsupportedOperatorError,
            "needs the zero point -128",
        ),
        (
            (T((4,), scale=0.1), T((4,), scale=1 / 255, zero_point=-128)),
            UnsupportedOperatorError,
            "an output of scale 1/256",
        ),
        (
            (T((4,), "INT16", scale=0.1), T((4,), **OUTPUTS["INT8", "INT8"])),
            UnsupportedOperatorError,
            "no kernel for these types",
        ),
        (tensors(("INT8", "INT8"), (4,), 1e-9), InvalidModelError, "too small"),
        (tensors(("INT8", "INT16"), (8192,), 0.1), UnsupportedOperatorError, "from 8192 values"),
    ],
)
def test_what_is_refused(pair, error, words):
    with pytest.raises(error, match=words):
        Model.from_bytes(one_op(softmax(), *pair, inputs={0: 0}))
