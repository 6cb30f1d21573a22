"""Climb the ladder of repairs with three networks and four seeds, and record every figure.

Run from the root of the repository, in the environment of the course with its development
dependencies::

    python tools/ladder.py

Rows go to ``book/reference/results/ladder.csv``; what is recorded there is not measured again,
so an interrupted run goes on where it was. Delete rows to measure them anew.
"""

import argparse
import functools
import time
from collections.abc import Callable
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
    read,
    record,
    trained,
    training_seconds,
    versions,
)
from ladder_int4 import int4_file
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.describe import from_keras, to_keras
from qutils.network import Network
from qutils.repair import (
    correct_biases,
    correct_biases_empirically,
    drop_ceilings,
    equalize,
    fold_batch_norms,
)
from qutils.rescale import rescale
from qutils.weight_rounding import adaround, round_weights
from qutils.wrist import channel_deviations, fold_scaling, load_wrist_imu

LADDER = RESULTS / "ladder.csv"
KEY = ("net", "seed", "rung", "weight_bits", "granularity")
PACKAGES = ("tensorflow", "tf-keras", "ai-edge-litert", "ai-edge-quantizer", "numpy")


@dataclass(frozen=True)
class Row:
    """One accuracy, as the CSV file has it."""

    net: str
    seed: int
    rung: str
    weight_bits: int
    activation_bits: int
    granularity: str
    simulated: bool
    split: str
    accuracy: float
    n_test: int
    control_accuracy: float
    file_bytes: int | str
    seconds: float
    versions: str


@dataclass(frozen=True)
class Subject:
    """A network, trained or further prepared, and the inputs it takes."""

    trained_as: str
    load: Callable[[str], tuple[np.ndarray, np.ndarray]]
    prepare: Callable[[Network], Network] = lambda network: network

    def network(self, seed: int) -> Network:
        """Return the trained network with batch norms folded."""
        return fold_batch_norms(self.prepare(from_keras(trained(self.trained_as, seed))))

    def samples(self) -> np.ndarray:
        """Return the inputs that calibrate and repair the network."""
        return self.load("train")[0][:SAMPLES]


SUBJECTS = {
    "net_a": Subject("net_a", load_fashion_mnist),
    "net_b": Subject("net_b", load_fashion_mnist),
    "wrist": Subject("wrist", load_wrist_imu),
    "wrist_raw_units": Subject(
        "wrist",
        functools.partial(load_wrist_imu, scaled=False),
        lambda network: fold_scaling(network, channel_deviations()),
    ),
}


@dataclass(frozen=True)
class Rung:
    """One experiment: a key of `RUNGS`, with bits (32 is float) and granularity of the weights."""

    name: str
    bits: int = 32
    granularity: str = "none"

    @property
    def per_channel(self) -> bool:
        """Whether each output channel has a scale of its own."""
        return self.granularity == "per_channel"


@dataclass(frozen=True)
class Outcome:
    """What a rung made: a float32 Keras model, or the bytes of a file; and what it cost."""

    seconds: float
    model: Any = None
    file: bytes | None = None
    simulated: bool = False


def float32(subject: Subject, seed: int, rung: Rung) -> Outcome:
    """Return the network as trained; its seconds are those of training."""
    model = to_keras(subject.network(seed))
    seconds = training_seconds(subject.trained_as, seed)
    return Outcome(seconds, model, to_tflite(model, "float32"))


def float32_without_ceilings(subject: Subject, seed: int, rung: Rung) -> Outcome:
    """Return the network with ReLU for ReLU6: what equalization of net A starts from."""
    return Outcome(0.0, to_keras(drop_ceilings(subject.network(seed))))


Repair = Callable[[Network, Rung, np.ndarray], Network]


def round_plainly(network: Network, rung: Rung, samples: np.ndarray) -> Network:
    """Round weights to the nearest, and repair nothing."""
    return round_weights(network, rung.bits, rung.per_channel)


def correct_from_statistics(network: Network, rung: Rung, samples: np.ndarray) -> Network:
    """Round to the nearest; correct biases by what the batch norms tell."""
    rounded = round_plainly(network, rung, samples)
    return correct_biases(network, rounded, samples.mean(axis=(0, 1, 2), dtype=np.float64))


def correct_from_samples(network: Network, rung: Rung, samples: np.ndarray) -> Network:
    """Round to the nearest; correct biases by what the samples show."""
    return correct_biases_empirically(network, round_plainly(network, rung, samples), samples)


def round_by_error(network: Network, rung: Rung, samples: np.ndarray) -> Network:
    """Round by AdaRound."""
    return adaround(network, samples, rung.bits, rung.per_channel)


def equalized(network: Network) -> Network:
    """Equalize across layers."""
    return equalize(drop_ceilings(network))


def unchanged(network: Network) -> Network:
    """Start from the network as it is."""
    return network


def repaired(
    start: Callable[[Network], Network], repair: Repair, subject: Subject, seed: int, rung: Rung
) -> Outcome:
    """Change the float32 network, round its weights, and convert it to int8.

    Weights of fewer bits stand in the file as int8: their values are right to 1/36 of their own
    step, their bytes are not saved.
    """
    network, samples = subject.network(seed), subject.samples()
    begin = time.monotonic()
    rounded = to_keras(repair(start(network), rung, samples))
    content = to_tflite(rounded, "int8", samples, rung.per_channel)
    return Outcome(time.monotonic() - begin, file=content, simulated=rung.bits < 8)


def int4(algorithm: str, subject: Subject, seed: int, rung: Rung) -> Outcome:
    """Let ai-edge-quantizer choose int4 weights for all layers that it can."""
    network = to_keras(subject.network(seed))
    begin = time.monotonic()
    content = int4_file(to_tflite(network), subject.samples(), algorithm)
    return Outcome(time.monotonic() - begin, file=content)


