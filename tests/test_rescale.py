"""The stress test: functions stay, ranges spread, equalization undoes it."""

import numpy as np
import pytest

from qutils.network import Network
from qutils.repair import divide_channels, drop_ceilings, equalize, fold_batch_norms
from qutils.rescale import rescale
from tests.plain_networks import dense, trained


def test_divide_by_hand():
    network = Network((1,), (dense("a", [[8, 2]], [4, 6], relu=True), dense("b", [[1], [3]], [5])))
    a, b = divide_channels(network, {"a": [4, 0.5]}).linear
    assert a.kernel.tolist() == [[2, 4]]
    assert a.bias.tolist() == [1, 12]
    assert b.kernel.tolist() == [[4], [1.5]]
    assert b.bias.tolist() == [5]


@pytest.mark.parametrize("exponent", range(5))
def test_function_stays_and_ranges_spread(exponent):
    network = fold_batch_norms(trained("net_b"))
    rescaled = rescale(network, exponent)
    x = np.random.default_rng(0).random((4, 28, 28, 1), np.float32)
    assert np.array_equal(rescaled(x), network(x))
    factors = np.abs(rescaled.linear[0].columns).max(0) / np.abs(network.linear[0].columns).max(0)
    assert set(factors) == {2.0**exponent, 2.0**-exponent}


def test_equalization_undoes_it():
    network = drop_ceilings(fold_batch_norms(trained("net_b")))
    expected, found = equalize(network), equalize(rescale(network, 3))
    for one, other in zip(expected.linear, found.linear, strict=True):
        # Equalization ends when no factor moves by more than 1e-6, in each of 12 layers.
        assert np.allclose(other.kernel, one.kernel, rtol=1e-4, atol=1e-7)


def test_bad_requests():
    network = Network((1,), (dense("a", [[1]], [0]), dense("b", [[1]], [0])))
    with pytest.raises(ValueError, match="at least 0, got -1"):
        rescale(network, -1)
    with pytest.raises(ValueError, match="'b' has no layer behind it"):
        divide_channels(network, {"b": [2]})
    for bad in ([0], [-1], [1, 1]):
        with pytest.raises(ValueError, match="a: divisors must be 1 positive"):
            divide_channels(network, {"a": bad})
