"""DEPTHWISE_CONV_2D."""

import numpy as np
import pytest
from flatmodel import Op, T, constant
from one_op import one_op, require_tflms_bits, run, window

from qutils.errors import UnsupportedOperatorError
from qutils.tflm import Model


def test_depthwise_keeps_channels_apart():
    # Multiplier 2: channel 0 feeds outputs 0 and 1, channel 1 feeds 2 and 3.
    got = run(
        Op("DEPTHWISE_CONV_2D", (0, 1), (2,), window(depth_multiplier=2)),
        T((1, 1, 1, 2), scale=1.0),
        constant(np.reshape([1, 2, 3, 4], (1, 1, 1, 4)), scale=1.0),
        T((1, 1, 1, 4), scale=1.0),
        inputs={0: [10, -10]},
    )
    assert got == [10, 20, -30, -40]


def wide_layer(bias_type: str) -> tuple:
    """Two taps of one channel, in 16x8."""
    return (
        Op("DEPTHWISE_CONV_2D", (0, 1, 2), (3,), window(depth_multiplier=1)),
        T((1, 1, 2, 1), "INT16", scale=1.0),
        constant(np.reshape([100, -1], (1, 1, 2, 1)), scale=1 / 8),
        constant([4], bias_type, scale=1 / 8),
        T((1, 1, 1, 1), "INT16", scale=1.0),
    )


def test_16x8():
    # 100 * 300 - 1 * 4 + 4 = 30000, times 1/8.
    assert run(*wide_layer("INT64"), inputs={0: [300, 4]}) == [3750]
    require_tflms_bits(*wide_layer("INT64"), inputs={0: [300, 4]})


def test_16x8_takes_no_int32_bias():
    """TFLM would read it as int64, beyond its end."""
    with pytest.raises(UnsupportedOperatorError, match="Bias type INT32 not supported"):
        Model.from_bytes(one_op(*wide_layer("INT32"), inputs={0: [0]}))


def test_int4_weights():
    # Two channels: 7 * 10 and -8 * 10.
    layer = (
        Op("DEPTHWISE_CONV_2D", (0, 1), (2,), window(depth_multiplier=1)),
        T((1, 1, 1, 2), scale=1.0),
        constant(np.reshape([7, -8], (1, 1, 1, 2)), "INT4", scale=[1.0, 1.0], axis=3),
        T((1, 1, 1, 2), scale=1.0),
    )
    assert run(*layer, inputs={0: [10, 10]}) == [70, -80]
    require_tflms_bits(*layer, inputs={0: [10, 10]})
