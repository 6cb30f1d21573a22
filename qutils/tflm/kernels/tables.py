"""Look up instead of computing again: functions that have few different inputs.

An int8 value is one of 256; an int16 value, and a pair of int8 values, one of 65,536.  Once an
operator has been asked for about as many elements, it has cost as much as computing them all.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qutils.tflm.graph import DTYPES
from qutils.tflm.kernels.base import Array

Function = Callable[..., Array]

# About so many elements take as long as a call does without any.
_CALL = 1000
# And so many int64 stay in the processor's cache.
_BLOCK = 1 << 14


def tabulated(plain: Function, *types: str) -> Function:
    """Return an element-wise function with the same outputs that becomes a table where it can.

    Parameters
    ----------
    plain
        From one or two arrays that broadcast to one array; each output depends on the inputs
        at its own place alone.
    types
        Element types of the inputs; where they leave more than 65,536 combinations, outputs
        are computed block by block.

    Examples
    --------
    >>> square = tabulated(lambda x: x.astype(np.int16) ** 2, "INT8")
    >>> square(np.full(256, -3, np.int8))[0]
    np.int16(9)
    """
    dtypes = [DTYPES[name] for name in types]
    few = sum(dtype.itemsize for dtype in dtypes) <= 2
    blocks = partial(_in_blocks, plain)
    return _Table(blocks, dtypes) if few else blocks


def _in_blocks(plain: Function, *inputs: Array) -> Array:
    if np.broadcast(*inputs).size <= _BLOCK:
        return plain(*inputs)
    whole = np.broadcast_arrays(*inputs)
    flat = [x.reshape(-1) for x in whole]
    starts = range(0, whole[0].size, _BLOCK)
    blocks = [plain(*(x[start : start + _BLOCK] for x in flat)) for start in starts]
    return np.concatenate(blocks).reshape(whole[0].shape)


class _Table:
    """Outputs for all inputs, computed when that pays: loading a model stays quick."""

    def __init__(self, plain: Function, dtypes: list[np.dtype[Any]]) -> None:
        self._plain = plain
        self._dtypes = dtypes
        self._missing = 1 << (8 * sum(dtype.itemsize for dtype in dtypes))
        self._outputs: Array | None = None

    def __call__(self, *inputs: Array) -> Array:
        if self._outputs is None:
            self._missing -= _CALL + np.broadcast(*inputs).size
            if self._missing > 0:
                return self._plain(*inputs)
            self._outputs = self._plain(*every_input(self._dtypes))
        first, *second = (x.view(f"u{x.itemsize}") for x in inputs)
        index = np.left_shift(first, 8, dtype=np.uint16) | second[0] if second else first
        return self._outputs.take(index)


def every_input(dtypes: list[np.dtype[Any]]) -> list[Array]:
    """Return each value of one dtype, or two arrays that broadcast to each pair, by bit pattern.

    Examples
    --------
    >>> every_input([np.dtype("int8")])[0][[0, 1, 127, 128, 255]].tolist()
    [0, 1, 127, -128, -1]
    """
    values = [np.arange(1 << (8 * d.itemsize), dtype=f"u{d.itemsize}").view(d) for d in dtypes]
    return [values[0]] if len(values) == 1 else [values[0][:, np.newaxis], values[1]]
