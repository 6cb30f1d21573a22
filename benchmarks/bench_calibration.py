"""Time quantize, fake_quantize and calibration against TensorFlow and ai-edge-quantizer, in turn.

One thread, 10 million float32 values. Every time is the minimum of the rounds, in which the two
take turns; every ratio is the other's time over ours, so above 1 ours is the faster. Behind a
ratio stands the smallest and the largest of the single rounds. Results are compared first: where
they differ, others round ties to even, or subtract in float32.
"""

import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from ai_edge_quantizer import qtyping
from ai_edge_quantizer.algorithms.uniform_quantize import common_quantize
from ai_edge_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as edge
from rich.console import Console
from rich.table import Table

from qutils._keras import import_tensorflow
from qutils.affine import QuantParams, choose_quant_params, dequantize, fake_quantize, quantize
from qutils.calibration import Entropy, MinMax, MovingAverage, MseOptimal, Observer, Percentile
from qutils.histogram import StreamingHistogram

# As many as the weights of a large layer: 1,000 channels in the last dimension.
SHAPE = (10_000, 1_000)
ROUNDS = 7

Run = Callable[[], Any]


class Pair(NamedTuple):
    """Two ways to one result, and what they are called."""

    name: str
    other: str
    ours: Run
    theirs: Run


def seconds(run: Run) -> float:
    """Return the wall seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def range_of(params: QuantParams) -> tuple[Any, Any]:
    """Return the real values of the least and the largest integer, per channel or alone."""
    scale = np.asarray(params.scale)
    return (params.qmin - params.zero_point) * scale, (params.qmax - params.zero_point) * scale


def updated(observer: Observer, x: np.ndarray) -> Observer:
    """Return the observer after one update."""
    observer.update(x)
    return observer


def ends(x: np.ndarray) -> tuple[Any, Any]:
    """Return the least and the largest value, as `MinMax` finds them."""
    low, high = updated(MinMax(), x).limits()
    return low[0], high[0]


def tensorflow_pairs(tf: Any, x: np.ndarray) -> list[Pair]:
    """Return what TensorFlow's operators do, too."""
    tensor, params = tf.constant(x), choose_quant_params(x)
    symmetric = choose_quant_params(x, symmetric=True)
    per_channel = choose_quant_params(x, axis=1)
    operators = tf.quantization
    largest = float(range_of(symmetric)[1])

    def their_quantize() -> np.ndarray:
        found = operators.quantize(
            tensor, -largest, largest, tf.qint8, mode="SCALED", narrow_range=True
        )
        return tf.bitcast(found.output, tf.int8).numpy()

    low, high = map(float, range_of(params))
    lows, highs = range_of(per_channel)
    fake = operators.fake_quant_with_min_max_args
    fake_per_channel = operators.fake_quant_with_min_max_vars_per_channel
    return [
        Pair(
            "quantize, symmetric",
            "quantization.quantize",
            lambda: quantize(x, symmetric),
            their_quantize,
        ),
        Pair(
            "fake_quantize",
            "fake_quant_with_min_max_args",
            lambda: fake_quantize(x, params),
            lambda: fake(tensor, low, high, 8).numpy(),
        ),
        Pair(
            "fake_quantize per channel",
            "..._vars_per_channel",
            lambda: fake_quantize(x, per_channel),
            lambda: fake_per_channel(tensor, lows, highs, 8).numpy(),
        ),
        Pair(
            "MinMax.update",
            "reduce_min, reduce_max",
            lambda: ends(x),
            lambda: (tf.reduce_min(tensor).numpy(), tf.reduce_max(tensor).numpy()),
        ),
        histogram_pair(tf, x, tensor),
    ]


def histogram_pair(tf: Any, x: np.ndarray, tensor: Any) -> Pair:
    """Return the two histograms: ours finds its range, TensorFlow's is told."""
    histogram = StreamingHistogram()
    histogram.add(x)
    reach = 2.0**histogram.exponent
    bins = len(histogram.counts)

    def our_histogram() -> np.ndarray:
        fresh = StreamingHistogram()
        fresh.add(x)
        return fresh.counts

    return Pair(
        "StreamingHistogram.add",
        "histogram_fixed_width",
        our_histogram,
        lambda: tf.histogram_fixed_width(tensor, [-reach, reach], nbins=bins).numpy(),
    )


