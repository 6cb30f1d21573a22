"""LOGISTIC and TANH.

TFLM: ``micro/kernels/logistic.cc``, ``logistic_common.cc``, ``tanh.cc``;
``kernels/internal/reference/logistic.h``, ``integer_ops/logistic.h``, ``integer_ops/tanh.h``,
``kernels/internal/common.h`` and gemmlowp's ``fixedpoint/fixedpoint.h``.

int8 is fixed point throughout; int16 goes between 256 values of the logistic function.
float32: LOGISTIC has the bits of TFLM where `libm.exponential` has those of the C library;
TANH is the nearest float32, which C libraries miss by up to 2**-22 of the value.
"""

import math
from collections.abc import Callable

import numpy as np

from qutils.fixed_point import requantize, rounding_divide_by_pot
from qutils.tflm.graph import Operator
from qutils.tflm.kernels import gemmlowp
from qutils.tflm.kernels.base import Array, Kernel, Run, on_one_input, require_like
from qutils.tflm.kernels.libm import exponential
from qutils.tflm.kernels.output_stage import wrap_int32
from qutils.tflm.kernels.rescale import Whole, centred, fixed_multiplier, require_zero_point
from qutils.tflm.kernels.tables import Function, tabulated


def prepare_logistic(operator: Operator) -> Run:
    """Prepare LOGISTIC: fixed point for int8, a table of 256 values in between for int16."""
    kind = require_like(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(_float_logistic)
    if kind == "INT8":
        require_zero_point(operator, -128, operator.outputs[0])
        return on_one_input(tabulated(_fixed_point(operator, gemmlowp.logistic, 23, -128), kind))
    to_steps = _to_table_steps(operator, doublings=0)

    def whole(x: Array) -> Array:
        over_half = _over_half(to_steps(x), 9, 0x7FFF << 10)
        return ((over_half + (1 << 24) + (1 << 9)) >> 10).astype(np.int16)

    return on_one_input(tabulated(whole, kind))


def prepare_tanh(operator: Operator) -> Run:
    """Prepare TANH, in the same ways: tanh(x) = 2 * logistic(2 * x) - 1."""
    kind = require_like(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.tanh(x.astype(np.float64)).astype(np.float32))
    if kind == "INT8":
        return on_one_input(tabulated(_fixed_point(operator, gemmlowp.tanh, 24, 0), kind))
    to_steps = _to_table_steps(operator, doublings=1)

    def whole(x: Array) -> Array:
        over_half = _over_half(to_steps(x), 8, 0xFFFF << 8)
        return ((over_half + (1 << 7)) >> 8).astype(np.int16)

    return on_one_input(tabulated(whole, kind))


def _float_logistic(x: Array) -> Array:
    one = np.float32(1)
    inside = one / (one + exponential(-np.maximum(x, np.float32(-9))))
    outside = np.where(x > 0, one, exponential(np.minimum(x, one)))
    return np.where((x > np.float32(16.619047164916992)) | (x < -9), outside, inside)


def _fixed_point(
    operator: Operator, curve: Callable[[Whole], Whole], shift: int, zero_point: int
) -> Function:
    """Return an int8 function through a curve from Q4.27 to Q0.31, shifted right at the end."""
    source = operator.input(0)
    # A scale of 8 or more leaves nothing between the two ends.
    multiplier, input_shift = fixed_multiplier(operator, min(source.scale, 8) * 2.0**27)
    # From here on the input would leave Q4.27.
    radius = math.floor(15 * 2.0**27 / 2.0**input_shift)

    def whole(x: Array) -> Array:
        steps = centred(x, source)
        inside = np.abs(steps) < radius
        curved = curve(requantize(np.where(inside, steps, 0), multiplier, input_shift))
        result = np.clip(rounding_divide_by_pot(curved, shift) + zero_point, -128, 127)
        return np.where(inside, result, np.where(steps <= -radius, -128, 127)).astype(np.int8)

    return whole


def _to_table_steps(operator: Operator, doublings: int) -> Callable[[Array], Whole]:
    """Return the function that brings int16 inputs to a scale of 1 / (3 * 4096).

    A power of two that takes at most so many `doublings` needs no rounding.
    """
    source, target = operator.input(0), operator.outputs[0]
    require_zero_point(operator, 0, source, target)
    if abs(math.log2(target.scale) + 15) >= 1e-3:
        raise operator.unsupported("TFLM needs an output of scale 1/32768")
    power = math.log2(source.scale)
    left = 12 + round(power)
    if abs(power - round(power)) < 1e-3 and 0 <= left <= doublings:
        return lambda x: x.astype(np.int64) * np.int64(3 << left)
    multiplier, shift = source.scale * 4096 * 3, 0
    if multiplier >= 2**31:
        raise operator.invalid("its input has too large a scale")
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = 2 * multiplier, shift + 1
    half = np.int64(1 << shift >> 1)
    factor = np.int64(multiplier)
    return lambda x: wrap_int32(x.astype(np.int64) * factor + half) >> np.int64(shift)


def _sigmoid_table() -> Whole:
    """Return 65536 * logistic(i / 24), raised by half of what a chord is too low by."""

    def sigmoid(i: Array) -> Array:
        return 65536 / (1 + np.exp(-i / 24))

    i = np.arange(256)
    too_low = sigmoid(i + 0.5) - (sigmoid(i) + sigmoid(i + 1)) / 2
    table = np.round(sigmoid(i) + too_low / 2).astype(np.int64)
    table[-1] = 65535
    return table


_SIGMOID = _sigmoid_table()


def _over_half(steps: Whole, bits: int, largest: int) -> Whole:
    """Return 65536 * 2**bits * (logistic(steps / 2**bits / 24) - 1/2).

    Between two entries of the table, `largest` for the logistic function beyond its end; below
    zero mirrored, less 1.
    """
    size = np.abs(steps)
    index = np.minimum(size >> bits, 254)
    left, right = _SIGMOID[index], _SIGMOID[index + 1]
    between = (left << bits) + (size & ((1 << bits) - 1)) * (right - left)
    above = np.where(size >> bits >= 255, largest, between) - (1 << (15 + bits))
    return np.where(steps >= 0, above, -above - 1)


KERNELS = {
    "LOGISTIC": Kernel(prepare_logistic, (16, 16)),
    "TANH": Kernel(prepare_tanh, (16, 16)),
}
