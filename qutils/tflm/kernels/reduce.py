"""MEAN and SUM, int8, int16 and float32.

TFLM: ``micro/kernels/reduce.cc``, ``reduce_common.cc`` and
``kernels/internal/reference/reduce.h``.

Integers: the sum of ``x - input zero point`` over `count` elements is requantized; for MEAN
with ``multiplier * 2**k / count``, where ``2**k`` is the largest power of two <= count, in the
place of the multiplier.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np

from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    constant,
    on_one_input,
    refuse_types,
    require_count,
    require_types,
)
from qutils.tflm.kernels.certified import CertifiedStage
from qutils.tflm.kernels.moves import require_axis
from qutils.tflm.kernels.output_stage import OutputStage
from qutils.tflm.kernels.product import exact_dtype, sum_in_order


def prepare(operator: Operator, is_mean: bool) -> Run:
    """Prepare MEAN or SUM."""
    require_count(operator, (2, 2))
    is_float = require_types(operator, "INT8", "INT16", "FLOAT32") == "FLOAT32"
    source, target = operator.input(0), operator.outputs[0]
    axes = _axes(operator)
    count = prod(source.shape[axis] for axis in axes)
    if target.size * count != source.size:
        raise operator.invalid(
            f"{list(source.shape)} over {axes} is not of shape {list(target.shape)}"
        )
    reduced = tuple(axis + 1 for axis in axes)
    if is_float:
        reduce = _float_reducer(operator, reduced, count if is_mean else 1)
    else:
        reduce = _integer_reducer(operator, reduced, count, is_mean)
    return on_one_input(reduce)


def _axes(operator: Operator) -> list[int]:
    source, axis = operator.input(0), operator.input(1)
    if axis.type != "INT32":
        refuse_types(operator)
    axes = constant(operator, 1).ravel().tolist()
    return sorted({require_axis(operator, axis, len(source.shape)) for axis in axes})


def _float_reducer(
    operator: Operator, axes: tuple[int, ...], divisor: int
) -> Callable[[Array], Array]:
    shape = operator.outputs[0].shape
    kept = [axis for axis in range(len(operator.input(0).shape) + 1) if axis not in axes]

    def reduce(x: Array) -> Array:
        # The reduced elements of one output, in their order in memory, become the last axis.
        moved = x.transpose(*kept, *axes)
        rows = moved.reshape(len(x), *shape, prod(x.shape[axis] for axis in axes))
        return sum_in_order(rows) / np.float32(divisor)

    return reduce


def _integer_reducer(
    operator: Operator, axes: tuple[int, ...], count: int, is_mean: bool
) -> Callable[[Array], Array]:
    source, target = operator.input(0), operator.outputs[0]
    stage = OutputStage.of(operator, source.scale / target.scale)
    if is_mean:
        shift = int(stage.shift[0])
        power = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier = (stage.multiplier << np.int64(power)) // np.int64(count)
        stage = replace(stage, multiplier=multiplier, shift=stage.shift - power)
    offset = np.int64(source.zero_point * count)
    reach = (128 + abs(source.zero_point)) * count
    finish: Callable[[Array], Array] = stage
    dtype: np.dtype = np.dtype(np.int64)
    if target.type == "INT8" and reach < 2**53:
        finish = CertifiedStage(stage, np.array([reach], np.int64))
        dtype = exact_dtype(reach)

    def reduce(x: Array) -> Array:
        total = x.sum(axes, np.int64) - offset
        return finish(total.astype(dtype)).reshape(len(x), *target.shape)

    return reduce


def _scratch(operator: Operator) -> tuple[int, ...]:
    """Request an index, the axes, and for integers one int32 sum per output."""
    fixed = (4 * len(operator.input(0).shape), 4 * operator.input(1).size)
    sums = (4 * operator.outputs[0].size,) if operator.outputs[0].type != "FLOAT32" else ()
    return (*fixed, *sums)


def _temporaries(operator: Operator) -> tuple[Tensor, ...]:
    """Return the tensors in the order of ``PrepareMeanOrSum`` and what it calls."""
    source, axis, target = operator.tensors
    quantized = () if target.type == "FLOAT32" else (target,)
    return (source, target, axis, source, axis, *quantized)


KERNELS = {
    name: Kernel(
        partial(prepare, is_mean=name == "MEAN"),
        (44, 44),
        (1, 1),
        scratch=_scratch,
        temporaries=_temporaries,
    )
    for name in ("MEAN", "SUM")
}
