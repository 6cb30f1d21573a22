"""A network as plain values: layers with their weights, and the forward pass in NumPy.

What the repairs of `qutils.repair` compute on; `qutils.describe` translates from Keras and back.
Activations are float32, channels last.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.windows import Window

__all__ = [
    "BatchNorm",
    "GlobalMean",
    "Layer",
    "Linear",
    "MaxPool",
    "Network",
    "Reshape",
    "Statistics",
]

Floats = NDArray[np.float32]
Pair = tuple[int, int]
Padding = Literal["same", "valid"]
# How many inputs are computed at once: what a large batch needs in memory stays bounded.
_BATCH = 256


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta``, per channel: all of shape (C,)."""

    gamma: Floats
    beta: Floats
    mean: Floats
    variance: Floats
    epsilon: float

    def __call__(self, x: Floats) -> Floats:
        """Normalize (..., C)."""
        factor = self.gamma / np.sqrt(self.variance + np.float32(self.epsilon))
        return (x - self.mean) * factor + self.beta


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of what a layer computes before its activation, each (C,)."""

    mean: Floats
    deviation: Floats


@dataclass(frozen=True, eq=False)
class Linear:
    """A convolution, depthwise convolution or dense layer, with all that happens to its sums.

    Parameters
    ----------
    name
        The layer's name.
    kind
        "conv", "depthwise" or "dense".
    kernel
        float32. Keras' layouts: conv (height, width, inputs, C), depthwise (height, width,
        inputs, multiplier) with C = inputs * multiplier, dense (inputs, C).
    bias
        float32 (C,).
    norm
        The batch norm that follows the sums; None where there is none, or it has been folded.
    relu
        Whether negative values become 0.
    ceiling
        float32 (C,): where each channel saturates. 6 everywhere for ReLU6, None for ReLU.
    strides, dilation, padding
        Of a convolution; padding is TensorFlow's.
    statistics
        Of the values before the activation, where a folded batch norm has told them.

    Raises
    ------
    ValueError
        Shapes that do not belong together, or an unknown kind or padding.

    Examples
    --------
    >>> layer = Linear("d", "dense", np.float32([[1, -1], [2, 0]]), np.float32([0, 5]), relu=True)
    >>> layer(np.float32([[1, 3]])).tolist()
    [[7.0, 4.0]]
    """

    name: str
    kind: Literal["conv", "depthwise", "dense"]
    kernel: Floats
    bias: Floats
    norm: BatchNorm | None = None
    relu: bool = False
    ceiling: Floats | None = None
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = "valid"
    statistics: Statistics | None = None

    def __post_init__(self) -> None:
        """Check that kind, kernel and bias belong together."""
        dimensions = {"conv": 4, "depthwise": 4, "dense": 2}.get(self.kind)
        if dimensions is None or self.padding not in ("same", "valid"):
            raise ValueError(f"{self.name}: unknown kind {self.kind!r} or padding {self.padding!r}")
        if self.kernel.ndim != dimensions or self.bias.shape != (
            self.groups * self.kernel.shape[-1],
        ):
            raise ValueError(
                f"{self.name}: kernel {self.kernel.shape} and bias {self.bias.shape} do not make a "
                f"{self.kind} layer"
            )

    @property
    def groups(self) -> int:
        """How many parts of the inputs are summed apart: the inputs of a depthwise layer, or 1."""
        return self.kernel.shape[2] if self.kind == "depthwise" else 1

    @property
    def channels(self) -> int:
        """C, the number of output channels."""
        return len(self.bias)

    @property
    def columns(self) -> Floats:
        """The kernel as (K, C): in each column the K weights that one output channel sums."""
        return self.kernel.reshape(-1, self.channels)

    def with_columns(self, columns: NDArray[np.floating]) -> "Linear":
        """Return the layer with another kernel, given as (K, C)."""
        return replace(self, kernel=columns.reshape(self.kernel.shape).astype(np.float32))

    def grouped(self, columns: NDArray[np.floating]) -> NDArray[np.floating]:
        """Arrange (K, C) as (groups, K, C / groups), to be multiplied by `patches`."""
        return columns.reshape(len(columns), self.groups, -1).transpose(1, 0, 2)

    def ungrouped(self, parts: NDArray[np.floating]) -> NDArray[np.floating]:
        """Arrange (groups, K, C / groups) as (K, C) again."""
        return parts.transpose(1, 0, 2).reshape(-1, self.channels)

    def patches(self, x: Floats) -> Floats:
        """Return what each sum sees, (groups, P, K): P is positions times inputs."""
        if self.kind == "dense":
            return x.reshape(1, -1, len(self.kernel))
        window = _window(x, self.kernel.shape[:2], self.strides, self.dilation, self.padding)
        seen = _patches(window, x, 0.0)
        if self.kind == "depthwise":
            seen = np.moveaxis(seen, -1, 0)
        return seen.reshape(self.groups, -1, len(self.columns))

    def before_activation(self, x: Floats) -> Floats:
        """Return the sums with bias and batch norm: (N, height, width, C), or (..., C) if dense."""
        if self.kind == "dense":
            shape = x.shape[:-1]
        else:
            window = _window(x, self.kernel.shape[:2], self.strides, self.dilation, self.padding)
            shape = (len(x), *window.output)
        sums = self.patches(x) @ self.grouped(self.columns)
        y = sums.transpose(1, 0, 2).reshape(*shape, self.channels) + self.bias
        return self.norm(y) if self.norm else y

    def activate(self, y: Floats) -> Floats:
        """Apply the activation."""
        y = np.maximum(y, np.float32(0)) if self.relu else y
        return y if self.ceiling is None else np.minimum(y, self.ceiling)

    def __call__(self, x: Floats) -> Floats:
        """Return what the layer hands on."""
        return self.activate(self.before_activation(x))


@dataclass(frozen=True)
class MaxPool:
    """The largest value under a window, per channel."""

    name: str
    size: Pair
    strides: Pair
    padding: Padding

    def __call__(self, x: Floats) -> Floats:
        """Pool (N, height, width, C)."""
        window = _window(x, self.size, self.strides, (1, 1), self.padding)
        return _patches(window, x, -np.inf).max(axis=(3, 4))


@dataclass(frozen=True)
class GlobalMean:
    """The mean over height and width, per channel."""

    name: str

    def __call__(self, x: Floats) -> Floats:
        """Return (N, C) for (N, height, width, C)."""
        return x.mean(axis=(1, 2))


@dataclass(frozen=True)
class Reshape:
    """Another shape of each input; (-1,) flattens."""

    name: str
    shape: tuple[int, ...]

    def __call__(self, x: Floats) -> Floats:
        """Reshape (N, ...)."""
        return x.reshape(len(x), *self.shape)


Layer = Linear | MaxPool | GlobalMean | Reshape


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in a row.

    Parameters
    ----------
    input_shape
        Of one input.
    layers
        In the order in which they run, with different names.
    name, input_name
        Of the model and of its input, in Keras.

    Raises
    ------
    ValueError
        Two layers have one name: repairs tell layers apart by their names.

    Examples
    --------
    >>> first, second = (
    ...     Linear(name, "dense", np.float32([[2]]), np.float32([1])) for name in ("a", "b")
    ... )
    >>> Network((1,), (first, second))([[3.0]]).tolist()
    [[15.0]]
    """

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    name: str = "network"
    input_name: str = "input"

    def __post_init__(self) -> None:
        """Refuse two layers of one name."""
        names = [layer.name for layer in self.layers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"layers need different names, {', '.join(twice)} occurs twice")

    @property
    def linear(self) -> tuple[Linear, ...]:
        """The layers that have weights."""
        return tuple(layer for layer in self.layers if isinstance(layer, Linear))

    def __call__(self, x: ArrayLike) -> Floats:
        """Return the outputs for (N, ...) inputs.

        Raises
        ------
        ValueError
            No inputs, inputs of another shape, or NaN among them.
        """
        values = self.checked(x)
        starts = range(0, len(values), _BATCH)
        return np.concatenate([self._run(values[start : start + _BATCH]) for start in starts])

    def checked(self, x: ArrayLike) -> Floats:
        """Return inputs as float32 (N, ...), or raise the errors of a call."""
        values = np.asarray(x, dtype=np.float32)
        if values.shape[1:] != self.input_shape or not len(values):
            raise ValueError(
                f"network {self.name!r} needs inputs (N, {str(self.input_shape)[1:]} with N >= 1, "
                f"got {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError("the inputs hold NaN or infinity")
        return values

    def map_linear(self, change: Callable[[Linear], Linear]) -> "Network":
        """Return the network with every layer that has weights changed."""
        layers = (change(layer) if isinstance(layer, Linear) else layer for layer in self.layers)
        return replace(self, layers=tuple(layers))

    def check_folded(self) -> None:
        """Raise ValueError where a batch norm is not folded."""
        if unfolded := [layer.name for layer in self.linear if layer.norm]:
            raise ValueError(f"fold_batch_norms first: {', '.join(unfolded)} have a batch norm")

    def _run(self, x: Floats) -> Floats:
        for layer in self.layers:
            x = layer(x)
        return x


def _window(x: Floats, size: Pair, strides: Pair, dilation: Pair, padding: Padding) -> Window:
    window = Window.over(x.shape[1:3], size, strides, dilation, padding.upper())
    if min(window.output) < 1:
        raise ValueError(f"the window {size} is larger than the input {x.shape[1:3]}")
    return window


def _patches(window: Window, x: Floats, padding: float) -> Floats:
    # The view of all windows counts on rows that lie behind each other.
    return window.patches(np.ascontiguousarray(window.pad(x, padding)))
