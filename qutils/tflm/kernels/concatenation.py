"""CONCATENATION and PACK put tensors side by side; SPLIT, SPLIT_V and UNPACK take them apart.

PACK and UNPACK do so along an axis that the single tensors have not.

TFLM: ``micro/kernels/concatenation.cc``, ``pack.cc``, ``split.cc``, ``split_v.cc``,
``unpack.cc`` and ``kernels/internal/reference/concatenation.h``.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.kernels.base import Array, Kernel, Run, require_count
from qutils.tflm.kernels.moves import integers, require_axis, require_moved

_MOST_INPUTS, _MOST_DIMENSIONS = 10, 6


def prepare_concatenation(operator: Operator) -> Run:
    """Prepare CONCATENATION; the scales of its inputs are not looked at."""
    require_count(operator, (1, _MOST_INPUTS))
    if operator.options["activation"] != "NONE":
        raise UnsupportedOperatorError(f"{operator.label}: TFLM has no fused activation for it")
    target = operator.outputs[0]
    rank = len(target.shape)
    if rank > _MOST_DIMENSIONS:
        raise UnsupportedOperatorError(
            f"{operator.label}: Op Concatenation does not currently support num dimensions > "
            f"{_MOST_DIMENSIONS} Tensor has {rank} dimensions."
        )
    axis = require_axis(operator, operator.options["axis"], rank)
    types = ("FLOAT32", "INT8", "INT16", "INT32", "INT64", "BOOL")
    words = "Op Concatenation does not currently support Type '{}'."
    return _join(operator, axis, _extents(operator, operator.inputs, rank, axis), types, words)


def prepare_pack(operator: Operator) -> Run:
    """Prepare PACK; the axis counts the dimensions of the output."""
    count = operator.options["values_count"]
    require_count(operator, (count, count))
    axis = require_axis(operator, operator.options["axis"], len(operator.outputs[0].shape))
    types = ("FLOAT32", "INT8", "INT16", "INT32", "INT64")
    return _join(operator, axis, [1] * count, types, "Type '{}' is not supported by pack.")


def prepare_split(operator: Operator) -> Run:
    """Prepare SPLIT; the axis is its first input."""
    require_count(operator, (2, 2), len(operator.outputs))
    return _split(operator, operator.input(1), integers(operator, 0, "axis")[0])


def prepare_split_v(operator: Operator) -> Run:
    """Prepare SPLIT_V; what it splits into is seen from the outputs, not from input 1."""
    require_count(operator, (3, 3), len(operator.outputs))
    return _split(operator, operator.input(0), integers(operator, 2, "axis")[0])


def prepare_unpack(operator: Operator) -> Run:
    """Prepare UNPACK; the axis counts the dimensions of the input."""
    count, source = operator.options["num"], operator.input(0)
    require_count(operator, (1, 1), count)
    axis = require_axis(operator, operator.options["axis"], len(source.shape))
    return _cut(operator, source, axis, [1] * count, "Type '{}' is not supported by unpack.")


def _split(operator: Operator, source: Tensor, axis: int) -> Run:
    rank = len(source.shape)
    axis = require_axis(operator, axis, rank)
    extents = _extents(operator, operator.outputs, rank, axis)
    return _cut(operator, source, axis, extents, "Type {} currently not supported.")


def _extents(operator: Operator, parts: Sequence[Tensor | None], rank: int, axis: int) -> list[int]:
    """Return how far each part reaches along the axis."""
    tensors = [part for part in parts if part is not None]
    if len(tensors) < len(parts) or any(len(part.shape) != rank for part in tensors):
        raise InvalidModelError(f"{operator.label}: not all tensors have {rank} dimensions")
    return [part.shape[axis] for part in tensors]


def _join(
    operator: Operator, axis: int, extents: list[int], types: Sequence[str], words: str
) -> Run:
    target = operator.outputs[0]
    require_moved(operator, (*operator.inputs, target), types, words)
    shapes = _part_shapes(operator, operator.inputs, target, axis, extents)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        batch = max(len(x) for x in inputs)
        parts = [
            np.broadcast_to(x.reshape(len(x), *shape), (batch, *shape))
            for x, shape in zip(inputs, shapes, strict=True)
        ]
        return (np.concatenate(parts, axis + 1),)

    return run


def _cut(operator: Operator, source: Tensor, axis: int, extents: list[int], words: str) -> Run:
    types = ("FLOAT32", "INT8", "INT16", "INT32")
    require_moved(operator, (source, *operator.outputs), types, words)
    _part_shapes(operator, operator.outputs, source, axis, extents)
    number = next(i for i, tensor in enumerate(operator.inputs) if tensor is source)
    bounds = list(accumulate(extents))[:-1]

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        parts = np.split(inputs[number], bounds, axis + 1)
        return tuple(
            part.reshape(len(part), *tensor.shape)
            for part, tensor in zip(parts, operator.outputs, strict=True)
        )

    return run


def _part_shapes(
    operator: Operator,
    parts: Sequence[Tensor | None],
    whole: Tensor,
    axis: int,
    extents: list[int],
) -> list[tuple[int, ...]]:
    """Return the shape that each part has inside the whole, if they fill it."""
    shapes = [(*whole.shape[:axis], extent, *whole.shape[axis + 1 :]) for extent in extents]
    sizes = [part.size for part in parts if part is not None]
    if sizes != [prod(shape) for shape in shapes] or sum(sizes) != whole.size:
        raise InvalidModelError(
            f"{operator.label}: tensors of {sizes} elements do not make up {whole.label} of "
            f"shape {list(whole.shape)}"
        )
    return shapes


KERNELS = {
    "CONCATENATION": Kernel(prepare_concatenation, (80, 24), (8, 8)),
    "PACK": Kernel(prepare_pack, option_bytes=(8, 8)),
    "SPLIT": Kernel(prepare_split, option_bytes=(4, 4)),
    "SPLIT_V": Kernel(prepare_split_v, option_bytes=(4, 4)),
    "UNPACK": Kernel(prepare_unpack, option_bytes=(8, 8)),
}
