"""Sums of products: exact for integers, in order for floats; and where they are rounded."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import first_outputs

from qutils.tflm import Interpreter
from qutils.tflm.kernels.product import exact_dtype, float_product, in_blocks


@given(terms=st.integers(1, 3000), seed=st.integers(0, 2**32 - 1), worst=st.booleans())
@settings(deadline=None, max_examples=60)
def test_integer_products_are_exact(terms, seed, worst):
    rng = np.random.default_rng(seed)
    weights = np.full((terms, 3), 127) if worst else rng.integers(-128, 128, (terms, 3))
    x = np.full((4, terms), 255) if worst else rng.integers(-255, 256, (4, terms))
    dtype = exact_dtype(int(255 * np.abs(weights).sum(axis=0).max()))
    np.testing.assert_array_equal(x.astype(dtype) @ weights.astype(dtype), x @ weights)


@pytest.mark.parametrize(
    ("bound", "dtype"),
    [(2**24 - 1, "float32"), (2**24, "float64"), (2**53 - 1, "float64"), (2**53, None)],
)
def test_the_smallest_dtype_that_is_exact(bound, dtype):
    if dtype is None:
        with pytest.raises(OverflowError):
            exact_dtype(bound)
    else:
        assert exact_dtype(bound) == dtype


def test_float_products_round_after_every_term():
    # 2**24 + 1 + 1 is 2**24 in float32 when added one by one, 2**24 + 2 when added at once.
    x = np.float32([[2.0**24, 1, 1]])
    assert float_product(x, np.ones((3, 1), np.float32)).tolist() == [[2.0**24]]


def test_blocks_change_nothing(monkeypatch):
    patches = np.random.default_rng(0).integers(-9, 9, (3, 7, 5, 2, 2, 4)).astype(np.float64)
    weights = np.random.default_rng(1).integers(-9, 9, (16, 6)).astype(np.float64)
    whole = in_blocks(patches, weights, np.matmul)
    monkeypatch.setattr("qutils.tflm.kernels.product._BLOCK_BYTES", 1000)
    np.testing.assert_array_equal(in_blocks(patches, weights, np.matmul), whole)


def biased(name: str, bias: np.ndarray, scales: tuple[float, float, float]) -> bytes:
    """A layer whose weights add nothing to 4096 biases: its input is its zero point."""
    channels = len(bias)
    if name == "FULLY_CONNECTED":
        shapes, axis, options = ((1, 1), (channels, 1), (1, channels)), 0, {}
    else:
        filter_shape = (channels, 1, 1, 1) if name == "CONV_2D" else (1, 1, 1, channels)
        shapes = ((1, 1, 1, 1), filter_shape, (1, 1, 1, channels))
        axis = filter_shape.index(channels)
        options = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
        if name == "DEPTHWISE_CONV_2D":
            options["depth_multiplier"] = channels
    tensors = (
        T(shapes[0], scale=scales[0], zero_point=3),
        constant(np.ones(shapes[1]), scale=scales[1], axis=axis),
        constant(bias, "INT32", scale=scales[0] * scales[1]),
        T(shapes[2], scale=scales[2]),
    )
    return Graph(tensors, (Op(name, (0, 1, 2), (3,), options),), (0,), (3,)).to_bytes()


def outputs(content: bytes, value: int) -> tuple[np.ndarray, np.ndarray]:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    batch = np.full((1, *interpreter.get_input_details()[0]["shape"]), value, np.int8)
    return interpreter.predict(batch).ravel(), first_outputs(content, batch).ravel()


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
@pytest.mark.parametrize("seed", range(8))
def test_every_rounding_threshold(name, seed):
    """Sums next to each point where the output changes show an error in a multiplier's last bit.

    At a multiplier of 10**-7 the thresholds of a product of scales in float32 and of one in
    float64 lie dozens apart.
    """
    rng = np.random.default_rng(seed)
    scales = tuple(
        float(s) for s in np.float32([*rng.uniform(1.2e-4, 2e-4, 2), rng.uniform(0.1, 0.2)])
    )
    step = scales[2] / (scales[0] * scales[1])
    thresholds = np.rint((np.arange(-127, 128) - 0.5) * step).astype(np.int64)
    near = thresholds[:, np.newaxis] + np.array([-30, -5, -2, -1, 0, 1, 2, 5, 30])
    got, expected = outputs(biased(name, near.ravel(), scales), value=3)
    assert len(np.unique(expected)) > 250
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_accumulators_wrap_in_32_bits(name):
    bias = np.array([2**31 - 1, 2**31 - 3, -(2**31)])
    # The input adds 2: the first sum passes 2**31 and becomes the most negative number.
    got, expected = outputs(biased(name, bias, (1.0, 1.0, 2.0**25)), value=5)
    assert got.tolist() == [-64, 64, -64]
    np.testing.assert_array_equal(got, expected)
