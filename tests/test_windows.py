"""Where windows fall: by hand, and against TensorFlow's convolution."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qutils._keras import import_tensorflow
from qutils.windows import Window, place


@pytest.mark.parametrize(
    ("padding", "length", "size", "stride", "dilation", "expected"),
    [
        ("VALID", 5, 3, 1, 1, (3, 0, 0)),
        ("VALID", 6, 3, 2, 1, (2, 0, 0)),  # the last column is never seen
        ("VALID", 5, 3, 1, 2, (1, 0, 0)),  # reaches over 5
        ("SAME", 5, 3, 1, 1, (5, 1, 1)),
        ("SAME", 6, 3, 2, 1, (3, 0, 1)),  # the odd one goes behind
        ("SAME", 4, 1, 2, 1, (2, 0, 0)),
        ("VALID", 2, 3, 1, 1, (0, 0, 0)),  # does not fit
    ],
)
def test_place_by_hand(padding, length, size, stride, dilation, expected):
    assert place(padding, length, size, stride, dilation) == expected


def test_windows_by_hand():
    x = np.arange(9).reshape(1, 3, 3, 1)
    window = Window.over((3, 3), (2, 2), (1, 1), (1, 1), "VALID")
    assert window.output == (2, 2)
    seen = window.patches(x)[0, :, :, :, :, 0]
    assert seen[0, 0].tolist() == [[0, 1], [3, 4]]
    assert seen[1, 1].tolist() == [[4, 5], [7, 8]]
    assert window.rows(x)[0, 1, 0, 1].tolist() == [4, 5]  # row 1, upper right tap


def test_padding_by_hand():
    window = Window.over((2, 2), (3, 3), (1, 1), (1, 1), "SAME")
    padded = window.pad(np.ones((1, 2, 2, 1)), 0)
    assert padded.shape == (1, *window.padded_size, 1) == (1, 4, 4, 1)
    assert padded.sum() == 4
    assert window.inside[..., 0].tolist() == [[4, 4], [4, 4]]  # 4 of 9 taps each


PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
ONE = st.just((1, 1))


@pytest.fixture(scope="module")
def tensorflow():
    return import_tensorflow()


@settings(max_examples=50, deadline=None)
@given(
    padding=st.sampled_from(["SAME", "VALID"]),
    source=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    size=PAIRS,
    # TensorFlow takes no stride together with a dilation; and where the two strides differ, 2.21
    # computes wrong sums: [-4, -4] under the kernel [0, 2] gives 0.
    steps=st.tuples(st.sampled_from([(1, 1), (2, 2), (3, 3)]), ONE) | st.tuples(ONE, PAIRS),
)
def test_convolution_over_windows_is_tensorflows(tensorflow, padding, source, size, steps):
    window = Window.over(source, size, *steps, padding)
    assume(min(window.output) >= 1)
    random = np.random.default_rng(0)
    # Small integers: all sums are exact.
    x = random.integers(-9, 10, (2, *source, 1)).astype(np.float32)
    kernel = random.integers(-9, 10, (*size, 1, 1)).astype(np.float32)
    theirs = tensorflow.nn.convolution(x, kernel, steps[0], padding, dilations=steps[1])
    patches = window.patches(np.ascontiguousarray(window.pad(x, 0)))
    assert np.array_equal(np.einsum("nyxijc,ijcd->nyxd", patches, kernel), theirs)
