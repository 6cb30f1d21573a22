"""AVERAGE_POOL_2D and MAX_POOL_2D."""

import pytest
from flatmodel import Op, T
from one_op import require_tflms_bits, run, window


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 2], 2), ([-1, -2], -2), ([1, 0], 1), ([-1, 0], -1), ([2, 2], 2)]
)
def test_average_pool_rounds_half_away_from_zero(values, expected):
    options = window(filter_w=2, filter_h=1)
    a = T((1, 1, 2, 1), scale=1.0)
    got = run(
        Op("AVERAGE_POOL_2D", (0,), (1,), options),
        a,
        T((1, 1, 1, 1), scale=1.0),
        inputs={0: values},
    )
    assert got == [expected]


def test_average_pool_counts_only_what_is_inside():
    # SAME, window 3 over 2 columns: each output averages both values.
    options = window(padding="SAME", filter_w=3, filter_h=1)
    a = T((1, 1, 2, 1), scale=1.0)
    assert run(Op("AVERAGE_POOL_2D", (0,), (1,), options), a, a, inputs={0: [10, 20]}) == [15, 15]


def test_max_pool():
    options = window(filter_w=2, filter_h=2, stride_w=2)
    got = run(
        Op("MAX_POOL_2D", (0,), (1,), options),
        T((1, 2, 4, 1), scale=1.0),
        T((1, 1, 2, 1), scale=1.0),
        inputs={0: [1, 2, -5, -6, 3, 0, -7, -8]},
    )
    assert got == [3, -5]


@pytest.mark.parametrize("zero_point", [0, 10])
def test_int16_pools_clamp_relative_to_the_zero_point(zero_point):
    # RELU: what lies below the zero point, the real 0, becomes it. (-9 + 2) / 2 rounds to -4.
    options = window(filter_w=2, filter_h=1, stride_w=2, activation="RELU")
    source = T((1, 1, 4, 1), "INT16", scale=1.0, zero_point=zero_point)
    target = T((1, 1, 2, 1), "INT16", scale=1.0, zero_point=zero_point)
    values = {0: [-9, 2, 30000, 20000]}
    for name, largest in (("AVERAGE_POOL_2D", 25000), ("MAX_POOL_2D", 30000)):
        layer = (Op(name, (0,), (1,), options), source, target)
        low = 2 if name == "MAX_POOL_2D" and not zero_point else zero_point
        assert run(*layer, inputs=values) == [low, largest]
        require_tflms_bits(*layer, inputs=values)
