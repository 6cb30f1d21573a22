"""The int8 operators as LiteRT computes them, with the delegate XNNPACK that it takes by default.

Both runtimes are right; they round differently.  TFLM multiplies by an integer and shifts, which
a processor without floats can do.  XNNPACK multiplies the same int32 sum by a float32, rounds
half to even, clamps and adds the zero point.  Where neither rounds, they agree.

`KERNELS` has a kernel for each operator of TFLM's.  An operator that is not held to LiteRT is
refused: float32, whose sums depend on the order in which a processor adds; int16; and factors
for which LiteRT turns from XNNPACK to kernels of its own.  Shapes and counts have been checked
by TFLM's kernel when the model was read.

XNNPACK: ``src/microparams-init.c``, ``src/reference/unary-elementwise.cc``,
``src/operators/reduce-nd.c``; LiteRT: ``tflite/delegates/xnnpack/xnnpack_delegate.cc``,
``tflite/kernels/internal/optimized/optimized_ops.h`` for SOFTMAX.  Measured with LiteRT 2.3 on
x86-64 with AVX-512.  All is exact but for LOGISTIC and TANH very near a tie, and for one product
and sum in MEAN and SUM, which a compiler may fuse on another processor.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import round_half_away
from qutils.tflm import kernels as tflm
from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.kernels import (
    concatenation,
    conv,
    depthwise,
    fully_connected,
    pad,
    reshape,
    slices,
    transpose,
    transpose_conv,
)
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    activation_limits,
    constant,
    quantized_limits,
)
from qutils.tflm.kernels.elementwise import broadcast
from qutils.tflm.kernels.libm import exponential
from qutils.tflm.kernels.output_stage import wrap_int32
from qutils.tflm.kernels.rescale import centred, rescaler

Floats = NDArray[np.float32]

# XNNPACK adds with integer factors of this many bits, the larger of the two.
_SUM_BITS = 20
_EVERY_INT8 = np.arange(256, dtype=np.uint8).view(np.int8)


def float_stage(
    operator: Operator, real_multiplier: ArrayLike, bias: NDArray[np.int64]
) -> Callable[[Array], Array]:
    """Prepare the last step of a layer with weights; a `StageMaker`.

    The factor is ``input scale * filter scale / output scale``, each step in float32, which is
    not always `real_multiplier` rounded.
    """
    weights = operator.input(1)
    if weights.quantization is not None and weights.quantization.zero_point.any():
        _refuse(operator, "XNNPACK wants a filter with zero point 0")
    filter_scale = weights.scales.astype(np.float32)
    factor = _scale(operator.input(0)) * filter_scale / _scale(operator.outputs[0])
    requantize = _requantizer(operator, _require(operator, factor, 0, 2.0**8))
    channels = max(bias.size, factor.size)

    def finish(total: Array) -> Array:
        rows = total.reshape(-1, channels).astype(np.int64)
        return requantize(wrap_int32(rows + bias)).reshape(total.shape)

    return finish


def _requantizer(operator: Operator, factor: Floats) -> Callable[[Array], Array]:
    stored = _store(operator)
    return lambda total: stored(np.rint(total.astype(np.float32) * factor))


def _store(operator: Operator) -> Callable[[Array], Array]:
    """Return what clamps steps from the output's zero point, and adds it."""
    (low, high), zero_point = _limits(operator), operator.outputs[0].zero_point
    return lambda steps: (np.clip(steps, low, high) + zero_point).astype(np.int8)


def prepare_transpose_conv(operator: Operator) -> Run:
    """Prepare TRANSPOSE_CONV."""
    options = operator.options
    is_same = options["padding"] == "SAME"
    for steps, taps, length, stride in zip(
        operator.input(2).shape[1:3],
        operator.input(1).shape[1:3],
        operator.outputs[0].shape[1:3],
        (options["stride_h"], options["stride_w"]),
        strict=True,
    ):
        fits = taps >= stride if is_same else length >= (steps - 1) * stride + taps
        if not fits:
            _refuse(operator, "LiteRT pads an output of this size in another way")
    return transpose_conv.prepare(operator, float_stage)


def prepare_sum(operator: Operator, sign: int) -> Run:
    """Prepare ADD (sign 1) or SUB (sign -1): factors become integers, halves are rounded up."""
    first, second, target = operator.input(0), operator.input(1), operator.outputs[0]
    scales = np.stack([_scale(first), _scale(second)])
    ratios = _require(operator, scales / _scale(target), 2.0**-10, 2.0**8)
    shift = _SUM_BITS + 1 - int(np.frexp(ratios.max())[1])
    factors = np.rint(np.ldexp(ratios.astype(np.float64), shift)).astype(np.int64) * [1, sign]
    half = np.int64(1) << np.int64(shift - 1)
    stored = _store(operator)

    def add(a: NDArray[np.int64], b: NDArray[np.int64]) -> Array:
        return stored((a * factors[0] + b * factors[1] + half) >> np.int64(shift))

    return _on_pairs(operator, add)


