"""Activations in pieces: RELU, RELU6, LEAKY_RELU and HARD_SWISH.

TFLM: ``micro/kernels/activations.cc``, ``leaky_relu.cc``, ``hard_swish.cc`` and their
``_common.cc``; ``kernels/internal/reference/leaky_relu.h`` and ``hard_swish.h``.
"""

import numpy as np

from qutils.affine import round_half_away
from qutils.fixed_point import rounding_divide_by_pot
from qutils.tflm.graph import DTYPES, Operator
from qutils.tflm.kernels.base import Array, Kernel, Run, on_one_input, require_like
from qutils.tflm.kernels.rescale import (
    Whole,
    centred,
    fixed_multiplier,
    require_zero_point,
    rescaler,
    stored,
)
from qutils.tflm.kernels.tables import tabulated


def prepare_relu(operator: Operator) -> Run:
    """Prepare RELU; integers are requantized to the scale of the output."""
    kind = require_like(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.where(x < 0, np.float32(0), x))
    source, target = operator.input(0), operator.outputs[0]
    if kind == "INT16":
        require_zero_point(operator, 0, source, target)
    to_output = rescaler(operator, source.scale / target.scale)
    limits = (target.zero_point, np.iinfo(DTYPES[kind]).max)
    return on_one_input(
        tabulated(lambda x: stored(to_output(centred(x, source)), target, limits), kind)
    )


def prepare_relu6(operator: Operator) -> Run:
    """Prepare RELU6; integers are only clamped, in the scale of the input."""
    kind = require_like(operator, "INT8", "INT16", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.clip(x, np.float32(0), np.float32(6)))
    source = operator.input(0)
    zero = source.zero_point
    steps = float(round_half_away(np.float32(6) / np.float32(source.scale)))
    six = int(min(zero + steps, np.iinfo(DTYPES[kind]).max))
    return on_one_input(lambda x: np.clip(x, zero, six))


def prepare_leaky_relu(operator: Operator) -> Run:
    """Prepare LEAKY_RELU; integers have one multiplier above zero and one below."""
    kind = require_like(operator, "INT8", "INT16", "FLOAT32")
    alpha = operator.options["alpha"]
    if kind == "FLOAT32":
        return on_one_input(lambda x: np.where(x > 0, x, x * np.float32(alpha)))
    source, target = operator.input(0), operator.outputs[0]
    above = rescaler(operator, source.scale / target.scale)
    below = rescaler(operator, source.scale * alpha / target.scale)

    def whole(x: Array) -> Array:
        steps = centred(x, source)
        return stored(np.where(steps >= 0, above(steps), below(steps)), target)

    return on_one_input(tabulated(whole, kind))


def prepare_hard_swish(operator: Operator) -> Run:
    """Prepare HARD_SWISH, x * relu6(x + 3) / 6; int8 computes in int16 throughout."""
    kind = require_like(operator, "INT8", "FLOAT32")
    if kind == "FLOAT32":
        return on_one_input(lambda x: x * np.clip(x + 3, 0, 6) / 6)
    source, target = operator.input(0), operator.outputs[0]
    high_scale = source.scale / 128
    output_multiplier, output_shift = _int16_multiplier(operator, high_scale / target.scale)
    gate_multiplier, gate_shift = _int16_multiplier(operator, high_scale / (3 / 32768))
    if output_shift > 0:
        raise operator.unsupported("TFLM needs an output scale above 1/128 of the input's")

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
    "HARD_SWISH": Kernel(prepare_hard_swish, (20, 20)),
}
