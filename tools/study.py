"""Measure quantization of nets A and B with four seeds, and record every figure.

Run from the root of the repository, in the environment of the course (with LiteRT, which is a
development dependency)::

    python tools/study.py

Rows go to ``book/reference/results/ptq_qat.csv``; what is recorded there is not measured again,
so an interrupted run goes on where it was. Delete the file to measure everything anew.
"""

import argparse
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiment import (
    RESULTS,
    SAMPLES,
    SEEDS,
    file_accuracy,
    keras_accuracy,
    record,
    trained,
    training_seconds,
    versions,
)
from qutils import nets
from qutils._keras import import_keras, quiet
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.qat import fold_batch_norms, prepare_qat, strip_qat

PACKAGES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "numpy",
)
# Further training: epochs, optimizer, first learning rate. The control of net A goes with tfmot's
# training, that of net B with ours.
TFMOT_TRAINING: dict[str, Any] = {"epochs": 2, "optimizer": "sgd", "learning_rate": 0.01}
QAT_TRAINING: dict[str, Any] = {"epochs": 6, "optimizer": "adam", "learning_rate": 5e-4}


@dataclass(frozen=True)
class Row:
    """One accuracy, as the CSV file has it."""

    net: str
    seed: int
    method: str
    granularity: str
    simulated: bool
    split: str
    accuracy: float
    n_images: int
    file_bytes: int | str
    extra_epochs: int
    seconds: float
    channel_range_ratio: float | str
    versions: str


@dataclass(frozen=True)
class Outcome:
    """What an experiment made: a Keras model or the bytes of a file, and what it cost."""

    model: Any = None
    file: bytes | None = None
    simulated: bool = False
    extra_epochs: int = 0
    seconds: float = 0.0
    splits: tuple[str, ...] = ("validation", "test")
    channel_range_ratio: float | str = ""


def channel_range_ratio(model: Any) -> float:
    """Return largest / median channel range of the first depthwise kernel, batch norm folded."""
    kernel = fold_batch_norms(model).get_layer("block1_depthwise").get_weights()[0]
    ranges = np.abs(kernel).max(axis=(0, 1, 3))
    return round(float(ranges.max() / np.median(ranges)), 1)


def float32(net: str, seed: int) -> Iterator[Outcome]:
    """Measure the network as trained; its seconds are those of training."""
    model = trained(net, seed)
    yield Outcome(
        model,
        to_tflite(model, "float32"),
        seconds=training_seconds(net, seed),
        splits=("train", "validation", "test"),
        channel_range_ratio=channel_range_ratio(model),
    )


def more_epochs(training: dict[str, Any], net: str, seed: int) -> Iterator[Outcome]:
    """Measure the control: the same further training without quantization."""
    model = trained(net, seed)
    seconds = fit(model, seed, training)
    splits = ("train", "validation", "test")
    yield Outcome(model, extra_epochs=training["epochs"], seconds=seconds, splits=splits)


def converted(
    mode: str, per_channel: bool, representative: Callable[[], Any], net: str, seed: int
) -> Iterator[Outcome]:
    """Measure a file that was converted without further training."""
    model = trained(net, seed)
    start = time.monotonic()
    content = to_tflite(model, mode, representative(), per_channel)
    yield Outcome(file=content, seconds=time.monotonic() - start)


def qat_tfmot(net: str, seed: int) -> Iterator[Outcome]:
    """Measure the model optimization toolkit's training: the graph, then the converted file."""
    import_keras()
    with quiet():
        import tensorflow_model_optimization as tfmot

        model = tfmot.quantization.keras.quantize_model(trained(net, seed))
    seconds = fit(model, seed, TFMOT_TRAINING)
    epochs = TFMOT_TRAINING["epochs"]
    yield Outcome(model, simulated=True, extra_epochs=epochs, seconds=seconds)
    content = to_tflite(model, "int8", training_images())
    yield Outcome(file=content, extra_epochs=epochs, seconds=seconds)


