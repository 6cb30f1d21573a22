"""What can be said about a model before it is flashed, as plain values: `Report`, `Comparison`.

`qutils.tflm.report.terminal` prints them, `qutils.tflm.report.page` makes a page of one.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from qutils.errors import NoTimingDataError
from qutils.metrics import cosine_similarity, max_abs_error, sqnr_db
from qutils.tflm.arena import Allocation, ArenaPlan, plan_arena
from qutils.tflm.boards import BOARDS
from qutils.tflm.cost import Estimate, Range, estimate, macs
from qutils.tflm.fits import Verdict, fits
from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.model import Model
from qutils.tflm.report.layer_error import WRONG_BELOW_DB, LayerError, first_wrong, layer_errors
from qutils.tflm.report.trace import Array, run, to_inputs, to_real


@dataclass(frozen=True)
class Layer:
    """One operator of the model.

    Attributes
    ----------
    operator, name
        Its number and its name.
    type, shape
        Of its first output.
    macs
        Multiplications that are added up; 0 where an operator has none.
    constant_bytes, output_bytes
        What it reads from flash, and what it writes to the arena.
    ms, mj
        Estimated time and energy of one invocation; None where no figures are published.
    """

    operator: int
    name: str
    type: str
    shape: tuple[int, ...]
    macs: int
    constant_bytes: int
    output_bytes: int
    ms: Range | None
    mj: Range | None

    @property
    def label(self) -> str:
        """Number and name, for messages."""
        return f"operator {self.operator} {self.name}"


@dataclass(frozen=True)
class Report:
    """What `make_report` found.

    Attributes
    ----------
    name, size_bytes
        The file's name and length.
    inputs, outputs
        Type and shape of each, such as "INT8 1x28x28x1".
    layers
        One for each operator.
    plan
        The memory plan.
    verdicts
        For the board that was asked for, or for all boards.
    ms, mj
        Estimated time and energy of one invocation.
    timing
        The estimate in words with its source, or why there is none; empty where none was asked
        for.
    errors
        Distance from the float model, layer by layer; empty where none was given.
    """

    name: str
    size_bytes: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    plan: ArenaPlan
    verdicts: tuple[Verdict, ...]
    ms: Range | None
    mj: Range | None
    timing: str
    errors: tuple[LayerError, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as values that JSON knows; an infinite SQNR becomes None."""
        values = _finite(asdict(self))
        for entry, verdict in zip(values["verdicts"], self.verdicts, strict=True):
            entry["fits"] = verdict.fits
        wrong = first_wrong(self.errors)
        return values | {"first_wrong": _finite(asdict(wrong)) if wrong else None}

    def summary(self) -> str:
        """Say in one sentence what the file holds."""
        return (
            f"{self.size_bytes:,} bytes, {_count(len(self.layers), 'operator')}, "
            f"{sum(layer.macs for layer in self.layers):,} MACs; in: {', '.join(self.inputs)}; "
            f"out: {', '.join(self.outputs)}."
        )

    def arena_sentence(self) -> str:
        """Say how large the arena is, and at which operator most of it is alive."""
        step = self.plan.peak_step()
        alive = sum(a.size_bytes for a in self.plan.alive_at(step))
        where = self.layers[step - 1].label if step else "the input"
        return (
            f"The head of the arena takes {self.plan.head_bytes:,} bytes (exact), the tail about "
            f"{self.plan.tail_bytes:,}. Most is alive at step {step}, {where}: {alive:,} bytes."
        )

    def error_sentence(self) -> str:
        """Say which layer goes wrong first, or that none does."""
        wrong, last = first_wrong(self.errors), self.errors[-1]
        rule = f"the limit is {WRONG_BELOW_DB:.0f} dB, noise of a tenth of the signal's energy"
        if wrong:
            return (
                f"It goes wrong at {wrong.label}: that alone leaves an SQNR of "
                f"{wrong.own_sqnr_db:.1f} dB ({rule})."
            )
        return (
            f"No layer goes wrong by itself ({rule}); the last one's SQNR is {last.sqnr_db:.1f} dB."
        )

    def buffer_label(self, buffer: Allocation) -> str:
        """Say whose buffer it is."""
        if buffer.tensor is None or buffer.first < 0:
            return buffer.name
        return f"output of {self.layers[buffer.first - 1].label}" if buffer.first else "input"


def make_report(
    model: Model,
    name: str,
    *,
    board: str | None = None,
    library: str | None = None,
    reference: Model | None = None,
    data: Array | None = None,
) -> Report:
    r"""Collect what can be said about a model.

    Parameters
    ----------
    model, name
        The model, and what to call it.
    board
        Id of a board in `BOARDS`; without one, all boards are judged.
    library
        Kernel library whose published times are used; needs a board.
    reference, data
        The float model and real inputs (N, \*shape) to compare it with, both or none.

    Raises
    ------
    ValueError
        Unknown board or library, a library without a board, a reference without data, or models
        and data that do not belong together.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> print(make_report(tiny_model(), "tiny", board="pico").summary())
    528 bytes, 1 operator, 0 MACs; in: INT8 1x2; out: INT8 1x2.
    """
    if library is not None and board is None:
        raise ValueError("a library's times belong to a board: give the board too")
    if (reference is None) != (data is None):
        raise ValueError("the float model and the data belong together: give both")
    timing, found = _estimate(model, board, library)
    return Report(
        name=name,
        size_bytes=model.size_bytes,
        inputs=tuple(_kind(tensor) for tensor in model.main.inputs),
        outputs=tuple(_kind(tensor) for tensor in model.main.outputs),
        layers=tuple(_layer(operator, found) for operator in model.main.operators),
        plan=plan_arena(model),
        verdicts=tuple(
            fits(model, b, library=library) for b in (BOARDS if board is None else [board])
        ),
        ms=found.ms if found else None,
        mj=found.mj if found else None,
        timing=timing,
        errors=() if reference is None or data is None else layer_errors(model, reference, data),
    )


