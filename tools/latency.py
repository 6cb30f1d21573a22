"""Time float32 and int8 files of one network on this computer, with three sets of kernels.

Run from the root of the repository, in the environment of the course (with LiteRT, which is a
development dependency)::

    python tools/latency.py

Rows go to ``book/reference/results/latency.csv`` and replace what is there, since only times of
one run on one machine can be compared. One thread. All files are timed in turn, round by round, a
few inferences each time, so that the caches hold what a file needs. The least time counts: other
work on the machine can only add to it.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from experiment import RESULTS, SAMPLES, versions
from qutils import nets
from qutils._keras import quiet
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist

LATENCY = RESULTS / "latency.csv"
PACKAGES = ("tensorflow", "tf-keras", "ai-edge-litert")
NETS: dict[str, Callable[[], Any]] = {
    "net_a": lambda: nets.load("net_a"),
    "large_cnn": lambda: nets.build("large_cnn"),
}
MODES = ("float32", "dynamic", "int8")
# The names that LiteRT has for its choices of kernels.
KERNELS = {
    "xnnpack": "AUTO",
    "built in": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "reference": "BUILTIN_REF",
}
ROUNDS = 50
INFERENCES = 5  # in a row, in each round
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Row:
    """The time of one file with one set of kernels, as the CSV file has it."""

    net: str
    mode: str
    kernels: str
    ms: float
    rounds: int
    processor: str
    versions: str


def interpreters() -> Iterator[tuple[Key, Any]]:
    """Yield LiteRT's interpreter, ready to run, for every network, mode and set of kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    images = load_fashion_mnist("train")[0][:SAMPLES]
    for net, make in NETS.items():
        network = make()
        for mode in MODES:
            content = to_tflite(network, mode, images if mode == "int8" else None)
            for kernels, name in KERNELS.items():
                with quiet():
                    interpreter = Interpreter(
                        model_content=content,
                        num_threads=1,
                        experimental_op_resolver_type=OpResolverType[name],
                    )
                    interpreter.allocate_tensors()
                yield (net, mode, kernels), interpreter


def least_ms(runs: Mapping[Key, Callable[[], object]], rounds: int) -> dict[Key, float]:
    """Return the least milliseconds of each call, in so many rounds through all of them."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for key, run in runs.items():
            for _ in range(INFERENCES):
                started = time.perf_counter()
                run()
                least[key] = min(least[key], 1000 * (time.perf_counter() - started))
    return least


def processor() -> str:
    """Return the name that Linux has for the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def main() -> None:
    """Time everything, and write the file."""
    parser = argparse.ArgumentParser(description="Time float32 and int8 files on this computer.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--results", type=Path, default=LATENCY)
    arguments = parser.parse_args()
    runs = {key: interpreter.invoke for key, interpreter in interpreters()}
    times = least_ms(runs, arguments.rounds)
    common = (arguments.rounds, processor(), versions(PACKAGES))
    with arguments.results.open("w", encoding="utf-8", newline="") as target:
        columns = [field.name for field in fields(Row)]
        writer = csv.DictWriter(target, columns, lineterminator="\n")
        writer.writeheader()
        for key, ms in times.items():
            writer.writerow(asdict(Row(*key, round(ms, 4), *common)))


if __name__ == "__main__":
    main()
