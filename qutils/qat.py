"""Quantization-aware training: fake quantization with the straight-through estimator.

In NumPy, to be read; and for Keras models, to train with. Only the functions that take a Keras
model import TensorFlow. The gradient by the scale stands in `qutils.step_size`, the way to an int8
file in `qutils.qat_conversion`.

Beside this there is ``tfmot.quantization.keras.quantize_model`` of the TensorFlow Model
Optimization Toolkit. Its limits (0.8.1): it takes ``tf_keras`` models alone; its scheme is 8 bits
per channel, and dense layers per tensor; told to round weights per tensor, by
``Default8BitQuantizeScheme(disable_per_axis=True)``, it trains, and converts without a complaint
to a file whose convolutions are float32, which `qutils.convert.to_tflite` refuses; with fewer bits
its files still store int8. Its batch norms stay until conversion, ours are folded before training.
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils._keras import import_keras
from qutils.affine import QuantParams, dequantize, fake_quantize
from qutils.folding import (
    copied,
    fold_batch_norm,
    fold_batch_norms,
    is_linear,
    sequential_like,
)

__all__ = [
    "Ranges",
    "fake_quantize",
    "fake_quantize_gradient",
    "fold_batch_norm",
    "fold_batch_norms",
    "prepare_qat",
    "strip_qat",
]

Ranges = Literal["minmax", "learned"]


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


def prepare_qat(
    model: Any,
    *,
    bits: int = 8,
    per_channel: bool = False,
    activation_bits: int = 8,
    ranges: Ranges = "minmax",
) -> Any:
    """Return a model that computes with rounded weights and activations and can be trained.

    Batch norms are folded first, and stay folded: their statistics are frozen. Weights are
    rounded symmetrically about 0, activations asymmetrically, biases to whole steps of inputs
    times weights. A range of activations is unknown, and nothing is rounded there, until a first
    batch has passed in training mode: by ``fit``, or by ``model(images, training=True)``.

    Parameters
    ----------
    model : tf_keras.Sequential
        Trained; see `fold_batch_norms` for the layers it may have. It is not changed.
    bits : int
        Of the weights, 2 to 8.
    per_channel : bool
        Whether each output channel of a kernel has a scale of its own.
    activation_bits : int
        2 to 8.
    ranges : {"minmax", "learned"}
        "minmax": a kernel's range follows its largest absolute value; that of activations is
        tracked in training and frozen in inference. "learned": the scales are trained with the
        weights (`qutils.step_size`), in the log domain, where they stay above 0 and a step of
        Adam is a share of the scale. A kernel starts at the scale with the least mean squared
        error.

    Returns
    -------
    tf_keras.Sequential
        Takes and returns float32, as `model` does. Compile it before training.

    Raises
    ------
    UnsupportedOperatorError
        A layer that cannot be folded or that int8 inference here lacks; all are named.
    ValueError
        Bits outside 2..8; unknown `ranges`; weights that are not finite.

    Notes
    -----
    Jacob et al., arXiv:1712.05877, section 3; learned: Esser et al., arXiv:1902.08153. The log
    domain is that of Jain et al., "Trained quantization thresholds", MLSys 2020, appendix B.
    """
    _check_options(bits, activation_bits, ranges)
    from qutils import _qat_layers as parts

    learned = ranges == "learned"
    kernel_layer = parts.LearnedKernel if learned else parts.FakeQuantizedKernel
    range_layer = parts.LearnedActivation if learned else parts.FakeQuantizedActivation
    folded = fold_batch_norms(model)
    _check_finite(folded)
    source = range_layer(f"{folded.input_names[0]}_range", activation_bits)
    layers = [source]
    for layer, following in zip(folded.layers, [*folded.layers[1:], None], strict=True):
        rounded = kernel_layer(layer, bits, per_channel, source) if is_linear(layer) else layer
        layers.append(rounded)
        if _has_range_of_its_own(layer) and not _is_activation(following):
            source = range_layer(f"{layer.name}_range", activation_bits)
            layers.append(source)
    return sequential_like(folded, layers)


def strip_qat(model: Any) -> Any:
    """Return the plain Keras model that a trained model of `prepare_qat` stands for.

    Its weights lie on the grid that training rounded them to. At 8 bits with ranges "minmax" the
    converter finds the same integers again. It measures the ranges of activations anew, on the
    network that will run; `qutils.qat_conversion.qat_to_tflite` keeps those of the training.

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
    from qutils._qat_layers import FakeQuantizedActivation, FakeQuantizedKernel, LearnedActivation

    if not any(isinstance(layer, FakeQuantizedKernel) for layer in model.layers):
        raise ValueError(f"model {model.name!r} does not come from prepare_qat: nothing to strip")
    ranges = FakeQuantizedActivation | LearnedActivation
    kept = [layer for layer in model.layers if not isinstance(layer, ranges)]
    plain = [copied(getattr(layer, "inner", layer)) for layer in kept]
    stripped = sequential_like(model, plain)
    for layer, source in zip(plain, kept, strict=True):
        if isinstance(source, FakeQuantizedKernel):
            layer.set_weights([source.quantized_kernel().numpy(), source.inner.weights[1].numpy()])
    return stripped


def _check_options(bits: int, activation_bits: int, ranges: str) -> None:
    for name, value in (("bits", bits), ("activation_bits", activation_bits)):
        if value != int(value) or not 2 <= value <= 8:
            raise ValueError(f"{name} must be a whole number from 2 to 8, got {value}")
    if ranges not in get_args(Ranges):
        raise ValueError(f"unknown ranges {ranges!r}; there are: {', '.join(get_args(Ranges))}")


def _check_finite(folded: Any) -> None:
    """Raise ValueError where training has diverged, or a variance is below -epsilon."""
    wrong = [
        layer.name
        for layer in folded.layers
        if not all(np.isfinite(weights).all() for weights in layer.get_weights())
    ]
    if wrong:
        raise ValueError(
            f"weights of {', '.join(wrong)} hold NaN or infinity once batch norms are folded: "
            "the training has diverged"
        )


def _is_activation(layer: Any) -> bool:
    layers = import_keras().layers
    return isinstance(layer, layers.Activation | layers.ReLU)


def _has_range_of_its_own(layer: Any) -> bool:
    """Whether the layer computes new values; pooling by maximum and reshaping do not."""
    pooling = isinstance(layer, import_keras().layers.GlobalAveragePooling2D)
    return pooling or is_linear(layer) or _is_activation(layer)
