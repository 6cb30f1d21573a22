"""Repairs of a network that loses by quantization: folding, equalization, corrected biases.

All of them take and return descriptions of networks (`qutils.network`), and change none. The
rounding of weights, AdaRound too, stands in `qutils.weight_rounding`, the choice of bits per layer
in `qutils.sensitivity`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import erf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.network import GlobalMean, Linear, MaxPool, Network, Reshape, Statistics
from qutils.qat import fold_batch_norm

__all__ = [
    "correct_biases",
    "correct_biases_empirically",
    "divide_channels",
    "drop_ceilings",
    "equalize",
    "expected_outputs",
    "fold_batch_norms",
]

# Scales of equalization are found when a pass over all pairs changes none by more than this.
_SETTLED = 1e-6
_PASSES = 1000


def fold_batch_norms(network: Network) -> Network:
    """Fold every batch norm into the kernel and bias before it.

    Parameters
    ----------
    network
        With batch norms or without.

    Returns
    -------
    Network
        The same function up to rounding. Each layer that had a batch norm keeps what that norm
        tells of its sums, as `Statistics`: mean ``beta`` and standard deviation ``|gamma|``.

    Notes
    -----
    The formula is that of `qutils.qat.fold_batch_norm`: Krishnamoorthi 2018, arXiv:1806.08342,
    section 3.2.2. A channel of gamma 0 gets a kernel of zeros: a dead channel.
    """
    return network.map_linear(_folded)


def _folded(layer: Linear) -> Linear:
    norm = layer.norm
    if norm is None:
        return layer
    kernel, bias = fold_batch_norm(
        layer.kernel,
        layer.bias,
        gamma=norm.gamma,
        beta=norm.beta,
        mean=norm.mean,
        variance=norm.variance,
        epsilon=norm.epsilon,
    )
    statistics = Statistics(norm.beta, np.abs(norm.gamma))
    return replace(layer, kernel=kernel, bias=bias, norm=None, statistics=statistics)


def drop_ceilings(network: Network) -> Network:
    """Replace ReLU6 by ReLU, as Nagel et al. do before they equalize.

    The function changes for inputs that drive a value above 6, and only for them. `equalize`
    itself preserves ReLU6, but by ceilings per channel, which no ``.tflite`` file can hold.
    """
    return network.map_linear(lambda layer: replace(layer, ceiling=None))


def equalize(network: Network) -> Network:
    """Cross-layer equalization: give each channel the same range of weights on both of its sides.

    A ReLU lets a positive factor through, ``relu(s x) = s relu(x)``; and so do pooling and
    flattening. Dividing output channel i of one layer by s_i and multiplying input channel i of
    the next by s_i changes nothing then, and::

        s_i = sqrt(r1_i / r2_i),  r1_i = max |kernel1[..., i]|,  r2_i = max |kernel2[..., i, :]|

    makes both ranges ``sqrt(r1_i r2_i)``. All pairs of layers in a row are equalized, over and
    over, until the factors stay.

    Parameters
    ----------
    network
        Batch norms folded.

    Returns
    -------
    Network
        The same function up to the rounding of each weight to float32. Biases, statistics and the
        ceilings of ReLU6 are divided by s_i, too. A channel whose range on either side is no more
        than the rounding of that layer's largest weight (dead, or gamma near 0) keeps its factor
        1: its weights say nothing, and a factor would only blow up its bias.

    Raises
    ------
    ValueError
        A batch norm is not folded.

    Notes
    -----
    Nagel et al. 2019, arXiv:1906.04721, section 4.1 and appendix A; with the ceilings as in their
    remark on piecewise linear activations. What is not preserved is the range of activations:
    where s_i < 1, channel i grows. Their absorption of high biases is left out, for it holds
    only approximately.

    Examples
    --------
    >>> first = Linear("a", "dense", np.float32([[8.0, 2.0]]), np.float32([0, 4]), relu=True)
    >>> second = Linear("b", "dense", np.float32([[2.0], [8.0]]), np.float32([0]))
    >>> a, b = equalize(Network((1,), (first, second))).linear
    >>> a.kernel.tolist(), a.bias.tolist(), b.kernel.tolist()
    ([[4.0, 4.0]], [0.0, 8.0], [[4.0], [4.0]])
    """
    network.check_folded()
    pairs = list(_pairs(network))
    kernels = {layer.name: layer.columns.astype(np.float64) for layer in network.linear}
    scales = {layer.name: np.ones(layer.channels) for layer in network.linear}
    for _ in range(_PASSES):
        moved = 0.0
        for first, second in pairs:
            # The kernels of this pass; the second's seen by input channel: (K, inputs, rest).
            rows = kernels[second.name].reshape(-1, first.channels, second.kernel.shape[-1])
            s = _factors(np.abs(kernels[first.name]).max(axis=0), np.abs(rows).max(axis=(0, 2)))
            kernels[first.name] = kernels[first.name] / s
            kernels[second.name] = (rows * s[:, np.newaxis]).reshape(-1, second.channels)
            scales[first.name] *= s
            moved = max(moved, np.abs(np.log(s)).max())
        if moved < _SETTLED:
            break
    return divide_channels(network, {first.name: scales[first.name] for first, _ in pairs})


def divide_channels(network: Network, divisors: Mapping[str, ArrayLike]) -> Network:
    """Divide a layer's output channels by positive factors, and multiply by them in the next.

    Parameters
    ----------
    network
        Batch norms folded.
    divisors
        By the name of the layer: (C,), positive.

    Returns
    -------
    Network
        The same function up to the rounding of each weight to float32.

    Raises
    ------
    ValueError
        A batch norm is not folded, no layer of that name has a layer behind it that can make up
        for the division, or the divisors are not C positive numbers.
    """
    network.check_folded()
    pairs = {first.name: (first, second) for first, second in _pairs(network)}
    after: dict[str, NDArray[np.float64]] = {}
    before: dict[str, NDArray[np.float64]] = {}
    for name, given in divisors.items():
        if name not in pairs:
            raise ValueError(f"{name!r} has no layer behind it that takes its channels one by one")
        first, second = pairs[name]
        values = np.asarray(given, np.float64)
        if values.shape != (first.channels,) or not ((values > 0) & (values < np.inf)).all():
            raise ValueError(f"{name}: divisors must be {first.channels} positive numbers")
        after[name], before[second.name] = values, values
    return network.map_linear(
        lambda layer: _divided(layer, after.get(layer.name), before.get(layer.name))
    )


def _pairs(network: Network) -> Iterator[tuple[Linear, Linear]]:
    """Yield layers that follow each other with only pooling and flattening between."""
    transparent = [
        layer
        for layer in network.layers
        if not isinstance(layer, MaxPool | GlobalMean) and layer != Reshape(layer.name, (-1,))
    ]
    for first, second in pairwise(transparent):
        if isinstance(first, Linear) and isinstance(second, Linear):
            yield first, second


def _factors(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sqrt(first / second), and 1 where a range is nothing but rounding."""
    rounding = np.finfo(np.float32).eps
    alive = (first > rounding * first.max()) & (second > rounding * second.max())
    return np.sqrt(np.where(alive, first, 1.0) / np.where(alive, second, 1.0))


