"""Time the emulator against the real TFLite Micro interpreter, in turn, in one run.

One thread.  Every time is the minimum of the repeats; every ratio is the other's time over the
emulator's, so above 1 the emulator is the faster.  Behind a ratio stands the smallest and the
largest of the single rounds.  Outputs are compared before anything is timed.

Each model is timed in a new process: what else a process has done slows NumPy's arrays down. How
much, one row says for a process in which TensorFlow has converted the model.
"""

import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from rich.console import Console
from rich.progress import track
from rich.table import Table

from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.nets import load
from qutils.tflm import Interpreter, Model
from qutils.tflm.kernels import KERNELS

SHARED_MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
BATCH = 256
SINGLES = 128
REPEATS = 25
AFTER = "net_a, after TensorFlow"


@dataclass(frozen=True)
class Timing:
    """Seconds for one sample, one entry for each round; and the outputs that differ."""

    real: Sequence[float]
    xnnpack: Sequence[float]
    single: Sequence[float]
    batch: Sequence[float]
    mismatches: int


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


def in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a process that has done nothing before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def seconds(run: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def measure_after_tensorflow() -> Timing:
    """Time net A where it has been converted."""
    return measure(models()["net_a"])


@threadpoolctl.threadpool_limits.wrap(limits=1)
def measure(content: bytes) -> Timing:
    """Compare the outputs of a batch, then time real, XNNPACK and ours in turn."""
    from ai_edge_litert.interpreter import Interpreter as LiteRT
    from tflite_micro.python.tflite_micro import runtime

    ours = Interpreter(model_content=content)
    ours.allocate_tensors()
    lite = LiteRT(model_content=content, num_threads=1)
    lite.allocate_tensors()
    real = runtime.Interpreter.from_bytes(content, arena_size=4_000_000)
    details = ours.get_input_details()[0]
    shape = (BATCH, *details["shape"][1:])
    batch = np.random.default_rng(0).integers(-128, 128, shape, dtype=np.int8)

    def run_real(sample: Any) -> Any:
        real.set_input(sample[np.newaxis], 0)
        real.invoke()
        return real.get_output(0)[0]

    def run_like_litert(interpreter: Any) -> None:
        for sample in batch[:SINGLES]:
            interpreter.set_tensor(details["index"], sample[np.newaxis])
            interpreter.invoke()

    mismatches = sum(
        int(np.count_nonzero(run_real(sample) != mine))
        for sample, mine in zip(batch, ours.predict(batch), strict=True)
    )
    rounds = [
        (
            seconds(lambda: [run_real(sample) for sample in batch[:SINGLES]]) / SINGLES,
            seconds(lambda: run_like_litert(lite)) / SINGLES,
            seconds(lambda: run_like_litert(ours)) / SINGLES,
            seconds(lambda: ours.predict(batch)) / BATCH,
        )
        for _ in range(REPEATS)
    ]
    return Timing(*zip(*rounds, strict=True), mismatches)


def ratio(other: Sequence[float], ours: Sequence[float]) -> str:
    """Return the ratio of the minima, and the range of the rounds."""
    single = [a / b for a, b in zip(other, ours, strict=True)]
    return f"{min(other) / min(ours):.2f}x ({min(single):.1f} to {max(single):.1f})"


@threadpoolctl.threadpool_limits.wrap(limits=1)
def shares(content: bytes, invocations: int) -> str:
    """Say which operators the emulator's time goes to, for some invocations side by side."""
    model = Model.from_bytes(content)
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    interpreter.invoke()
    spent: Counter[str] = Counter()
    for operator in model.main.operators:
        run = KERNELS[operator.name].prepare(operator)
        inputs = [
            tensor
            and np.repeat(
                interpreter.get_tensor(tensor.index)[np.newaxis],
                invocations if tensor.data is None else 1,
                axis=0,
            )
            for tensor in operator.inputs
        ]
        once = partial(run, inputs)
        once()
        spent[operator.name] += min(seconds(once) for _ in range(REPEATS))
    return ", ".join(f"{name} {part / spent.total():.0%}" for name, part in spent.most_common(4))


def main() -> int:
    """Print the tables; return 1 where an output differs."""
    console = Console(width=max(100, Console().width))
    with threadpoolctl.threadpool_limits(1):
        pools = threadpoolctl.threadpool_info()
    for pool in pools:
        if pool["user_api"] == "blas":
            console.print(
                f"BLAS: {pool['internal_api']} {pool['version']}, {pool.get('architecture')}, "
                f"{pool['num_threads']} thread; {platform.machine()}; NumPy {np.__version__}"
            )
    times = Table(title=f"Microseconds per sample, minimum of {REPEATS} rounds; batch of {BATCH}")
    ratios = Table(title="Other / emulator, and the range of the rounds")
    goes = Table(title="Where the emulator's time goes")
    for table, headings in (
        (times, ("model", "TFLM", "XNNPACK", "emulator, N=1", "emulator, batch", "outputs ≠")),
        (ratios, ("model", "TFLM, N=1", "TFLM, batch", "XNNPACK, N=1", "XNNPACK, batch")),
        (goes, ("model", "N=1", "batch")),
    ):
        for heading in headings:
            table.add_column(heading, justify="left" if table is goes else "right")
    differing = 0
    contents = in_new_process(models)
    for name in track([*contents, AFTER], description="timing", console=console):
        if name == AFTER:
            timing = in_new_process(measure_after_tensorflow)
        else:
            timing = in_new_process(measure, contents[name])
            goes.add_row(name, *(in_new_process(shares, contents[name], n) for n in (1, 16)))
        differing += timing.mismatches
        columns = (timing.real, timing.xnnpack, timing.single, timing.batch)
        times.add_row(name, *(f"{1e6 * min(c):.0f}" for c in columns), str(timing.mismatches))
        pairs = [
            (other, ours)
            for other in (timing.real, timing.xnnpack)
            for ours in (timing.single, timing.batch)
        ]
        ratios.add_row(name, *(ratio(other, ours) for other, ours in pairs))
    for table in (times, ratios, goes):
        console.print(table)
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
