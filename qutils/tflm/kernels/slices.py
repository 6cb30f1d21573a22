"""SLICE and STRIDED_SLICE: a part of each dimension.

TFLM: ``micro/kernels/slice.cc``, ``strided_slice.cc``, ``strided_slice_common.cc`` and
``kernels/internal/strided_slice_logic.h``.
"""

from collections.abc import Mapping, Sequence
from math import prod

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Kernel, Run, require_count, require_shape
from qutils.tflm.kernels.moves import integers, require_moved, require_size

_TYPES = ("FLOAT32", "INT8", "INT16", "INT32", "BOOL")


def prepare_slice(operator: Operator) -> Run:
    """Prepare SLICE: so many elements from a beginning on; -1 elements are all that follow."""
    require_count(operator, (3, 3))
    source = operator.input(0)
    require_moved(
        operator, (source, operator.outputs[0]), _TYPES, "Input tensor type {} not supported."
    )
    if len(source.shape) > 5:
        raise operator.unsupported("TFLM slices at most 5 dimensions")
    begins, sizes = (
        integers(operator, number, name, ("INT32", "INT64"))
        for number, name in ((1, "begin"), (2, "size"))
    )
    if not len(begins) == len(sizes) == len(source.shape):
        raise operator.invalid("does not slice each dimension once")
    ranges = []
    for begin, size, length in zip(begins, sizes, source.shape, strict=True):
        ranges.append(range(begin, length if size == -1 else begin + size))
        if not 0 <= begin <= ranges[-1].stop <= length:
            raise operator.invalid(f"slices {size} elements from {begin} out of {length}")
    return _take(operator, ranges)


def prepare_strided_slice(operator: Operator) -> Run:
    """Prepare STRIDED_SLICE, with the masks that TFLM reads.

    ``begin_mask`` and ``end_mask`` start or end at the end of a dimension;
    ``shrink_axis_mask`` takes one element and drops the dimension.  TFLM does not read the
    masks for new axes and an ellipsis.
    """
    require_count(operator, (4, 4))
    source = operator.input(0)
    require_moved(operator, (source, operator.outputs[0]), _TYPES, "Type {} not supported.")
    rank = len(source.shape)
    if rank > 4:
        raise operator.unsupported("input dim should not exceed 4")
    begins, ends, strides = (
        integers(operator, number, name)
        for number, name in ((1, "begin"), (2, "end"), (3, "strides"))
    )
    if min(len(begins), len(ends), len(strides)) < rank:
        raise operator.invalid(f"does not slice all of {rank} dimensions")
    if 0 in strides:
        raise operator.invalid("stride value has to be non-zero")
    shrunk = operator.options["shrink_axis_mask"]
    ranges = [
        _range(operator.options, axis, length, begins[axis], ends[axis], strides[axis])
        for axis, length in enumerate(source.shape)
    ]
    shape = [len(r) for axis, r in enumerate(ranges) if not shrunk >> axis & 1]
    require_shape(operator, operator.outputs[0], shape)
    return _take(operator, ranges)


def _range(
    options: Mapping[str, int], axis: int, length: int, begin: int, end: int, stride: int
) -> range:
    """Return the indices that STRIDED_SLICE takes along one dimension."""
    low, high = (0, length) if stride > 0 else (-1, length - 1)

    def position(index: int, mask: str, outermost: int) -> int:
        if options[mask] >> axis & 1:
            return outermost
        return min(max(index + length * (index < 0), low), high)

    first, last = (low, high) if stride > 0 else (high, low)
    start = position(begin, "begin_mask", first)
    if options["shrink_axis_mask"] >> axis & 1:
        return range(start, min(start + 1, length), stride)
    return range(start, position(end, "end_mask", last), stride)


def _take(operator: Operator, ranges: Sequence[range]) -> Run:
    target = operator.outputs[0]
    require_size(operator, prod(len(indices) for indices in ranges), target)
    where = tuple(
        slice(indices.start, indices.stop if indices.stop >= 0 else None, indices.step)
        for indices in ranges
    )
    return lambda inputs: (inputs[0][:, *where].reshape(len(inputs[0]), *target.shape),)


KERNELS = {
    "SLICE": Kernel(prepare_slice),
    "STRIDED_SLICE": Kernel(prepare_strided_slice, (84, 84), (24, 24)),
}