def qat_per_tensor(net: str, seed: int) -> Iterator[Outcome]:
    """Measure our training: the graph, then the file converted from the stripped model."""
    model = prepare_qat(trained(net, seed))
    seconds = fit(model, seed, QAT_TRAINING)
    epochs = QAT_TRAINING["epochs"]
    yield Outcome(model, simulated=True, extra_epochs=epochs, seconds=seconds)
    content = to_tflite(strip_qat(model), "int8", training_images(), per_channel=False)
    yield Outcome(file=content, extra_epochs=epochs, seconds=seconds)


def fit(model: Any, seed: int, training: dict[str, Any]) -> float:
    """Train further and return the seconds it took."""
    start = time.monotonic()
    nets.fit(model, *load_fashion_mnist("train"), seed=seed, **training)
    return time.monotonic() - start


def training_images(count: int = SAMPLES, factor: float = 1.0) -> np.ndarray:
    """Return the first training images, multiplied by a factor that should be 1."""
    return load_fashion_mnist("train")[0][:count] * np.float32(factor)


Experiment = Callable[[str, int], Iterator[Outcome]]


def int8(per_channel: bool, **representative: float) -> Experiment:
    """Return the experiment of a conversion to int8, calibrated with `training_images`."""
    images = functools.partial(training_images, **representative)
    return functools.partial(converted, "int8", per_channel, images)


# (method, granularity of the weights) -> how it is measured.
COMMON: dict[tuple[str, str], Experiment] = {
    ("fp32", "none"): float32,
    ("int8", "per_channel"): int8(True),
    ("int8", "per_tensor"): int8(False),
    ("dynamic", "per_channel"): functools.partial(converted, "dynamic", True, lambda: None),
}
EXPERIMENTS: dict[str, dict[tuple[str, str], Experiment]] = {
    "net_b": {
        **COMMON,
        ("qat", "per_tensor"): qat_per_tensor,
        ("fp32_more_epochs", "none"): functools.partial(more_epochs, QAT_TRAINING),
    },
    "net_a": {
        **COMMON,
        ("int8_calibrated_0_to_255", "per_channel"): int8(True, factor=255.0),
        ("int8_calibrated_zeros", "per_channel"): int8(True, factor=0.0),
        ("int8_calibrated_10_images", "per_channel"): int8(True, count=10),
        ("int8_calibrated_1_image", "per_channel"): int8(True, count=1),
        ("qat_tfmot", "per_channel"): qat_tfmot,
        ("fp32_more_epochs", "none"): functools.partial(more_epochs, TFMOT_TRAINING),
    },
}


def measure(outcome: Outcome, split: str) -> tuple[float, int]:
    """Return accuracy and number of images; a Keras model goes before its file."""
    images, labels = load_fashion_mnist(split)
    if outcome.model is not None:
        return keras_accuracy(outcome.model, images, labels), len(labels)
    return file_accuracy(outcome.file or b"", images, labels), len(labels)


def run(net: str, seed: int, method: str, granularity: str) -> list[Row]:
    """Run one experiment and return its rows."""
    rows = []
    for outcome in EXPERIMENTS[net][method, granularity](net, seed):
        for split in outcome.splits:
            share, count = measure(outcome, split)
            rows.append(
                Row(
                    net=net,
                    seed=seed,
                    method=method,
                    granularity=granularity,
                    simulated=outcome.simulated,
                    split=split,
                    accuracy=share,
                    n_images=count,
                    file_bytes=len(outcome.file) if outcome.file else "",
                    extra_epochs=outcome.extra_epochs,
                    seconds=round(outcome.seconds, 1),
                    channel_range_ratio=outcome.channel_range_ratio,
                    versions=versions(PACKAGES),
                )
            )
    return rows


def main() -> None:
    """Run every experiment that is not recorded yet, seed by seed."""
    parser = argparse.ArgumentParser(description="Measure quantization of nets A and B.")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--results", type=Path, default=RESULTS / "ptq_qat.csv")
    arguments = parser.parse_args()
    wanted = [
        (net, seed, *experiment)
        for seed in arguments.seeds
        for net in EXPERIMENTS
        for experiment in EXPERIMENTS[net]
    ]
    record(arguments.results, Row, ("net", "seed", "method", "granularity"), wanted, run)


if __name__ == "__main__":
    main()
