"""Time the emulator against the real TFLite Micro interpreter, in turn, in one run.

One thread. Every figure is the minimum of the repeats, every ratio is real / ours: above 1 the
emulator is the faster. Outputs are compared before anything is timed.
"""

import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import threadpoolctl
from rich.console import Console
from rich.progress import track
from rich.table import Table

from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.nets import load
from qutils.tflm import Interpreter

SHARED_MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
BATCH = 256
REPEATS = 7


def models() -> dict[str, bytes]:
    """Return the course's two networks in int8, and reference models where they are at hand."""
    calibration = load_fashion_mnist("train")[0][:200]
    found = {
        name: to_tflite(load(name), mode="int8", representative_dataset=calibration)
        for name in ("net_a", "net_b")
    }
    for name in ("ad01_int8", "kws_int8"):
        if (path := SHARED_MODELS / f"{name}.tflite").is_file():
            found[path.stem] = path.read_bytes()
    return found


def seconds(run: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def measure(content: bytes) -> tuple[float, float, float, int]:
    """Return seconds per sample, real at 1, ours at 1, ours in a batch; and the mismatches."""
    from tflite_micro.python.tflite_micro import runtime

    ours = Interpreter(model_content=content)
    ours.allocate_tensors()
    real = runtime.Interpreter.from_bytes(content, arena_size=4_000_000)
    details = ours.get_input_details()[0]
    batch = np.random.default_rng(0).integers(
        -128, 128, (BATCH, *details["shape"][1:]), dtype=np.int8
    )

    def run_real() -> None:
        for sample in batch:
            real.set_input(sample[np.newaxis], 0)
            real.invoke()

    def run_ours_one_by_one() -> None:
        for sample in batch[:16]:
            ours.set_tensor(details["index"], sample[np.newaxis])
            ours.invoke()

    predicted = ours.predict(batch)
    mismatches = 0
    for sample, mine in zip(batch, predicted, strict=True):
        real.set_input(sample[np.newaxis], 0)
        real.invoke()
        mismatches += int(np.count_nonzero(real.get_output(0)[0] != mine))
    rounds = [
        (seconds(run_real), seconds(run_ours_one_by_one), seconds(lambda: ours.predict(batch)))
        for _ in range(REPEATS)
    ]
    best = [min(column) for column in zip(*rounds, strict=True)]
    return best[0] / BATCH, best[1] / 16, best[2] / BATCH, mismatches


@threadpoolctl.threadpool_limits.wrap(limits=1)
def main() -> int:
    """Print the table; return 1 where an output differs."""
    console = Console()
    for pool in threadpoolctl.threadpool_info():
        if pool["user_api"] == "blas":
            console.print(
                f"BLAS: {pool['internal_api']} {pool['version']}, {pool.get('architecture')}, "
                f"{pool['num_threads']} thread; {platform.machine()}; NumPy {np.__version__}"
            )
    table = Table(title=f"Microseconds per sample, minimum of {REPEATS}; batch of {BATCH}")
    for heading in ("model", "real", "ours, N=1", "ours, batch", "ratio N=1", "ratio batch", "≠"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    differing = 0
    for name, content in track(models().items(), description="timing", console=console):
        real, single, batched, mismatches = measure(content)
        differing += mismatches
        table.add_row(
            name,
            *(f"{1e6 * value:.0f}" for value in (real, single, batched)),
            f"{real / single:.2f}x",
            f"{real / batched:.2f}x",
            str(mismatches),
        )
    console.print(table)
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
