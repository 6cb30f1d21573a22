"""Folding and cross-layer equalization: what they keep, and what they win."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qutils import nets
from qutils.data import load_fashion_mnist
from qutils.describe import to_keras
from qutils.network import BatchNorm, Linear, Network, Reshape, Statistics
from qutils.repair import (
    correct_biases,
    correct_biases_empirically,
    drop_ceilings,
    equalize,
    fold_batch_norms,
)
from qutils.weight_rounding import round_nearest, round_weights
from tests.plain_networks import dense, floats, mean_squared, random_network, trained

# The largest relative error of one float32 operation.
UNIT = 2.0**-24
# Sums of 12 layers, of up to 128 products each, relative to the largest logit.
TRAINED_NETS_BOUND = 12 * 128 * 2 * UNIT


@pytest.fixture(scope="module")
def held_out() -> np.ndarray:
    return load_fashion_mnist("validation")[0]


def rounding_bound(layer: Linear, x: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Bound the error of a layer's float32 sums, before its activation, where `x` has `error`.

    A sum of K products is computed to (K + 1) u of the sum of absolute products; the weight, the
    bias, the four constants of a batch norm and its two operations are rounded once each.
    """
    absolute = replace(layer, kernel=np.abs(layer.kernel), bias=0 * layer.bias, norm=None)
    size = absolute.before_activation(np.abs(x)) + np.abs(layer.bias)
    spread = absolute.before_activation(error)
    if norm := layer.norm:
        factor = np.abs(norm.gamma) / np.sqrt(norm.variance + norm.epsilon)
        size = (size + np.abs(norm.mean)) * factor + np.abs(norm.beta)
        spread = spread * factor
    return spread * (1 + 1e-3) + (len(layer.columns) + 10) * UNIT * size


def network_bound(network: Network, x: np.ndarray) -> np.ndarray:
    """Bound the error of a network's float32 outputs: ReLU and maximum let none grow."""
    error = np.zeros_like(x)
    for layer in network.layers:
        error = rounding_bound(layer, x, error) if isinstance(layer, Linear) else layer(error)
        x = layer(x)
    return error


def with_batch_norms(network: Network, seed: int) -> Network:
    random = np.random.default_rng(seed)

    def normed(layer):
        gamma, beta, mean = random.normal(size=(3, layer.channels)).astype(np.float32)
        variance = random.uniform(0.1, 4, layer.channels).astype(np.float32)
        return replace(layer, norm=BatchNorm(gamma, beta, mean, variance, 1e-3))

    return network.map_linear(normed)


def output_range(layer: Linear) -> np.ndarray:
    return np.abs(layer.columns).max(axis=0)


def input_range(layer: Linear, channels: int) -> np.ndarray:
    rows = layer.kernel.reshape(-1, channels, layer.kernel.shape[-1])
    return np.abs(rows).max(axis=(0, 2))


# Folding


