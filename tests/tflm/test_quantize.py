"""QUANTIZE and DEQUANTIZE."""

import numpy as np
import pytest
from flatmodel import Op, T
from one_op import every, one_op, require_tflms_bits, run

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model

QUANTIZE = Op("QUANTIZE", (0,), (1,))
DEQUANTIZE = Op("DEQUANTIZE", (0,), (1,))


def test_quantize_rounds_half_away_from_zero():
    got = run(
        QUANTIZE,
        T((1, 4), "FLOAT32"),
        T((1, 4), scale=2.0, zero_point=1),
        inputs={0: [5.0, -5.0, 4.9, 1000.0]},
    )
    assert got == [4, -2, 3, 127]


@pytest.mark.parametrize("types", [("INT8", "INT8"), ("INT8", "INT16"), ("INT32", "INT8")])
def test_quantize_to_another_scale(types):
    # (3 - 1) * 1.0 is 4 at scale 0.5 and zero point -1: 3.
    source, target = types
    zero_point = 0 if target == "INT16" else -1
    got = run(
        QUANTIZE,
        T((1, 2), source, scale=1.0, zero_point=1),
        T((1, 2), target, scale=0.5, zero_point=zero_point),
        inputs={0: [3, 100]},
    )
    assert got == [4 + zero_point, 198 if target == "INT16" else 127]


def test_dequantize():
    got = run(
        DEQUANTIZE,
        T((1, 2), scale=0.5, zero_point=-1),
        T((1, 2), "FLOAT32"),
        inputs={0: [-1, 3]},
    )
    assert got == [0.0, 2.0]


@pytest.mark.parametrize(
    ("type", "zero_point"),
    [("INT8", -128), ("INT8", 0), ("INT8", 127), ("INT16", 0), ("INT16", 300)],
)
def test_quantize_of_floats_at_the_edge(type, zero_point):
    ties = [0.5, -0.5, 2.5, -2.5, 0.49999997, -0.49999997]
    beyond = [1e30, -1e30, np.inf, -np.inf, np.nan, 2.0**31, -(2.0**31), 2147483520.0]
    shape = (len(ties + beyond),)
    target = T(shape, type, scale=1.0, zero_point=zero_point)
    require_tflms_bits(QUANTIZE, T(shape, "FLOAT32"), target, inputs={0: ties + beyond})


@pytest.mark.parametrize(
    ("source", "target"),
    [
        *(("INT8", to) for to in ("INT8", "UINT8", "INT16", "INT32")),
        *(("INT16", to) for to in ("INT8", "INT16", "INT32")),
        ("UINT8", "INT8"),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_quantize_of_every_integer(source, target, seed):
    rng = np.random.default_rng(seed)
    values = every(source)
    span = {"INT8": 2**8, "UINT8": 2**8, "INT16": 2**16, "INT32": 2**24}
    scale = float(rng.uniform(0.5, 2)) if seed else 1.0
    zero_point = {"INT8": -128 if seed == 0 else -5, "UINT8": 0 if seed == 0 else 77}
    require_tflms_bits(
        QUANTIZE,
        T(values.shape, source, scale=1.0, zero_point=zero_point.get(source, 0)),
        T(
            values.shape,
            target,
            scale=scale * span[source] / span[target],
            zero_point=zero_point.get(target, 0),
        ),
        inputs={0: values},
    )


@pytest.mark.parametrize("target", ["INT8", "INT16"])
def test_quantize_of_int32(target):
    values = np.random.default_rng(0).integers(-(2**31), 2**31, 20_000)
    values[:2] = -(2**31), 2**31 - 1
    require_tflms_bits(
        QUANTIZE,
        T(values.shape, "INT32", scale=1e-6, zero_point=12),
        T(values.shape, target, scale=13.7 if target == "INT8" else 0.05),
        inputs={0: values},
    )


@pytest.mark.parametrize("type", ["INT8", "INT16", "UINT8"])
@pytest.mark.parametrize("scale", [1e-20, 0.1, 1 / 3, 7e10])
def test_dequantize_of_every_value(type, scale):
    values = every(type)
    zero_point = 0 if type == "INT16" else 17
    require_tflms_bits(
        DEQUANTIZE,
        T(values.shape, type, scale=scale, zero_point=zero_point),
        T(values.shape, "FLOAT32"),
        inputs={0: values},
    )


@pytest.mark.parametrize("type", ["INT8", "INT16"])
def test_what_is_dequantized_and_quantized_again_is_the_same(type):
    values = every(type)
    real, whole = T(values.shape, "FLOAT32"), T(values.shape, type, scale=0.37)
    floats = run(DEQUANTIZE, whole, real, inputs={0: values})
    assert run(QUANTIZE, real, whole, inputs={0: floats}) == values.tolist()


F32, I8, I32 = T((2,), "FLOAT32"), T((2,), scale=0.1), T((2,), "INT32", scale=0.1)


@pytest.mark.parametrize(
    ("operator", "tensors", "error", "words"),
    [
        (QUANTIZE, (F32, I32), UnsupportedOperatorError, "Input FLOAT32, output INT32 not supp"),
        (DEQUANTIZE, (I32, F32), UnsupportedOperatorError, "Input INT32, output FLOAT32 not su"),
        (QUANTIZE, (I8, T((3,), scale=0.1)), InvalidModelError, "has shape"),
        (QUANTIZE, (F32, T((2,))), InvalidModelError, "has no scale"),
        (QUANTIZE, (I8, T((2,), scale=1e-20)), InvalidModelError, "do not belong together"),
    ],
)
def test_what_is_refused(operator, tensors, error, words):
    with pytest.raises(error, match=words):
        Model.from_bytes(one_op(operator, *tensors, inputs={0: 0}))
