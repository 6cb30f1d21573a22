"""Small and trained networks as plain values, for the tests of the repairs."""

from dataclasses import replace
from functools import cache

import numpy as np

from qutils import nets
from qutils.describe import from_keras
from qutils.network import Linear, MaxPool, Network, Reshape


def floats(*values):
    return np.array(values, np.float32)


def dense(name, kernel, bias, **more):
    return Linear(name, "dense", np.array(kernel, np.float32), floats(*bias), **more)


@cache
def trained(name: str) -> Network:
    return from_keras(nets.load(name))


def mean_squared(a, b) -> float:
    return float(np.mean((a.astype(np.float64) - b) ** 2))


def random_network(seed: int) -> tuple[Network, np.ndarray]:
    """Every kind of linear layer, ranges of channels that differ by up to 256, and inputs."""
    random = np.random.default_rng(seed)

    def weights(*shape):
        spread = 2.0 ** random.integers(-4, 5, shape[-1])
        return (random.normal(size=shape) * spread / np.sqrt(np.prod(shape[:-1]))).astype("f4")

    def layer(name, kind, kernel, **more):
        channels = kernel.shape[-1] * (kernel.shape[2] if kind == "depthwise" else 1)
        return Linear(name, kind, kernel, weights(channels), relu=True, **more)

    six = np.full(6, 6, np.float32)
    layers = (
        layer("conv", "conv", weights(3, 3, 2, 3), padding="same"),
        layer("depthwise", "depthwise", weights(2, 2, 3, 2), ceiling=six, strides=(2, 1)),
        MaxPool("pool", (2, 2), (1, 1), "same"),
        layer("pointwise", "conv", weights(1, 1, 6, 4)),
        Reshape("flatten", (-1,)),
        replace(layer("logits", "dense", weights(4 * 3 * 5, 3)), relu=False),
    )
    return Network((6, 6, 2), layers), random.normal(size=(8, 6, 6, 2)).astype(np.float32)
