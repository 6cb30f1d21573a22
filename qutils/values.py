"""Numbers as they come in: real and, where they are to be quantized, finite."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["finite_values", "real_values"]


def real_values(x: ArrayLike) -> NDArray[np.floating]:
    """Return numbers as a floating-point array, float64 where they are integers or truth values.

    Parameters
    ----------
    x
        Numbers of any shape.

    Raises
    ------
    ValueError
        They are text, objects or complex numbers.

    Examples
    --------
    >>> real_values([1, 2]).dtype, real_values(np.float32(1)).dtype
    (dtype('float64'), dtype('float32'))
    """
    values = np.asarray(x)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"values must be real numbers, got {values.dtype}")
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def finite_values(x: ArrayLike) -> NDArray[np.floating]:
    """Return numbers as `real_values` does, all of them finite.

    Raises
    ------
    ValueError
        They are no real numbers, or hold NaN or infinity; the message says how many and where.

    Examples
    --------
    >>> finite_values([1.0, float("nan")])
    Traceback (most recent call last):
    ValueError: NaN cannot be quantized: 1 of 2 values are not finite, the first at (1,); look for
    a division by 0 or a missing measurement
    """
    values = real_values(x)
    finite = np.isfinite(values)
    if finite.all():
        return values
    wrong = "NaN" if np.isnan(values).any() else "infinity"
    first = tuple(np.argwhere(~finite)[0].tolist())
    raise ValueError(
        f"{wrong} cannot be quantized: {np.count_nonzero(~finite)} of {values.size} values are not "
        f"finite, the first at {first}; look for a division by 0 or a missing measurement"
    )
