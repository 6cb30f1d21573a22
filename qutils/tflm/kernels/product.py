"""Sums of products: exact for integers, in TFLM's order for floats.

Integers: a BLAS product of small integers is exact as long as no partial sum can leave the
mantissa, 2**24 for float32 and 2**53 for float64.  The bound is checked for the weights at
hand, never assumed.  Floats: every rounding counts, so the terms are added one after the
other, as TFLM's loops do, which makes the sums equal bit for bit.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qutils.tflm.kernels.base import Array

Product = Callable[[Array, Array], Array]

# Patches are copied block by block, so that a batch needs bounded memory.
_BLOCK_BYTES = 1 << 23


def exact_dtype(reach: int) -> np.dtype[np.floating]:
    """Return the smallest float type that holds every sum of integers exactly.

    Parameters
    ----------
    reach
        Largest magnitude of a sum, were all its terms of one sign.

    Raises
    ------
    OverflowError
        Not even float64 is exact.

    Examples
    --------
    >>> exact_dtype(100 * 127 * 128)
    dtype('float32')
    >>> exact_dtype(10_000 * 127 * 128)
    dtype('float64')
    """
    for kind, mantissa in ((np.float32, 24), (np.float64, 53)):
        if reach < 2**mantissa:
            return np.dtype(kind)
    raise OverflowError(f"sums of products reach {reach}")


def float_product(x: Array, weights: Array) -> NDArray[np.float32]:
    """Return ``x @ weights`` in float32, terms added in order, each step rounded.

    Parameters
    ----------
    x
        (rows, terms) float32.
    weights
        (terms, channels) float32.

    Returns
    -------
    (rows, channels) float32.
    """
    total = np.zeros((len(x), weights.shape[1]), np.float32)
    term = np.empty_like(total)
    for k, row in enumerate(weights):
        np.multiply(x[:, k, np.newaxis], row, out=term)
        total += term
    return total


def sum_in_order(terms: Array, start: Array | float = 0.0) -> NDArray[np.float32]:
    """Add terms along the last axis one after the other, each step rounded; NumPy adds in pairs.

    Parameters
    ----------
    terms
        (..., n) float32.
    start
        What to begin with, broadcast to the other axes.
    """
    total = np.empty(terms.shape[:-1], np.float32)
    total[...] = start
    for k in range(terms.shape[-1]):
        total += terms[..., k]
    return total


def in_blocks(patches: Array, weights: Array, product: Product) -> Array:
    """Multiply all patches with `weights`, copying a bounded part of them at a time.

    Parameters
    ----------
    patches
        View of shape (N, out_h, out_w, size_h, size_w, channels in).
    weights
        (terms, channels).
    product
        `numpy.dot` where that is exact, else `float_product`.

    Returns
    -------
    (N, out_h, out_w, channels)
    """
    lengths = patches.shape[:3]
    if patches.size * patches.itemsize > _BLOCK_BYTES and max(lengths) > 1:
        axis = lengths.index(max(lengths))
        halves = np.array_split(patches, 2, axis=axis)
        return np.concatenate([in_blocks(half, weights, product) for half in halves], axis=axis)
    rows = patches.reshape(-1, len(weights))
    return product(rows, weights).reshape(*lengths, -1)
