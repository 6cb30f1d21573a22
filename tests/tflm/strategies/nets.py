"""Whole networks, every activation an output, so that each layer is compared."""

from collections.abc import Callable

import numpy as np
from random_nets import Net, network

Case = Callable[[np.random.Generator], bytes]


def _content(net: Net) -> bytes:
    return net.graph(all_outputs=True).to_bytes()


def _int8(rng: np.random.Generator) -> bytes:
    return _content(network(int(rng.integers(2**32))))


def _float32(rng: np.random.Generator) -> bytes:
    net = network(int(rng.integers(2**32)), "FLOAT32")
    # SOFTMAX in float32 has a case and a bound of its own.
    net.operators.pop()
    net.activations.pop()
    net.tensors.pop()
    return _content(net)


CASES: dict[str, Case] = {"network int8": _int8, "network float32": _float32}
