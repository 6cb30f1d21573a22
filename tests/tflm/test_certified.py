"""The floating-point output stage: equal to the plain one on every accumulator in reach."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qutils.tflm.kernels.certified import CertifiedStage, Steps
from qutils.tflm.kernels.output_stage import OutputStage

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


def integers(*values):
    return np.array(values, np.int64)


def stage(multiplier, shift, *, zero_point=0, low=-128, high=127, bias=0):
    return OutputStage(
        integers(multiplier), integers(shift), zero_point, low, high, bias=integers(bias)
    )


def test_the_thresholds_of_a_quarter():
    # Half of acc is rounded up, then half of that away from zero: out >= 1 from acc = 1 on
    # (0.5 -> 1, 0.5 -> 1), out >= 2 from acc = 5 (2.5 -> 3, 1.5 -> 2), out >= 0 from acc = -2
    # (-1 -> -1, -0.5 -> -1 is below it, so from acc = -1: -0.5 -> 0).
    quarter = stage(2**30, -1, low=-1, high=2)
    steps = Steps.of(quarter, integers(100))
    assert steps.output.ravel().tolist() == [0, 1, 2]
    assert steps.threshold.ravel().tolist() == [-1, 1, 5]


def test_a_bias_moves_the_thresholds():
    steps = Steps.of(stage(2**30, -1, low=-1, high=2, bias=7), integers(100))
    assert steps.threshold.ravel().tolist() == [-8, -6, -2]


def compare(plain, reach, accumulators):
    """Return the line in float64 and the channels left to the plain stage; compare all outputs."""
    certified = CertifiedStage(plain, reach)
    for kind in (SINGLE, DOUBLE):
        if np.abs(accumulators).max() < 2.0 ** (np.finfo(kind).nmant + 1):
            got = certified(accumulators.astype(kind))
            np.testing.assert_array_equal(got, certified.plain(accumulators))
    return certified.certified(DOUBLE)


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.integers(-10, 2),
    zero_point=st.integers(-128, 127),
    one_sign=st.booleans(),
)
def test_every_accumulator_in_reach(seed, shift, zero_point, one_sign):
    rng = np.random.default_rng(seed)
    channels, reach = 4, 20_000
    plain = OutputStage(
        rng.integers(2**30, 2**31, channels),
        rng.integers(shift - 1, shift + 1, channels),
        zero_point,
        zero_point if one_sign else -128,
        127,
        rng.integers(-5000, 5000, channels),
    )
    every = np.arange(-reach, reach + 1)[:, np.newaxis].repeat(channels, axis=1)
    compare(plain, np.full(channels, reach), every)


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1), one_sign=st.booleans())
def test_around_every_threshold_of_large_layers(seed, one_sign):
    rng = np.random.default_rng(seed)
    channels = 32
    zero_point = int(rng.integers(-128, 127))
    plain = OutputStage(
        rng.integers(2**30, 2**31, channels),
        rng.integers(-20, -8, channels),
        zero_point,
        zero_point if one_sign else -128,
        127,
        rng.integers(-(2**22), 2**22, channels),
    )
    reach = rng.integers(2**20, 2**24, channels)
    threshold = Steps.of(plain, reach).threshold
    around = np.concatenate([threshold + step for step in (-30, -2, -1, 0, 1, 30)])
    _, left = compare(plain, reach, np.clip(around, -reach, reach))
    # float64 has bits to spare for such layers.
    assert not left.size


def test_small_layers_are_proved_in_float32():
    line, left = CertifiedStage(stage(2**30 + 12345, -6), integers(5000)).certified(SINGLE)
    assert line.scale.dtype == SINGLE
    assert not left.size


@pytest.mark.parametrize(
    ("plain", "reach"),
    [
        (stage(2**30 + 1, -30), 2**23),  # thresholds beyond int64
        (stage(2**30 + 1, 12), 2**20),  # the left shift wraps
        (stage(0, 0), 1000),  # the multiplier vanished
        (stage(2**30, -4, zero_point=300, low=300, high=127), 1000),  # limits that cross
    ],
)
def test_what_cannot_be_proved_is_left_to_the_plain_stage(plain, reach):
    accumulators = np.linspace(-reach, reach, 1001).astype(np.int64)[:, np.newaxis]
    _, left = compare(plain, integers(reach), accumulators)
    assert left.tolist() == [0]


def test_only_some_channels_are_left_to_the_plain_stage():
    plain = OutputStage(integers(2**30, 2**30 + 5), integers(-6, -30), 3, -128, 127)
    accumulators = np.random.default_rng(0).integers(-(2**20), 2**20, (999, 2))
    _, left = compare(plain, integers(2**20, 2**20), accumulators)
    assert left.tolist() == [1]


def test_channels_are_left_apart_in_rows_laid_end_to_end():
    # Depthwise layers give the sums of a whole row of places side by side.
    channels, places = 16, 14
    shift, bias = np.full(channels, -6), np.zeros(channels, np.int64)
    shift[5], bias[5] = 12, 2**20  # shifted to the left, such sums wrap
    plain = OutputStage(np.full(channels, 2**30), shift, 3, -128, 127, bias)
    accumulators = np.random.default_rng(0).integers(-9999, 10_000, (50, places, channels))
    certified = CertifiedStage(plain, np.full(channels, 10_000))
    rows = accumulators.reshape(50, places * channels).astype(SINGLE)
    assert certified.certified(SINGLE)[1].tolist() == [5]
    np.testing.assert_array_equal(certified(rows).reshape(accumulators.shape), plain(accumulators))


def test_a_layer_of_very_many_channels_is_not_proved():
    plain = stage(2**30, -4).per_channel(5000)
    certified = CertifiedStage(plain, np.full(5000, 1000))
    accumulators = np.random.default_rng(0).integers(-1000, 1001, (3, 5000))
    np.testing.assert_array_equal(certified(accumulators.astype(SINGLE)), plain(accumulators))
    assert len(certified.certified(DOUBLE)[1]) == 5000
