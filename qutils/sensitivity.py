"""Which layer costs most when it is quantized, and how many bits each may have in a byte budget."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from qutils.network import Linear, Network
from qutils.weight_rounding import round_nearest

__all__ = ["BitErrors", "choose_bits", "layer_errors", "weight_bytes"]

# An error for each number of bits, for each layer by its name.
BitErrors = Mapping[str, Mapping[int, float]]


def weight_bytes(network: Network) -> dict[str, dict[int, int]]:
    """Return the bytes of each layer's kernel with 2 to 8 bits, packed without gaps.

    Biases and scales are not counted. A ``.tflite`` file holds kernels of 8 and of 4 bits; other
    widths occupy the next larger of these there, and save nothing.

    Examples
    --------
    >>> layer = Linear("a", "dense", np.ones((3, 3), np.float32), np.zeros(3, np.float32))
    >>> sizes = weight_bytes(Network((3,), (layer,)))["a"]
    >>> sizes[8], sizes[4], sizes[2]
    (9, 5, 3)
    """
    return {
        layer.name: {bits: -(-layer.kernel.size * bits // 8) for bits in range(2, 9)}
        for layer in network.linear
    }


def layer_errors(
    network: Network,
    inputs: ArrayLike,
    bits: Iterable[int] = (2, 4, 8),
    per_channel: bool = True,
) -> dict[str, dict[int, float]]:
    """Measure what each layer costs when its weights alone are rounded to the nearest.

    Parameters
    ----------
    network
        Batch norms folded.
    inputs
        (N, ...), a few hundred typical ones.
    bits
        Widths to try, 2 to 8.
    per_channel
        Whether each output channel has a scale of its own.

    Returns
    -------
    dict
        Layer name -> bits -> mean squared error of the network's outputs, in their unit squared.
        The layer that costs most: ``max(errors, key=lambda name: errors[name][4])``.

    Raises
    ------
    ValueError
        A batch norm is not folded; bits outside 2..8; inputs that are empty, of another shape, or
        hold NaN.

    Notes
    -----
    ``mean((rounded(x) - network(x))**2)``, where one layer alone is `rounded`. Wu et al. 2020,
    arXiv:2004.09602, quantize one layer at a time, too; their measure is the accuracy, which
    needs labels.

    Examples
    --------
    A weight of 2.4 beside one of 7 becomes 2 with 4 bits, whose steps are 1 wide:

    >>> layer = Linear("a", "dense", np.float32([[7.0, 2.4]]), np.zeros(2, np.float32))
    >>> errors = layer_errors(Network((1,), (layer,)), [[1.0]], bits=(4,), per_channel=False)
    >>> round(errors["a"][4], 6)
    0.08
    """
    network.check_folded()
    widths = tuple(bits)
    x = network.checked(inputs)
    reference = network(x)
    errors: dict[str, dict[int, float]] = {}
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Linear):
            errors[layer.name] = {}
            for width in widths:
                outputs = round_nearest(layer, width, per_channel)(x)
                for after in network.layers[index + 1 :]:
                    outputs = after(outputs)
                difference = (outputs - reference).astype(np.float64)
                errors[layer.name][width] = float(np.mean(difference**2))
        x = layer(x)
    return errors


def choose_bits(
    errors: BitErrors, sizes: Mapping[str, Mapping[int, int]], budget_bytes: int
) -> dict[str, int]:
    """Choose bits per layer so that the errors' sum is least and the bytes fit a budget.

    Parameters
    ----------
    errors
        From `layer_errors`.
    sizes
        From `weight_bytes`; for every layer and width of `errors`.
    budget_bytes
        Of all these kernels together.

    Returns
    -------
    dict
        Layer name -> bits, for `round_weights` and `adaround`. Of equally good choices, one with
        the fewest bytes.

    Raises
    ------
    ValueError
        No choice fits: the least number of bytes is named. Or an error is NaN or negative, a
        layer has no widths, or `sizes` lacks one.

    Notes
    -----
    A multiple-choice knapsack, solved exactly by dynamic programming: after each layer only those
    partial choices are kept that no other one beats in bytes and error both, at most one for each
    byte of the budget. Optimal is the *sum* of the errors that layers cause alone. What
    they cause together may differ from that sum: measure the network that was chosen.

    Examples
    --------
    Five bytes are not enough for 8 bits everywhere; the layer that suffers gets them:

    >>> errors = {"calm": {4: 0.1, 8: 0.0}, "touchy": {4: 3.0, 8: 0.0}}
    >>> sizes = {"calm": {4: 1, 8: 2}, "touchy": {4: 2, 8: 4}}
    >>> choose_bits(errors, sizes, budget_bytes=5)
    {'calm': 4, 'touchy': 8}
    """
    totals, costs = np.zeros(1, np.int64), np.zeros(1)
    # Per layer, for each kept choice: which kept choice before it, and which width.
    trail: list[tuple[np.ndarray, np.ndarray]] = []
    for name, by_width in errors.items():
        if not by_width or not set(by_width) <= set(sizes.get(name, ())):
            raise ValueError(
                f"layer {name!r} needs errors for at least one width, and sizes for the same; got "
                f"errors for {list(by_width)}, sizes for {list(sizes.get(name, ()))}"
            )
        widths = np.array(list(by_width))
        bytes_here = np.array([sizes[name][width] for width in by_width], np.int64)
        errors_here = np.array([by_width[width] for width in by_width], np.float64)
        if not (errors_here >= 0).all():
            raise ValueError(f"errors of layer {name!r} must be numbers >= 0, got {by_width}")
        all_bytes = (totals[:, np.newaxis] + bytes_here).ravel()
        all_costs = (costs[:, np.newaxis] + errors_here).ravel()
        kept = _undominated(all_bytes, all_costs, budget_bytes)
        if not kept.size:
            least = sum(min(sizes[other][width] for width in errors[other]) for other in errors)
            raise ValueError(f"{budget_bytes} bytes are too few: the smallest choice has {least}")
        totals, costs = all_bytes[kept], all_costs[kept]
        trail.append((kept // len(widths), widths[kept % len(widths)]))
    return _followed_back(list(errors), trail, best=len(totals) - 1)


def _undominated(sizes: np.ndarray, costs: np.ndarray, budget: int) -> np.ndarray:
    """Return the choices within the budget that no other beats, by rising bytes, falling cost."""
    order = np.lexsort((costs, sizes))
    order = order[sizes[order] <= budget]
    best_before = np.minimum.accumulate(np.concatenate([[np.inf], costs[order]]))[:-1]
    return order[costs[order] < best_before]


def _followed_back(
    names: list[str], trail: list[tuple[np.ndarray, np.ndarray]], best: int
) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for name, (before, widths) in zip(reversed(names), reversed(trail), strict=True):
        chosen[name] = int(widths[best])
        best = before[best]
    return dict(reversed(chosen.items()))
