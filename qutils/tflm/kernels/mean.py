"""MEAN, int8 and float32.

TFLM: ``micro/kernels/reduce.cc``, ``reduce_common.cc`` and
``kernels/internal/reference/reduce.h``.

int8: the sum of ``x - input zero point`` over `count` elements is requantized with
``multiplier * 2**k / count``, where ``2**k`` is the largest power of two <= count, in the
place of the multiplier.
"""

from collections.abc import Sequence

import numpy as np

from qutils.errors import InvalidModelError
from qutils.fixed_point import quantize_multiplier
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    constant,
    refuse_types,
    require_count,
    require_types,
    scale_of,
    zero_point_of,
)
from qutils.tflm.kernels.output_stage import OutputStage


def prepare(operator: Operator) -> Run:
    """Prepare MEAN."""
    require_count(operator, (2, 2))
    kind = require_types(operator, "INT8", "FLOAT32")
    source, target = operator.input(0), operator.outputs[0]
    axes = _axes(operator)
    kept = [n for axis, n in enumerate(source.shape) if axis not in axes]
    if target.size != int(np.prod(kept, dtype=np.int64)):
        raise InvalidModelError(
            f"{operator.label}: the mean of {list(source.shape)} over {axes} is not of shape "
            f"{list(target.shape)}"
        )
    count = int(np.prod([source.shape[axis] for axis in axes], dtype=np.int64))
    stage = _stage(operator, count) if kind == "INT8" else None
    zero_point = zero_point_of(source) if kind == "INT8" else 0

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        # The reduced elements of one output, in their order in memory, become the last axis.
        moved = np.moveaxis(x, [a + 1 for a in axes], range(x.ndim - len(axes), x.ndim))
        rows = moved.reshape(len(x), *target.shape, count)
        if stage is None:
            return (_float_mean(rows),)
        total = rows.sum(axis=-1, dtype=np.int64) - np.int64(zero_point * count)
        return (stage(total),)

    return run


def _axes(operator: Operator) -> list[int]:
    source, axis = operator.input(0), operator.input(1)
    if axis.type != "INT32":
        refuse_types(operator)
    rank = len(source.shape)
    axes = [int(a) + rank if a < 0 else int(a) for a in constant(operator, 1).ravel()]
    if any(not 0 <= a < rank for a in axes):
        raise InvalidModelError(f"{operator.label} has axes {axes} for {rank} dimensions")
    return sorted(set(axes))


def _stage(operator: Operator, count: int) -> OutputStage:
    source, target = operator.input(0), operator.outputs[0]
    multiplier, shift = quantize_multiplier(scale_of(source) / scale_of(target))
    power = min(count.bit_length() - 1, 32, 31 + shift)
    if power < 0 or shift > 31:
        raise InvalidModelError(f"{operator.label}: its scales do not belong together")
    return OutputStage(
        np.array([(multiplier << power) // count], np.int64),
        np.array([shift - power], np.int64),
        zero_point_of(target),
        -128,
        127,
    )


def _float_mean(rows: Array) -> Array:
    total = np.zeros(rows.shape[:-1], np.float32)
    for k in range(rows.shape[-1]):
        total += rows[..., k]
    return total / np.float32(rows.shape[-1])


def _scratch(operator: Operator) -> tuple[int, ...]:
    """Request an index, the axes, and for int8 one int32 sum per output."""
    fixed = (4 * len(operator.input(0).shape), 4 * operator.input(1).size)
    sums = (4 * operator.outputs[0].size,) if operator.outputs[0].type == "INT8" else ()
    return (*fixed, *sums)


KERNELS = {"MEAN": Kernel(prepare, (56, 56), (1, 1), scratch=_scratch)}
