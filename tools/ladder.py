"""Climb the ladder of repairs with three networks and four seeds, and record every figure.

Run from the root of the repository, in the environment of the course with its development
dependencies::

    python tools/ladder.py

Rows go to ``book/reference/results/ladder.csv``; what is recorded there is not measured again,
so an interrupted run goes on where it was. Delete rows to measure them anew.
"""

import argparse
import functools
from dataclasses import dataclass
from pathlib import Path

from experiment import (
    RESULTS,
    SEEDS,
    file_accuracy,
    keras_accuracy,
    read,
    record,
    versions,
)
from ladder_rungs import RUNGS, SUBJECTS, Outcome, Rung

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


def rungs(bits: int, granularity: str, *names: str) -> list[Rung]:
    """Return rungs that differ in their repair alone."""
    return [Rung(name, bits, granularity) for name in names]


INT8 = [
    *rungs(8, "per_channel", "ptq"),
    *rungs(8, "per_tensor", "ptq", "cle", "bias_empirical", "cle_bias_empirical", "cle_adaround"),
]
W4 = [
    *rungs(4, "per_channel", "ptq", "bias_analytic", "bias_empirical", "adaround"),
    *rungs(
        4, "per_tensor", "ptq", "cle", "cle_bias_analytic", "cle_bias_empirical", "cle_adaround"
    ),
]
INT4 = rungs(4, "per_channel", "int4_min_max", "int4_octav", "int4_adaround")
STRESS = [
    rung
    for granularity in ("per_channel", "per_tensor")
    for rung in rungs(8, granularity, *(f"rescaled_{k}" for k in range(1, 5)))
]
EXPERIMENTS: dict[str, list[Rung]] = {
    "net_b": [
        *(Rung(name) for name in ("fp32", "control_8", "control_4")),
        *INT8,
        *W4,
        *INT4,
        *STRESS,
        *rungs(8, "per_tensor", "qat"),
        *rungs(4, "per_tensor", "cle_qat"),
    ],
    "net_a": [
        *(Rung(name) for name in ("fp32", "fp32_no_ceilings", "control_4")),
        *INT8,
        *W4,
        *INT4,
        *rungs(4, "per_channel", "qat"),
        *rungs(4, "per_tensor", "qat"),
    ],
    "wrist": [
        *(Rung(name) for name in ("fp32", "control_4")),
        *INT8,
        *W4,
        *INT4,
        *rungs(4, "per_channel", "qat"),
    ],
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
    rung = Rung(name, weight_bits, granularity)
    return [
        measured(path, net, seed, rung, outcome, split)
        for outcome in RUNGS[name](SUBJECTS[net], seed, rung)
        for split in ("validation", "test")
    ]


def measured(path: Path, net: str, seed: int, rung: Rung, outcome: Outcome, split: str) -> Row:
    """Measure what a rung made on one split; a Keras model goes before its file."""
    inputs, labels = SUBJECTS[net].load(split)
    if outcome.model is not None:
        share = keras_accuracy(outcome.model, inputs, labels)
    else:
        share = file_accuracy(outcome.file or b"", inputs, labels)
    has_size = outcome.file is not None and not outcome.simulated
    return Row(
        net=net,
        seed=seed,
        rung=rung.name,
        weight_bits=rung.bits,
        activation_bits=32 if rung.bits == 32 else 8,
        granularity=rung.granularity,
        simulated=outcome.simulated,
        split=split,
        accuracy=share,
        n_test=len(labels),
        control_accuracy=control_accuracy(path, net, seed, rung, split, share),
        file_bytes=len(outcome.file or b"") if has_size else "",
        seconds=round(outcome.seconds, 1),
        versions=versions(PACKAGES),
    )


def control_accuracy(path: Path, net: str, seed: int, rung: Rung, split: str, own: float) -> float:
    """Return the accuracy of the float32 network that was trained as long as this one."""
    control = f"control_{rung.bits}" if rung.name.endswith("qat") else "fp32"
    if rung.bits == 32:
        return own
    for row in read(path):
        if (row["net"], row["seed"], row["rung"], row["split"]) == (net, str(seed), control, split):
            return float(row["accuracy"])
    raise ValueError(f"{rung.name} needs {control} of {net}, seed {seed}, in {path}")


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
