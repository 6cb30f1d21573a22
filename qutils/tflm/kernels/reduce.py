"""MEAN and SUM, int8, int16 and float32.

TFLM: ``micro/kernels/reduce.cc``, ``reduce_common.cc`` and
``kernels/internal/reference/reduce.h``.

Integers: the sum of ``x - input zero point`` over `count` elements is requantized; for MEAN
with ``multiplier * 2**k / count``, where ``2**k`` is the largest power of two <= count, in the
place of the multiplier.
"""

from collections.abc import Callable, Sequence
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
    if is_float:
        reduce = _float_reducer(count if is_mean else 1)
    else:
        reduce = _integer_reducer(operator, count, is_mean)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        # The reduced elements of one output, in their order in memory, become the last axis.
        moved = np.moveaxis(x, [a + 1 for a in axes], range(x.ndim - len(axes), x.ndim))
        return (reduce(moved.reshape(len(x), *target.shape, count)),)

    return run


def _axes(operator: Operator) -> list[int]:
    source, axis = operator.input(0), operator.input(1)
    if axis.type != "INT32":
        refuse_types(operator)
    axes = constant(operator, 1).ravel().tolist()
    return sorted({require_axis(operator, axis, len(source.shape)) for axis in axes})


def _float_reducer(divisor: int) -> Callable[[Array], Array]:
    return lambda rows: sum_in_order(rows) / np.float32(divisor)


def _integer_reducer(operator: Operator, count: int, is_mean: bool) -> Callable[[Array], Array]:
    source, target = operator.input(0), operator.outputs[0]
    stage = OutputStage.of(operator, source.scale / target.scale)
    if is_mean:
        shift = int(stage.shift[0])
        power = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier = (stage.multiplier << np.int64(power)) // np.int64(count)
        stage = replace(stage, multiplier=multiplier, shift=stage.shift - power)
    offset = np.int64(source.zero_point * count)
    reach = (128 + abs(source.zero_point)) * count
    if target.type == "INT16" or reach >= 2**53:
        return lambda rows: stage(rows.sum(axis=-1, dtype=np.int64) - offset)
    dtype, certified = exact_dtype(reach), CertifiedStage(stage, np.array([reach], np.int64))
    return lambda rows: certified((rows.sum(axis=-1, dtype=np.int64) - offset).astype(dtype))


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
