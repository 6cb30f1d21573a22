"""The course's networks: built, trained by one recipe, or loaded with the committed weights.

All of them take one Fashion-MNIST image, float32 (28, 28, 1) in [0, 1], and return 10 logits.
Every layer has a name, so that the same network gives the same ``.tflite`` file.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from qutils._assets import read_arrays
from qutils._keras import import_keras

NETS: Mapping[str, str] = MappingProxyType(
    {
        "large_cnn": "two convolutions and a dense layer of 128: nearly all bytes are weights",
        "net_a": "depthwise-separable CNN with ReLU6 and batch-norm epsilon 1e-3 (Keras' default)",
        "net_b": "the same CNN with ReLU and batch-norm epsilon 1e-5; chosen because it loses "
        "accuracy when its weights are quantized per tensor",
        "wide_activations": "two stacked convolutions of 64 channels at 28x28: few weights, "
        "large activations",
    }
)
TRAINED = ("net_a", "net_b")
INPUT_SHAPE = (28, 28, 1)
CLASSES = 10
# (output channels, stride) of the depthwise-separable blocks of net A and net B.
DS_CNN_BLOCKS = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1))


def build(name: str) -> Any:
    """Build an untrained network.

    The initial weights come from Keras' global generator: call
    ``tf_keras.utils.set_random_seed`` first to get the same ones again.

    Parameters
    ----------
    name : str
        A key of ``NETS``.

    Returns
    -------
    tf_keras.Sequential
        Input float32 (N, 28, 28, 1), output float32 logits (N, 10).

    Raises
    ------
    ValueError
        When there is no such network.

    Examples
    --------
    >>> build("large_cnn").count_params()
    206922
    """
    _check_name(name, tuple(NETS))
    layers = import_keras().layers
    body = {
        "large_cnn": _large_cnn,
        "net_a": lambda: ds_cnn("relu6", epsilon=1e-3, l2=5e-4),
        "net_b": lambda: ds_cnn("relu", epsilon=1e-5, l2=1e-3),
        "wide_activations": _wide_activations,
    }[name]()
    return import_keras().Sequential([layers.InputLayer(INPUT_SHAPE, name="image"), *body], name)


def load(name: str) -> Any:
    """Build a network and give it the committed, trained float32 weights.

    Parameters
    ----------
    name : {"net_a", "net_b"}

    Returns
    -------
    tf_keras.Sequential
        Input float32 (N, 28, 28, 1), output float32 logits (N, 10). How it was trained, and with
        what accuracy, stands in ``qutils/assets/nets.json``; ``tools/train_nets.py`` did it.

    Raises
    ------
    ValueError
        When there are no committed weights of that name, or the file is damaged.
    """
    _check_name(name, TRAINED)
    model = build(name)
    set_named_weights(model, read_arrays(f"{name}.npz"))
    return model


def named_weights(model: Any) -> dict[str, np.ndarray]:
    """Return a network's weights, batch-norm statistics included, as ``layer/weight`` -> float32.

    Examples
    --------
    >>> list(named_weights(build("large_cnn")))[:2]
    ['conv1/kernel', 'conv1/bias']
    """
    return {
        weight.name.removesuffix(":0"): value
        for weight, value in zip(model.weights, model.get_weights(), strict=True)
    }


def set_named_weights(model: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Give a network the weights that ``named_weights`` returned for one of the same build.

    Raises
    ------
    ValueError
        When a weight is missing, unknown or of another shape.
    """
    names = list(named_weights(model))
    if set(names) != set(weights):
        differing = ", ".join(sorted(set(names) ^ set(weights)))
        raise ValueError(f"weights of another network: {differing} only on one side")
    model.set_weights([weights[name] for name in names])


