"""Integers of few bits: two's complement, what happens at their ends, and two int4 in a byte."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "from_twos_complement",
    "pack_int4",
    "saturate",
    "twos_complement",
    "unpack_int4",
    "wrap",
]

MAX_BITS = 32


def twos_complement(x: ArrayLike, bits: int = 8) -> NDArray[np.int64]:
    """Return the bit patterns that stand for integers, read as numbers without a sign.

    Parameters
    ----------
    x
        Integers of any shape, in [-2**(bits - 1), 2**(bits - 1) - 1].
    bits
        2 to 32.

    Returns
    -------
    int64 array of the same shape, in [0, 2**bits - 1].

    Raises
    ------
    ValueError
        `x` is not of integers or leaves the range; bits outside 2..32.

    Notes
    -----
    ``x mod 2**bits``: the highest bit counts ``-2**(bits - 1)``, all others as usual.

    Examples
    --------
    >>> [f"{pattern:08b}" for pattern in twos_complement([1, -1, -128]).tolist()]
    ['00000001', '11111111', '10000000']
    """
    values = _integers(x, *_limits(bits))
    return values & np.int64(2**bits - 1)


def from_twos_complement(pattern: ArrayLike, bits: int = 8) -> NDArray[np.int64]:
    """Return the integers that bit patterns stand for: the inverse of `twos_complement`.

    Parameters
    ----------
    pattern
        Integers of any shape, in [0, 2**bits - 1].
    bits
        2 to 32.

    Returns
    -------
    int64 array of the same shape, in [-2**(bits - 1), 2**(bits - 1) - 1].

    Raises
    ------
    ValueError
        `pattern` is not of integers or leaves the range; bits outside 2..32.

    Examples
    --------
    >>> from_twos_complement([0b0111, 0b1000], bits=4).tolist()
    [7, -8]
    """
    low, _ = _limits(bits)
    return wrap(_integers(pattern, 0, -2 * low - 1), bits)


def saturate(x: ArrayLike, bits: int = 8) -> NDArray[np.int64]:
    """Return the nearest integers that `bits` can hold: what TFLite's kernels do.

    Parameters
    ----------
    x
        Integers of any shape, within int64.
    bits
        2 to 32.

    Returns
    -------
    int64 array of the same shape.

    Raises
    ------
    ValueError
        `x` is not of integers; bits outside 2..32.

    Examples
    --------
    >>> saturate([127, 128, -300]).tolist()
    [127, 127, -128]
    """
    return np.clip(_integers(x), *_limits(bits))


def wrap(x: ArrayLike, bits: int = 8) -> NDArray[np.int64]:
    """Return what is left when only the lowest bits are kept: what a cast to int8 does.

    The result differs from `x` by a multiple of ``2**bits``, so a value one above the largest
    becomes the smallest. Sums may wrap on the way: if the true total fits, it is right again.

    Parameters
    ----------
    x
        Integers of any shape, within int64.
    bits
        2 to 32.

    Returns
    -------
    int64 array of the same shape.

    Raises
    ------
    ValueError
        `x` is not of integers; bits outside 2..32.

    Examples
    --------
    >>> wrap([127, 128, -300]).tolist()
    [127, -128, -44]
    """
    low, _ = _limits(bits)
    lowest = _integers(x) & np.int64(-2 * low - 1)
    return np.where(lowest >= -low, lowest + np.int64(2 * low), lowest)


def pack_int4(values: ArrayLike) -> NDArray[np.uint8]:
    """Pack four-bit integers two to a byte, the first one into the lower half.

    Parameters
    ----------
    values
        Integers in [-8, 7], any shape; taken in C order.

    Returns
    -------
    uint8 array of ``ceil(size / 2)`` bytes. With an odd size the last upper half is 0.

    Raises
    ------
    ValueError
        `values` are not integers in [-8, 7].

    Notes
    -----
    The layout of INT4 tensors in ``.tflite`` files: ``UnpackDenseInt4IntoInt8`` in TFLM's
    ``tensorflow/lite/kernels/internal/portable_tensor_utils.h``.

    Examples
    --------
    >>> [hex(byte) for byte in pack_int4([1, -1, 7]).tolist()]
    ['0xf1', '0x7']
    """
    halves = twos_complement(np.ravel(values), 4).astype(np.uint8)
    first, second = halves[0::2], halves[1::2]
    packed = first.copy()
    packed[: len(second)] |= second << np.uint8(4)
    return packed


def unpack_int4(packed: ArrayLike, size: int) -> NDArray[np.int8]:
    """Unpack four-bit integers, of which each byte holds two: the inverse of `pack_int4`.

    Parameters
    ----------
    packed
        Bytes, 1-D uint8.
    size
        How many integers there are; an upper half that is left over is ignored.

    Returns
    -------
    int8 array (size,), in [-8, 7].

    Raises
    ------
    ValueError
        `packed` is not of bytes, or holds fewer than `size` integers.

    Examples
    --------
    >>> unpack_int4(np.array([0xF1, 0x07], np.uint8), 3).tolist()
    [1, -1, 7]
    """
    content = np.asarray(packed)
    if content.dtype != np.uint8:
        raise ValueError(f"packed integers must be bytes (uint8), got {content.dtype}")
    if not 0 <= size <= 2 * content.size:
        raise ValueError(f"{content.size} bytes do not hold {size} integers of four bits")
    # A signed shift to the right copies the sign bit into the upper half.
    halves = np.stack([content << 4, content], axis=-1).view(np.int8) >> 4
    return halves.ravel()[:size]


def _limits(bits: int) -> tuple[int, int]:
    if bits not in range(2, MAX_BITS + 1):
        raise ValueError(f"bits must be a whole number from 2 to {MAX_BITS}, got {bits}")
    return -(2 ** (int(bits) - 1)), 2 ** (int(bits) - 1) - 1


def _integers(x: ArrayLike, low: int | None = None, high: int | None = None) -> NDArray[np.int64]:
    values = np.asarray(x)
    if values.size == 0:
        return values.astype(np.int64)
    if values.dtype.kind not in "iu" or values.max() > np.iinfo(np.int64).max:
        raise ValueError(f"values must be integers within int64, got {values.dtype}")
    if low is not None and high is not None and not low <= values.min() <= values.max() <= high:
        raise ValueError(
            f"integers must lie in [{low}, {high}], got {values.min()}..{values.max()}"
        )
    return values.astype(np.int64)