def test_fold_by_hand():
    # (2 x + 1 - 5) * -3 / sqrt(3 + 1) + 10 = -3 x + 16
    norm = BatchNorm(floats(-3), floats(10), floats(5), floats(3), epsilon=1.0)
    (layer,) = fold_batch_norms(Network((1,), (dense("d", [[2]], [1], norm=norm),))).linear
    assert (layer.kernel.item(), layer.bias.item(), layer.norm) == (-3.0, 16.0, None)
    # What the norm told of the sums: mean beta, deviation |gamma|.
    assert (layer.statistics.mean.item(), layer.statistics.deviation.item()) == (10.0, 3.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_folding_changes_each_layer_by_rounding_only(seed):
    network, x = random_network(seed)
    network = with_batch_norms(network, seed)
    for layer, folded in zip(network.layers, fold_batch_norms(network).layers, strict=True):
        if isinstance(layer, Linear):
            bound = 2 * rounding_bound(layer, x, 0 * x)
            difference = layer.before_activation(x) - folded.before_activation(x)
            assert (np.abs(difference) <= bound).all()
        x = layer(x)


@pytest.mark.parametrize("name", nets.TRAINED)
def test_folding_changes_each_trained_layer_by_rounding_only(held_out, name):
    network, x = trained(name), held_out[:20]
    for layer, folded in zip(network.layers, fold_batch_norms(network).layers, strict=True):
        if isinstance(layer, Linear):
            bound = 2 * rounding_bound(layer, x, 0 * x)
            difference = layer.before_activation(x) - folded.before_activation(x)
            assert (np.abs(difference) <= bound).all()
        x = layer(x)


@pytest.mark.parametrize("name", nets.TRAINED)
def test_folding_and_equalizing_preserve_the_trained_nets(held_out, name):
    x = held_out[:500]
    before = trained(name)(x)
    folded = fold_batch_norms(trained(name))
    for after in (folded(x), equalize(folded)(x)):
        assert np.abs(after - before).max() < TRAINED_NETS_BOUND * np.abs(before).max()


# Equalization


def test_equalize_a_depthwise_layer_by_hand():
    # Channel 0 has 16 before and 1 behind: s = 4. Channel 1 has 2 and 2: s = 1.
    first = Linear("a", "conv", floats(16, 2).reshape(1, 1, 1, 2), floats(8, 1), relu=True)
    second = Linear("b", "depthwise", floats(1, 2).reshape(1, 1, 2, 1), floats(0, 0))
    a, b = equalize(Network((1, 1, 1), (first, second))).linear
    assert a.kernel.ravel().tolist() == [4, 2]
    assert a.bias.tolist() == [2, 1]
    assert b.kernel.ravel().tolist() == [4, 2]


def test_equalizing_scales_the_ceiling_of_relu6():
    # s = sqrt(16 / 1) = 4: min(16 x, 6) becomes 4 min(4 x, 1.5).
    first = dense("a", [[16]], [0], relu=True, ceiling=floats(6))
    network = Network((1,), (first, dense("b", [[1]], [0])))
    equalized = equalize(network)
    assert equalized.linear[0].ceiling.tolist() == [1.5]
    x = floats([-1], [0.25], [1])
    assert network(x).tolist() == equalized(x).tolist() == [[0], [4], [6]]


def test_equalizing_scales_the_statistics():
    # s = sqrt(16 / 1) = 4, as for the values that they describe.
    statistics = Statistics(floats(8), floats(2))
    first = dense("a", [[16]], [0], relu=True, statistics=statistics)
    scaled = equalize(Network((1,), (first, dense("b", [[1]], [0])))).linear[0].statistics
    assert (scaled.mean.item(), scaled.deviation.item()) == (2.0, 0.5)


def test_dropping_ceilings_changes_values_above_six_only():
    network = Network((1,), (dense("a", [[1]], [0], relu=True, ceiling=floats(6)),))
    assert network(floats([5], [10])).tolist() == [[5], [6]]
    assert drop_ceilings(network)(floats([5], [10])).tolist() == [[5], [10]]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equalizing_changes_outputs_by_rounding_only(seed):
    network, x = random_network(seed)
    equalized = equalize(network)
    bound = network_bound(network, x) + network_bound(equalized, x)
    assert (np.abs(network(x) - equalized(x)) <= bound).all()
    # The bound says something: a thousandth of the sums that it is about.
    assert bound.max() < 1e-3 * np.abs(network_sizes(network, x)).max()


def network_sizes(network: Network, x: np.ndarray) -> np.ndarray:
    """Return the outputs of the network with absolute weights: what cancels in the real one."""
    absolute = network.map_linear(
        lambda layer: replace(
            layer, kernel=np.abs(layer.kernel), bias=np.abs(layer.bias), ceiling=None
        )
    )
    return absolute(np.abs(x))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equalizing_makes_both_sides_of_each_channel_equal(seed):
    conv, depthwise, pointwise, logits = equalize(random_network(seed)[0]).linear
    for first, second in ((conv, depthwise), (depthwise, pointwise), (pointwise, logits)):
        ranges = output_range(first), input_range(second, first.channels)
        assert np.allclose(*ranges, rtol=1e-5)


@pytest.mark.parametrize("name", nets.TRAINED)
def test_equalizing_evens_out_the_trained_nets(name):
    layers = equalize(fold_batch_norms(trained(name))).linear
    for first, second in pairwise(layers):
        assert np.allclose(output_range(first), input_range(second, first.channels), rtol=1e-5)


def test_equalizing_twice_changes_nothing_more():
    once = equalize(fold_batch_norms(trained("net_b")))
    for a, b in zip(once.linear, equalize(once).linear, strict=True):
        assert np.allclose(a.kernel, b.kernel, rtol=1e-4)


def test_a_reshape_that_mixes_channels_is_not_crossed():
    first = Linear("a", "conv", floats(16, 2).reshape(1, 1, 1, 2), floats(0, 0), relu=True)
    second = Linear("b", "conv", floats(1, 1).reshape(1, 1, 2, 1), floats(0))
    network = Network((1, 2, 1), (first, Reshape("turned", (2, 1, 2)), second))
    assert equalize(network).linear[0].kernel.ravel().tolist() == [16, 2]


def test_an_equalized_net_goes_back_to_keras(held_out):
    network = equalize(fold_batch_norms(trained("net_b")))
    outputs, x = network(held_out[:100]), held_out[:100]
    predicted = to_keras(network).predict(x, verbose=0)
    assert np.abs(predicted - outputs).max() < TRAINED_NETS_BOUND * np.abs(outputs).max()


# Channels that say nothing


@pytest.mark.parametrize("gamma", [0.0, 1e-12, 1e-30, 1e-42])
def test_a_channel_of_gamma_near_zero_survives_every_repair(gamma):
    network, x = random_network(0)
    network = with_batch_norms(network, 0)
    conv = network.linear[0]
    conv.norm.gamma[1], conv.norm.beta[1] = gamma, 3.0
    folded = fold_batch_norms(network)
    equalized = equalize(folded)
    # Its bias, all that it is, stays 3: a factor would have made it huge.
    assert folded.linear[0].bias[1] == equalized.linear[0].bias[1] == pytest.approx(3.0)
    assert (np.abs(folded(x) - equalized(x)) <= 2 * network_bound(folded, x)).all()
    rounded = round_weights(equalized, 4)
    for repaired in (
        rounded,
        correct_biases(equalized, rounded),
        correct_biases_empirically(equalized, rounded, x),
    ):
        assert np.isfinite(repaired(x)).all()


@pytest.mark.parametrize("side", ["output", "input"])
def test_a_dead_channel_keeps_its_factor(side):
    first, second = np.array([[8.0, 2.0]]), np.array([[2.0], [8.0]])
    (first if side == "output" else second.T)[0, 1] = 0.0
    network = Network((1,), (dense("a", first, [0, 5], relu=True), dense("b", second, [0])))
    a, b = equalize(network).linear
    assert a.kernel.tolist() == [[4, first[0, 1]]]
    assert b.kernel.tolist() == [[4], [second[1, 0]]]
    assert a.bias.tolist() == [0, 5]


def test_a_layer_of_zeros_is_left_alone():
    network = Network((1,), (dense("a", [[0, 0]], [1, 2]), dense("b", [[1], [2]], [0])))
    assert equalize(network)(floats([1])).tolist() == [[5]]


def test_equalizing_saves_net_b_at_four_bits_per_tensor(held_out):
    folded, x = fold_batch_norms(trained("net_b")), held_out[:300]
    wanted = folded(x)
    lost, saved = (
        mean_squared(round_weights(network, 4, per_channel=False)(x), wanted)
        for network in (folded, equalize(folded))
    )
    assert saved < lost / 5
    # What cannot be saved by biases: a layer whose weights have nearly all become zero.
    zeros = [np.mean(round_nearest(layer, 4, False).kernel == 0) for layer in folded.linear]
    assert max(zeros) > 0.9