def fit(
    model: Any,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    seed: int,
    optimizer: str = "sgd",
    learning_rate: float = 0.1,
    verbose: int = 0,
) -> None:
    """Train in place by the course's recipe: batches of 64, learning rate falling as a cosine to 0.

    Parameters
    ----------
    model : tf_keras.Model
        Returns logits.
    images : numpy.ndarray
        float32 (N, ...) of the model's input shape.
    labels : numpy.ndarray
        int (N,).
    epochs : int
        Passes over the images.
    seed : int
        Sets the order of the images, through the seeds of Python, NumPy and TensorFlow.
    optimizer : {"sgd", "adam"}
        Stochastic gradient descent with momentum 0.9, or Adam.
    learning_rate : float
        Of the first step.
    verbose : int
        As for Keras: 0 silent, 1 a progress bar, 2 a line per epoch.

    Raises
    ------
    ValueError
        When the optimizer is not one of the two.
    """
    keras = import_keras()
    batch_size = 64
    steps = epochs * -(-len(images) // batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    if optimizer == "sgd":
        chosen = keras.optimizers.SGD(schedule, momentum=0.9)
    elif optimizer == "adam":
        chosen = keras.optimizers.Adam(schedule)
    else:
        raise ValueError(f"no optimizer named {optimizer!r}; there are: sgd, adam")
    keras.utils.set_random_seed(seed)
    model.compile(chosen, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, labels, batch_size=batch_size, epochs=epochs, verbose=verbose)


def ds_cnn(
    activation: str,
    *,
    epsilon: float,
    l2: float,
    size: int | tuple[int, int] = 3,
    blocks: Sequence[tuple[int, int]] = DS_CNN_BLOCKS,
    classes: int = CLASSES,
) -> list[Any]:
    """Return the layers of a depthwise-separable CNN, without its input.

    Parameters
    ----------
    activation : {"relu", "relu6"}
        After each batch norm.
    epsilon : float
        Of the batch norms.
    l2 : float
        Weight decay of all kernels.
    size : int or (int, int)
        Of the stem's and the depthwise kernels.
    blocks : sequence of (int, int)
        Output channels and stride of each block.
    classes : int
        Number of logits.
    """
    keras = import_keras()
    layers = keras.layers

    def regularizer() -> Any:
        return keras.regularizers.L2(l2)

    def normalized(layer: Any, name: str) -> list[Any]:
        return [
            layer,
            layers.BatchNormalization(epsilon=epsilon, name=f"{name}_norm"),
            layers.Activation(activation, name=f"{name}_{activation}"),
        ]

    def convolution(channels: int, window: Any, stride: int, name: str) -> Any:
        return layers.Conv2D(
            channels,
            window,
            stride,
            padding="same",
            use_bias=False,
            kernel_regularizer=regularizer(),
            name=name,
        )

    stack = normalized(convolution(16, size, 2, "stem"), "stem")
    for number, (channels, stride) in enumerate(blocks, start=1):
        depthwise = layers.DepthwiseConv2D(
            size,
            stride,
            padding="same",
            use_bias=False,
            depthwise_regularizer=regularizer(),
            name=f"block{number}_depthwise",
        )
        pointwise = convolution(channels, 1, 1, f"block{number}_pointwise")
        stack += normalized(depthwise, depthwise.name) + normalized(pointwise, pointwise.name)
    pool = layers.GlobalAveragePooling2D(name="pool")
    return [*stack, pool, layers.Dense(classes, kernel_regularizer=regularizer(), name="logits")]


def _check_name(name: str, known: tuple[str, ...]) -> None:
    if name in known:
        return
    hint = "; build() gives it untrained" if name in NETS else ""
    raise ValueError(f"no network named {name!r} here{hint}; there are: {', '.join(known)}")


def _large_cnn() -> list[Any]:
    layers = import_keras().layers
    return [
        layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1"),
        layers.MaxPooling2D(name="pool1"),
        layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2"),
        layers.MaxPooling2D(name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="dense"),
        layers.Dense(CLASSES, name="logits"),
    ]


def _wide_activations() -> list[Any]:
    layers = import_keras().layers
    return [
        layers.Conv2D(64, 3, padding="same", activation="relu", name="conv1"),
        layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2"),
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(CLASSES, name="logits"),
    ]
