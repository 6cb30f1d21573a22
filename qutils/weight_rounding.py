"""Weights on few bits: rounded to the nearest, or by what the layer's output loses (AdaRound).

Kernels are quantized symmetrically, and come back dequantized: the networks stay float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import QuantParams, choose_quant_params, fake_quantize
from qutils.network import Layer, Linear, Network

__all__ = ["adaround", "round_adaptively", "round_nearest", "round_weights", "weight_params"]

# The rectified sigmoid reaches past 0 and 1, so that it can arrive there.
_LOW, _HIGH = -0.1, 1.1
# The regularizer's weight beside the reconstruction error, and its exponent's way.
_REGULARIZER = 3.0
_FIRST_EXPONENT, _LAST_EXPONENT = 20.0, 2.0
_WARM_UP = 0.2
# Adam's.
_RATE, _DECAY, _SQUARE_DECAY, _TINY = 0.03, 0.9, 0.999, 1e-8


def weight_params(layer: Linear, bits: int = 8, per_channel: bool = True) -> QuantParams:
    """Choose how a layer's kernel is quantized: symmetric, to its largest absolute value.

    Parameters
    ----------
    layer
        With K weights in each of its C output channels.
    bits
        2 to 8.
    per_channel
        Whether each output channel gets a scale of its own.

    Returns
    -------
    QuantParams
        For ``layer.columns``, the kernel as (K, C). A dead channel has scale 1.

    Raises
    ------
    ValueError
        Bits outside 2..8, or NaN or infinity among the weights; the layer is named.

    Notes
    -----
    ``scale = max |w| / (2**(bits - 1) - 1)``, zero point 0, over a column or the whole kernel:
    the weights of TFLite's 8-bit quantization specification, for any number of bits.

    Examples
    --------
    >>> layer = Linear("a", "dense", np.float32([[1.27, -2.54]]), np.zeros(2, np.float32))
    >>> weight_params(layer).scale, weight_params(layer, per_channel=False).scale
    (array([0.01, 0.02], dtype=float32), np.float32(0.02))
    """
    if bits not in range(2, 9):
        raise ValueError(f"layer {layer.name!r}: weights have 2 to 8 bits here, got {bits}")
    if not np.isfinite(layer.kernel).all():
        raise ValueError(
            f"layer {layer.name!r}: NaN or infinity among the weights, as after a training that "
            "diverged: train again with a smaller learning rate"
        )
    return choose_quant_params(
        layer.columns, bits=bits, symmetric=True, axis=1 if per_channel else None
    )


def round_nearest(layer: Linear, bits: int = 8, per_channel: bool = True) -> Linear:
    """Round every weight of a layer to the nearest multiple of its scale, ties away from zero.

    Parameters
    ----------
    layer
        With weights as they were.
    bits, per_channel
        As for `weight_params`, whose errors it raises.

    Returns
    -------
    Linear
        ``kernel' = scale * clip(round(kernel / scale), qmin, qmax)``, float32, the same shape.

    Examples
    --------
    With 2 bits there are -1, 0 and 1 times the scale, which is 1 here, per tensor:

    >>> layer = Linear("a", "dense", np.float32([[1.0, 0.5, -0.4]]), np.zeros(3, np.float32))
    >>> round_nearest(layer, bits=2, per_channel=False).kernel.tolist()
    [[1.0, 1.0, 0.0]]
    """
    params = weight_params(layer, bits, per_channel)
    return layer.with_columns(fake_quantize(layer.columns, params))


def round_weights(
    network: Network, bits: int | Mapping[str, int] = 8, per_channel: bool = True
) -> Network:
    """Round every weight to the nearest that `bits` can hold: the plain way, to be repaired.

    Parameters
    ----------
    network
        Batch norms folded.
    bits
        2 to 8 for all layers, or bits by the name of the layer; layers without stay as they are.
    per_channel
        As for `weight_params`.

    Returns
    -------
    Network
        With kernels of dequantized values. Biases, which a file holds in 32 bits, stay.

    Raises
    ------
    ValueError
        A batch norm is not folded, a name belongs to no layer, or bits outside 2..8.
    """
    chosen = _bits_by_name(network, bits)

    return network.map_linear(
        lambda layer: (
            round_nearest(layer, chosen[layer.name], per_channel) if layer.name in chosen else layer
        )
    )


def _bits_by_name(network: Network, bits: int | Mapping[str, int]) -> Mapping[str, int]:
    network.check_folded()
    names = [layer.name for layer in network.linear]
    chosen = bits if isinstance(bits, Mapping) else dict.fromkeys(names, bits)
    if unknown := [name for name in chosen if name not in names]:
        raise ValueError(f"bits for layers that the network does not have: {', '.join(unknown)}")
    return chosen


def adaround(
    network: Network,
    inputs: ArrayLike,
    bits: int | Mapping[str, int] = 4,
    per_channel: bool = True,
    iterations: int = 500,
) -> Network:
    """Round each weight up or down, so that each layer's outputs stay closest: AdaRound.

    Layer by layer from the front, each on what the layers before it, already rounded, hand on.

    Parameters
    ----------
    network
        Batch norms folded.
    inputs
        (N, ...), a few hundred typical ones.
    bits, per_channel
        As for `round_weights`.
    iterations
        Steps of Adam per layer, at least 1.

    Returns
    -------
    Network
        With kernels of dequantized values, each a neighbor of its weight on the same grid as that
        of `round_weights`.

    Raises
    ------
    ValueError
        As for `round_weights`; inputs that are empty, of another shape, or hold NaN; no
        iterations.

    Notes
    -----
    See `round_adaptively`. Deterministic: there is no random number in it.
    """
    if iterations < 1:
        raise ValueError(f"adaround needs at least 1 iteration, got {iterations}")
    chosen = _bits_by_name(network, bits)
    x = approximate = network.checked(inputs)
    rounded: list[Layer] = []
    for layer in network.layers:
        new = layer
        if isinstance(layer, Linear) and layer.name in chosen:
            new = round_adaptively(
                layer, x, approximate, chosen[layer.name], per_channel, iterations
            )
        x, approximate = layer(x), new(approximate)
        rounded.append(new)
    return replace(network, layers=tuple(rounded))


def round_adaptively(
    layer: Linear,
    x: NDArray[np.float32],
    approximate: NDArray[np.float32],
    bits: int = 4,
    per_channel: bool = True,
    iterations: int = 500,
) -> Linear:
    """Round one layer's weights up or down, by what its sums lose.

    With the scale s of `weight_params`, each weight w becomes ``s (floor(w / s) + h)``, h between
    0 and 1. Minimized over all h, by Adam::

        |x W - approximate W'|^2 / (the same for the nearest rounding)
            + 3 mean(1 - |2 h - 1|^beta)

    where h = clip(1.2 sigmoid(v) - 0.1, 0, 1) and v is what is learned. The second term pushes
    each h to 0 or 1: not at all for the first fifth of the steps, then with a beta that falls from
    20 (h near 0 or 1 only) to 2 (everywhere). In the end h is rounded. An output channel for
    which that is worse, on these inputs, than the nearest rounding, is rounded to the nearest.

    Parameters
    ----------
    layer
        With weights as they were.
    x
        Its inputs in the original network, (N, ...).
    approximate
        Its inputs in the quantized network, the same shape.
    bits, per_channel, iterations
        As for `adaround`.

    Returns
    -------
    Linear

    Notes
    -----
    Nagel et al. 2020, arXiv:2004.10568: the regularizer is their equation 24, the error, on inputs
    of the quantized network, their equation 25. Two deliberate differences: the activation
    is left out of the error, so that it is a quadratic form in W', computed for all inputs at once
    from the K x K products of inputs (the paper draws batches); and the error is relative,
    so that one regularizer weight serves layers of any size.
    """
    params = weight_params(layer, bits, per_channel)
    nearest = round_nearest(layer, bits, per_channel)
    error = _Reconstruction.of(layer, x, approximate)
    target = error.of_columns(nearest.columns)
    if not target.any():
        return nearest
    scale = np.asarray(params.scale, np.float64)
    steps = layer.columns / scale
    # The largest weight may lie on qmax itself: then it has room below alone.
    down = np.clip(np.floor(steps), params.qmin, params.qmax - 1)
    up = _learn(error, scale, down, np.clip(steps - down, 0.0, 1.0), target.sum(), iterations)
    columns = np.where(
        error.of_columns(scale * (down + up)) < target, scale * (down + up), nearest.columns
    )
    return layer.with_columns(columns)


@dataclass(frozen=True, eq=False)
class _Reconstruction:
    """Mean squared error of a layer's sums as a function of its columns (K, C).

    ``|x W - a W'|^2 = W'^T (a^T a) W' - 2 W'^T (a^T x W) + |x W|^2``, per position and channel.
    """

    layer: Linear
    products: NDArray[np.float64]  # a^T a, (groups, K, K)
    wanted: NDArray[np.floating]  # a^T x W, (K, C)
    energy: NDArray[np.float64]  # |x W|^2, (C,)

    @classmethod
    def of(
        cls, layer: Linear, x: NDArray[np.float32], approximate: NDArray[np.float32]
    ) -> "_Reconstruction":
        seen, seen_approximately = (
            layer.patches(values).astype(np.float64) for values in (x, approximate)
        )
        count = seen.shape[1]
        sums = seen @ layer.grouped(layer.columns)
        transposed = seen_approximately.transpose(0, 2, 1)
        return cls(
            layer,
            transposed @ seen_approximately / count,
            layer.ungrouped(transposed @ sums / count),
            (sums**2).mean(axis=1).reshape(-1),
        )

    def half_gradient(self, columns: NDArray[np.floating]) -> NDArray[np.floating]:
        layer = self.layer
        return layer.ungrouped(self.products @ layer.grouped(columns)) - self.wanted

    def of_columns(self, columns: NDArray[np.floating]) -> NDArray[np.floating]:
        errors = (columns * (self.half_gradient(columns) - self.wanted)).sum(axis=0) + self.energy
        return np.maximum(errors, 0.0)


def _learn(
    error: _Reconstruction,
    scale: NDArray[np.float64],
    down: NDArray[np.float64],
    fraction: NDArray[np.float64],
    unit: float,
    iterations: int,
) -> NDArray[np.float64]:
    """Return 0 or 1 for every weight: whether it goes up from `down`."""
    # v that gives h = fraction: what the layer computes does not change at first.
    v = -np.log((_HIGH - _LOW) / (fraction - _LOW) - 1.0)
    first, second = np.zeros_like(v), np.zeros_like(v)
    for step in range(1, iterations + 1):
        sigmoid = 1.0 / (1.0 + np.exp(-v))
        unclipped = (_HIGH - _LOW) * sigmoid + _LOW
        h = np.clip(unclipped, 0.0, 1.0)
        slope = 2.0 * error.half_gradient(scale * (down + h)) * scale / unit
        slope += _regularizer_slope(h, step / iterations)
        moving = (unclipped > 0.0) & (unclipped < 1.0)
        slope *= moving * (_HIGH - _LOW) * sigmoid * (1.0 - sigmoid)
        first = _DECAY * first + (1.0 - _DECAY) * slope
        second = _SQUARE_DECAY * second + (1.0 - _SQUARE_DECAY) * slope**2
        mean, square = first / (1.0 - _DECAY**step), second / (1.0 - _SQUARE_DECAY**step)
        v = v - _RATE * mean / (np.sqrt(square) + _TINY)
    return (v >= 0.0).astype(np.float64)


def _regularizer_slope(h: NDArray[np.float64], progress: float) -> NDArray[np.float64] | float:
    """Return the derivative of the regularizer by h when `progress`, 0 to 1, is done."""
    if progress < _WARM_UP:
        return 0.0
    rest = (1.0 - progress) / (1.0 - _WARM_UP)
    beta = _LAST_EXPONENT + (_FIRST_EXPONENT - _LAST_EXPONENT) * rest
    distance = 2.0 * h - 1.0
    return -_REGULARIZER * 2.0 * beta * np.sign(distance) * np.abs(distance) ** (beta - 1) / h.size
