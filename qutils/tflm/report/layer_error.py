"""Where a quantized model departs from its float model, layer by layer.

Both models run on the same data.  Each layer is judged twice: against the float model (all
error so far), and against what float arithmetic makes of the very inputs that the quantized
layer got (its own error alone).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from qutils.metrics import cosine, decibels
from qutils.tflm.graph import Operator, Subgraph, Tensor
from qutils.tflm.kernels import KERNELS
from qutils.tflm.model import Model
from qutils.tflm.report.trace import (
    Array,
    activations,
    params_of,
    samples_at_once,
    to_inputs,
    to_real,
)

# A layer goes wrong where its own error has more than a tenth of its output's energy.
WRONG_BELOW_DB = 10.0

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True)
class LayerError:
    """How far the output of one layer is from float.

    Attributes
    ----------
    operator
        Its number in the quantized model; None for the model's input.
    name, tensor
        The operator's name, or "input"; its output's name.
    sqnr_db, cosine
        Against the float model, over all samples and values.
    own_sqnr_db
        Against float arithmetic on the same inputs; None where the two operators take
        different ones.
    worst_channel, worst_channel_sqnr_db
        Place along the last axis with the least `sqnr_db`, of those where float is not all 0.
    saturated, values
        How many values of the float model lie beyond what the scale can express, so that they
        are clipped; of how many.
    """

    operator: int | None
    name: str
    tensor: str
    sqnr_db: float
    cosine: float
    own_sqnr_db: float | None
    worst_channel: int | None
    worst_channel_sqnr_db: float | None
    saturated: int
    values: int

    @property
    def label(self) -> str:
        """Number and name, for messages."""
        return self.name if self.operator is None else f"operator {self.operator} {self.name}"

    @property
    def is_wrong(self) -> bool:
        """Whether its own error is too large, see `WRONG_BELOW_DB`."""
        return self.own_sqnr_db is not None and self.own_sqnr_db < WRONG_BELOW_DB


def layer_errors(model: Model, reference: Model, data: Array) -> tuple[LayerError, ...]:
    r"""Compare a quantized model with the float model that it was made from.

    Parameters
    ----------
    model
        Quantized; one input.
    reference
        The same network with a float32 input.
    data
        Real numbers (N, \*shape), as `to_inputs` takes them.

    Returns
    -------
    The input first, where it is quantized, then every operator that both models have.

    Raises
    ------
    ValueError
        The models have no layer in common, the reference is not float32, or the data do not fit.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> layer_errors(tiny_model(), tiny_model(), np.zeros((1, 2)))
    Traceback (most recent call last):
    ValueError: the float model's input is INT8, not FLOAT32
    """
    source = reference.main.inputs[0]
    if source.type != "FLOAT32":
        raise ValueError(f"the float model's input is {source.type}, not FLOAT32")
    layers = [
        _Layer(ours.outputs[0], theirs.outputs[0], (ours, theirs))
        for ours, theirs in match_layers(model.main, reference.main)
    ]
    entry = _entry(model.main)
    if params_of(entry):
        layers.insert(0, _Layer(entry, source))
    step = samples_at_once(model, reference)
    runs = [activations(m, to_inputs(m, [data]), step) for m in (model, reference)]
    for quantized, floats in zip(*runs, strict=True):
        for layer in layers:
            layer.add(quantized, floats)
    return tuple(layer.result() for layer in layers)


def first_wrong(errors: Sequence[LayerError]) -> LayerError | None:
    """Return the first layer that goes wrong by itself, or None."""
    return next((error for error in errors if error.is_wrong), None)


def match_layers(quantized: Subgraph, reference: Subgraph) -> list[tuple[Operator, Operator]]:
    """Return the operators that do the same in both graphs.

    By order where the two have the same operators, QUANTIZE and DEQUANTIZE apart; else by the
    name and the shape of the output.

    Raises
    ------
    ValueError
        There are none.
    """
    ours, theirs = (
        [op for op in graph.operators if op.name not in _CONVERSIONS]
        for graph in (quantized, reference)
    )
    if [_kind(op) for op in ours] == [_kind(op) for op in theirs]:
        pairs = list(zip(ours, theirs, strict=True))
    else:
        by_name = {(op.outputs[0].name, *_kind(op)): op for op in theirs}
        keys = ((op.outputs[0].name, *_kind(op)) for op in ours)
        pairs = [(op, by_name[key]) for op, key in zip(ours, keys, strict=True) if key in by_name]
    if not pairs:
        raise ValueError("the two models have no layer in common: are they the same network?")
    return pairs


def _kind(operator: Operator) -> tuple[str, tuple[int, ...]]:
    return operator.name, operator.outputs[0].shape


def _entry(graph: Subgraph) -> Tensor:
    """Return the input, or what a QUANTIZE makes of it where the input itself is float."""
    source = graph.inputs[0]
    for operator in graph.operators:
        if operator.name == "QUANTIZE" and operator.input(0) is source:
            return operator.outputs[0]
    return source


class _Distance:
    """Sums over samples, one for each channel, from which SQNR and cosine follow."""

    def __init__(self) -> None:
        self.signal = self.noise = self.energy = self.product = np.zeros(1)

    def add(self, reference: Array, approximation: Array) -> None:
        channels = reference.shape[-1] if reference.ndim > 1 else 1
        pair = np.broadcast_arrays(reference, approximation)
        r, a = (x.reshape(-1, channels).astype(np.float64) for x in pair)
        self.signal = self.signal + np.sum(r**2, axis=0)
        self.noise = self.noise + np.sum((r - a) ** 2, axis=0)
        self.energy = self.energy + np.sum(a**2, axis=0)
        self.product = self.product + np.sum(r * a, axis=0)

    def sqnr_db(self) -> float:
        return decibels(self.signal.sum(), self.noise.sum())

    def cosine(self) -> float:
        return cosine(self.product.sum(), self.signal.sum(), self.energy.sum())

    def worst_channel(self) -> tuple[int | None, float | None]:
        """Return the channel that carries a signal and has the least SQNR, and that SQNR."""
        carrying = np.flatnonzero(self.signal)
        if not len(carrying):
            return None, None
        worst = carrying[np.argmax(self.noise[carrying] / self.signal[carrying])]
        return int(worst), decibels(self.signal[worst], self.noise[worst])


class _Layer:
    """One layer's error while the data go by."""

    def __init__(
        self,
        tensor: Tensor,
        reference: Tensor,
        operators: tuple[Operator, Operator] | None = None,
    ) -> None:
        self.tensor, self.reference, self.operators = tensor, reference, operators
        self.run = _run_alone(*operators) if operators else None
        self.error, self.own = _Distance(), _Distance()
        self.saturated = self.values = 0

    def add(self, quantized: dict[int, Array], floats: dict[int, Array]) -> None:
        """Count a part of the batch."""
        wanted = floats[self.reference.index]
        if not np.isfinite(wanted).all():
            raise ValueError(f"the float model gives NaN or infinity in {self.reference.label}")
        found = to_real(self.tensor, quantized[self.tensor.index])
        self.error.add(wanted, found)
        if self.run:
            self.own.add(self.run(quantized), found)
        self.values += wanted.size
        if params := params_of(self.tensor):
            low, high = (params.qmin - 0.5, params.qmax + 0.5)
            codes = wanted / np.float64(params.scale) + params.zero_point
            self.saturated += int(np.sum((codes < low) | (codes > high)))

    def result(self) -> LayerError:
        """Return what was counted."""
        operator = self.operators[0] if self.operators else None
        # The input's only error is its own.
        own = self.error if operator is None else self.own if self.run else None
        return LayerError(
            operator.index if operator else None,
            operator.name if operator else "input",
            self.tensor.name,
            self.error.sqnr_db(),
            self.error.cosine(),
            own.sqnr_db() if own else None,
            *self.error.worst_channel(),
            self.saturated,
            self.values,
        )


def _run_alone(ours: Operator, theirs: Operator) -> Callable[[dict[int, Array]], Array] | None:
    """Return what runs the float operator on the quantized one's inputs, if that has a meaning."""
    sources, places = (
        [t for t in op.inputs if t is not None and t.data is None] for op in (ours, theirs)
    )
    has_state = KERNELS[theirs.name].hosted or any(t.is_variable for t in (*sources, *places))
    if has_state or [t.shape for t in sources] != [t.shape for t in places]:
        return None
    run = KERNELS[theirs.name].prepare(theirs)

    def alone(quantized: dict[int, Array]) -> Array:
        real = iter([to_real(t, quantized[t.index]) for t in sources])
        arrays = [
            None if t is None else next(real) if t.data is None else t.data[np.newaxis]
            for t in theirs.inputs
        ]
        return run(arrays)[0]

    return alone
