"""The rungs of the ladder: what is done to a trained network, and what comes out."""

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiment import SAMPLES, trained, training_seconds
from ladder_int4 import int4_file, with_rounding
from qutils import nets
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.describe import from_keras, to_keras
from qutils.network import Network
from qutils.qat import prepare_qat
from qutils.qat_conversion import qat_to_tflite
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

# Further training by the number of bits that it is to adapt to; the control has the same.
TRAINING: dict[int, dict[str, Any]] = {
    8: {"epochs": 6, "optimizer": "adam", "learning_rate": 5e-4},
    4: {"epochs": 6, "optimizer": "adam", "learning_rate": 1e-3},
}


@dataclass(frozen=True)
class Subject:
    """A network, trained or further prepared, and the inputs it takes.

    Windows of one recording follow each other in the wrist data, and the first 200 come from
    three recordings: `every` spreads the samples over all of them.
    """

    trained_as: str
    load: Callable[[str], tuple[np.ndarray, np.ndarray]]
    every: int = 1
    prepare: Callable[[Network], Network] = lambda network: network

    def network(self, seed: int) -> Network:
        """Return the trained network with batch norms folded."""
        return fold_batch_norms(self.prepare(from_keras(trained(self.trained_as, seed))))

    def samples(self) -> np.ndarray:
        """Return the inputs that calibrate and repair the network."""
        return self.load("train")[0][:: self.every][:SAMPLES]


SUBJECTS = {
    "net_a": Subject("net_a", load_fashion_mnist),
    "net_b": Subject("net_b", load_fashion_mnist),
    "wrist": Subject("wrist", load_wrist_imu, every=26),
    "wrist_raw_units": Subject(
        "wrist",
        functools.partial(load_wrist_imu, scaled=False),
        26,
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


def float32(subject: Subject, seed: int, rung: Rung) -> Iterator[Outcome]:
    """Yield the network as trained; its seconds are those of training."""
    model = to_keras(subject.network(seed))
    seconds = training_seconds(subject.trained_as, seed)
    yield Outcome(seconds, model, to_tflite(model, "float32"))


def float32_without_ceilings(subject: Subject, seed: int, rung: Rung) -> Iterator[Outcome]:
    """Yield the network with ReLU for ReLU6: what equalization of net A starts from."""
    yield Outcome(0.0, to_keras(drop_ceilings(subject.network(seed))))


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
) -> Iterator[Outcome]:
    """Change the float32 network, round its weights, and convert it to int8.

    Weights of fewer bits stand in the file as int8: their values are right to 1/36 of their own
    step, their bytes are not saved.
    """
    network, samples = subject.network(seed), subject.samples()
    begin = time.monotonic()
    rounded = to_keras(repair(start(network), rung, samples))
    content = to_tflite(rounded, "int8", samples, rung.per_channel)
    yield Outcome(time.monotonic() - begin, file=content, simulated=rung.bits < 8)


def trained_longer(bits: int, subject: Subject, seed: int, rung: Rung) -> Iterator[Outcome]:
    """Yield the control: the training that QAT has with so many bits, without quantization."""
    model = trained(subject.trained_as, seed)
    begin = time.monotonic()
    nets.fit(model, *subject.load("train"), seed=seed, **TRAINING[bits])
    yield Outcome(time.monotonic() - begin, model)


def trained_quantized(
    start: Callable[[Network], Network], subject: Subject, seed: int, rung: Rung
) -> Iterator[Outcome]:
    """Train with fake quantization; yield the int8 file, which has the trained ranges."""
    network = start(subject.network(seed))
    model = prepare_qat(
        to_keras(network), bits=rung.bits, per_channel=rung.per_channel, ranges="learned"
    )
    begin = time.monotonic()
    nets.fit(model, *subject.load("train"), seed=seed, **TRAINING[rung.bits])
    content = qat_to_tflite(model)
    seconds = time.monotonic() - begin
    yield Outcome(seconds, file=content, simulated=rung.bits < 8)


def int4(algorithm: str, subject: Subject, seed: int, rung: Rung) -> Iterator[Outcome]:
    """Let ai-edge-quantizer choose int4 weights for all layers that it can."""
    network = to_keras(subject.network(seed))
    begin = time.monotonic()
    content = int4_file(to_tflite(network), subject.samples(), algorithm)
    yield Outcome(time.monotonic() - begin, file=content)


def int4_adaround(subject: Subject, seed: int, rung: Rung) -> Iterator[Outcome]:
    """Choose the int4 weights of the same layers by our AdaRound."""
    network, samples = subject.network(seed), subject.samples()
    bits = {layer.name: rung.bits for layer in network.linear if layer.kind != "depthwise"}
    begin = time.monotonic()
    rounded = adaround(network, samples, bits, rung.per_channel)
    content = with_rounding(int4_file(to_tflite(to_keras(network)), samples), network, rounded)
    yield Outcome(time.monotonic() - begin, file=content)


RUNGS: dict[str, Callable[[Subject, int, Rung], Iterator[Outcome]]] = {
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
    "control_8": functools.partial(trained_longer, 8),
    "control_4": functools.partial(trained_longer, 4),
    "qat": functools.partial(trained_quantized, unchanged),
    "cle_qat": functools.partial(trained_quantized, equalized),
}
