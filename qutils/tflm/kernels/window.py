"""Where a sliding window falls: sizes, padding, and views of the input, for CONV and POOL.

``ComputePaddingHeightWidth`` in TFLM's ``tensorflow/lite/kernels/padding.h``.
"""

from dataclasses import dataclass

import numpy as np

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Array

# Padded inputs may be larger than inputs by this factor.
_LARGEST_PADDING = 64


@dataclass(frozen=True)
class Window:
    """A window of ``size`` taps that slides over height and width.

    Attributes
    ----------
    size, stride, dilation
        Along height and width, all >= 1.
    input, output
        Height and width of the activations.
    before, after
        Rows and columns of padding around the input.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    input: tuple[int, int]
    output: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]

    @classmethod
    def of(cls, operator: Operator, size: tuple[int, int]) -> "Window":
        """Place a window of `size` over the operator's first input, by its options."""
        options, source = operator.options, operator.input(0)
        if len(source.shape) != 4 or len(operator.outputs[0].shape) != 4:
            raise InvalidModelError(f"{operator.label} needs input and output of 4 dimensions")
        stride = options["stride_h"], options["stride_w"]
        dilation = options.get("dilation_h", 1), options.get("dilation_w", 1)
        if min(*stride, *dilation, *size) < 1:
            raise InvalidModelError(
                f"{operator.label} has window {size}, stride {stride}, dilation {dilation}: "
                "all must be at least 1"
            )
        spans = [
            _place(options["padding"], *numbers)
            for numbers in zip(source.shape[1:3], size, stride, dilation, strict=True)
        ]
        output, before, after = zip(*spans, strict=True)
        if min(output) < 1:
            raise InvalidModelError(f"{operator.label}: the window {size} is larger than the input")
        height, width = source.shape[1:3]
        padded = (height + before[0] + after[0]) * (width + before[1] + after[1])
        if padded > _LARGEST_PADDING * (height * width + 1024):
            raise UnsupportedOperatorError(
                f"{operator.label}: the window {size} with dilation {dilation} reaches too far "
                "beyond the input for the emulator, which pads in memory"
            )
        return cls(size, stride, dilation, (height, width), output, before, after)

    def pad(self, x: Array, value: float, dtype: np.dtype | None = None) -> Array:
        """Surround (N, height, width, channels) with `value`, in another dtype if one is given."""
        kind = x.dtype if dtype is None else dtype
        if not any(self.before + self.after):
            return x.astype(kind, copy=False)
        (top, left), (bottom, right) = self.before, self.after
        (count, height, width, channels) = x.shape
        padded = np.full(
            (count, top + height + bottom, left + width + right, channels), value, kind
        )
        padded[:, top : top + height, left : left + width] = x
        return padded

    def inside(self) -> Array:
        """Return how many taps of each window lie inside the input: (out_h, out_w, 1) int32."""
        counts = []
        for axis in (0, 1):
            first = np.arange(self.output[axis]) * self.stride[axis] - self.before[axis]
            last = np.minimum(first + self.size[axis], self.input[axis])
            counts.append((last - np.maximum(first, 0)).astype(np.int32))
        return counts[0][:, np.newaxis, np.newaxis] * counts[1][:, np.newaxis]

    def taps(self) -> list[tuple[int, int]]:
        """Return the positions inside the window, row by row, as TFLM's loops visit them."""
        return [(y, x) for y in range(self.size[0]) for x in range(self.size[1])]

    def view(self, padded: Array, tap: tuple[int, int]) -> Array:
        """Return what lies under one tap for every output: (N, out_h, out_w, channels)."""
        ranges = []
        for axis in (0, 1):
            first = tap[axis] * self.dilation[axis]
            step = self.stride[axis]
            ranges.append(slice(first, first + (self.output[axis] - 1) * step + 1, step))
        return padded[:, ranges[0], ranges[1], :]

    def patches(self, padded: Array) -> Array:
        """Return a view of all windows: (N, out_h, out_w, size_h, size_w, channels)."""
        n, sh, sw, sc = padded.strides
        shape = (len(padded), *self.output, *self.size, padded.shape[3])
        strides = (
            n,
            sh * self.stride[0],
            sw * self.stride[1],
            sh * self.dilation[0],
            sw * self.dilation[1],
            sc,
        )
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)


def _place(
    padding: str, length: int, size: int, stride: int, dilation: int
) -> tuple[int, int, int]:
    """Return output length, padding before and padding after, along one axis."""
    reach = (size - 1) * dilation + 1
    if padding == "SAME":
        output = (length + stride - 1) // stride
    else:
        output = (length + stride - reach) // stride
    total = max((output - 1) * stride + reach - length, 0)
    return output, total // 2, total - total // 2
