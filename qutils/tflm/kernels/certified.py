"""The output stage of int8 layers in floating point, where that is proved to be exact.

TFLM's two roundings make the output a step function of the accumulator: it is at least ``k``
from a whole number, the threshold of ``k``, on.  Two multiplications, additions and shifts of
64 bits become ::

    whole part of (accumulator * scale + offset)             where outputs have one sign (RELU)
    rint(real + clip(real, -tie, tie)) + zero point          where they have both,
        with real = accumulator * scale + offset

counted from the lowest output on: so none is negative once it is clamped, and a cast to bytes
without a sign takes the whole part.  The formula never falls as the accumulator grows, however
its steps are rounded: each of them is monotone.  So it is right for every accumulator exactly
when it is right on both sides of each threshold, at most 2 * 255 numbers for a channel.  These
are tried when the layer runs for the first time, in float32 and then in float64; a channel that
fails both is left to `OutputStage`.

TFLM: ``MultiplyByQuantizedMultiplier`` in ``kernels/internal/common.cc``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from qutils.tflm.kernels.base import Array
from qutils.tflm.kernels.output_stage import OutputStage

# Scales and offsets that are tried for a channel, in units of their last place.
_NUDGES = sorted(
    ((scale, offset) for scale in range(-10, 11) for offset in range(-3, 4)),
    key=lambda nudge: abs(nudge[0]) + abs(nudge[1]),
)
# A format that fails more than this part of the channels at once is too narrow for the layer.
_HOPELESS = 1 / 2
# More channels or larger shifts are not worth a proof; the plain stage is always right.
_MOST_CHANNELS = 1 << 12
_LARGEST_SHIFT = 22
# Constants are repeated to rows of so many elements: longer ones would leave the cache.
_LONGEST_ROW = 1 << 11
# From so many outputs on, it pays to compute a few channels apart.
_MANY = 1 << 13
_UINT8, _INT8 = np.dtype(np.uint8), np.dtype(np.int8)


@dataclass(frozen=True)
class Line:
    """The formula for a row of channels.

    Attributes
    ----------
    scale, offset, tie
        float32 or float64 (channels,).
    zero_point
        Of the output, counted from the lowest output on.
    one_sign
        Which of the two formulas.
    """

    scale: Array
    offset: Array
    tie: Array
    zero_point: int
    one_sign: bool

    def __call__(self, accumulator: Array) -> Array:
        """Return numbers whose whole part, once clamped, is the output less the lowest one.

        Parameters
        ----------
        accumulator
            float32 or float64 (..., channels), whole numbers; may be overwritten.
        """
        scale = self.scale
        value = accumulator if accumulator.dtype == scale.dtype else accumulator.astype(scale.dtype)
        value *= scale
        value += self.offset
        if self.one_sign:
            return value
        value += value.clip(self._minus_tie, self.tie)
        np.rint(value, value)
        value += self._zero_point
        return value

    @cached_property
    def _minus_tie(self) -> Array:
        return -self.tie

    @cached_property
    def _zero_point(self) -> np.floating:
        return self.scale.dtype.type(self.zero_point)

    def repeated(self, times: int) -> "Line":
        """Return the formula for `times` rows laid end to end."""
        scale, offset, tie = (np.tile(part, times) for part in (self.scale, self.offset, self.tie))
        return Line(scale, offset, tie, self.zero_point, self.one_sign)


@dataclass(frozen=True)
class Steps:
    """Where the outputs of a row of channels change.

    Attributes
    ----------
    output
        int64 (steps, 1): outputs without the zero point, all but the lowest.
    threshold
        int64 (steps, channels): the least accumulator, without bias, that gives `output`.
    reach, bias
        int64 (channels,): largest magnitude of that accumulator, and the bias.
    real, tie
        float64 (channels,): the real multiplier, and half a unit of TFLM's first rounding.
    """

    output: NDArray[np.int64]
    threshold: NDArray[np.int64]
    reach: NDArray[np.int64]
    bias: NDArray[np.int64]
    real: NDArray[np.float64]
    tie: NDArray[np.float64]

    @classmethod
    def of(cls, stage: OutputStage, reach: NDArray[np.int64]) -> "Steps":
        """Invert TFLM's two roundings, for shifts from `_LARGEST_SHIFT` to the right on."""
        output = np.arange(stage.low + 1, stage.high + 1, dtype=np.int64)[:, np.newaxis]
        output -= np.int64(stage.zero_point)
        left, right = np.maximum(stage.shift, 0), np.maximum(-stage.shift, 0)
        # Half away from zero: from a negative tie, it takes one more to go up.
        product = (output << right) - (1 << right >> 1) + ((output <= 0) & (right > 0))
        total = -((np.int64(2**30) - (product << 31)) // (stage.multiplier << left))
        threshold = total - stage.bias
        real = stage.multiplier * np.exp2(stage.shift - 31.0)
        tie = np.where(right > 0, np.exp2(-right - 1.0), 0.0)
        return cls(output, threshold, reach, stage.bias, real, tie)

    def offset(self, scale: Array, one_sign: bool) -> NDArray[np.float64]:
        """Return the middle of the offsets with which a line meets every step."""
        tie = np.where(self.output > 0, self.tie, -self.tie)
        level = self.output - np.where(one_sign, 0.0, 0.5 + tie)
        inside = np.abs(self.threshold) <= self.reach
        needed = level - scale.astype(np.float64) * self.threshold
        lowest = needed.max(axis=0, where=inside, initial=-np.inf)
        highest = (needed + scale).min(axis=0, where=inside, initial=np.inf)
        reached = inside.any(axis=0)
        centre = self.bias * self.real + np.where(one_sign, 0.5 + self.tie, 0.0)
        return (np.where(reached, lowest, centre) + np.where(reached, highest, centre)) / 2

    def met_by(self, line: Line) -> NDArray[np.bool_]:
        """Return for each channel whether a line is right for every accumulator in reach."""
        kind, above = line.scale.dtype, self.output + line.zero_point
        at = np.clip(self.threshold, -self.reach, self.reach).astype(kind)
        below = np.clip(self.threshold - 1, -self.reach, self.reach).astype(kind)
        reaches = (self.threshold > self.reach) | (line(at) >= above)
        waits = (self.threshold <= -self.reach) | (line(below) < above)
        return np.all(reaches & waits, axis=0)


class CertifiedStage:
    """Stands in for an `OutputStage` whose accumulators are exact in floating point.

    Parameters
    ----------
    plain
        The plain stage.
    reach
        int64 (channels,), largest magnitude of the accumulator without the bias.
    """

    def __init__(self, plain: OutputStage, reach: NDArray[np.int64]) -> None:
        self.plain = plain.per_channel(len(reach))
        self.reach = reach
        self._of_shape: dict[tuple[int, ...], Callable[[Array], Array]] = {}
        self._lines: dict[np.dtype, tuple[Line, NDArray[np.intp]]] = {}

    def __call__(self, accumulator: Array) -> NDArray[np.int8]:
        """Turn sums into outputs; `accumulator` may be overwritten.

        Channels are last, or rows of them laid end to end.
        """
        shape = accumulator.shape
        if shape not in self._of_shape:
            self._of_shape[shape] = self._for_shape(shape)
        return self._of_shape[shape](accumulator)

    def certified(self, kind: np.dtype[np.floating]) -> tuple[Line, NDArray[np.intp]]:
        """Return the formula in a format, and the channels that it does not hold for."""
        if kind not in self._lines:
            self._lines[kind] = self._certify(kind)
        return self._lines[kind]

    def _for_shape(self, shape: tuple[int, ...]) -> Callable[[Array], Array]:
        """Return the stage for sums of one shape.

        In float32 if that holds for all channels.  A few others are computed apart where there
        is much to compute, else all in float64.
        """
        size, channels = prod(shape), len(self.reach)
        line, doubtful = self.certified(np.dtype(np.float32))
        rest: Callable[[Array], Array] = CertifiedStage(
            self.plain.of_channels(doubtful), self.reach[doubtful]
        )
        if doubtful.size > channels / 8 or (doubtful.size and size < _MANY):
            line, doubtful = self.certified(np.dtype(np.float64))
            rest = self.plain.of_channels(doubtful)
        stage = self._of_line(line, shape)
        if not doubtful.size:
            return stage

        def stage_with_doubts(accumulator: Array) -> Array:
            apart = rest(accumulator.reshape(-1, channels)[:, doubtful])
            output = stage(accumulator)
            output.reshape(-1, channels)[:, doubtful] = apart
            return output

        return stage_with_doubts

    def _of_line(self, line: Line, shape: tuple[int, ...]) -> Callable[[Array], Array]:
        size, channels = prod(shape), len(self.reach)
        # For arrays of one element, NumPy need not look for a common type.
        none, most = (np.array(n, line.scale.dtype) for n in (0, self.plain.high - self.plain.low))
        lowest = np.array(self.plain.low % 256, np.uint8)
        times = _rows_at_once(size // channels, channels)
        repeated, width = line.repeated(times), times * channels
        # One row is quicker without an axis for rows.
        rows = (width,) if size == width else (-1, width)

        def stage(accumulator: Array) -> Array:
            value = repeated(accumulator.reshape(rows))
            above = value.clip(none, most, value).astype(_UINT8)
            above += lowest  # Modulo 256: two's complement.
            return above.view(_INT8).reshape(shape)

        return stage

    def _certify(self, kind: np.dtype[np.floating]) -> tuple[Line, NDArray[np.intp]]:
        """Look for a line for each channel, and prove it."""
        reach = self.reach
        scale, offset, tie = np.zeros((3, len(reach)), kind)
        left = self._provable(kind)
        for nudge in _NUDGES:
            line, holds = self._attempt(left, nudge, kind)
            found, left = left[holds], left[~holds]
            scale[found], offset[found], tie[found] = (
                part[holds] for part in (line.scale, line.offset, line.tie)
            )
            if not 0 < left.size <= _HOPELESS * len(reach):
                break
        return self._line(scale, offset, tie), np.flatnonzero(scale == 0)

    def _attempt(
        self, channels: NDArray[np.intp], nudge: tuple[int, int], kind: np.dtype[np.floating]
    ) -> tuple[Line, NDArray[np.bool_]]:
        """Make a line for some channels, and say for which of them it holds."""
        steps = Steps.of(self.plain.of_channels(channels), self.reach[channels])
        scale = steps.real.astype(kind)
        scale += nudge[0] * np.spacing(scale)
        middle = steps.offset(scale, self._one_sign)
        offset = (middle + (self._zero_point if self._one_sign else 0)).astype(kind)
        offset += nudge[1] * np.spacing(offset)
        line = self._line(scale, offset, steps.tie.astype(kind))
        return line, steps.met_by(line)

    def _line(self, scale: Array, offset: Array, tie: Array) -> Line:
        return Line(scale, offset, tie, self._zero_point, self._one_sign)

    @property
    def _zero_point(self) -> int:
        return self.plain.zero_point - self.plain.low

    @property
    def _one_sign(self) -> bool:
        return self.plain.low >= self.plain.zero_point

    def _provable(self, kind: np.dtype[np.floating]) -> NDArray[np.intp]:
        """Return the channels whose sums and thresholds stay within the number formats."""
        plain, reach = self.plain, self.reach
        if len(reach) > _MOST_CHANNELS or reach.max(initial=0) >= 2.0 ** (np.finfo(kind).nmant + 1):
            return np.zeros(0, np.intp)
        total = (reach + np.abs(plain.bias)) * np.exp2(np.maximum(plain.shift, 0))
        possible = (plain.multiplier > 0) & (plain.shift >= -_LARGEST_SHIFT) & (total < 2.0**31)
        # A zero point outside int8 can leave no room between the limits.
        return np.flatnonzero(possible & (plain.low <= plain.high))


def _rows_at_once(rows: int, channels: int) -> int:
    """Return a divisor of `rows`, so that NumPy's inner loops become long."""
    if rows * channels <= 2 * _LONGEST_ROW:
        return rows
    most = max(1, _LONGEST_ROW // max(1, channels))
    return next(times for times in range(min(rows, most), 0, -1) if rows % times == 0)