def _estimate(model: Model, board: str | None, library: str | None) -> tuple[str, Estimate | None]:
    """Return in words what the estimate says or why there is none, and the estimate."""
    if board is None or library is None:
        return "", None
    try:
        found = estimate(model, board, library)
    except NoTimingDataError as error:
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more)" if others else ""
        return f"No estimate of time: {first}{more}.", None
    return str(found), found


def _layer(operator: Operator, found: Estimate | None) -> Layer:
    output = operator.outputs[0]
    cost = found.operators[operator.index] if found else None
    return Layer(
        operator=operator.index,
        name=operator.name,
        type=output.type,
        shape=output.shape,
        macs=macs(operator),
        constant_bytes=sum(t.size_bytes for t in operator.inputs if t and t.data is not None),
        output_bytes=sum(t.size_bytes for t in operator.outputs),
        ms=cost.ms if cost else None,
        mj=cost.mj if cost else None,
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as text.

    Examples
    --------
    >>> shape_text((1, 28, 28, 1)), shape_text(())
    ('1x28x28x1', 'scalar')
    """
    return "x".join(str(n) for n in shape) or "scalar"


def _kind(tensor: Tensor) -> str:
    return f"{tensor.type} {shape_text(tensor.shape)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _finite(value: Any) -> Any:
    """Return nested values with None in place of infinities."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value


@dataclass(frozen=True)
class Comparison:
    """Two models side by side.

    Attributes
    ----------
    names
        What they are called.
    rows
        What is compared, and its value for each: sizes in bytes, counts, operators.
    agreement
        One sentence for each output, where data were given.
    """

    names: tuple[str, str]
    rows: tuple[tuple[str, Any, Any], ...]
    agreement: tuple[str, ...]


def compare(
    models: tuple[Model, Model], names: tuple[str, str], data: Array | None = None
) -> Comparison:
    r"""Put two models side by side, and their outputs on the same data.

    Parameters
    ----------
    models, names
        The models, and what to call them.
    data
        Real inputs (N, \*shape), quantized as each model asks for; or None.

    Raises
    ------
    ValueError
        The data do not fit a model, or the outputs have different shapes.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> compare((tiny_model(), tiny_model()), ("a", "b")).rows[0]
    ('file, bytes', 528, 528)
    """
    facts = [_facts(model) for model in models]
    keys = list(dict.fromkeys([*facts[0], *facts[1]]))
    rows = tuple((key, *(fact.get(key, 0) for fact in facts)) for key in keys)
    return Comparison(names, rows, () if data is None else _agreement(models, data))


def _facts(model: Model) -> dict[str, Any]:
    plan, operators = plan_arena(model), model.main.operators
    return {
        "file, bytes": model.size_bytes,
        "head of the arena, bytes": plan.head_bytes,
        "least arena, bytes, about": plan.min_arena_bytes,
        "MACs": sum(macs(operator) for operator in operators),
        "input": ", ".join(_kind(tensor) for tensor in model.main.inputs),
        "output": ", ".join(_kind(tensor) for tensor in model.main.outputs),
        "operators": len(operators),
        **dict(sorted(Counter(f"  {operator.name}" for operator in operators).items())),
    }


def _agreement(models: tuple[Model, Model], data: Array) -> tuple[str, ...]:
    ours, theirs = (
        [
            to_real(tensor, output)
            for tensor, output in zip(
                model.main.outputs, run(model, to_inputs(model, [data])), strict=True
            )
        ]
        for model in models
    )
    if [a.shape for a in ours] != [b.shape for b in theirs]:
        raise ValueError("the two models have outputs of different shapes")
    pairs = enumerate(zip(ours, theirs, strict=True))
    return tuple(
        f"Output {number}, {_count(len(a), 'sample')}: {_distance(a, b)}."
        for number, (a, b) in pairs
    )


def _distance(a: Array, b: Array) -> str:
    if np.array_equal(a, b):
        return "equal"
    words = (
        f"SQNR {sqnr_db(a, b):.1f} dB, cosine {cosine_similarity(a, b):.4f}, largest difference "
        f"{max_abs_error(a, b):.3g}"
    )
    if a.shape[-1] == 1:
        return words
    same = (a.argmax(axis=-1) == b.argmax(axis=-1)).ravel()
    return f"{words}; the largest value stands at the same place in {same.sum():,} of {same.size:,}"
