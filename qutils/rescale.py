"""A stress test: the same function with channel ranges that differ by powers of two.

It is made, not found: nothing says that trained networks look so. It shows how the loss by
quantization grows with the spread of ranges, all else being equal.
"""

import numpy as np

from qutils.network import Network
from qutils.repair import divide_channels

__all__ = ["rescale"]


def rescale(network: Network, exponent: int, seed: int = 0) -> Network:
    """Multiply each channel between two layers by ``2**exponent`` or ``2**-exponent``, at random.

    Parameters
    ----------
    network
        Batch norms folded, activations ReLU or none (see `qutils.repair.drop_ceilings`).
    exponent
        At least 0. The largest and the smallest factor differ by ``4**exponent``.
    seed
        Decides which channels grow.

    Returns
    -------
    Network
        The same function. Powers of two only move exponents, so that the outputs are those of
        `network` to the last bit, as long as the order of summation is the same.

    Raises
    ------
    ValueError
        The exponent is negative, or a batch norm is not folded.

    Notes
    -----
    The reverse of cross-layer equalization, which undoes it: `qutils.repair.equalize` makes the
    same network of both. Nagel et al., arXiv:1906.04721, section 4.1, on the scaling that a ReLU
    lets through.
    """
    if exponent < 0:
        raise ValueError(f"exponent must be at least 0, got {exponent}")
    random = np.random.default_rng(seed)
    hidden = network.linear[:-1]
    divisors = {
        layer.name: 2.0 ** (exponent * random.choice([-1, 1], layer.channels)) for layer in hidden
    }
    return divide_channels(network, divisors)