def int4_adaround(subject: Subject, seed: int, rung: Rung) -> Outcome:
    """Choose the same layers' int4 weights by our AdaRound, and let the quantizer pack them."""
    network, samples = subject.network(seed), subject.samples()
    bits = {layer.name: rung.bits for layer in network.linear if layer.kind != "depthwise"}
    begin = time.monotonic()
    rounded = to_keras(adaround(network, samples, bits, rung.per_channel))
    content = int4_file(to_tflite(rounded), samples, "DEQUANTIZED_WEIGHT_RECOVERY")
    return Outcome(time.monotonic() - begin, file=content)


RUNGS: dict[str, Callable[[Subject, int, Rung], Outcome]] = {
    "fp32": float32,
    "fp32_no_ceilings": float32_without_ceilings,
    "ptq": functools.partial(repaired, unchanged, round_plainly),
    "bias_analytic": functools.partial(repaired, unchanged, correct_from_statistics),
    "bias_empirical": functools.partial(repaired, unchanged, correct_from_samples),
    "adaround": functools.partial(repaired, unchanged, round_by_error),
    "cle": functools.partial(repaired, equalized, round_plainly),
    "cle_bias_analytic": functools.partial(repaired, equalized, correct_from_statistics),
    "cle_bias_empirical": functools.partial(repaired, equalized, correct_from_samples),
    "cle_adaround": functools.partial(repaired, equalized, round_by_error),
    **{
        f"rescaled_{k}": functools.partial(
            repaired, functools.partial(rescale, exponent=k), round_plainly
        )
        for k in range(1, 5)
    },
    "int4_min_max": functools.partial(int4, "MIN_MAX_UNIFORM_QUANT"),
    "int4_octav": functools.partial(int4, "OCTAV"),
    "int4_adaround": int4_adaround,
}


def rungs(bits: int, granularity: str, *names: str) -> list[Rung]:
    """Return rungs that differ in their repair alone."""
    return [Rung(name, bits, granularity) for name in names]


INT8 = [
    *rungs(8, "per_channel", "ptq"),
    *rungs(8, "per_tensor", "ptq", "cle", "bias_empirical", "cle_bias_empirical", "cle_adaround"),
]
W4 = [
    *rungs(4, "per_channel", "ptq", "bias_analytic", "bias_empirical", "adaround"),
    *rungs(4, "per_tensor", "ptq", "cle", "cle_bias_analytic", "cle_bias_empirical"),
    *rungs(4, "per_tensor", "cle_adaround"),
]
INT4 = rungs(4, "per_channel", "int4_min_max", "int4_octav", "int4_adaround")
STRESS = [
    rung
    for granularity in ("per_channel", "per_tensor")
    for rung in rungs(8, granularity, *(f"rescaled_{k}" for k in range(1, 5)))
]
EXPERIMENTS: dict[str, list[Rung]] = {
    "net_b": [Rung("fp32"), *INT8, *W4, *INT4, *STRESS],
    "net_a": [Rung("fp32"), Rung("fp32_no_ceilings"), *INT8, *W4, *INT4],
    "wrist": [Rung("fp32"), *INT8, *W4, *INT4],
    "wrist_raw_units": [
        Rung("fp32"),
        *rungs(8, "per_channel", "ptq", "cle", "bias_empirical", "adaround"),
        *rungs(8, "per_tensor", "ptq"),
    ],
}


def run(
    path: Path, net: str, seed: int, name: str, weight_bits: int, granularity: str
) -> list[Row]:
    """Climb one rung and return its rows, for the validation and the test inputs."""
    rung, subject = Rung(name, weight_bits, granularity), SUBJECTS[net]
    outcome = RUNGS[name](subject, seed, rung)
    rows = []
    for split in ("validation", "test"):
        inputs, labels = subject.load(split)
        if outcome.model is not None:
            share = keras_accuracy(outcome.model, inputs, labels)
        else:
            share = file_accuracy(outcome.file or b"", inputs, labels)
        keeps_size = outcome.file is not None and not outcome.simulated
        rows.append(
            Row(
                net=net,
                seed=seed,
                rung=name,
                weight_bits=weight_bits,
                activation_bits=32 if weight_bits == 32 else 8,
                granularity=granularity,
                simulated=outcome.simulated,
                split=split,
                accuracy=share,
                n_test=len(labels),
                control_accuracy=control_accuracy(path, net, seed, name, split, share),
                file_bytes=len(outcome.file or b"") if keeps_size else "",
                seconds=round(outcome.seconds, 1),
                versions=versions(PACKAGES),
            )
        )
    return rows


def control_accuracy(path: Path, net: str, seed: int, name: str, split: str, own: float) -> float:
    """Return the accuracy of the float32 network that was trained as long as this one."""
    control = "fp32_more_epochs" if name.endswith("qat") else "fp32"
    for row in read(path):
        if (row["net"], row["seed"], row["rung"], row["split"]) == (net, str(seed), control, split):
            return float(row["accuracy"])
    return own


def main() -> None:
    """Measure every rung that is not recorded yet."""
    parser = argparse.ArgumentParser(description="Measure the ladder of repairs.")
    parser.add_argument("--results", type=Path, default=LADDER)
    path = parser.parse_args().results
    wanted = [
        (net, seed, rung.name, rung.bits, rung.granularity)
        for net, ladder in EXPERIMENTS.items()
        for rung in ladder
        for seed in SEEDS
    ]
    record(path, Row, KEY, wanted, functools.partial(run, path))


if __name__ == "__main__":
    main()
