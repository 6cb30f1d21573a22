"""AVERAGE_POOL_2D and MAX_POOL_2D, int8, int16 and float32.

TFLM: ``micro/kernels/pooling.cc``, ``pooling_common.cc``,
``kernels/internal/reference/integer_ops/pooling.h`` and ``reference/pooling.h``.

input (n, height, width, channels) gives output (n, out_h, out_w, channels).  Only the part of
the window that lies inside the input counts.  Nothing is rescaled: input and output must
have the same scale and zero point.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from qutils.integer_arithmetic import rounded_mean
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    activation_limits,
    quantized_limits,
    require_count,
    require_shape,
    require_types,
)
from qutils.tflm.kernels.window import on_images, window_of
from qutils.windows import Window

Pool = Callable[[Window, Array], Array]


def prepare(operator: Operator, pool: Pool) -> Run:
    """Prepare AVERAGE_POOL_2D or MAX_POOL_2D."""
    require_count(operator, (1, 1))
    kind = require_types(operator, "INT8", "INT16", "FLOAT32")
    source, target = operator.input(0), operator.outputs[0]
    window = window_of(operator, (operator.options["filter_h"], operator.options["filter_w"]))
    require_shape(operator, target, (source.shape[0], *window.output, source.shape[3]))
    if kind != "FLOAT32":
        same_scale = abs(source.scale - target.scale) <= 1e-6
        if not same_scale or source.zero_point != target.zero_point:
            raise operator.invalid("cannot rescale: input and output differ")
    low, high = quantized_limits(operator) if kind != "FLOAT32" else activation_limits(operator)

    return on_images(operator, lambda x: np.clip(pool(window, x), low, high).astype(x.dtype))


def _average(window: Window, x: Array) -> Array:
    if x.dtype == np.float32:
        padded = window.pad(x, 0)
        total = np.zeros((len(x), *window.output, x.shape[3]), np.float32)
        for tap in window.taps():
            total += window.view(padded, tap)
        return total / window.inside.astype(np.float32)
    rows = window.rows(window.pad(x.astype(np.int32), 0))
    total = rows.sum(axis=(2, 3), dtype=np.int32).reshape(len(x), *window.output, -1)
    return rounded_mean(total, window.inside)


def _maximum(window: Window, x: Array) -> Array:
    # TFLM starts from the lowest finite value.
    lowest = np.finfo(np.float32).min if x.dtype == np.float32 else np.iinfo(x.dtype).min
    padded = window.pad(x, float(lowest))
    largest = np.full((len(x), *window.output, x.shape[3]), lowest, x.dtype)
    for tap in window.taps():
        np.maximum(largest, window.view(padded, tap), out=largest)
    return largest


KERNELS = {
    "AVERAGE_POOL_2D": Kernel(partial(prepare, pool=_average), (32, 32), (40, 40)),
    "MAX_POOL_2D": Kernel(partial(prepare, pool=_maximum), (32, 32), (40, 40)),
}
