"""Numbers per channel against tensors of any shape, and formulas in blocks."""

import numpy as np
import pytest

from qutils import granularity
from qutils.affine import QuantParams, dequantize, fake_quantize, quantize
from qutils.granularity import along_axis, blockwise, checked_axis


def test_along_axis_by_hand():
    numbers = np.array([10, 20])
    assert (np.zeros((2, 3), int) + along_axis(numbers, 0, (2, 3))).tolist() == [
        [10, 10, 10],
        [20, 20, 20],
    ]
    assert along_axis(numbers, -2, (2, 3)).shape == (2, 1)
    assert along_axis(np.array(5), None, (2, 3)) == 5


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_out_of_range_is_named(axis):
    with pytest.raises(ValueError, match=f"axis {axis} is out of range for an array of 2"):
        checked_axis(axis, 2)
    with pytest.raises(ValueError, match=f"axis {axis} is out of range for an array of 2"):
        along_axis(np.ones(2), axis, (2, 2))


def test_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"3 channels do not fit axis 1 of shape \(3, 2\)"):
        along_axis(np.ones(3), 1, (3, 2))


def test_blocks_are_bounded_and_nothing_is_left_out(monkeypatch):
    monkeypatch.setattr(granularity, "BLOCK", 8)
    sizes = []

    def negative(values, scale, zero_point):
        sizes.append(len(values))
        return -values * scale + zero_point

    x = np.arange(20, dtype=np.float32)
    one, zero = np.float32([1]), np.float32([0])
    assert np.array_equal(blockwise(negative, x, one, zero, np.float32), -x)
    assert sizes == [8, 8, 4]


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
@pytest.mark.parametrize("size", [granularity.BLOCK - 1, granularity.BLOCK + 1, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_fake_quantize_is_quantize_and_back(axis, size, transposed):
    random = np.random.default_rng(size)
    x = random.normal(size=(2, size, 3)).astype(np.float32)
    x = x.T if transposed else x
    count = () if axis is None else x.shape[axis]
    params = QuantParams(random.uniform(0.01, 0.1, count), random.integers(-9, 9, count), 6, axis)
    found = fake_quantize(x, params)
    integers = quantize(x, params)
    assert integers.dtype == np.int8
    assert np.array_equal(found, dequantize(integers, params))
    assert not np.signbit(found[found == 0]).any()  # 0, not -0
    # Channel by channel, each with its own parameters, gives the same.
    if axis is not None:
        channel = QuantParams(params.scale[1], int(params.zero_point[1]), 6)
        assert np.array_equal(found.take(1, axis), fake_quantize(x.take(1, axis), channel))


def test_no_values_give_no_values():
    assert fake_quantize(np.ones((0, 3)), QuantParams([1, 1, 1], 0, axis=1)).shape == (0, 3)