def _divided(
    layer: Linear, after: NDArray[np.float64] | None, before: NDArray[np.float64] | None
) -> Linear:
    """Divide what a layer hands on by `after`, where its inputs were divided by `before`."""
    columns = layer.columns.astype(np.float64)
    if before is not None:
        rows = columns.reshape(-1, len(before), layer.kernel.shape[-1])
        columns = (rows * before[:, np.newaxis]).reshape(columns.shape)
    if after is None:
        return layer.with_columns(columns)
    statistics = layer.statistics and Statistics(
        (layer.statistics.mean / after).astype(np.float32),
        (layer.statistics.deviation / after).astype(np.float32),
    )
    ceiling = None if layer.ceiling is None else (layer.ceiling / after).astype(np.float32)
    bias = (layer.bias / after).astype(np.float32)
    divided = replace(layer, bias=bias, ceiling=ceiling, statistics=statistics)
    return divided.with_columns(columns / after)


def expected_outputs(layer: Linear) -> NDArray[np.float64] | None:
    """Return the mean of each output channel, from the batch norm that was folded.

    Before the activation a channel is taken as normal with mean mu and deviation sigma. A value
    clipped to [0, c] has then the mean, with ``a = -mu / sigma``, ``b = (c - mu) / sigma``::

        mu (Phi(b) - Phi(a)) + sigma (phi(a) - phi(b)) + c (1 - Phi(b))

    Returns
    -------
    float64 (C,), or None where no batch norm has told the statistics.

    Notes
    -----
    Nagel et al. 2019, arXiv:1906.04721, section 4.2 and, for the clipped normal, appendix C.

    Examples
    --------
    A standard normal after a ReLU has the mean 1 / sqrt(2 pi):

    >>> normal = Statistics(np.float32([0]), np.float32([1]))
    >>> layer = Linear("a", "dense", np.float32([[1]]), np.float32([0]), relu=True,
    ...                statistics=normal)
    >>> expected_outputs(layer).round(4).tolist()
    [0.3989]
    """
    if layer.statistics is None:
        return None
    mu, sigma = (
        np.asarray(values, np.float64)
        for values in (layer.statistics.mean, layer.statistics.deviation)
    )
    low = np.full(len(mu), 0.0 if layer.relu else -np.inf)
    high = np.full(len(mu), np.inf) if layer.ceiling is None else layer.ceiling.astype(np.float64)
    # A constant channel is a normal one in the limit; any tiny sigma gives its clipped value.
    sigma = np.maximum(sigma, 1e-12)
    (below, at_low), (above, at_high) = (_normal((end - mu) / sigma) for end in (low, high))
    inside = mu * (above - below) + sigma * (at_low - at_high)
    clipped_low, clipped_high = (np.where(np.isfinite(end), end, 0.0) for end in (low, high))
    return inside + clipped_low * below + clipped_high * (1.0 - above)


