"""Functions of float32 as C libraries compute them."""

import numpy as np

from qutils.tflm.kernels.base import Array


def exponential(x: Array) -> Array:
    """Return exp(x) in float32, with the same bits as ``expf``.

    Notes
    -----
    glibc from 2.27 and newlib from 3.0 share one algorithm, of Arm's optimized routines
    (``math/expf.c``): in float64, ``2**(k/32)`` with k whole, times a polynomial of degree 3.

    Examples
    --------
    >>> exponential(np.float32([0, 1, -np.inf]))
    array([1.       , 2.7182817, 0.       ], dtype=float32)
    """
    in_32nds = np.clip(x, -200, 200).astype(np.float64) * (32 / np.log(2))
    whole = np.rint(in_32nds)
    r = (in_32nds - whole) / 32
    c3, c2, c1 = map(float.fromhex, _POLYNOMIAL)
    return (np.exp2(whole / 32) * ((c3 * r + c2) * (r * r) + (c1 * r + 1))).astype(np.float32)


# Nearly log(2)**3 / 6, log(2)**2 / 2 and log(2).
_POLYNOMIAL = ("0x1.c6af84b912394p-5", "0x1.ebfce50fac4f3p-3", "0x1.62e42ff0c52d6p-1")
