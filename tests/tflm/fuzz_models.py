"""Whether any bytes at all are answered: with a result, or with an error that qutils names.

    python tests/tflm/fuzz_models.py --mutations 1000000 --seed 0

Each mutation of a good model is parsed, planned, allocated and invoked once, within two seconds
of processor time and two gigabytes.  ``--oracle`` also asks the real interpreter, and counts
where the two differ.  What goes wrong is kept in ``build/fuzz``.
"""

import argparse
import multiprocessing
import queue
import re
import resource
import signal
import sys
import time
import traceback
import zlib
from collections import Counter
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from mutations import corpus, mutation
from tqdm import tqdm

from qutils.errors import ArenaOutOfMemoryError, InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter

SECONDS = 2.0
MOST_BYTES = 2 << 30
# Large enough for the models, small enough that no mutation is honest hard work.
ARENA_BYTES = 1 << 19
OUTPUT = Path(__file__).resolve().parents[2] / "build" / "fuzz"
_BATCH = 100
_PARTICULARS = re.compile(r"'.*'|[0-9]+")


class TooSlowError(Exception):
    """A file took more than its two seconds."""


def answer(content: bytes) -> tuple[str, Interpreter | None]:
    """Return how a file is answered; what is no answer is raised."""
    try:
        interpreter = Interpreter(model_content=content, arena_size=ARENA_BYTES)
        try:
            interpreter.allocate_tensors()
        except ArenaOutOfMemoryError:
            # Far above any microcontroller: prepare, but do not run.
            Interpreter(model_content=interpreter.model).allocate_tensors()
            return "large", None
        interpreter.invoke()
    except (InvalidModelError, UnsupportedOperatorError, ArenaOutOfMemoryError) as error:
        return type(error).__name__, None
    return "runs", interpreter


def guarded(content: bytes) -> tuple[str, Interpreter | None]:
    """Return how a file is answered within the time, else where it went wrong."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return answer(content)
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "qutils" in f.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return f"FOUND {type(error).__name__} at {where}: {str(error)[:80]}", None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def compared(content: bytes, verdict: str, interpreter: Interpreter | None) -> str:
    """Return how the real interpreter differs from ours, or the verdict where it does not."""
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    from oracle import OracleError, ask

    if interpreter is None:
        try:
            ask(content, arena_bytes=4 * ARENA_BYTES)
        except OracleError:
            return verdict
        return verdict if verdict == "large" else f"STRICT {_words(content)}"
    rng = np.random.default_rng(0)
    inputs = []
    for details in interpreter.get_input_details():
        bits = rng.integers(0, 256, (*details["shape"], np.dtype(details["dtype"]).itemsize))
        value = bits.astype(np.uint8).view(details["dtype"])[..., 0]
        if value.dtype.kind == "f":
            value = rng.normal(size=value.shape).astype(value.dtype)
        interpreter.set_tensor(details["index"], value)
        inputs.append(value)
    try:
        expected, again = ask(content, [inputs, inputs], 4 * ARENA_BYTES).outputs
    except OracleError as error:
        return f"LENIENT {str(error).strip().splitlines()[0][:60]}"
    interpreter.invoke()
    outputs = [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]
    names = "+".join(sorted({operator.name for operator in interpreter.model.main.operators}))
    for got, want, second in zip(outputs, expected, again, strict=True):
        # Where TFLM reads beyond a tensor, it does not answer the same twice.
        if not np.array_equal(want, second, equal_nan=got.dtype.kind == "f"):
            return "runs undefined"
        if not np.allclose(got, want, rtol=1e-5, atol=0, equal_nan=True):
            return f"DIFFERENT {names if len(names) < 60 else 'network'} {got.dtype}"
    return "runs equally"


def _words(content: bytes) -> str:
    """Return why a model is refused, without its numbers and names."""
    try:
        Interpreter(model_content=content).allocate_tensors()
    except Exception as error:
        words = str(error).splitlines()[0]
        return f"{type(error).__name__} {_PARTICULARS.sub('#', words)[:100]}"
    return "by its arena"


def _work(numbers: range, seed: int, oracle: bool, current: Any, results: Any) -> None:
    signal.signal(signal.SIGVTALRM, _too_slow)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    np.seterr(all="ignore")
    counts: Counter[str] = Counter()
    examples: dict[str, bytes] = {}
    for done, number in enumerate(numbers, 1):
        current.value = number
        content = mutation(seed, number)
        verdict, interpreter = guarded(content)
        if oracle:
            verdict = compared(content, verdict, interpreter)
        counts[verdict] += 1
        examples.setdefault(verdict, content)
        if done % _BATCH == 0 or done == len(numbers):
            results.put((counts, examples))
            counts, examples = Counter(), {}


def _too_slow(signal_number: int, frame: Any) -> None:
    raise TooSlowError


def fuzz(
    mutations: int, seed: int, processes: int, minutes: float = inf, oracle: bool = False
) -> dict[str, list[Any]]:
    """Answer many mutations; return for each verdict how often it fell, and an example."""
    end = time.monotonic() + 60 * minutes
    corpus()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    totals: dict[str, list[Any]] = {}
    workers: list[tuple[Any, Any]] = []

    def start(numbers: range) -> None:
        current = context.Value("q", numbers.start)
        worker = context.Process(target=_work, args=(numbers, seed, oracle, current, results))
        worker.start()
        workers.append((worker, current))

    for i in range(processes):
        start(range(i, mutations, processes))
    with tqdm(total=mutations, disable=not sys.stderr.isatty()) as progress:
        while (workers or not results.empty()) and time.monotonic() < end:
            try:
                counts, examples = results.get(timeout=0.2)
            except queue.Empty:
                counts, examples = Counter(), {}
            for verdict, count in counts.items():
                totals.setdefault(verdict, [0, examples[verdict]])[0] += count
                progress.update(count)
            for entry in [e for e in workers if not e[0].is_alive()]:
                workers.remove(entry)
                worker, current = entry
                if worker.exitcode != 0:
                    died = f"FOUND the process died with status {worker.exitcode}"
                    totals.setdefault(died, [0, mutation(seed, current.value)])[0] += 1
                    if rest := range(current.value + processes, mutations, processes):
                        start(rest)
    for worker, _ in workers:
        worker.terminate()
    return totals


def main() -> int:
    """Fuzz as the command line asks, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=inf, help="stop after so many")
    parser.add_argument("--oracle", action="store_true", help="compare with the real interpreter")
    arguments = parser.parse_args()
    totals = fuzz(**vars(arguments))
    print(f"{sum(count for count, _ in totals.values()):>9}  in all")
    found = 0
    for verdict, (count, example) in sorted(totals.items(), key=lambda item: -item[1][0]):
        if verdict.startswith("STRICT") and count < 3:
            continue
        print(f"{count:>9}  {verdict}")
        if verdict.startswith(("FOUND", "STRICT", "DIFFERENT")):
            found += verdict.startswith(("FOUND", "DIFFERENT"))
            OUTPUT.mkdir(parents=True, exist_ok=True)
            path = OUTPUT / f"{zlib.crc32(verdict.encode()):08x}.tflite"
            path.write_bytes(example)
            print(f"{'':>9}  {path}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
