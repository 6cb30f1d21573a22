"""Per tensor or per channel: how numbers for each channel meet a tensor of any shape."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Block", "Formula", "along_axis", "blockwise", "checked_axis"]

# How many values are computed at a time: a few temporary arrays of them fit in a core's cache.
BLOCK = 65_536

Block = NDArray[Any]
Formula = Callable[[Block, Block, Block], Block]


def checked_axis(axis: int, ndim: int) -> int:
    """Return the dimension that `axis` names, counted from the front.

    Raises
    ------
    ValueError
        There is no such dimension.
    """
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of range for an array of {ndim} dimensions")
    return axis % ndim


def along_axis(per_channel: Block, axis: int | None, shape: tuple[int, ...]) -> Block:
    """Return numbers, one per channel, in a shape that broadcasts against `shape`.

    Parameters
    ----------
    per_channel
        Of shape (C,); a single number where `axis` is None, which is returned as it is.
    axis
        Dimension that the channels run along.
    shape
        Of the tensor.

    Raises
    ------
    ValueError
        `axis` is out of range, or has another number of channels.

    Examples
    --------
    >>> along_axis(np.array([1, 2, 3]), 0, (3, 4, 4)).shape
    (3, 1, 1)
    """
    if axis is None:
        return per_channel
    axis, channels = checked_axis(axis, len(shape)), len(per_channel)
    if shape[axis] != channels:
        raise ValueError(f"{channels} channels do not fit axis {axis} of shape {shape}")
    return per_channel.reshape([channels if d == axis else 1 for d in range(len(shape))])


def blockwise(
    function: Formula, values: Block, scale: Block, zero_point: Block, dtype: DTypeLike
) -> Block:
    """Return ``function(values, scale, zero_point)``, computed in blocks that stay in the cache.

    What a formula needs between its first and its last step never goes to memory: several times
    as fast for a large tensor.

    Parameters
    ----------
    function
        Value by value, of three arrays that broadcast.
    values
        Any shape.
    scale, zero_point
        Numbers, or arrays that broadcast against `values`.
    dtype
        Of the result; the function's results must fit.

    Examples
    --------
    >>> one = np.ones((), np.float32)
    >>> blockwise(lambda x, s, z: x * s + z, np.float32([1, 2]), one, one, np.int8)
    array([2, 3], dtype=int8)
    """
    result = np.empty_like(values, dtype)
    blocks = np.nditer(
        [values, scale, zero_point, result],
        ["external_loop", "buffered", "zerosize_ok"],
        [["readonly"], ["readonly"], ["readonly"], ["writeonly"]],
        buffersize=BLOCK,
    )
    with blocks:
        for *inputs, output in blocks:
            output[...] = function(*inputs)
    return result[()]
