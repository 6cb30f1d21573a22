"""Activations as operators: RELU, RELU6, LEAKY_RELU, LOGISTIC, TANH and HARD_SWISH.

TFLM: ``micro/kernels/activations.cc``, ``leaky_relu.cc``, ``logistic.cc``, ``tanh.cc``,
``hard_swish.cc`` and their ``_common.cc``; ``kernels/internal/reference/leaky_relu.h``,
``hard_swish.h``, ``logistic.h``, ``integer_ops/logistic.h`` and ``integer_ops/tanh.h``.

float32 is equal bit for bit but for LOGISTIC and TANH, which take exponentials from the C
library.
"""

import math
from collections.abc import Callable

import numpy as np

from qutils.affine import round_half_away
from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.fixed_point import requantize, rounding_divide_by_pot
from qutils.tflm.graph import DTYPES, Operator
from qutils.tflm.kernels import gemmlowp
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    require_count,
    require_shape,
    require_types,
    scale_of,
    zero_point_of,
)
from qutils.tflm.kernels.libm import exponential
from qutils.tflm.kernels.rescale import (
    Whole,
    centred,
    fixed_multiplier,
    require_zero_point,
    rescaler,
    stored,
)
from qutils.tflm.kernels.tables import Function, on_one_input, tabulated


def prepare_relu(operator: Operator) -> Run:
    """Prepare RELU; integers are requantized to the scale of the output."""
    kind = _require(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.where(x < 0, np.float32(0), x))
    source, target = operator.input(0), operator.outputs[0]
    if kind == "INT16":
        require_zero_point(operator, 0, source, target)
    to_output = rescaler(operator, scale_of(source) / scale_of(target))
    limits = (zero_point_of(target), np.iinfo(DTYPES[kind]).max)
    return on_one_input(
        tabulated(lambda x: stored(to_output(centred(x, source)), target, limits), kind)
    )


def prepare_relu6(operator: Operator) -> Run:
    """Prepare RELU6; integers are only clamped, in the scale of the input."""
    kind = _require(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.clip(x, np.float32(0), np.float32(6)))
    source = operator.input(0)
    zero = zero_point_of(source)
    steps = float(round_half_away(np.float32(6) / np.float32(scale_of(source))))
    six = int(min(zero + steps, np.iinfo(DTYPES[kind]).max))
    return on_one_input(lambda x: np.clip(x, zero, six))


def prepare_leaky_relu(operator: Operator) -> Run:
    """Prepare LEAKY_RELU; integers have one multiplier above zero and one below."""
    kind = _require(operator, "INT8", "INT16", "FLOAT32")
    alpha = operator.options["alpha"]
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.where(x > 0, x, x * np.float32(alpha)))
    source, target = operator.input(0), operator.outputs[0]
    above = rescaler(operator, scale_of(source) / scale_of(target))
    below = rescaler(operator, scale_of(source) * alpha / scale_of(target))

    def whole(x: Array) -> Array:
        steps = centred(x, source)
        return stored(np.where(steps >= 0, above(steps), below(steps)), target)

    return on_one_input(tabulated(whole, kind))


