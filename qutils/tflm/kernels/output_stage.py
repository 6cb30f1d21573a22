"""From accumulators to int8 and int16 outputs, as TFLM rounds them.

TFLM: ``kernels/internal/common.cc`` and ``kernels/internal/quantization_util.cc``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.fixed_point import quantize_multiplier, requantize
from qutils.tflm.graph import DTYPES, Operator
from qutils.tflm.kernels.base import Array, quantized_limits

# From an operator, its real multipliers and its bias to what turns sums into outputs.
StageMaker = Callable[[Operator, ArrayLike, NDArray[np.int64]], Callable[[Array], Array]]

# Whole numbers are requantized block by block, in the processor's cache.
_BLOCK_ELEMENTS = 1 << 14
_NO_BIAS = np.zeros(1, np.int64)


@dataclass(frozen=True)
class OutputStage:
    """From int32 sums to outputs: add the bias, multiply, round twice, add the zero point, clamp.

    Attributes
    ----------
    multiplier, shift
        int64, one or one per channel, as `quantize_multiplier` returns them.
    zero_point
        Of the output.
    low, high
        Limits of the fused activation.
    bias
        int64, one or one per channel.
    type
        Of the output, "INT8" or "INT16".
    """

    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]
    zero_point: int
    low: int
    high: int
    bias: NDArray[np.int64] = field(default_factory=lambda: _NO_BIAS)
    type: str = "INT8"

    largest_shift: ClassVar[int] = 31

    @classmethod
    def of(
        cls,
        operator: Operator,
        real_multiplier: ArrayLike,
        bias: NDArray[np.int64] = _NO_BIAS,
    ) -> Self:
        """Prepare the stage for the operator's first output."""
        multiplier, shift = quantize_multiplier(np.atleast_1d(np.asarray(real_multiplier)))
        if (shift > cls.largest_shift).any():
            raise operator.invalid(
                f"multiplies by {np.max(real_multiplier):.3g}: its scales do not belong together"
            )
        low, high = quantized_limits(operator)
        output = operator.outputs[0]
        return cls(multiplier, shift, output.zero_point, low, high, bias, output.type)

    def per_channel(self, channels: int) -> "OutputStage":
        """Return the same stage with one multiplier, shift and bias for each channel."""
        return replace(
            self,
            multiplier=np.broadcast_to(self.multiplier, channels),
            shift=np.broadcast_to(self.shift, channels),
            bias=np.broadcast_to(self.bias, channels),
        )

    def of_channels(self, channels: NDArray[np.intp]) -> "OutputStage":
        """Return the stage of some channels of a `per_channel` one."""
        return replace(
            self,
            multiplier=self.multiplier[channels],
            shift=self.shift[channels],
            bias=self.bias[channels],
        )

    def __call__(self, accumulator: Array) -> Array:
        """Requantize whole numbers of any dtype, channels last.

        Block by block, so that what lies between two steps stays in the processor's cache.
        """
        channels = self.multiplier.size if self.multiplier.size > 1 else 1
        rows = accumulator.reshape(-1, max(channels, np.size(self.bias)))
        output = np.empty(rows.shape, DTYPES[self.type])
        step = max(1, _BLOCK_ELEMENTS // rows.shape[1])
        for start in range(0, len(rows), step):
            output[start : start + step] = self._block(rows[start : start + step])
        return output.reshape(accumulator.shape)

    def _block(self, accumulator: Array) -> NDArray[np.int64]:
        total = wrap_int32(accumulator.astype(np.int64) + self.bias)
        output = requantize(total, self.multiplier, self.shift)
        output += np.int64(self.zero_point)
        return np.clip(output, self.low, self.high, out=output)


class WideStage(OutputStage):
    """From int64 sums to int16: the multiplier is cut to 15 bits, and there is one rounding.

    What 16x8 layers use, unless their bias is int32.
    """

    largest_shift: ClassVar[int] = 14

    def _block(self, accumulator: Array) -> NDArray[np.int64]:
        multiplier = np.minimum((self.multiplier + np.int64(2**15)) >> np.int64(16), 2**15 - 1)
        right = np.int64(15) - self.shift
        total = (accumulator.astype(np.int64) + self.bias) * multiplier
        total += np.int64(1) << (right - 1)
        output = wrap_int32(total >> right) + np.int64(self.zero_point)
        return np.clip(output, self.low, self.high, out=output)


def wrap_int32(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """Reduce to int32 as the accumulators of C do, and widen again."""
    return x.astype(np.int32).astype(np.int64)
