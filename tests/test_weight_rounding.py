"""Rounding of weights: to the nearest, and AdaRound."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qutils import nets
from qutils.data import load_fashion_mnist
from qutils.describe import from_keras
from qutils.network import BatchNorm, Linear, Network
from qutils.repair import correct_biases_empirically, equalize, fold_batch_norms
from qutils.weight_rounding import (
    adaround,
    round_adaptively,
    round_nearest,
    round_weights,
    weight_params,
)

SEEDS = range(4)


def dense(kernel) -> Linear:
    weights = np.array(kernel, np.float32)
    return Linear("d", "dense", weights, np.zeros(weights.shape[1], np.float32))


def random_layer(kind: str, seed: int) -> tuple[Linear, np.ndarray]:
    random = np.random.default_rng(seed)
    shape = {"conv": (2, 2, 3, 4), "depthwise": (2, 2, 3, 2), "dense": (8, 4)}[kind]
    kernel = random.normal(size=shape).astype(np.float32)
    channels = shape[-1] * (3 if kind == "depthwise" else 1)
    layer = Linear("l", kind, kernel, np.zeros(channels, np.float32))
    # Inputs that hang together, as those of real layers do: there nearest rounding is not best.
    common = random.normal(size=(40, 1) if kind == "dense" else (40, 1, 1, 1))
    spread = random.normal(size=(40, 8) if kind == "dense" else (40, 4, 4, 3))
    return layer, np.maximum(common + 0.5 * spread, 0).astype(np.float32)


def mean_squared(a, b) -> float:
    return float(np.mean((a.astype(np.float64) - b) ** 2))


@pytest.fixture(scope="module")
def folded() -> dict[str, Network]:
    return {name: fold_batch_norms(from_keras(nets.load(name))) for name in nets.TRAINED}


# To the nearest


def test_parameters_by_hand():
    # 4 bits: -7 to 7. Columns of largest absolute value 7 and 1.4: scales 1 and 0.2.
    layer = dense([[7.0, 1.4], [-3.0, 0.7]])
    assert weight_params(layer, 4, per_channel=False).scale == 1
    assert weight_params(layer, 4).scale == pytest.approx([1, 0.2])
    assert (weight_params(layer, 4).qmin, weight_params(layer, 4).qmax) == (-7, 7)


def test_nearest_by_hand():
    # Per tensor of scale 1: 1.4 -> 1, 0.7 -> 1. Per channel of scale 0.2: 1.4 stays, 0.7 = 3.5
    # steps -> 4 steps.
    layer = dense([[7.0, 1.4], [-3.0, 0.7]])
    assert round_nearest(layer, 4, per_channel=False).kernel.tolist() == [[7, 1], [-3, 1]]
    assert round_nearest(layer, 4).kernel[:, 1] == pytest.approx([1.4, 0.8])


@pytest.mark.parametrize("kind", ["conv", "depthwise", "dense"])
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("bits", range(2, 9))
def test_weights_move_by_half_a_step_at_most(kind, per_channel, bits):
    layer = random_layer(kind, bits)[0]
    scale = weight_params(layer, bits, per_channel).scale
    rounded = round_nearest(layer, bits, per_channel)
    steps = rounded.columns / scale
    assert np.abs(rounded.columns - layer.columns).max(axis=0) == pytest.approx(
        0, abs=float(np.max(scale)) * 0.500001
    )
    assert np.allclose(steps, np.round(steps), atol=1e-5)
    assert np.abs(steps).max() == pytest.approx(2 ** (bits - 1) - 1)


def test_channels_of_one_weight_are_kept():
    layer = dense([[0.3, -5.0, 1e-6]])
    assert np.allclose(round_nearest(layer, 2).kernel, layer.kernel, rtol=1e-6)


def test_a_dead_channel_stays_zero():
    layer = dense([[0.0, 1.0], [0.0, 0.4]])
    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    for rounded in (round_nearest(layer, 4), round_adaptively(layer, x, x)):
        assert not rounded.kernel[:, 0].any()
        assert np.isfinite(rounded.kernel).all()


def test_bits_by_layer():
    layers = tuple(
        Linear(name, "dense", np.float32([[0.9, 7]]), np.zeros(2, np.float32))
        if name == "a"
        else Linear(name, "dense", np.float32([[0.9], [7]]), np.zeros(1, np.float32))
        for name in ("a", "b")
    )
    a, b = round_weights(Network((1,), layers), {"b": 4}).linear
    assert a.kernel.tolist() == layers[0].kernel.tolist()
    assert b.kernel.tolist() == [[1], [7]]


# AdaRound


def test_adaround_by_hand():
    # Scale 1. Inputs are always equal, so that only the sum of the weights counts: 0.75. Nearest
    # makes it 0, one weight up makes it 1, which is closer.
    layer = dense([[7.0], [0.45], [0.3]])
    x = np.array([[0, 1, 1], [0, 2, 2], [1, 0, 0]], np.float32)
    assert round_nearest(layer, 4).kernel.ravel().tolist() == [7, 0, 0]
    assert round_adaptively(layer, x, x, 4).kernel.ravel().tolist() == [7, 1, 0]


def test_adaround_makes_up_for_what_went_wrong_before():
    # Where the original input was 1 and 1, the quantized network hands on 2 and -1. Of 0.6, nearest
    # makes 1, off by 1.4 and 1.6; 0 is off by 0.6 twice.
    layer = dense([[7.0], [0.6]])
    x = np.array([[0, 1], [0, 1], [1, 0]], np.float32)
    approximate = np.array([[0, 2], [0, -1], [1, 0]], np.float32)
    assert round_adaptively(layer, x, x, 4).kernel.ravel().tolist() == [7, 1]
    assert round_adaptively(layer, x, approximate, 4).kernel.ravel().tolist() == [7, 0]


def test_adaround_does_not_leave_the_range():
    # 7 * 1 would be met best by 8.75 * 0.8, but 4 bits end at 7.
    layer = dense([[7.0]])
    approximate = np.array([[0.8]], np.float32)
    assert round_adaptively(layer, np.ones((1, 1), "f4"), approximate, 4).kernel.item() == 7


def best_error(layer: Linear, x: np.ndarray, bits: int) -> np.ndarray:
    """Try all 2^K roundings of a dense layer: the least mean squared error of each channel."""
    params = weight_params(layer, bits)
    down = np.clip(np.floor(layer.kernel / params.scale), params.qmin, params.qmax - 1)
    ups = np.array(list(product((0, 1), repeat=len(layer.kernel))))
    kernels = (down + ups[:, :, np.newaxis]) * params.scale
    return ((x @ kernels - x @ layer.kernel) ** 2).mean(axis=1).min(axis=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_adaround_comes_close_to_the_best_of_all_roundings(seed):
    layer, x = random_layer("dense", seed)
    wanted = layer(x)
    nearest, adaptive = (
        ((rounded(x) - wanted) ** 2).mean(axis=0)
        for rounded in (round_nearest(layer, 4), round_adaptively(layer, x, x, 4))
    )
    best = best_error(layer, x, 4)
    assert (adaptive >= best * (1 - 1e-4)).all()
    # It has to find it by descent: most of what can be won is won.
    assert (nearest - adaptive).sum() >= 0.8 * (nearest - best).sum() > 0


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(["conv", "depthwise", "dense"]),
    st.integers(2, 8),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_adaround_goes_to_neighbors_and_is_never_worse(kind, bits, per_channel, seed):
    layer, x = random_layer(kind, seed)
    params = weight_params(layer, bits, per_channel)
    rounded = round_adaptively(layer, x, x, bits, per_channel, iterations=50)
    steps = rounded.columns / params.scale
    assert np.abs(steps - layer.columns / params.scale).max() <= 1.0001
    assert np.allclose(steps, np.round(steps), atol=1e-4)
    assert np.abs(np.round(steps)).max() <= params.qmax
    axes = tuple(range(layer(x).ndim - 1))
    adaptive, nearest = (
        ((other(x) - layer(x)).astype(np.float64) ** 2).mean(axis=axes)
        for other in (rounded, round_nearest(layer, bits, per_channel))
    )
    # Per channel. The errors are told from products of float64, the sums here are float32.
    assert (adaptive <= nearest * 1.001 + 1e-9).all()


def test_weights_on_the_grid_stay():
    layer = round_nearest(random_layer("dense", 0)[0], 4)
    x = random_layer("dense", 0)[1]
    assert np.allclose(round_adaptively(layer, x, x, 4).kernel, layer.kernel, atol=1e-6)


def test_adaround_is_deterministic(folded):
    x = load_fashion_mnist("train")[0][:20]
    first, again = (adaround(folded["net_a"], x, 4, iterations=20) for _ in range(2))
    for a, b in zip(first.linear, again.linear, strict=True):
        assert np.array_equal(a.kernel, b.kernel)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", nets.TRAINED)
def test_adaround_beats_plain_rounding_in_every_layer(folded, name, seed):
    random = np.random.default_rng(seed)
    seen, unseen = (
        random.choice(load_fashion_mnist(split)[0], 200, replace=False)
        for split in ("train", "validation")
    )
    for layer in folded[name].layers:
        if isinstance(layer, Linear):
            wanted = layer.before_activation(unseen)
            adaptive, nearest = (
                mean_squared(rounded.before_activation(unseen), wanted)
                for rounded in (round_adaptively(layer, seen, seen, 4), round_nearest(layer, 4))
            )
            assert adaptive < nearest
        seen, unseen = layer(seen), layer(unseen)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("name", nets.TRAINED)
def test_adaround_beats_plain_rounding_and_corrected_biases_in_the_logits(
    folded, name, per_channel
):
    seen, unseen = (load_fashion_mnist(split)[0][:200] for split in ("train", "validation"))
    # Per tensor, net B rounds to nothing unless it is equalized.
    network = equalize(folded[name])
    wanted, rounded = network(unseen), round_weights(network, 4, per_channel)
    corrected = correct_biases_empirically(network, rounded, seen)
    adaptive = adaround(network, seen, 4, per_channel)
    errors = [mean_squared(other(unseen), wanted) for other in (adaptive, corrected, rounded)]
    assert errors[0] < errors[1] < errors[2]


# Bad input


@pytest.mark.parametrize("bits", [0, 1, 9, 2.5])
def test_weights_have_two_to_eight_bits(bits):
    network = Network((1,), (dense([[1.0]]),))
    for act in (
        lambda: round_weights(network, bits),
        lambda: round_weights(network, {"d": bits}),
        lambda: adaround(network, [[1.0]], bits),
    ):
        with pytest.raises(ValueError, match=f"2 to 8 bits here, got {bits}"):
            act()


def test_weights_must_be_numbers():
    with pytest.raises(ValueError, match="layer 'd': NaN or infinity among the weights"):
        round_weights(Network((1,), (dense([[np.nan]]),)))


def test_adaround_needs_iterations():
    with pytest.raises(ValueError, match="at least 1 iteration, got 0"):
        adaround(Network((1,), (dense([[1.0]]),)), [[1.0]], iterations=0)


def test_unknown_layers_are_named():
    with pytest.raises(ValueError, match="does not have: e, f"):
        round_weights(Network((1,), (dense([[1.0]]),)), {"d": 8, "e": 4, "f": 4})


def test_batch_norms_must_be_folded_first():
    one = np.ones(1, np.float32)
    norm = BatchNorm(one, one, one, one, 1e-3)
    network = Network((1,), (Linear("d", "dense", np.ones((1, 1), np.float32), one, norm),))
    for act in (lambda: round_weights(network), lambda: adaround(network, [[1.0]])):
        with pytest.raises(ValueError, match="fold_batch_norms first: d "):
            act()


@pytest.mark.parametrize("bad", [np.zeros((0, 1)), [[np.nan]], np.zeros((2, 3))])
def test_adaround_needs_inputs(bad):
    with pytest.raises(ValueError, match=r"needs inputs|NaN"):
        adaround(Network((1,), (dense([[1.0]]),)), bad)