def prepare_mul(operator: Operator) -> Run:
    """Prepare MUL: the product of two integers is requantized."""
    factor = _scale(operator.input(0)) * _scale(operator.input(1)) / _scale(operator.outputs[0])
    requantize = _requantizer(operator, _require(operator, factor, 2.0**-16, 2.0**8))
    return _on_pairs(operator, lambda a, b: requantize(a * b))


def _on_pairs(operator: Operator, function: Callable[[Array, Array], Array]) -> Run:
    """Apply a function to two inputs without their zero points."""
    first, second = operator.input(0), operator.input(1)
    return broadcast(operator, lambda a, b: function(centred(a, first), centred(b, second)))


def prepare_reduce(operator: Operator, is_mean: bool) -> Run:
    """Prepare MEAN or SUM: the output's zero point is added before rounding, not after."""
    source, target = operator.input(0), operator.outputs[0]
    axes = {int(axis) % len(source.shape) for axis in constant(operator, 1).ravel()}
    count = np.prod([source.shape[axis] for axis in axes], dtype=np.int64)
    factor = _scale(source) / _scale(target)
    if is_mean:
        factor *= np.float32(1) / np.float32(count)
    removed = np.float32(source.zero_point * count) * factor
    offset = np.float32(target.zero_point) - removed

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0]
        total = x.sum(axis=tuple(axis + 1 for axis in axes), dtype=np.int64)
        steps = np.rint(total.astype(np.float32) * factor + offset)
        return (np.clip(steps, -128, 127).astype(np.int8).reshape(len(x), *target.shape),)

    return run


def prepare_max_pool(operator: Operator) -> Run:
    """Prepare MAX_POOL_2D, which XNNPACK takes for some windows: then limits differ on halves."""
    zero_point = operator.outputs[0].zero_point
    if tuple(limit + zero_point for limit in _limits(operator)) != quantized_limits(operator):
        _refuse(operator, "its activation ends on a half, which XNNPACK and LiteRT round apart")
    return tflm.KERNELS[operator.name].prepare(operator)


def prepare_leaky_relu(operator: Operator) -> Run:
    """Prepare LEAKY_RELU: one factor in 1/256 for each sign, halves rounded up."""
    ratio = _scale(operator.input(0)) / _scale(operator.outputs[0])
    slopes = np.array([1, operator.options["alpha"]], np.float32)
    factors = _require(operator, ratio * slopes, 2.0**-8, 2.0**7)
    whole = np.rint(factors * 256).astype(np.int64)
    return _lookup(operator, lambda x: (x * np.where(x < 0, whole[1], whole[0]) + 128) >> 8)


def prepare_relu6(operator: Operator) -> Run:
    """Prepare RELU6, which LiteRT brings to the output's scale; TFLM only clamps."""
    source, target = operator.input(0), operator.outputs[0]
    rescale = rescaler(operator, source.scale / target.scale)
    six = int(round_half_away(np.float32(6) / _scale(target)))
    return _lookup(operator, lambda x: np.clip(rescale(x), 0, six))


def prepare_quantize(operator: Operator) -> Run:
    """Prepare QUANTIZE, from float32 by ``1 / scale``, from int8 by a factor in 1/256."""
    source, target = operator.input(0), operator.outputs[0]
    if source.type == "INT8":
        ratio = _require(operator, _scale(source) / _scale(target), 2.0**-8, 2.0**7)
        whole = np.rint(ratio * 256).astype(np.int64)
        return _lookup(operator, lambda x: (x * whole + 128) >> 8)
    inverse, zero_point = np.float32(1) / _scale(target), target.zero_point

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        with np.errstate(over="ignore"):
            steps = np.rint(inputs[0] * inverse)
        # A NaN becomes the largest value.
        steps = np.fmax(np.fmin(steps, 127 - zero_point), -128 - zero_point)
        return ((steps + np.float32(zero_point)).astype(np.int8),)

    return run


def prepare_function(operator: Operator, function: Callable[[Floats], Array]) -> Run:
    """Prepare LOGISTIC or TANH: the function itself, of each of the 256 values."""
    source_scale, scale = _scale(operator.input(0)), _scale(operator.outputs[0])

    def steps(x: NDArray[np.int64]) -> Array:
        # The nearest float32.  XNNPACK approximates the function, so that near a tie of the
        # output the two may be one step apart: once in some 10^7 elements drawn at random.
        with np.errstate(over="ignore"):
            exact = function((x.astype(np.float32) * source_scale).astype(np.float64))
        return np.rint(exact.astype(np.float32) / scale)

    return _lookup(operator, steps)


