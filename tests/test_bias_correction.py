"""Biases corrected for the mean error of rounded weights, from batch norms and from inputs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qutils import nets
from qutils.data import load_fashion_mnist
from qutils.network import GlobalMean, Linear, MaxPool, Network, Reshape, Statistics
from qutils.repair import (
    correct_biases,
    correct_biases_empirically,
    equalize,
    expected_outputs,
    fold_batch_norms,
)
from qutils.weight_rounding import round_weights
from tests.plain_networks import dense, floats, mean_squared, random_network, trained

# The largest relative error of one float32 operation.
UNIT = 2.0**-24
SEEDS = range(4)


@pytest.fixture(scope="module")
def calibration() -> np.ndarray:
    return load_fashion_mnist("train")[0]


@pytest.fixture(scope="module")
def held_out() -> np.ndarray:
    return load_fashion_mnist("validation")[0]


@pytest.mark.parametrize(
    ("relu", "ceiling"), [(False, None), (True, None), (True, 6.0), (True, 0.5)]
)
@pytest.mark.parametrize(("mean", "deviation"), [(0, 1), (5, 3), (-2, 0.5), (40, 2), (-40, 2)])
def test_expected_output_is_the_integral(relu, ceiling, mean, deviation):
    layer = dense(
        "d",
        [[1]],
        [0],
        relu=relu,
        ceiling=None if ceiling is None else floats(ceiling),
        statistics=Statistics(floats(mean), floats(deviation)),
    )
    # Midpoints of 10^5 slices over 10 deviations: slices of 2e-4 deviations, their error is the
    # square of that at the kinks.
    z = (np.arange(100_000) + 0.5) / 5000 - 10
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / 5000
    values = layer.activate(mean + deviation * z)
    assert expected_outputs(layer)[0] == pytest.approx((values * density).sum(), abs=1e-6)


def test_expected_output_of_a_constant_channel_is_its_value():
    statistics = Statistics(floats(2, -1, 8, 0, 6), np.zeros(5, np.float32))
    layer = dense(
        "d", np.ones((1, 5)), [0] * 5, relu=True, ceiling=np.full(5, 6, "f4"), statistics=statistics
    )
    assert expected_outputs(layer) == pytest.approx([2, 0, 6, 0, 6], abs=1e-9)


def test_correct_a_bias_by_hand():
    # The weight 1 has become 1.5; its input is a standard normal after ReLU, of mean 0.3989.
    first = dense("a", [[1]], [0], relu=True, statistics=Statistics(floats(0), floats(1)))
    network = Network((1,), (first, dense("b", [[1]], [2])))
    rounded = Network((1,), (first, dense("b", [[1.5]], [2])))
    corrected = correct_biases(network, rounded).linear[1].bias.item()
    assert corrected == pytest.approx(2 - 0.5 / np.sqrt(2 * np.pi))


@pytest.mark.parametrize(
    ("between", "corrected"),
    [
        (GlobalMean("mean"), True),
        (Reshape("flatten", (-1,)), True),
        (MaxPool("pool", (1, 1), (1, 1), "valid"), False),
    ],
)
def test_means_pass_what_keeps_them(between, corrected):
    statistics = Statistics(floats(1), floats(1))
    first = Linear("a", "conv", floats(1).reshape(1, 1, 1, 1), floats(0), statistics=statistics)
    last = dense("b", [[1]], [0])
    if isinstance(between, MaxPool):
        last = Linear("b", "conv", floats(1).reshape(1, 1, 1, 1), floats(0))
    network = Network((1, 1, 1), (first, between, last))
    rounded = replace(network, layers=(first, between, replace(last, kernel=2 * last.kernel)))
    bias = correct_biases(network, rounded).linear[1].bias.item()
    # An input of mean 1 times the weight error 1.
    assert bias == (-1 if corrected else 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_constant_image_is_corrected_exactly(seed):
    # Where each channel is its mean, and there is no padding, the mean error is the whole error.
    random = np.random.default_rng(seed)
    for kind, kernel in (
        ("conv", random.normal(size=(2, 3, 3, 4))),
        ("depthwise", random.normal(size=(2, 3, 3, 2))),
    ):
        channels = kernel.shape[-1] * (3 if kind == "depthwise" else 1)
        layer = Linear("l", kind, kernel.astype(np.float32), np.zeros(channels, np.float32))
        network = Network((4, 4, 3), (layer,))
        mean = random.normal(size=3).astype(np.float32)
        x = np.broadcast_to(mean, (1, 4, 4, 3))
        corrected = correct_biases(network, round_weights(network, 3), mean)
        # 18 products of about 1, summed four times in float32.
        assert np.abs(corrected(x) - network(x)).max() < 4 * 20 * UNIT * 18


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_empirical_correction_takes_the_mean_error_away(bits):
    network, x = random_network(3)
    corrected = correct_biases_empirically(network, round_weights(network, bits), x)
    error = (corrected(x) - network(x)).mean(axis=0, dtype=np.float64)
    assert np.abs(error).max() < 1e-5 * np.abs(network(x)).max()


def test_both_corrections_agree_on_a_first_layer_without_padding():
    random = np.random.default_rng(0)
    x = random.normal(1, 1, size=(50, 6)).astype(np.float32)
    network = Network((6,), (dense("d", random.normal(size=(6, 4)), [0] * 4),))
    rounded = round_weights(network, 3)
    analytic = correct_biases(network, rounded, x.mean(axis=0)).linear[0].bias
    empirical = correct_biases_empirically(network, rounded, x).linear[0].bias
    assert np.allclose(analytic, empirical, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("name", nets.TRAINED)
def test_measured_correction_beats_plain_rounding_in_every_layer(
    calibration, held_out, name, per_channel, seed
):
    random = np.random.default_rng(seed)
    seen, unseen = (random.choice(x, 150, replace=False) for x in (calibration, held_out))
    for layer in fold_batch_norms(trained(name)).layers:
        if isinstance(layer, Linear):
            alone = Network(seen.shape[1:], (replace(layer, relu=False, ceiling=None),))
            rounded = round_weights(alone, 4, per_channel)
            corrected = correct_biases_empirically(alone, rounded, seen)
            wanted = alone(unseen)
            assert mean_squared(corrected(unseen), wanted) < mean_squared(rounded(unseen), wanted)
        seen, unseen = layer(seen), layer(unseen)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", nets.TRAINED)
def test_both_corrections_beat_plain_rounding_in_the_logits(calibration, held_out, name, seed):
    random = np.random.default_rng(seed)
    seen, unseen = (random.choice(x, 150, replace=False) for x in (calibration, held_out))
    folded = fold_batch_norms(trained(name))
    # Per tensor net B needs to be equalized first: without, whole layers round to zero.
    even = equalize(folded)
    for network, per_channel in ((folded, True), (even, True), (even, False)):
        wanted, rounded = network(unseen), round_weights(network, 4, per_channel)
        plain = mean_squared(rounded(unseen), wanted)
        for corrected in (
            correct_biases(network, rounded, [seen.mean()]),
            correct_biases_empirically(network, rounded, seen),
        ):
            assert mean_squared(corrected(unseen), wanted) < plain


# Bad input


def test_batch_norms_must_be_folded_first():
    network, folded = trained("net_a"), fold_batch_norms(trained("net_a"))
    for repair in (
        lambda: equalize(network),
        lambda: correct_biases(network, folded),
        lambda: correct_biases_empirically(folded, network, np.zeros((1, 28, 28, 1))),
    ):
        with pytest.raises(ValueError, match="fold_batch_norms first: stem, block1_depthwise"):
            repair()


def test_corrections_need_two_versions_of_one_network():
    network = fold_batch_norms(trained("net_a"))
    shorter = replace(network, layers=network.layers[:-1])
    with pytest.raises(ValueError, match="not the same network"):
        correct_biases(network, shorter)


def test_corrections_refuse_an_input_mean_of_other_channels():
    network = Network((2,), (dense("d", [[1], [2]], [0]),))
    with pytest.raises(ValueError, match=r"input_mean .* \(3,\)"):
        correct_biases(network, network, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="input_mean must be finite"):
        correct_biases(network, network, [1.0, np.nan])


@pytest.mark.parametrize("bad", [np.zeros((0, 1)), np.full((2, 1), np.nan)])
def test_measuring_needs_inputs(bad):
    network = Network((1,), (dense("d", [[1]], [0]),))
    with pytest.raises(ValueError, match=r"with N >= 1|NaN"):
        correct_biases_empirically(network, network, bad)
