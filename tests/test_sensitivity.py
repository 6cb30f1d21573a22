"""Which layer costs most, and bits per layer in a byte budget."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qutils import nets
from qutils.data import load_fashion_mnist
from qutils.describe import from_keras
from qutils.network import GlobalMean, Linear, Network
from qutils.repair import fold_batch_norms
from qutils.sensitivity import choose_bits, layer_errors, weight_bytes
from qutils.weight_rounding import round_weights


def dense(name, kernel) -> Linear:
    weights = np.array(kernel, np.float32)
    return Linear(name, "dense", weights, np.zeros(weights.shape[1], np.float32))


@pytest.fixture(scope="module")
def net_b() -> Network:
    return fold_batch_norms(from_keras(nets.load("net_b")))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return load_fashion_mnist("train")[0][:100]


def test_errors_by_hand():
    # 7 * 0.1 + 0.4 * 1 = 1.1. Per tensor, 4 bits: a has scale 1, its 0.4 becomes 0, and 0.4 is
    # missing. b has scale 1 / 7, its 0.1 becomes 1 / 7, and 7 * (1 / 7 - 0.1) = 0.3 is too much.
    network = Network((1,), (dense("a", [[7.0, 0.4]]), dense("b", [[0.1], [1.0]])))
    errors = layer_errors(network, [[1.0]], bits=[4], per_channel=False)
    assert errors["a"][4] == pytest.approx(0.4**2)
    assert errors["b"][4] == pytest.approx(0.3**2)


def test_errors_are_those_of_one_layer_rounded_alone(net_b, images):
    errors = layer_errors(net_b, images, bits=(2, 4))
    assert list(errors) == [layer.name for layer in net_b.linear]
    reference = net_b(images)
    for name in ("stem", "block3_depthwise", "logits"):
        for bits in (2, 4):
            alone = round_weights(net_b, {name: bits})(images).astype(np.float64)
            assert errors[name][bits] == pytest.approx(np.mean((alone - reference) ** 2))


def test_first_layers_cost_most_per_tensor_in_net_b(net_b, images):
    # They have channels whose ranges differ most: the reason why this net is in the course.
    errors = layer_errors(net_b, images, bits=[8], per_channel=False)
    worst = max(errors, key=lambda name: errors[name][8])
    ranges = {
        layer.name: np.abs(layer.columns).max() / np.median(np.abs(layer.columns).max(axis=0))
        for layer in net_b.linear
    }
    assert worst == max(ranges, key=ranges.get)


def test_bytes_by_hand():
    # 3 x 3 x 1 x 5 = 45 weights: 45 bytes; 180 bits are 22.5 bytes; 90 bits are 11.25.
    layer = Linear("c", "conv", np.zeros((3, 3, 1, 5), np.float32), np.zeros(5, np.float32))
    sizes = weight_bytes(Network((3, 3, 1), (layer, GlobalMean("mean"))))
    assert list(sizes) == ["c"]
    assert (sizes["c"][8], sizes["c"][4], sizes["c"][2]) == (45, 23, 12)


def test_choice_by_hand():
    # 6 bytes: one of the layers gets 8 bits. a wins 5 by it, b only 3.
    errors = {"a": {4: 5.0, 8: 0.0}, "b": {4: 3.0, 8: 0.0}}
    sizes = {"a": {4: 2, 8: 4}, "b": {4: 2, 8: 4}}
    assert choose_bits(errors, sizes, 6) == {"a": 8, "b": 4}
    assert choose_bits(errors, sizes, 8) == {"a": 8, "b": 8}
    assert choose_bits(errors, sizes, 4) == {"a": 4, "b": 4}


def test_greedy_choice_would_be_worse():
    # Most error per byte is won in a (6 for 3 bytes), but b and c together win 7.6 for 4.
    errors = {"a": {4: 6.0, 8: 0.0}, "b": {4: 5.0, 8: 1.2}, "c": {4: 5.0, 8: 1.2}}
    sizes = {"a": {4: 1, 8: 4}, "b": {4: 1, 8: 3}, "c": {4: 1, 8: 3}}
    assert choose_bits(errors, sizes, 7) == {"a": 4, "b": 8, "c": 8}


def test_of_equal_errors_the_fewest_bytes_win():
    assert choose_bits({"a": {4: 1.0, 8: 1.0}}, {"a": {4: 2, 8: 4}}, 9) == {"a": 4}


layer_options = st.dictionaries(
    st.integers(2, 8), st.tuples(st.floats(0, 100), st.integers(0, 20)), min_size=1, max_size=4
)


@given(st.lists(layer_options, min_size=1, max_size=4), st.integers(0, 80))
def test_choice_is_the_best_of_all(options, budget):
    names = [f"layer{number}" for number in range(len(options))]
    errors = {n: {b: e for b, (e, _) in o.items()} for n, o in zip(names, options, strict=True)}
    sizes = {n: {b: s for b, (_, s) in o.items()} for n, o in zip(names, options, strict=True)}
    possible = [
        (sum(errors[n][b] for n, b in zip(names, bits, strict=True)), bits)
        for bits in product(*options)
        if sum(sizes[n][b] for n, b in zip(names, bits, strict=True)) <= budget
    ]
    if not possible:
        with pytest.raises(ValueError, match=f"{budget} bytes are too few: the smallest"):
            choose_bits(errors, sizes, budget)
        return
    chosen = choose_bits(errors, sizes, budget)
    assert sum(sizes[n][b] for n, b in chosen.items()) <= budget
    assert sum(errors[n][b] for n, b in chosen.items()) == pytest.approx(min(possible)[0])


def test_mixed_bits_beat_four_bits_everywhere_in_as_many_bytes(net_b, images):
    unseen = load_fashion_mnist("validation")[0][:500]
    sizes = weight_bytes(net_b)
    budget = sum(by_width[4] for by_width in sizes.values())
    chosen = choose_bits(layer_errors(net_b, images, bits=range(2, 9)), sizes, budget)
    assert sum(sizes[name][bits] for name, bits in chosen.items()) <= budget
    assert len(set(chosen.values())) > 1
    wanted = net_b(unseen).astype(np.float64)
    mixed, uniform = (
        np.mean((round_weights(net_b, bits)(unseen) - wanted) ** 2) for bits in (chosen, 4)
    )
    assert mixed < uniform


def test_too_small_a_budget_names_the_least():
    with pytest.raises(ValueError, match="3 bytes are too few: the smallest choice has 4"):
        choose_bits({"a": {4: 1.0, 8: 0.0}}, {"a": {4: 4, 8: 8}}, 3)


@pytest.mark.parametrize("bad", [np.nan, -1.0])
def test_errors_must_be_numbers(bad):
    with pytest.raises(ValueError, match="errors of layer 'a' must be numbers >= 0"):
        choose_bits({"a": {4: bad}}, {"a": {4: 1}}, 10)


@pytest.mark.parametrize(
    ("errors", "sizes"), [({}, {4: 1}), ({4: 1.0}, {}), ({4: 1.0, 8: 0.0}, {4: 1})]
)
def test_every_width_needs_an_error_and_a_size(errors, sizes):
    with pytest.raises(ValueError, match="layer 'a' needs errors for at least one width, and siz"):
        choose_bits({"a": errors}, {"a": sizes}, 10)


def test_bad_input_is_refused(net_b):
    with pytest.raises(ValueError, match="with N >= 1"):
        layer_errors(net_b, np.zeros((0, 28, 28, 1)))
    with pytest.raises(ValueError, match="2 to 8 bits here, got 1"):
        layer_errors(net_b, np.zeros((1, 28, 28, 1)), bits=[1])
    with pytest.raises(ValueError, match="fold_batch_norms first"):
        layer_errors(from_keras(nets.load("net_b")), np.zeros((1, 28, 28, 1)))
