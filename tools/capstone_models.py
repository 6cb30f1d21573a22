"""Make the models that are handed in for assignment 10 when its tests are proved.

The reference, one of another design, and one for each mistake that is a matter of the file. They
are stored in ``solutions/10_capstone/handed_in``; training them takes a minute or two.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import numpy as np
import tf_keras as keras

from exercises import ROOT
from qutils import nets
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.files import write

FOLDER = ROOT / "solutions" / "10_capstone"
layers = keras.layers


def reference() -> bytes:
    """Run the instructor's own `make_model`."""
    notebook = nbformat.read(FOLDER / "10_capstone.ipynb", as_version=4)
    sources = {cell.id: cell.source for cell in notebook.cells}
    space: dict[str, Any] = {}
    exec(sources["imports"], space)
    exec(sources["q7_train"].partition("\n\n\nif ")[0], space)
    return space["make_model"]()


def chain(*body: Any, shape: tuple[int, ...] = (28, 28, 1)) -> Any:
    """Return a network of these layers, each with a name so that its file is always the same."""
    for number, layer in enumerate(body, start=1):
        layer._name = f"layer{number}"
    return keras.Sequential([layers.InputLayer(shape, name="image"), *body])


def conv(channels: int, size: int, stride: int = 1) -> Any:
    """Return a convolution with ReLU."""
    return layers.Conv2D(channels, size, stride, "same", activation="relu")


def trained(network: Any, images: np.ndarray, labels: np.ndarray, epochs: int = 6) -> Any:
    """Return a network after a short training."""
    nets.fit(network, images, labels, epochs=epochs, seed=1, optimizer="adam", learning_rate=0.002)
    return network


def models() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of each file and what makes its content."""
    images, labels = load_fashion_mnist("train")
    some = images[:200]

    def small() -> Any:
        return chain(conv(8, 3, 2), conv(12, 3, 2), layers.Flatten(), layers.Dense(10))

    def int8(network: Any) -> bytes:
        return to_tflite(network, "int8", some)

    def depthwise_separable() -> Any:
        stack = nets.ds_cnn("relu6", epsilon=1e-3, l2=5e-4, blocks=((16, 1), (32, 2), (32, 1)))
        network = keras.Sequential([layers.InputLayer((28, 28, 1), name="image"), *stack])
        nets.fit(network, images, labels, epochs=5, seed=1)
        return network

    yield "model.tflite", reference
    yield "depthwise_separable.tflite", lambda: int8(depthwise_separable())
    yield "float32.tflite", lambda: to_tflite(small())
    yield "dynamic_range.tflite", lambda: to_tflite(small(), "dynamic")
    yield "float_input.tflite", lambda: with_float_input(small(), some)
    # Each of these breaks one limit; what it answers is not looked at any more.
    wide_dense = chain(conv(8, 3, 2), conv(24, 3, 2), layers.Flatten(), layers.Dense(32))
    wide_dense.add(layers.Dense(10, name="logits"))
    yield "too_large.tflite", lambda: int8(wide_dense)
    full_size = chain(
        conv(12, 3), conv(12, 3, 2), conv(8, 3, 2), layers.Flatten(), layers.Dense(10)
    )
    yield "arena_too_large.tflite", lambda: int8(full_size)
    many_macs = chain(
        conv(16, 3, 2), conv(16, 5), conv(8, 3, 2), layers.Flatten(), layers.Dense(10)
    )
    yield "too_slow.tflite", lambda: int8(many_macs)
    exponential = chain(conv(8, 3, 2), layers.Lambda(keras.backend.exp), layers.Flatten())
    exponential.add(layers.Dense(10, name="logits"))
    yield "unsupported_operator.tflite", lambda: int8(exponential)
    flat = chain(layers.Dense(16, activation="relu"), layers.Dense(10), shape=(784,))
    yield "flat_input.tflite", lambda: to_tflite(flat, "int8", some.reshape(-1, 784))
    five = chain(conv(8, 3, 2), layers.Flatten(), layers.Dense(5))
    yield "five_outputs.tflite", lambda: int8(five)
    # These keep the limits and are wrong too often.
    yield "untrained.tflite", lambda: int8(small())
    blind = chain(layers.AveragePooling2D(14), layers.Flatten(), layers.Dense(10))
    yield "too_simple.tflite", lambda: int8(trained(blind, images, labels))
    yield "trained_on_0_to_255.tflite", lambda: in_wrong_unit(small(), images, labels)
    yield (
        "calibrated_on_0_to_255.tflite",
        lambda: to_tflite(trained(small(), images, labels), "int8", 255 * some),
    )
    yield (
        "calibrated_in_the_dark.tflite",
        lambda: to_tflite(trained(small(), images, labels), "int8", 0.05 * some),
    )
    inverted = chain(conv(8, 3, 2), conv(12, 3, 2), layers.Flatten(), layers.Dense(10))
    yield "trained_on_negatives.tflite", lambda: int8(trained(inverted, 1 - images, labels))


def in_wrong_unit(network: Any, images: np.ndarray, labels: np.ndarray) -> bytes:
    """Train and calibrate with gray values from 0 to 255."""
    trained(network, 255 * images, labels, epochs=3)
    return to_tflite(network, "int8", 255 * images[:200])


def with_float_input(network: Any, some: np.ndarray) -> bytes:
    """Convert with int8 weights and activations between a float input and a float output."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in some)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return bytes(converter.convert())


def main() -> int:
    """Write all files."""
    made = {}
    for name, make in models():
        keras.utils.set_random_seed(1)
        made[name] = make()
        print(f"{name:32} {len(made[name]):7,} bytes", flush=True)
    made["truncated.tflite"] = made["model.tflite"][:10_000]
    made["text.tflite"] = b"My model is 19 KB.\n"
    made["empty.tflite"] = b""
    (FOLDER / "handed_in").mkdir(exist_ok=True)
    for name, content in made.items():
        write(str(FOLDER / "handed_in" / name), content, force=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
