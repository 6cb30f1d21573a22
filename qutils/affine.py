"""Affine quantization: real values as integers ``q`` with ``real = (q - zero_point) * scale``.

Per tensor or per channel, symmetric or asymmetric, 2 to 16 bits. The range is always widened to
hold 0 and 0 is always met exactly. Rounding is TFLite's: half away from zero.

Source: the TFLite 8-bit quantization specification, and gemmlowp's ``doc/quantization.md`` for
the exact zero.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from qutils.granularity import Block, Formula, along_axis, blockwise, checked_axis
from qutils.values import finite_values, real_values

__all__ = [
    "QuantParams",
    "choose_quant_params",
    "choose_quant_params_from_range",
    "dequantize",
    "fake_quantize",
    "quantize",
    "round_half_away",
]

MIN_BITS, MAX_BITS = 2, 16
# Below the smallest normal number, float32 loses digits and 1 / scale may be infinite.
SMALLEST_SCALE = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class QuantParams:
    """How a tensor is quantized.

    Parameters
    ----------
    scale
        Step between two neighboring integers, in units of the real values; finite and > 0.
        A number, or one per channel (1-D). Kept as float32, as a ``.tflite`` file does.
    zero_point
        The integer that stands for 0, in [qmin, qmax]. An int, or one per channel (int64).
    bits
        2 to 16.
    axis
        Dimension that the channels run along; None for per-tensor parameters.
    narrow_range
        Whether qmin is raised by 1, so that the integers are symmetric about 0.

    Raises
    ------
    ValueError
        A scale that is 0, negative, NaN or infinite; a zero point outside [qmin, qmax]; bits
        outside 2..16; `axis` without 1-D scales or 1-D scales without `axis`.

    Examples
    --------
    >>> params = QuantParams(0.5, -3)
    >>> params.qmin, params.qmax, params.scale.dtype
    (-128, 127, dtype('float32'))
    >>> QuantParams([0.5, 0.25], [0, 0], bits=4, axis=0, narrow_range=True).qmin
    -7
    """

    scale: np.float32 | NDArray[np.float32]
    zero_point: int | NDArray[np.int64]
    bits: int = 8
    axis: int | None = None
    narrow_range: bool = False

    def __post_init__(self) -> None:
        """Check the fields and bring them to their types."""
        object.__setattr__(self, "bits", _checked_bits(self.bits))
        with np.errstate(over="ignore"):
            scale = np.array(self.scale, dtype=np.float32)
        zero_point = np.array(self.zero_point)
        _check_scale(scale, self.scale)
        _check_zero_point(zero_point, self.qmin, self.qmax)
        if self.axis is None and scale.ndim == 0 and zero_point.ndim == 0:
            object.__setattr__(self, "scale", scale[()])
            object.__setattr__(self, "zero_point", int(zero_point))
            return
        if self.axis is None or scale.ndim != 1 or zero_point.shape not in ((), scale.shape):
            raise ValueError(
                "per-channel parameters need an axis, 1-D scales and as many zero points; got "
                f"axis {self.axis}, scale {scale.shape}, zero_point {zero_point.shape}"
            )
        per_channel = np.array(np.broadcast_to(zero_point, scale.shape), dtype=np.int64)
        for name, value in (("scale", scale), ("zero_point", per_channel)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @property
    def qmin(self) -> int:
        """Smallest integer that is used: ``-2**(bits - 1)``, one more with a narrow range."""
        return -(2 ** (self.bits - 1)) + bool(self.narrow_range)

    @property
    def qmax(self) -> int:
        """Largest integer that is used: ``2**(bits - 1) - 1``."""
        return 2 ** (self.bits - 1) - 1

    def __eq__(self, other: object) -> bool:
        """Compare by value, also per channel."""
        if not isinstance(other, QuantParams):
            return NotImplemented
        return (
            np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
            and (self.bits, self.axis, self.narrow_range)
            == (other.bits, other.axis, other.narrow_range)
        )


def round_half_away(x: ArrayLike) -> NDArray[np.floating]:
    """Round to whole numbers, ties away from zero, as TFLite does (``TfLiteRound``).

    ``np.round`` takes ties to the even neighbor, which gives other integers.

    Parameters
    ----------
    x
        Real values of any shape, float32 or float64.

    Returns
    -------
    Whole numbers, same shape and dtype.

    Examples
    --------
    >>> round_half_away([0.5, 1.5, 2.5, -0.5, -2.5]).tolist()
    [1.0, 2.0, 3.0, -1.0, -3.0]
    """
    values = real_values(x)
    # Adding 0.5 would round the float32 just below 0.5 up to 1; this reaches 1 from 0.5 on.
    almost_half = np.nextafter(values.dtype.type(0.5), values.dtype.type(0))
    # Clipped, the value itself has the sign; below 0.5 its double is still below 1.
    return np.trunc(values + np.clip(values, -almost_half, almost_half))


def choose_quant_params(
    x: ArrayLike,
    *,
    bits: int = 8,
    symmetric: bool = False,
    axis: int | None = None,
    narrow_range: bool | None = None,
) -> QuantParams:
    """Choose scale and zero point so that the smallest and the largest value of `x` just fit.

    Parameters
    ----------
    x
        Finite real values, any shape, not empty.
    bits, symmetric, narrow_range
        As for `choose_quant_params_from_range`.
    axis
        Dimension of `x` whose every index gets parameters of its own; None for one pair.

    Returns
    -------
    QuantParams

    Raises
    ------
    ValueError
        `x` is empty or holds NaN or infinity; bits outside 2..16; `axis` out of range.

    Examples
    --------
    >>> choose_quant_params([-1.0, 1.55]) == QuantParams(0.01, -28)
    True
    >>> choose_quant_params([[1.27, 0.5], [-2.54, 1.0]], symmetric=True, axis=0).scale
    array([0.01, 0.02], dtype=float32)
    """
    values = finite_values(x)
    if values.size == 0:
        raise ValueError("cannot choose quantization parameters for an empty array")
    others = None
    if axis is not None:
        axis = checked_axis(axis, values.ndim)
        others = tuple(d for d in range(values.ndim) if d != axis)
    return choose_quant_params_from_range(
        values.min(axis=others),
        values.max(axis=others),
        bits=bits,
        symmetric=symmetric,
        axis=axis,
        narrow_range=narrow_range,
    )


def choose_quant_params_from_range(
    range_min: ArrayLike,
    range_max: ArrayLike,
    *,
    bits: int = 8,
    symmetric: bool = False,
    axis: int | None = None,
    narrow_range: bool | None = None,
) -> QuantParams:
    """Choose scale and zero point for values between `range_min` and `range_max`.

    The range is first widened to hold 0. Then, asymmetric::

        scale = (range_max - range_min) / (qmax - qmin)
        zero_point = round(qmin - range_min / scale)

    and symmetric::

        scale = max(|range_min|, |range_max|) / qmax,  zero_point = 0

    Parameters
    ----------
    range_min, range_max
        Finite numbers; with `axis`, one per channel (1-D). ``range_min <= range_max``.
    bits
        2 to 16.
    symmetric
        Whether the zero point is 0.
    axis
        Dimension that the channels will run along; None for one pair of numbers.
    narrow_range
        Whether ``-2**(bits - 1)`` stays unused. By default it does where `symmetric` is set: so
        TFLite stores weights, 8 bits in [-127, 127].

    Returns
    -------
    QuantParams
        A range of only 0 (a constant zero, a dead channel) gets scale 1 and zero point 0: every
        scale holds it exactly. (TFLite's converter takes about 4e-9 there.) No scale is below
        the smallest normal float32 number.

    Raises
    ------
    ValueError
        A range that holds NaN or infinity, or is upside down; bits outside 2..16.

    Notes
    -----
    TFLite's ``ChooseQuantizationParams`` (``quantization_util.h``). Clamping the zero point in
    place of widening the range would lose the largest values of a range without 0.

    Examples
    --------
    The range 1 to 6 is widened to 0 to 6; 0 is met exactly and 6 is kept:

    >>> params = choose_quant_params_from_range(1.0, 6.0)
    >>> params.zero_point, dequantize(quantize([0.0, 6.0], params), params).tolist()
    (-128, [0.0, 6.0])
    """
    bits = _checked_bits(bits)
    low, high = (finite_values(end).astype(np.float64) for end in (range_min, range_max))
    if (low > high).any():
        raise ValueError(f"range_min {range_min!r} is above range_max {range_max!r}")
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    narrow = symmetric if narrow_range is None else bool(narrow_range)
    qmax = 2 ** (bits - 1) - 1
    qmin = -qmax if narrow else -qmax - 1
    width, steps = (np.maximum(-low, high), qmax) if symmetric else (high - low, qmax - qmin)
    scale = np.where(width == 0, 1.0, np.maximum(width / steps, SMALLEST_SCALE))
    zero_point = np.zeros(scale.shape) if symmetric else round_half_away(qmin - low / scale)
    zero_point = np.where(width == 0, 0.0, np.clip(zero_point, qmin, qmax))
    return QuantParams(scale, zero_point.astype(np.int64), bits, axis, narrow)


def quantize(x: ArrayLike, params: QuantParams) -> NDArray[np.int8] | NDArray[np.int16]:
    """Return ``clip(round(x / scale) + zero_point, qmin, qmax)``.

    Parameters
    ----------
    x
        Finite real values, any shape; taken as float32.
    params
        How.

    Returns
    -------
    Same shape; int8 up to 8 bits, int16 above. Values outside the range saturate: they never
    wrap around.

    Raises
    ------
    ValueError
        `x` holds NaN or infinity, or does not have the channels that `params` has.

    Notes
    -----
    Division and rounding in float32, half away from zero: ``AffineQuantize`` in TFLM's
    ``tensorflow/lite/kernels/internal/reference/quantize.h``.

    Examples
    --------
    >>> quantize([-100.0, -0.25, 0.0, 0.25, 100.0], QuantParams(0.5, 10))
    array([-128,    9,   10,   11,  127], dtype=int8)
    """
    dtype = np.int8 if params.bits <= 8 else np.int16
    return _blockwise(partial(_nearest, params), x, params, dtype)


def dequantize(q: ArrayLike, params: QuantParams) -> NDArray[np.float32]:
    """Return ``(q - zero_point) * scale``.

    Parameters
    ----------
    q
        Integers in [qmin, qmax], any shape.
    params
        How they were quantized.

    Returns
    -------
    float32 array of the same shape.

    Raises
    ------
    ValueError
        `q` is not of integers, leaves [qmin, qmax], or lacks the channels that `params` has.

    Examples
    --------
    >>> dequantize([10, 12], QuantParams(0.5, 10)).tolist()
    [0.0, 1.0]
    """
    integers = np.asarray(q)
    if integers.dtype.kind not in "iu":
        raise ValueError(f"quantized values must be integers, got {integers.dtype}")
    if integers.size and not (params.qmin <= integers.min() <= integers.max() <= params.qmax):
        raise ValueError(
            f"quantized values must lie in [{params.qmin}, {params.qmax}], got "
            f"{integers.min()}..{integers.max()}"
        )
    scale, zero_point = _broadcastable(params, integers.shape)
    # int8 minus zero_point would wrap; float32 holds these integers exactly.
    return (integers.astype(np.float32) - zero_point) * scale


def fake_quantize(x: ArrayLike, params: QuantParams) -> NDArray[np.float32]:
    """Quantize and come back: the float32 values that the integers of `x` stand for.

    Parameters and errors are those of `quantize`. The result is a float32 array of the same
    shape, within ``scale / 2`` of `x` where `x` is in range.

    Examples
    --------
    >>> fake_quantize([0.1, 0.3, 0.9], QuantParams(0.5, 0)).tolist()
    [0.0, 0.5, 1.0]
    """

    def there_and_back(values: Block, scale: Block, zero_point: Block) -> Block:
        return (_nearest(params, values, scale, zero_point) - zero_point) * scale

    return _blockwise(there_and_back, x, params, np.float32)


def _nearest(params: QuantParams, values: Block, scale: Block, zero_point: Block) -> Block:
    # Add and clip before any cast to integers: an integer cast first would wrap.
    return np.clip(round_half_away(values / scale) + zero_point, params.qmin, params.qmax)


def _blockwise(function: Formula, x: ArrayLike, params: QuantParams, dtype: DTypeLike) -> Block:
    values = finite_values(x)
    scale, zero_point = _broadcastable(params, values.shape)
    with np.errstate(over="ignore"):  # infinity saturates like any other large value
        return blockwise(function, values.astype("f4", copy=False), scale, zero_point, dtype)


def _broadcastable(params: QuantParams, shape: tuple[int, ...]) -> tuple[Block, Block]:
    scale, zero_point = (np.asarray(v, np.float32) for v in (params.scale, params.zero_point))
    return along_axis(scale, params.axis, shape), along_axis(zero_point, params.axis, shape)


def _checked_bits(bits: int) -> int:
    if bits not in range(MIN_BITS, MAX_BITS + 1):
        raise ValueError(f"bits must be a whole number from {MIN_BITS} to {MAX_BITS}, got {bits}")
    return int(bits)


def _check_scale(scale: NDArray[np.float32], given: object) -> None:
    if not (np.isfinite(scale) & (scale > 0)).all():
        raise ValueError(f"scale must be finite and above 0 as float32, got {given}")


def _check_zero_point(zero_point: NDArray[Any], qmin: int, qmax: int) -> None:
    if zero_point.dtype.kind not in "iu":
        raise ValueError(f"zero_point must be an integer, got {zero_point.dtype}")
    if not ((zero_point >= qmin) & (zero_point <= qmax)).all():
        raise ValueError(f"zero_point must lie in [{qmin}, {qmax}], got {zero_point}")