def _normal(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the standard normal's distribution function and density."""
    distribution = np.array([0.5 * (1.0 + erf(value / np.sqrt(2.0))) for value in z])
    return distribution, np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)


def correct_biases(
    network: Network, quantized: Network, input_mean: ArrayLike | None = None
) -> Network:
    """Take away the mean error that rounded weights cause, without any data.

    A weight error dW shifts the mean of an output by ``dW E[x]``: that is subtracted from the
    bias. E[x] comes from the batch norm before (`expected_outputs`), the same at every position.

    Parameters
    ----------
    network
        Batch norms folded, weights as they were.
    quantized
        The same network with rounded weights.
    input_mean
        Mean of each channel of the network's input; without, the first layer stays as it is.

    Returns
    -------
    Network
        `quantized` with other biases. A layer stays as it is where E[x] is unknown: behind a layer
        that had no batch norm, behind pooling by maximum, behind a reshape that does not flatten.

    Raises
    ------
    ValueError
        The two networks have different layers, a batch norm is not folded, or `input_mean` has
        another number of channels than the input or is not finite.

    Notes
    -----
    Nagel et al. 2019, arXiv:1906.04721, section 4.2 and, for convolutions, appendix B. At the
    border of an image, where padding is 0, E[x] is taken too large, there as here.
    """
    _check_same(network, quantized)
    expected = None if input_mean is None else np.asarray(input_mean, np.float64)
    if expected is not None and expected.shape != network.input_shape[-1:]:
        raise ValueError(
            f"input_mean must hold one number for each of {network.input_shape[-1]} channels, got "
            f"shape {expected.shape}"
        )
    if expected is not None and not np.isfinite(expected).all():
        raise ValueError(f"input_mean must be finite, got {expected}")
    corrected = []
    for layer, rounded in zip(network.layers, quantized.layers, strict=True):
        if isinstance(layer, Linear) and isinstance(rounded, Linear):
            if expected is not None:
                shift = _mean_shift(layer, rounded, expected)
                rounded = replace(rounded, bias=(rounded.bias - shift).astype(np.float32))
            expected = expected_outputs(layer)
        elif not isinstance(layer, GlobalMean) and layer != Reshape(layer.name, (-1,)):
            expected = None
        corrected.append(rounded)
    return replace(quantized, layers=tuple(corrected))


def _mean_shift(
    layer: Linear, rounded: Linear, expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return dW E[x], (C,)."""
    error = rounded.kernel.astype(np.float64) - layer.kernel
    rows = error.reshape(-1, len(expected), layer.kernel.shape[-1]) * expected[:, np.newaxis]
    per_input = rows.sum(axis=0)
    return per_input.reshape(-1) if layer.kind == "depthwise" else per_input.sum(axis=0)


def correct_biases_empirically(network: Network, quantized: Network, inputs: ArrayLike) -> Network:
    """Take away the mean error of each layer's sums, as measured on inputs.

    Layer by layer from the front, ``bias -= mean(quantized sums - sums)``, over inputs and
    positions, before the activation; the quantized network runs on its own corrected values.

    Parameters
    ----------
    network
        Batch norms folded, weights as they were.
    quantized
        The same network with rounded weights.
    inputs
        (N, ...), a few hundred typical ones.

    Returns
    -------
    Network
        `quantized` with other biases.

    Raises
    ------
    ValueError
        The two networks have different layers, a batch norm is not folded, or inputs are empty,
        of another shape, or hold NaN.

    Notes
    -----
    Nagel et al. 2019, arXiv:1906.04721, appendix D.
    """
    _check_same(network, quantized)
    x = approximate = network.checked(inputs)
    corrected = []
    for layer, rounded in zip(network.layers, quantized.layers, strict=True):
        if isinstance(layer, Linear) and isinstance(rounded, Linear):
            error = rounded.before_activation(approximate) - layer.before_activation(x)
            shift = error.mean(axis=tuple(range(error.ndim - 1)), dtype=np.float64)
            rounded = replace(rounded, bias=(rounded.bias - shift).astype(np.float32))
        x, approximate = layer(x), rounded(approximate)
        corrected.append(rounded)
    return replace(quantized, layers=tuple(corrected))


def _check_same(network: Network, quantized: Network) -> None:
    network.check_folded()
    quantized.check_folded()
    names, others = (
        [(layer.name, type(layer).__name__) for layer in one.layers] for one in (network, quantized)
    )
    if names != others:
        raise ValueError(f"not the same network: its layers are {names}, the quantized's {others}")