def _lookup(operator: Operator, function: Callable[[NDArray[np.int64]], Array]) -> Run:
    """Tabulate a function from steps above the input's zero point to those above the output's."""
    steps = function(centred(_EVERY_INT8, operator.input(0)))
    table = np.clip(steps + operator.outputs[0].zero_point, -128, 127).astype(np.int8)
    return lambda inputs: (table[inputs[0].view(np.uint8)],)


def prepare_softmax(operator: Operator) -> Run:
    """Prepare SOFTMAX, which XNNPACK leaves to LiteRT: exponentials in float32 from a table."""
    step = -_scale(operator.input(0)) * np.float32(operator.options["beta"])
    table = exponential(step * np.arange(256, dtype=np.float32))

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[0].astype(np.int64)
        exponentials = table[x.max(axis=-1, keepdims=True) - x]
        total = np.add.accumulate(exponentials, axis=-1)[..., -1:]
        share = exponentials * (np.float32(1) / (total * np.float32(1 / 256)))
        return (np.clip(np.floor(share + np.float32(0.5)) - 128, -128, 127).astype(np.int8),)

    return run


def _scale(tensor: Tensor) -> Floats:
    return np.array(tensor.scale, np.float32)


def _limits(operator: Operator) -> tuple[float, float]:
    """Return the fused activation's limits as steps from the zero point, halves to even."""
    target = operator.outputs[0]
    zero_point = target.zero_point
    with np.errstate(over="ignore"):
        steps = np.rint(np.array(activation_limits(operator), np.float32) / _scale(target))
    low, high = np.clip(steps, -128 - zero_point, 127 - zero_point)
    return float(low), float(high)


def _require(operator: Operator, factor: Floats, low: float, high: float) -> Floats:
    """Return factors from `low` to below `high`; for others, LiteRT takes another kernel."""
    for size in np.abs(factor).ravel():
        if not low <= size < high:
            _refuse(operator, f"XNNPACK multiplies by {low:g} to {high:g}, not by {size:g}")
    return factor


def _refuse(operator: Operator, why: str) -> NoReturn:
    raise operator.unsupported(f'not with rounding="xnnpack": {why}')


def _require_int8(operator: Operator) -> None:
    allowed = {"INT8", "FLOAT32"} if operator.name in ("QUANTIZE", "DEQUANTIZE") else {"INT8"}
    types = {t.type for t in operator.tensors if t.data is None or t.type not in ("INT32", "INT64")}
    if types - allowed:
        _refuse(operator, "only int8 operators are held to LiteRT")


def _require_same_quantization(operator: Operator) -> None:
    found = {
        t.quantization and (t.scale, t.zero_point) for t in operator.tensors if t.type == "INT8"
    }
    if len(found) > 1:
        _refuse(operator, "its tensors have not all the same scale and zero point")


_DIFFERENT: dict[str, Callable[[Operator], Run]] = {
    "CONV_2D": partial(conv.prepare, stage=float_stage),
    "DEPTHWISE_CONV_2D": partial(depthwise.prepare, stage=float_stage),
    "FULLY_CONNECTED": partial(fully_connected.prepare, stage=float_stage),
    "TRANSPOSE_CONV": prepare_transpose_conv,
    "ADD": partial(prepare_sum, sign=1),
    "SUB": partial(prepare_sum, sign=-1),
    "MUL": prepare_mul,
    "MEAN": partial(prepare_reduce, is_mean=True),
    "SUM": partial(prepare_reduce, is_mean=False),
    "MAX_POOL_2D": prepare_max_pool,
    "RELU6": prepare_relu6,
    "LEAKY_RELU": prepare_leaky_relu,
    "LOGISTIC": partial(prepare_function, function=lambda x: 1 / (1 + np.exp(-x))),
    "TANH": partial(prepare_function, function=np.tanh),
    "QUANTIZE": prepare_quantize,
    "SOFTMAX": prepare_softmax,
}
# Operators that have TFLM's bits: always, or between tensors of one scale.
_SAME = ("DEQUANTIZE", "RELU", "HARD_SWISH", "MAXIMUM", "MINIMUM", "AVERAGE_POOL_2D")
_MOVES = {
    name for family in (reshape, transpose, pad, concatenation, slices) for name in family.KERNELS
}


def _kernel(name: str, kernel: Kernel) -> Kernel:
    """Return TFLM's kernel with the preparation that computes as LiteRT does, or refuses."""

    def prepare(operator: Operator) -> Run:
        _require_int8(operator)
        if name in _DIFFERENT:
            return _DIFFERENT[name](operator)
        if name in _MOVES:
            _require_same_quantization(operator)
        elif name not in _SAME:
            _refuse(operator, "the operator is not held to LiteRT")
        return kernel.prepare(operator)

    return replace(kernel, prepare=prepare)


KERNELS = {name: _kernel(name, kernel) for name, kernel in tflm.KERNELS.items()}
