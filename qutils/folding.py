"""Batch-norm folding: the norm after a linear layer becomes part of its kernel and bias.

In NumPy for one layer, and for a Keras model. Only the latter imports TensorFlow.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils._keras import import_keras
from qutils.errors import UnsupportedOperatorError

__all__ = ["copied", "fold_batch_norm", "fold_batch_norms", "is_linear", "sequential_like"]


def fold_batch_norm(
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
    *,
    gamma: NDArray[np.float32],
    beta: NDArray[np.float32],
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    epsilon: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold the batch norm that follows a linear layer into that layer's kernel and bias.

    With ``factor = gamma / sqrt(variance + epsilon)``, per channel::

        kernel' = kernel * factor,  bias' = (bias - mean) * factor + beta

    Parameters
    ----------
    kernel
        Any shape whose last dimension (for a depthwise kernel: the last two together) runs along
        the C output channels.
    bias, gamma, beta, mean, variance
        Shape (C,).
    epsilon
        What the batch norm adds to the variance.

    Returns
    -------
    kernel, bias
        float32, the shapes that came in.

    Notes
    -----
    Krishnamoorthi, arXiv:1806.08342, section 3.2.2.

    Examples
    --------
    A channel of variance 4 is halved, its mean is subtracted:

    >>> one = np.ones(1, np.float32)
    >>> fold_batch_norm(np.float32([[6.0]]), 0 * one, gamma=one, beta=0 * one, mean=3 * one,
    ...                 variance=4 * one, epsilon=0.0)
    (array([[3.]], dtype=float32), array([-1.5], dtype=float32))
    """
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    columns = kernel.reshape(-1, len(factor)) * factor
    folded_bias = (bias - mean) * factor + beta
    return columns.reshape(kernel.shape).astype(np.float32), folded_bias.astype(np.float32)


def fold_batch_norms(model: Any) -> Any:
    """Return a copy of a Keras model whose batch norms are folded into the layers before them.

    Parameters
    ----------
    model : tf_keras.Sequential
        Of convolutions, depthwise convolutions and dense layers, each followed by a batch norm or
        not; ReLU, ReLU6; max or global average pooling; flatten, reshape, dropout.

    Returns
    -------
    tf_keras.Sequential
        The same function up to rounding, the same layer names less the batch norms'. Every
        convolution and dense layer has a bias, and no penalty on its weights: before a batch norm
        the size of a kernel does not matter to the function, in a folded one it does.

    Raises
    ------
    UnsupportedOperatorError
        A layer that cannot be folded or that int8 inference here lacks; all are named.
    """
    _check_layers(model)
    layers = import_keras().layers
    planned: list[tuple[Any, list[Any]]] = []
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            linear, (kernel, bias) = planned[-1]
            planned[-1] = (linear, list(_folded(kernel, bias, layer)))
        elif is_linear(layer):
            kernel, *bias = layer.get_weights()
            channels = layer.output_shape[-1]
            planned.append((_copied_linear(layer), [kernel, *(bias or [np.zeros(channels, "f4")])]))
        else:
            planned.append((copied(layer), []))
    folded = sequential_like(model, [layer for layer, _ in planned])
    for layer, weights in planned:
        layer.set_weights(weights)
    return folded


def is_linear(layer: Any) -> bool:
    """Whether a Keras layer is a convolution, a depthwise convolution or a dense layer."""
    layers = import_keras().layers
    # Not isinstance: a transposed convolution is a Conv2D, too.
    return type(layer) in (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)


def _check_layers(model: Any) -> None:
    keras = import_keras()
    if not isinstance(model, keras.Sequential):
        raise UnsupportedOperatorError(
            f"only tf_keras.Sequential models can be folded, got {type(model).__name__}"
        )
    problems = []
    for previous, layer in zip([None, *model.layers[:-1]], model.layers, strict=True):
        problem = _problem(layer, previous)
        if problem:
            problems.append(f"{layer.name} ({type(layer).__name__}): {problem}")
    if problems:
        raise UnsupportedOperatorError(
            f"model {model.name!r} cannot be prepared: " + "; ".join(problems)
        )


def _problem(layer: Any, previous: Any) -> str:
    """Say why a layer cannot be used after the previous one; empty when it can."""
    keras = import_keras()
    layers, activations = keras.layers, keras.activations
    if isinstance(layer, layers.BatchNormalization):
        if not is_linear(previous) or previous.activation is not activations.linear:
            return "does not follow a convolution or dense layer without activation"
        return "" if list(layer.axis) == [len(layer.input_shape) - 1] else "not over the channels"
    if is_linear(layer) or isinstance(layer, layers.Activation):
        allowed = (activations.linear, activations.relu, keras.activations.get("relu6"))
        return "" if layer.activation in allowed else "its activation is not ReLU or ReLU6"
    neutral = (
        layers.ReLU,
        layers.MaxPooling2D,
        layers.GlobalAveragePooling2D,
        layers.Flatten,
        layers.Reshape,
        layers.Dropout,
    )
    return "" if isinstance(layer, neutral) else "this kind of layer is not supported"


def _folded(kernel: Any, bias: Any, norm: Any) -> tuple[Any, Any]:
    mean, variance = norm.moving_mean.numpy(), norm.moving_variance.numpy()
    return fold_batch_norm(
        kernel,
        bias,
        gamma=np.ones_like(mean) if norm.gamma is None else norm.gamma.numpy(),
        beta=np.zeros_like(mean) if norm.beta is None else norm.beta.numpy(),
        mean=mean,
        variance=variance,
        epsilon=norm.epsilon,
    )


def _copied_linear(layer: Any) -> Any:
    penalties = [name for name in layer.get_config() if name.endswith("_regularizer")]
    return copied(layer, use_bias=True, **dict.fromkeys(penalties))


def copied(layer: Any, **changes: Any) -> Any:
    """Return a new layer with the same configuration, but for the changes, and no weights."""
    return type(layer).from_config({**layer.get_config(), **changes})


def sequential_like(model: Any, layers: list[Any]) -> Any:
    """Return a model of these layers with the name and the input of another one."""
    keras = import_keras()
    image = keras.layers.InputLayer(model.input_shape[1:], name=model.input_names[0])
    return keras.Sequential([image, *layers], model.name)
