"""Learned step size quantization (LSQ): the scale is trained like a weight.

Esser et al., arXiv:1902.08153. The range that rounds a tensor best is not the one that serves the
network best; the gradient of the loss by the scale says where that one lies.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import QuantParams, round_half_away
from qutils.granularity import along_axis, checked_axis

__all__ = ["gradient_scale", "initial_step_size", "step_size_gradient"]


def step_size_gradient(
    upstream: ArrayLike, x: ArrayLike, params: QuantParams
) -> np.float32 | NDArray[np.float32]:
    """Return the gradient of the loss by the scale of ``fake_quantize(x, params)``.

    With ``v = x / scale``, counted from the zero point, each value has the slope::

        round(v) - v        where qmin - zero_point < v < qmax - zero_point
        qmin - zero_point   below
        qmax - zero_point   above

    times `upstream`, summed over all values that share the scale. Inside, rounding passes the
    gradient straight through, as for `x` itself; a saturated value moves with its end.

    Parameters
    ----------
    upstream
        Gradient of the loss by the output of `fake_quantize`, the shape of `x`.
    x
        Finite real values, any shape.
    params
        How `x` is quantized.

    Returns
    -------
    float32: a number, or one per channel (C,).

    Raises
    ------
    ValueError
        The shapes differ, `x` holds NaN or infinity, or it lacks the channels of `params`.

    Notes
    -----
    Esser et al., arXiv:1902.08153, equation 3; with a zero point that stays. Multiply by
    `gradient_scale` before a step of gradient descent. Where ``log(scale)`` is what is trained,
    multiply by the scale, too.

    Examples
    --------
    0.3 is rounded up to 0.5, so a larger scale moves it away; 9 saturates at 3 steps:

    >>> params = QuantParams(0.5, 0, bits=3)
    >>> [round(float(step_size_gradient([1.0], [x], params)), 4) for x in (0.3, 0.1, 9.0)]
    [0.4, -0.2, 3.0]
    """
    values = np.asarray(x, dtype=np.float32)
    gradient = np.asarray(upstream, dtype=np.float32)
    if gradient.shape != values.shape:
        raise ValueError(f"upstream has shape {gradient.shape}, x has {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("the values hold NaN or infinity")
    scale, zero_point = (
        along_axis(np.asarray(numbers, np.float32), params.axis, values.shape)
        for numbers in (params.scale, params.zero_point)
    )
    low, high = params.qmin - zero_point, params.qmax - zero_point
    steps = values / scale
    inside = (low < steps) & (steps < high)
    slope = np.where(inside, round_half_away(steps) - steps, np.clip(steps, low, high))
    others = None
    if params.axis is not None:
        axis = checked_axis(params.axis, values.ndim)
        others = tuple(d for d in range(values.ndim) if d != axis)
    return np.sum(gradient * slope, axis=others, dtype=np.float64).astype(np.float32)


def gradient_scale(count: float, qmax: float) -> float:
    """Return LSQ's factor for the gradient of a scale, ``1 / sqrt(count * qmax)``.

    The gradient of a scale is a sum over all its values and grows with their number; with this
    factor it is, relative to the scale, about as large as a weight's relative to the weight.

    Parameters
    ----------
    count
        How many values share the scale: of a kernel, or of one example's activations.
    qmax
        How many steps the range has above 0; taken as at least 1.

    Notes
    -----
    Esser et al., arXiv:1902.08153, section 2.2.

    Examples
    --------
    >>> gradient_scale(100, 4)
    0.05
    """
    return (count * max(qmax, 1)) ** -0.5


def initial_step_size(
    x: ArrayLike, *, bits: int = 8, axis: int | None = None
) -> np.float32 | NDArray[np.float32]:
    """Return the scale that LSQ starts from, ``2 mean|x| / sqrt(qmax)``.

    Parameters
    ----------
    x
        Finite real values, not empty.
    bits
        2 to 16; ``qmax = 2**(bits - 1) - 1``.
    axis
        Dimension whose every index gets a scale of its own; None for one scale.

    Returns
    -------
    float32: a number, or one per channel (C,). 1 for zeros only, a dead channel.

    Raises
    ------
    ValueError
        `x` is empty or holds NaN or infinity; bits outside 2..16; `axis` out of range.

    Notes
    -----
    Esser et al., arXiv:1902.08153, section 2.1. It looks at the mean, so a single large weight
    does not matter: it saturates.

    Examples
    --------
    >>> float(initial_step_size([1.0, -3.0], bits=3))  # 2 * 2 / sqrt(3)
    2.309401035308838
    """
    values = np.asarray(x, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("a step size needs values, and no NaN or infinity among them")
    qmax = QuantParams(np.float32(1), 0, bits).qmax
    others = None
    if axis is not None:
        axis = checked_axis(axis, values.ndim)
        others = tuple(d for d in range(values.ndim) if d != axis)
    mean = np.abs(values).mean(axis=others)
    return np.where(mean > 0, 2 * mean / np.sqrt(qmax), 1.0).astype(np.float32)[()]
