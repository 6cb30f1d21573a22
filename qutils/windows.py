"""Where a sliding window falls: sizes, padding, and views of the input.

``ComputePaddingHeightWidth`` in TFLM's ``tensorflow/lite/kernels/padding.h``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Window", "place"]

Array = NDArray[Any]
Pair = tuple[int, int]


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

    size: Pair
    stride: Pair
    dilation: Pair
    input: Pair
    output: Pair
    before: Pair
    after: Pair

    @classmethod
    def over(cls, source: Pair, size: Pair, stride: Pair, dilation: Pair, padding: str) -> "Window":
        """Place a window over height and width of `source`.

        `padding` is "SAME" or "VALID". The output is smaller than 1 where the window does not fit.
        """
        spans = [
            place(padding, *numbers) for numbers in zip(source, size, stride, dilation, strict=True)
        ]
        output, before, after = zip(*spans, strict=True)
        return cls(size, stride, dilation, source, output, before, after)

    @property
    def is_point(self) -> bool:
        """Whether each output sees the one element of the input at its own place."""
        return self.size == self.stride == (1, 1)

    @cached_property
    def is_padded(self) -> bool:
        """Whether it reaches beyond the input."""
        return any(self.before + self.after)

    def pad(self, x: Array, value: float) -> Array:
        """Surround (N, height, width, channels) with `value`."""
        if not self.is_padded:
            return x
        padded, inside = self.surroundings(x.shape, x.dtype, value)
        inside[...] = x
        return padded

    def surroundings(
        self, shape: tuple[int, ...], dtype: np.dtype, value: float = 0
    ) -> tuple[Array, Array]:
        """Return an array full of `value`, and its part where an input of `shape` goes."""
        full = (shape[0], *self.padded_size, shape[3])
        padded = np.full(full, value, dtype) if value else np.zeros(full, dtype)
        return padded, padded[self._place]

    @cached_property
    def padded_size(self) -> tuple[int, ...]:
        """Height and width of the input with its padding."""
        return tuple(map(sum, zip(self.before, self.input, self.after, strict=True)))

    @cached_property
    def _place(self) -> tuple[slice, ...]:
        """Where the input lies in what surrounds it."""
        along = zip(self.before, self.input, strict=True)
        return (slice(None), *(slice(first, first + length) for first, length in along))

    @cached_property
    def inside(self) -> Array:
        """How many taps of each window lie inside the input: (out_h, out_w, 1) int32."""
        counts = []
        for axis in (0, 1):
            first = np.arange(self.output[axis]) * self.stride[axis] - self.before[axis]
            last = np.minimum(first + self.size[axis], self.input[axis])
            counts.append((last - np.maximum(first, 0)).astype(np.int32))
        return counts[0][:, np.newaxis, np.newaxis] * counts[1][:, np.newaxis]

    def taps(self) -> list[Pair]:
        """Return the positions inside the window, row by row, as TFLM's loops visit them."""
        return [(y, x) for y in range(self.size[0]) for x in range(self.size[1])]

    def view(self, padded: Array, tap: Pair) -> Array:
        """Return what lies under one tap for every output: (N, out_h, out_w, channels)."""
        return padded[:, self._seen[0][tap[0]], self._seen[1][tap[1]]]

    def patches(self, padded: Array) -> Array:
        """Return a view of all windows: (N, out_h, out_w, size_h, size_w, channels)."""
        n, row, column, channel = padded.strides
        (step_h, step_w), (tap_h, tap_w) = self.stride, self.dilation
        strides = (n, row * step_h, column * step_w, row * tap_h, column * tap_w, channel)
        shape = (len(padded), *self.output, *self.size, padded.shape[3])
        return np.ndarray(shape, padded.dtype, padded, strides=strides)

    def rows(self, padded: Array) -> Array:
        """Return what each tap sees for a whole row of outputs.

        A view where the stride is 1: (N, out_h, size_h, size_w, out_w * channels).
        """
        shape = (len(padded), self.output[0], *self.size, self.output[1] * padded.shape[3])
        if self.stride[1] > 1:
            count, height, _, channels = padded.shape
            columns = np.empty(
                (count, height, self.size[1], self.output[1], channels), padded.dtype
            )
            for tap, seen in enumerate(self._seen[1]):
                columns[:, :, tap] = padded[:, :, seen]
            padded = columns
            n, row, tap_w, _, channel = columns.strides
        else:
            n, row, column, channel = padded.strides
            tap_w = column * self.dilation[1]
        strides = (n, row * self.stride[0], row * self.dilation[0], tap_w, channel)
        return np.ndarray(shape, padded.dtype, padded, strides=strides)

    @cached_property
    def _seen(self) -> list[list[slice]]:
        """Where each tap falls, along both axes of the padded input."""
        return [
            [
                slice(first, first + (output - 1) * stride + 1, stride)
                for first in range(0, size * dilation, dilation)
            ]
            for size, stride, dilation, output in zip(
                self.size, self.stride, self.dilation, self.output, strict=True
            )
        ]


def place(padding: str, length: int, size: int, stride: int, dilation: int) -> tuple[int, int, int]:
    """Return output length, padding before and padding after, along one axis."""
    reach = (size - 1) * dilation + 1
    covered = length + stride - (1 if padding == "SAME" else reach)
    # C divides towards zero.
    output = covered // stride if covered >= 0 else -(-covered // stride)
    total = max((output - 1) * stride + reach - length, 0)
    return output, total // 2, total - total // 2