def prepare_logistic(operator: Operator) -> Run:
    """Prepare LOGISTIC: fixed point for int8, a table of 256 values in between for int16."""
    kind = _require(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(_float_logistic)
    if kind == "INT8":
        require_zero_point(operator, -128, operator.outputs[0])
        return on_one_input(tabulated(_fixed_point(operator, gemmlowp.logistic, 23, -128), kind))
    to_steps = _to_table_steps(operator, doublings=0)

    def whole(x: Array) -> Array:
        steps = to_steps(x)
        sigmoid = _interpolated(np.abs(steps), 9, 0x7FFF << 10)
        result = np.where(steps >= 0, sigmoid, (1 << 25) - 1 - sigmoid)
        return ((result + (1 << 9)) >> 10).astype(np.int16)

    return on_one_input(tabulated(whole, kind))


def prepare_tanh(operator: Operator) -> Run:
    """Prepare TANH, in the same ways: tanh(x) = 2 * logistic(2 * x) - 1."""
    kind = _require(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.tanh(x.astype(np.float64)).astype(np.float32))
    if kind == "INT8":
        return on_one_input(tabulated(_fixed_point(operator, gemmlowp.tanh, 24, 0), kind))
    to_steps = _to_table_steps(operator, doublings=1)

    def whole(x: Array) -> Array:
        steps = to_steps(x)
        over_half = _interpolated(np.abs(steps), 8, 0xFFFF << 8) - (1 << 23)
        result = np.where(steps >= 0, over_half, -over_half - 1)
        return ((result + (1 << 7)) >> 8).astype(np.int16)

    return on_one_input(tabulated(whole, kind))


def prepare_hard_swish(operator: Operator) -> Run:
    """Prepare HARD_SWISH, x * relu6(x + 3) / 6; int8 computes in int16 throughout."""
    kind = _require(operator, "INT8", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: x * np.clip(x + 3, 0, 6) / 6)
    source, target = operator.input(0), operator.outputs[0]
    high_scale = scale_of(source) / 128
    output_multiplier, output_shift = _int16_multiplier(operator, high_scale / scale_of(target))
    gate_multiplier, gate_shift = _int16_multiplier(operator, high_scale / (3 / 32768))
    if output_shift > 0:
        raise UnsupportedOperatorError(
            f"{operator.label}: TFLM needs an output scale above 1/128 of the input's"
        )

    def whole(x: Array) -> Array:
        high = centred(x, source) << 7
        # The gate is (x + 3) / 6, saturated; 3 is 32768 at first.
        gate = _int16(high << np.clip(gate_shift - 1, 0, 16))
        gate = _high_product(gate, gate_multiplier)
        gate = _int16(gate << 1) if gate_shift > 0 else gate
        gate = (_shifted_right(gate, max(-gate_shift, 0)) + 32768) >> 1
        gated = gate * _high_product(high, output_multiplier)
        truncated = np.sign(gated) * (np.abs(gated) >> 15)
        return stored(_shifted_right(truncated, -output_shift), target)

    return on_one_input(tabulated(whole, kind))


def _require(operator: Operator, *allowed: str) -> str:
    require_count(operator, (1, 1))
    require_shape(operator, operator.outputs[0], operator.input(0).shape)
    return require_types(operator, *allowed)


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
    multiplier, input_shift = fixed_multiplier(operator, scale_of(source) * 2.0**27)
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
    if abs(math.log2(scale_of(target)) + 15) >= 1e-3:
        raise UnsupportedOperatorError(f"{operator.label}: TFLM needs an output of scale 1/32768")
    power = math.log2(scale_of(source))
    left = 12 + round(power)
    if abs(power - round(power)) < 1e-3 and 0 <= left <= doublings:
        return lambda x: x.astype(np.int64) * np.int64(3 << left)
    multiplier, shift = scale_of(source) * 4096 * 3, 0
    if multiplier >= 2**15:
        raise InvalidModelError(f"{operator.label}: its input has too large a scale")
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = 2 * multiplier, shift + 1
    half = np.int64(1 << shift >> 1)
    return lambda x: (x.astype(np.int64) * np.int64(multiplier) + half) >> np.int64(shift)


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


def _interpolated(steps: Whole, bits: int, largest: int) -> Whole:
    """Return 65536 * 2**bits * logistic(steps / 2**bits / 24) for `steps` >= 0."""
    index = np.minimum(steps >> bits, 254)
    left, right = _SIGMOID[index], _SIGMOID[index + 1]
    between = (left << bits) + (steps & ((1 << bits) - 1)) * (right - left)
    return np.where(steps >> bits >= 255, largest, between)


def _int16_multiplier(operator: Operator, real_multiplier: float) -> tuple[Whole, int]:
    multiplier, shift = fixed_multiplier(operator, real_multiplier)
    return _int16((multiplier + (1 << 15)) >> 16), int(shift)


def _int16(x: Whole) -> Whole:
    return np.clip(x, -(2**15), 2**15 - 1)


def _shifted_right(x: Whole, exponent: int) -> Whole:
    # From 16 bits on, gemmlowp's mask overflows an int16, and all is rounded away from 0.
    if exponent >= 16:
        return np.where(x < 0, np.int64(-1), np.int64(1))
    return rounding_divide_by_pot(x, exponent)


def _high_product(a: Whole, b: Whole) -> Whole:
    return (a * b + (1 << 14)) >> 15


KERNELS = {
    "RELU": Kernel(prepare_relu, (28, 28)),
    "RELU6": Kernel(prepare_relu6, (8, 8)),
    "LEAKY_RELU": Kernel(prepare_leaky_relu, (24, 24), (4, 4)),
    "LOGISTIC": Kernel(prepare_logistic, (16, 16)),
    "TANH": Kernel(prepare_tanh, (16, 16)),
    "HARD_SWISH": Kernel(prepare_hard_swish, (20, 20)),
}
