"""CONCATENATION and PACK put tensors side by side; SPLIT, SPLIT_V and UNPACK take them apart.

All of them cut a whole along one axis.  Parts are told apart by how many elements they have;
whether they have the axis themselves (all but PACK and UNPACK) makes no difference.

TFLM: ``micro/kernels/concatenation.cc``, ``pack.cc``, ``split.cc``, ``split_v.cc``,
``unpack.cc`` and ``kernels/internal/reference/concatenation.h``.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.kernels.base import Array, Kernel, Run, nothing, require_count
from qutils.tflm.kernels.moves import integers, require_axis, require_moved

_JOINED = ("FLOAT32", "INT8", "INT16", "INT32", "INT64")
_MOST_INPUTS, _MOST_DIMENSIONS = 10, 6


def prepare_concatenation(operator: Operator) -> Run:
    """Prepare CONCATENATION; the scales of its inputs are not looked at."""
    require_count(operator, (1, _MOST_INPUTS))
    if operator.options["activation"] != "NONE":
        raise operator.unsupported("TFLM has no fused activation for it")
    rank = len(operator.outputs[0].shape)
    if rank > _MOST_DIMENSIONS:
        raise operator.unsupported(
            f"Op Concatenation does not currently support num dimensions > {_MOST_DIMENSIONS} "
            f"Tensor has {rank} dimensions."
        )
    words = "Op Concatenation does not currently support Type '{}'."
    return _join(operator, (*_JOINED, "BOOL"), words)


def prepare_pack(operator: Operator) -> Run:
    """Prepare PACK; the axis counts the dimensions of the output."""
    count = operator.options["values_count"]
    require_count(operator, (count, count))
    return _join(operator, _JOINED, "Type '{}' is not supported by pack.")


def prepare_split(operator: Operator) -> Run:
    """Prepare SPLIT; the axis is its first input."""
    require_count(operator, (2, 2), len(operator.outputs))
    axis = integers(operator, 0, "axis")[0]
    return _cut(operator, 1, axis, "Type {} currently not supported.")


def prepare_split_v(operator: Operator) -> Run:
    """Prepare SPLIT_V; what it splits into is seen from the outputs, not from input 1."""
    require_count(operator, (3, 3), len(operator.outputs))
    axis = integers(operator, 2, "axis")[0]
    return _cut(operator, 0, axis, "Type {} currently not supported.")


def prepare_unpack(operator: Operator) -> Run:
    """Prepare UNPACK; the axis counts the dimensions of the input."""
    require_count(operator, (1, 1), operator.options["num"])
    return _cut(operator, 0, operator.options["axis"], "Type '{}' is not supported by unpack.")


def _join(operator: Operator, types: Sequence[str], words: str) -> Run:
    parts = [operator.input(number) for number in range(len(operator.inputs))]
    whole = operator.outputs[0]
    require_moved(operator, (*parts, whole), types, words)
    axis = require_axis(operator, operator.options["axis"], len(whole.shape))
    before, after = whole.shape[:axis], whole.shape[axis + 1 :]
    extents = _extents(operator, parts, whole, axis)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        batch = max(len(x) for x in inputs)
        placed = [
            np.broadcast_to(x.reshape(len(x), *before, n, *after), (batch, *before, n, *after))
            for x, n in zip(inputs, extents, strict=True)
        ]
        return (np.concatenate(placed, axis + 1),)

    return run


def _cut(operator: Operator, number: int, axis: int, words: str) -> Run:
    whole, parts = operator.input(number), operator.outputs
    require_moved(operator, (whole, *parts), ("FLOAT32", "INT8", "INT16", "INT32"), words)
    axis = require_axis(operator, axis, len(whole.shape))
    bounds = list(accumulate(_extents(operator, parts, whole, axis)))[:-1]

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        arrays = np.split(inputs[number], bounds, axis + 1)
        return tuple(
            array.reshape(len(array), *part.shape)
            for array, part in zip(arrays, parts, strict=True)
        )

    return run


def _extents(operator: Operator, parts: Sequence[Tensor], whole: Tensor, axis: int) -> list[int]:
    """Return how far each part reaches along the axis, if together they fill the whole."""
    layer = whole.size // whole.shape[axis] if whole.size else 1
    sizes = [part.size for part in parts]
    if sum(sizes) != whole.size or any(size % layer for size in sizes):
        raise operator.invalid(
            f"tensors of {sizes} elements do not make up {whole.label} of shape {list(whole.shape)}"
        )
    return [size // layer for size in sizes]


KERNELS = {
    "CONCATENATION": Kernel(
        prepare_concatenation,
        (80, 24),
        (8, 8),
        temporaries=lambda operator: (operator.input(0), *operator.tensors),
    ),
    "PACK": Kernel(prepare_pack, option_bytes=(8, 8), temporaries=nothing),
    "SPLIT": Kernel(
        prepare_split, option_bytes=(4, 4), temporaries=lambda operator: (operator.input(0),)
    ),
    "SPLIT_V": Kernel(
        prepare_split_v,
        option_bytes=(4, 4),
        temporaries=lambda operator: (operator.input(2),),
    ),
    "UNPACK": Kernel(prepare_unpack, option_bytes=(8, 8), temporaries=nothing),
}
