"""SVDF, int8 with a state of int8 or int16, and float32: a dense layer with a memory.

TFLM: ``micro/kernels/svdf.cc`` and ``svdf_common.cc``.

Each of the filters maps the input (n, length) to one number and remembers the last `memory` of
them; `rank` filters that lie side by side make up a unit::

    newest[f]    = sum over i of x[i] * weights feature[f, i]
    filtered[f]  = sum over t of state[f, t] * weights time[f, t]
    output[u]    = activation(bias[u] + sum of filtered[f] over the filters f of unit u)

The state (n, filters * memory), oldest first, is a variable tensor that `run` changes in place.
Integers: ``newest`` and ``output`` are requantized; the state is clamped before its zero point is
added, and wraps after; there is no activation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import (
    Array,
    Kernel,
    Run,
    activation_limits,
    constant,
    refuse_types,
    require_count,
    require_rank,
    require_shape,
)
from qutils.tflm.kernels.output_stage import OutputStage
from qutils.tflm.kernels.product import float_product, sum_in_order

# Types of input, both weights, bias, state and output.
_FLOAT = ("FLOAT32",) * 6
_TYPES = (
    _FLOAT,
    ("INT8", "INT8", "INT8", "INT32", "INT8", "INT8"),
    ("INT8", "INT8", "INT16", "INT32", "INT16", "INT8"),
)
# By how much the bias's scale may differ from that of the sums.
_SCALE_TOLERANCE = 1e-5


def prepare(operator: Operator) -> Run:
    """Prepare SVDF."""
    require_count(operator, (5, 5))
    inputs = [operator.input(number) for number in range(5)]
    types = tuple(tensor.type for tensor in (*inputs, operator.outputs[0]))
    if types not in _TYPES:
        refuse_types(operator)
    batch, units, rank, memory = _sizes(operator)
    steps = _float_steps(operator) if types == _FLOAT else _integer_steps(operator)

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        state = inputs[4].reshape(batch, units * rank, memory)
        state[..., :-1] = state[..., 1:]
        state[..., -1] = steps.newest(inputs[0][0])
        filtered = steps.filtered(state).reshape(batch, units, rank)
        return (steps.output(filtered)[np.newaxis],)

    return run


@dataclass(frozen=True)
class _Steps:
    """The three lines of the module's formula."""

    newest: Callable[[Array], Array]
    filtered: Callable[[Array], Array]
    output: Callable[[Array], Array]


def _sizes(operator: Operator) -> tuple[int, int, int, int]:
    """Check all shapes; return batch, units, rank and memory."""
    source, feature, time, bias, state = (operator.input(number) for number in range(5))
    rank = operator.options["rank"]
    require_rank(operator, 2, source, feature, time)
    (batch, length), filters, memory = source.shape, feature.shape[0], time.shape[1]
    if rank < 1 or filters % rank or not memory:
        raise operator.invalid(f"{filters} filters of rank {rank} with a memory of {memory}")
    require_shape(operator, feature, (filters, length))
    require_shape(operator, time, (filters, memory))
    require_shape(operator, bias, (filters // rank,))
    require_shape(operator, state, (batch, filters * memory))
    require_shape(operator, operator.outputs[0], (batch, filters // rank))
    if not state.is_variable:
        raise operator.invalid(f"its state, {state.label}, is no variable")
    return batch, filters // rank, rank, memory


def _float_steps(operator: Operator) -> _Steps:
    feature, time, bias = (constant(operator, number) for number in (1, 2, 3))
    low, high = activation_limits(operator)
    return _Steps(
        lambda x: float_product(x, feature.T),
        lambda state: sum_in_order(state * time),
        lambda filtered: np.clip(sum_in_order(filtered, bias), low, high),
    )


def _integer_steps(operator: Operator) -> _Steps:
    source, state, target = operator.input(0), operator.input(4), operator.outputs[0]
    feature, time, bias = (constant(operator, number).astype(np.int64) for number in (1, 2, 3))
    sum_scale = state.scale * operator.input(2).scale
    if abs(operator.input(3).scale - sum_scale) >= _SCALE_TOLERANCE:
        raise operator.invalid(f"the scale of its bias is not {sum_scale:.3g}")
    real = source.scale * operator.input(1).scale / state.scale
    to_state = replace(operator, outputs=(state,), options={})
    newest = replace(OutputStage.of(to_state, real), zero_point=0)
    output = OutputStage.of(replace(operator, options={}), sum_scale / target.scale, bias)
    zero_point, offset = np.int64(source.zero_point), state.zero_point

    def remember(x: Array) -> Array:
        values = newest((x - zero_point) @ feature.T)
        return values + values.dtype.type(offset)

    return _Steps(
        remember,
        lambda state: ((state - np.int64(offset)) * time).sum(axis=-1),
        lambda filtered: output(filtered.sum(axis=-1)),
    )


def _scratch(operator: Operator) -> tuple[int, ...]:
    """Request a number for each filter and, for integers, for each output."""
    filtered = 4 * operator.input(0).shape[0] * operator.input(1).shape[0]
    is_float = operator.outputs[0].type == "FLOAT32"
    return (filtered,) if is_float else (filtered, 4 * operator.outputs[0].size)


KERNELS = {"SVDF": Kernel(prepare, (36, 36), (12, 12), _scratch)}
