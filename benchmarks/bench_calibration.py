"""Time quantize, fake_quantize and calibration against TensorFlow's own operators, in one run.

One thread, 10 million float32 values. Every time is the minimum of the rounds, in which the two
take turns; every ratio is TensorFlow's time over ours, so above 1 ours is the faster. Behind a
ratio stands the smallest and the largest of the single rounds. Results are compared first.
"""

import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from qutils._keras import import_tensorflow
from qutils.affine import QuantParams, choose_quant_params, dequantize, fake_quantize, quantize
from qutils.calibration import Entropy, MinMax, MovingAverage, MseOptimal, Observer, Percentile
from qutils.histogram import StreamingHistogram

SIZE = 10_000_000
ROUNDS = 7

Run = Callable[[], Any]


def seconds(run: Run) -> float:
    """Return the wall seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def range_of(params: QuantParams) -> tuple[float, float]:
    """Return the real values of the least and the largest integer."""
    low, high = dequantize([params.qmin, params.qmax], params).tolist()
    return low, high


def pairs(tf: Any, x: np.ndarray) -> dict[str, tuple[Run, Run]]:
    """Map what is timed to (ours, TensorFlow's)."""
    tensor, params = tf.constant(x), choose_quant_params(x)
    low, high = range_of(params)
    histogram = StreamingHistogram()
    histogram.add(x)
    ends = [-(2.0**histogram.exponent), 2.0**histogram.exponent]

    def their_fake_quantize() -> np.ndarray:
        return tf.quantization.fake_quant_with_min_max_args(tensor, low, high, 8).numpy()

    def their_quantize() -> np.ndarray:
        steps = tf.round(tensor / params.scale) + params.zero_point
        return tf.cast(tf.clip_by_value(steps, -128, 127), tf.int8).numpy()

    def their_ends() -> tuple[float, float]:
        return tf.reduce_min(tensor).numpy(), tf.reduce_max(tensor).numpy()

    def their_histogram() -> np.ndarray:
        return tf.histogram_fixed_width(tensor, ends, nbins=len(histogram.counts)).numpy()

    def updated(observer: Observer) -> Observer:
        observer.update(x)
        return observer

    def our_ends() -> tuple[float, float]:
        low, high = updated(MinMax()).limits()
        return low[0], high[0]

    def our_histogram() -> np.ndarray:
        return updated(Percentile())._histograms[0].counts

    return {
        "quantize | round, add, clip, cast": (lambda: quantize(x, params), their_quantize),
        "fake_quantize | fake_quant_with_min_max_args": (
            lambda: fake_quantize(x, params),
            their_fake_quantize,
        ),
        "MinMax.update | reduce_min, reduce_max": (our_ends, their_ends),
        "Percentile.update | histogram_fixed_width": (our_histogram, their_histogram),
    }


def difference(ours: Any, theirs: Any) -> str:
    """Say in how many places two results differ."""
    unlike = np.count_nonzero(np.asarray(ours) != np.asarray(theirs))
    return f"{unlike:,} of {np.size(ours):,}"


def ratio_row(name: str, ours: Run, theirs: Run) -> tuple[str, ...]:
    """Compare, then time in turn."""
    unlike = difference(ours(), theirs())
    rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    mine, other = (min(times) for times in zip(*rounds, strict=True))
    single = [b / a for a, b in rounds]
    ratio = f"{other / mine:.2f}x ({min(single):.2f} to {max(single):.2f})"
    return name, f"{SIZE / mine / 1e6:,.0f}", f"{SIZE / other / 1e6:,.0f}", ratio, unlike


def main() -> int:
    """Print the tables."""
    tf = import_tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    x = np.random.default_rng(0).normal(size=SIZE).astype(np.float32)
    against = Table(title=f"Million values a second, best of {ROUNDS} rounds; one thread")
    for heading in ("ours | TensorFlow's", "ours", "theirs", "theirs / ours, in time", "differ"):
        against.add_column(heading)
    for name, (ours, theirs) in pairs(tf, x).items():
        against.add_row(*ratio_row(name, ours, theirs))
    alone = Table(title="Calibration: million values a second in update, milliseconds of params")
    for heading in ("observer", "update", "params"):
        alone.add_column(heading)
    for make in (MinMax, MovingAverage, Percentile, MseOptimal, Entropy):
        observer = make()
        update = min(seconds(lambda o=observer: o.update(x)) for _ in range(3))
        params = min(seconds(observer.params) for _ in range(3))
        alone.add_row(make.__name__, f"{SIZE / update / 1e6:,.0f}", f"{params * 1e3:,.1f}")
    console = Console(width=120)
    console.print(f"{platform.machine()}; NumPy {np.__version__}; TensorFlow {tf.__version__}")
    console.print(against, alone)
    return 0


if __name__ == "__main__":
    sys.exit(main())