def edge_params(params: QuantParams) -> qtyping.UniformQuantParams:
    """Return our parameters as ai-edge-quantizer keeps them."""
    shape = (1, 1) if params.axis is None else (1, -1)
    return qtyping.UniformQuantParams(
        num_bits=params.bits,
        quantized_dimension=params.axis,
        scale=np.reshape(params.scale, shape),
        # Its own int8 zero points would wrap when it subtracts them from int8 values.
        zero_point=np.reshape(params.zero_point, shape).astype(np.int32),
        symmetric=params.narrow_range,
    )


def edge_pairs(x: np.ndarray) -> list[Pair]:
    """Return what ai-edge-quantizer's functions do, too."""
    pairs = []
    for kind, params in {
        "": choose_quant_params(x),
        " per channel": choose_quant_params(x, symmetric=True, axis=1),
    }.items():
        theirs = edge_params(params)
        pairs += [
            Pair(
                f"quantize{kind}",
                "uniform_quantize",
                lambda params=params: quantize(x, params),
                lambda theirs=theirs: edge.uniform_quantize(x, theirs),
            ),
            Pair(
                f"fake_quantize{kind}",
                "uniform_dequantize of it",
                lambda params=params: fake_quantize(x, params),
                lambda theirs=theirs: edge.uniform_dequantize(
                    edge.uniform_quantize(x, theirs), theirs
                ),
            ),
        ]

    def their_ends() -> tuple[Any, Any]:
        found = common_quantize.get_activation_min_max(x, -3e38, 3e38)
        return found["min"].item(), found["max"].item()

    params = choose_quant_params(x)
    q, theirs = quantize(x, params), edge_params(params)
    return [
        *pairs,
        Pair(
            "dequantize",
            "uniform_dequantize",
            lambda: dequantize(q, params),
            lambda: edge.uniform_dequantize(q, theirs),
        ),
        Pair("MinMax.update", "get_activation_min_max", lambda: ends(x), their_ends),
    ]


def row(pair: Pair) -> tuple[str, ...]:
    """Compare, then time in turn."""
    ours, theirs = np.asarray(pair.ours()), np.asarray(pair.theirs())
    # Reals may differ in the last place: ai-edge-quantizer multiplies in float64.
    equal = np.isclose(ours, theirs, rtol=1e-6, atol=1e-7)
    unlike = f"{np.count_nonzero(~equal):,} of {ours.size:,}"
    rounds = [(seconds(pair.ours), seconds(pair.theirs)) for _ in range(ROUNDS)]
    mine, other = (min(times) for times in zip(*rounds, strict=True))
    single = [b / a for a, b in rounds]
    ratio = f"{other / mine:.2f}x ({min(single):.2f} to {max(single):.2f})"
    return pair.name, pair.other, millions(mine), millions(other), ratio, unlike


def millions(one_run: float) -> str:
    """Return millions of values in a second."""
    return f"{np.prod(SHAPE) / one_run / 1e6:,.0f}"


def comparison(title: str, pairs: list[Pair]) -> Table:
    """Return the table of all pairs."""
    table = Table(title=f"{title}: million values a second, best of {ROUNDS} rounds, one thread")
    for heading in ("ours", "theirs", "ours", "theirs", "theirs / ours, in time", "differ"):
        table.add_column(heading)
    for pair in pairs:
        table.add_row(*row(pair))
    return table


def calibration(x: np.ndarray) -> Table:
    """Return the table of the observers."""
    table = Table(title="Calibration: million values a second in update, milliseconds of params")
    for heading in ("observer", "update", "params"):
        table.add_column(heading)
    for make in (MinMax, MovingAverage, Percentile, MseOptimal, Entropy):
        observer = make()
        update = min(seconds(lambda o=observer: o.update(x)) for _ in range(3))
        params = min(seconds(observer.params) for _ in range(3))
        table.add_row(make.__name__, millions(update), f"{params * 1e3:,.1f}")
    return table


def main() -> int:
    """Print the tables."""
    tf = import_tensorflow()
    tf.get_logger().setLevel("ERROR")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    x = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    console = Console(width=140)
    console.print(
        f"{platform.machine()}; NumPy {np.__version__}; TensorFlow {tf.__version__}; "
        f"ai-edge-quantizer {version('ai-edge-quantizer')}"
    )
    console.print(comparison("TensorFlow", tensorflow_pairs(tf, x)))
    console.print(comparison("ai-edge-quantizer", edge_pairs(x)))
    console.print(calibration(x))
    return 0


if __name__ == "__main__":
    sys.exit(main())
