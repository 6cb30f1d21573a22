"""Quantization-aware training: fake quantization with the straight-through estimator.

In NumPy, to be read; and for Keras models, to train with. Only the functions that take a Keras
model import TensorFlow.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils._keras import import_keras
from qutils.affine import QuantParams, dequantize, fake_quantize
from qutils.errors import UnsupportedOperatorError

__all__ = [
    "fake_quantize",
    "fake_quantize_gradient",
    "fold_batch_norm",
    "fold_batch_norms",
    "prepare_qat",
    "strip_qat",
]


def fake_quantize_gradient(
    upstream: ArrayLike, x: ArrayLike, params: QuantParams
) -> NDArray[np.float32]:
    """Return the straight-through gradient of ``fake_quantize(x, params)``.

    Rounding has the derivative 0 nearly everywhere, and nothing could be learned through it. The
    straight-through estimator leaves the rounding out and keeps the saturation: the derivative
    is that of ``clip(x, low, high)``, 1 from ``low = (qmin - zero_point) * scale`` to ``high =
    (qmax - zero_point) * scale`` and 0 outside.

    Parameters
    ----------
    upstream
        Gradient of the loss by the output of `fake_quantize`, the shape of `x`.
    x
        Input of `fake_quantize`, any shape.
    params
        How `x` was quantized.

    Returns
    -------
    float32 array of the shape of `x`: the gradient of the loss by `x`.

    Raises
    ------
    ValueError
        The shapes differ, or `x` does not have the channels that `params` has.

    Notes
    -----
    Bengio, Leonard and Courville, arXiv:1308.3432; with the saturation as in TensorFlow's
    ``fake_quant_with_min_max_vars``.

    Examples
    --------
    Steps of 0.5 from -64 to 63.5; the last value saturates:

    >>> fake_quantize_gradient([1.0, -2.0, 3.0], [0.2, -64.0, 63.6], QuantParams(0.5, 0)).tolist()
    [1.0, -2.0, 0.0]
    """
    values = np.asarray(x, dtype=np.float32)
    gradient = np.asarray(upstream, dtype=np.float32)
    if gradient.shape != values.shape:
        raise ValueError(f"upstream has shape {gradient.shape}, x has {values.shape}")
    low = dequantize(np.full(values.shape, params.qmin), params)
    high = dequantize(np.full(values.shape, params.qmax), params)
    return np.where((low <= values) & (values <= high), gradient, np.float32(0))


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
        convolution and dense layer has a bias.

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
        elif _is_linear(layer):
            kernel, *bias = layer.get_weights()
            channels = layer.output_shape[-1]
            planned.append(
                (_copy(layer, use_bias=True), [kernel, *(bias or [np.zeros(channels, "f4")])])
            )
        else:
            planned.append((_copy(layer), []))
    folded = _sequential_like(model, [layer for layer, _ in planned])
    for layer, weights in planned:
        layer.set_weights(weights)
    return folded


def prepare_qat(model: Any, *, bits: int = 8, per_channel: bool = False) -> Any:
    """Return a model that computes with rounded weights and activations and can be trained.

    Batch norms are folded first, and stay folded. Weights are rounded symmetrically about 0 to
    a range that follows their largest absolute value; activations to 8 bits, asymmetrically, to
    a range that is tracked in training and frozen in inference. A range is unknown, and nothing
    is rounded there, until a first batch has passed in training mode: by ``fit``, or by
    ``model(images, training=True)``.

    Parameters
    ----------
    model : tf_keras.Sequential
        Trained; see `fold_batch_norms` for the layers it may have. It is not changed.
    bits : int
        Of the weights, 2 to 8.
    per_channel : bool
        Whether each output channel of a kernel has a scale of its own.

    Returns
    -------
    tf_keras.Sequential
        Takes and returns float32, as `model` does. Compile it before training.

    Raises
    ------
    UnsupportedOperatorError
        A layer that cannot be folded or that int8 inference here lacks; all are named.
    ValueError
        Bits outside 2..8.
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"bits must be from 2 to 8, got {bits}")
    from qutils._qat_layers import FakeQuantizedActivation, FakeQuantizedKernel

    folded = fold_batch_norms(model)
    layers = [FakeQuantizedActivation(f"{folded.input_names[0]}_range")]
    for layer, following in zip(folded.layers, [*folded.layers[1:], None], strict=True):
        linear = _is_linear(layer)
        layers.append(FakeQuantizedKernel(layer, bits, per_channel) if linear else layer)
        if _has_range_of_its_own(layer) and not _is_activation(following):
            layers.append(FakeQuantizedActivation(f"{layer.name}_range"))
    return _sequential_like(folded, layers)


def strip_qat(model: Any) -> Any:
    """Return the plain Keras model that a trained model of `prepare_qat` stands for.

    Its weights lie on the grid that training rounded them to, so that the converter finds the
    same integers again, and measures the ranges of activations on the network that will run.

    Parameters
    ----------
    model : tf_keras.Sequential
        From `prepare_qat`.

    Returns
    -------
    tf_keras.Sequential
        Convert it with the granularity that it was prepared with: ``to_tflite(stripped, "int8",
        images, per_channel=False)`` for per-tensor weights.

    Raises
    ------
    ValueError
        The model does not come from `prepare_qat`.
    """
    from qutils._qat_layers import FakeQuantizedActivation, FakeQuantizedKernel

    if not any(isinstance(layer, FakeQuantizedKernel) for layer in model.layers):
        raise ValueError(f"model {model.name!r} does not come from prepare_qat: nothing to strip")
    kept = [layer for layer in model.layers if not isinstance(layer, FakeQuantizedActivation)]
    plain = [_copy(getattr(layer, "inner", layer)) for layer in kept]
    stripped = _sequential_like(model, plain)
    for layer, source in zip(plain, kept, strict=True):
        if isinstance(source, FakeQuantizedKernel):
            layer.set_weights([source.quantized_kernel().numpy(), source.inner.weights[1].numpy()])
    return stripped


def _is_linear(layer: Any) -> bool:
    layers = import_keras().layers
    # Not isinstance: a transposed convolution is a Conv2D, too.
    return type(layer) in (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)


def _is_activation(layer: Any) -> bool:
    layers = import_keras().layers
    return isinstance(layer, layers.Activation | layers.ReLU)


def _has_range_of_its_own(layer: Any) -> bool:
    """Whether the layer computes new values; pooling by maximum and reshaping do not."""
    pooling = isinstance(layer, import_keras().layers.GlobalAveragePooling2D)
    return pooling or _is_linear(layer) or _is_activation(layer)


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
        if not _is_linear(previous) or previous.activation is not activations.linear:
            return "does not follow a convolution or dense layer without activation"
        return "" if list(layer.axis) == [len(layer.input_shape) - 1] else "not over the channels"
    if _is_linear(layer) or isinstance(layer, layers.Activation):
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


def _copy(layer: Any, **changes: Any) -> Any:
    return type(layer).from_config({**layer.get_config(), **changes})


def _sequential_like(model: Any, layers: list[Any]) -> Any:
    keras = import_keras()
    image = keras.layers.InputLayer(model.input_shape[1:], name=model.input_names[0])
    return keras.Sequential([image, *layers], model.name)
