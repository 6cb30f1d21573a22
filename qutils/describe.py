"""Keras model -> plain description of a network, and back: where the repairs meet Keras.

TensorFlow is imported when a model is translated, not before.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from qutils._keras import import_keras
from qutils.errors import UnsupportedOperatorError
from qutils.network import (
    BatchNorm,
    Floats,
    GlobalMean,
    Layer,
    Linear,
    MaxPool,
    Network,
    Reshape,
)

__all__ = ["from_keras", "to_keras"]


def from_keras(model: Any) -> Network:
    """Describe a Keras model.

    Parameters
    ----------
    model : tf_keras.Sequential
        Of convolutions, depthwise convolutions and dense layers, each followed by a batch norm or
        not, then by ReLU, ReLU6 or nothing; max and global average pooling; flatten, reshape.
        Dropout is left out: it does nothing in inference.

    Raises
    ------
    UnsupportedOperatorError
        Another kind of model or layer, or a batch norm or activation elsewhere; all are named.
    """
    if not isinstance(model, import_keras().Sequential):
        raise UnsupportedOperatorError(
            f"only tf_keras.Sequential models are described, got {type(model).__name__}"
        )
    layers: list[Layer] = []
    problems = []
    for layer in model.layers:
        try:
            if getattr(layer, "data_format", "channels_last") != "channels_last":
                raise UnsupportedOperatorError("its channels are not last")
            _READERS.get(type(layer).__name__, _refuse)(layers, layer)
        except UnsupportedOperatorError as problem:
            problems.append(f"{layer.name} ({type(layer).__name__}): {problem}")
    if problems:
        raise UnsupportedOperatorError(
            f"model {model.name!r} cannot be described: " + "; ".join(problems)
        )
    return Network(tuple(model.input_shape[1:]), tuple(layers), model.name, model.input_names[0])


def _refuse(layers: list[Layer], layer: Any) -> None:
    raise UnsupportedOperatorError("this kind of layer is not supported")


def _read_linear(kind: Any, layers: list[Layer], layer: Any) -> None:
    if getattr(layer, "groups", 1) != 1:
        raise UnsupportedOperatorError("convolution in groups is not supported")
    relu, largest = _activation(layer.activation)
    kernel, *bias = layer.get_weights()
    channels = layer.output_shape[-1]
    places: dict[str, Any] = (
        {}
        if kind == "dense"
        else {name: getattr(layer, name) for name in ("strides", "padding")}
        | {"dilation": layer.dilation_rate}
    )
    described = Linear(
        layer.name, kind, kernel, bias[0] if bias else np.zeros(channels, np.float32), **places
    )
    layers.append(_with_activation(described, relu, largest))


def _read_batch_norm(layers: list[Layer], layer: Any) -> None:
    previous = layers[-1] if layers else None
    if not isinstance(previous, Linear) or previous.relu or previous.norm:
        raise UnsupportedOperatorError(
            "cannot be folded: does not follow a convolution or dense layer without activation"
        )
    if list(layer.axis) != [len(layer.input_shape) - 1]:
        raise UnsupportedOperatorError("cannot be folded: not over the channels")
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    gamma = np.ones_like(mean) if layer.gamma is None else layer.gamma.numpy()
    beta = np.zeros_like(mean) if layer.beta is None else layer.beta.numpy()
    layers[-1] = replace(previous, norm=BatchNorm(gamma, beta, mean, variance, layer.epsilon))


def _read_activation(layers: list[Layer], layer: Any) -> None:
    if type(layer).__name__ == "ReLU":
        if layer.negative_slope or layer.threshold:
            raise UnsupportedOperatorError("a ReLU with a slope or threshold is not supported")
        relu, largest = True, layer.max_value
    else:
        relu, largest = _activation(layer.activation)
    if not relu:
        return
    if not layers or not isinstance(layers[-1], Linear) or layers[-1].relu:
        raise UnsupportedOperatorError("does not follow a convolution or dense layer")
    layers[-1] = _with_activation(layers[-1], relu, largest)


def _read_max_pool(layers: list[Layer], layer: Any) -> None:
    layers.append(MaxPool(layer.name, layer.pool_size, layer.strides, layer.padding))


def _read_global_mean(layers: list[Layer], layer: Any) -> None:
    if layer.keepdims:
        raise UnsupportedOperatorError("keepdims is not supported")
    layers.append(GlobalMean(layer.name))


_READERS: dict[str, Callable[[list[Layer], Any], None]] = {
    "Conv2D": partial(_read_linear, "conv"),
    "DepthwiseConv2D": partial(_read_linear, "depthwise"),
    "Dense": partial(_read_linear, "dense"),
    "BatchNormalization": _read_batch_norm,
    "Activation": _read_activation,
    "ReLU": _read_activation,
    "MaxPooling2D": _read_max_pool,
    "GlobalAveragePooling2D": _read_global_mean,
    "Flatten": lambda layers, layer: layers.append(Reshape(layer.name, (-1,))),
    "Reshape": lambda layers, layer: layers.append(Reshape(layer.name, layer.target_shape)),
    "Dropout": lambda layers, layer: None,
    "InputLayer": lambda layers, layer: None,
}


def _activation(function: Any) -> tuple[bool, float | None]:
    """Return whether a Keras activation is a ReLU, and where it saturates."""
    known = {"linear": (False, None), "relu": (True, None), "relu6": (True, 6.0)}
    for name, meaning in known.items():
        if function is import_keras().activations.get(name):
            return meaning
    raise UnsupportedOperatorError("its activation is not ReLU or ReLU6")


def _with_activation(layer: Linear, relu: bool, largest: float | None) -> Linear:
    ceiling = None if largest is None else np.full(layer.channels, largest, np.float32)
    return replace(layer, relu=relu, ceiling=ceiling)


def to_keras(network: Network) -> Any:
    """Return the Keras model that a description stands for.

    Returns
    -------
    tf_keras.Sequential
        Layers named as in the description; a batch norm ``name_norm``, an activation
        ``name_relu`` or ``name_relu6``, as in `qutils.nets`.

    Raises
    ------
    UnsupportedOperatorError
        A layer whose channels saturate at different values, as after equalizing a net with
        ReLU6: TFLite has no such activation. See `qutils.repair.drop_ceilings`.
    """
    keras = import_keras()
    image = keras.layers.InputLayer(network.input_shape, name=network.input_name)
    built = [(part, w) for layer in network.layers for part, w in _keras_layers(layer)]
    model = keras.Sequential([image, *(part for part, _ in built)], network.name)
    for part, weights in built:
        part.set_weights(weights)
    return model


def _keras_layers(layer: Layer) -> list[tuple[Any, list[Floats]]]:
    """Return Keras layers, each with its weights."""
    layers = import_keras().layers
    if isinstance(layer, MaxPool):
        pool = layers.MaxPooling2D(layer.size, layer.strides, layer.padding, name=layer.name)
        return [(pool, [])]
    if isinstance(layer, GlobalMean):
        return [(layers.GlobalAveragePooling2D(name=layer.name), [])]
    if isinstance(layer, Reshape):
        return [(layers.Reshape(layer.shape, name=layer.name), [])]
    built = [(_keras_linear(layer), [layer.kernel, layer.bias])]
    if norm := layer.norm:
        part = layers.BatchNormalization(epsilon=norm.epsilon, name=f"{layer.name}_norm")
        built.append((part, [norm.gamma, norm.beta, norm.mean, norm.variance]))
    if layer.relu:
        built.append((_keras_activation(layer), []))
    return built


def _keras_linear(layer: Linear) -> Any:
    layers = import_keras().layers
    if layer.kind == "dense":
        return layers.Dense(layer.channels, name=layer.name)
    size = layer.kernel.shape[:2]
    places = {
        "strides": layer.strides,
        "padding": layer.padding,
        "dilation_rate": layer.dilation,
        "name": layer.name,
    }
    if layer.kind == "conv":
        return layers.Conv2D(layer.channels, size, **places)
    return layers.DepthwiseConv2D(size, depth_multiplier=layer.kernel.shape[3], **places)


def _keras_activation(layer: Linear) -> Any:
    layers = import_keras().layers
    if layer.ceiling is None:
        return layers.Activation("relu", name=f"{layer.name}_relu")
    largest = np.unique(layer.ceiling)
    if len(largest) > 1:
        raise UnsupportedOperatorError(
            f"{layer.name}: its channels saturate at {len(largest)} different values, which Keras "
            "and TFLite have no activation for; use drop_ceilings before equalize"
        )
    if largest[0] == 6:
        return layers.Activation("relu6", name=f"{layer.name}_relu6")
    return layers.ReLU(float(largest[0]), name=f"{layer.name}_relu")
