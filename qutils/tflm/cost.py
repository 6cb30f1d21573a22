"""How long an inference takes, and how much energy, as ranges from published measurements.

An operator takes its multiply-accumulates (MACs) times the cycles per MAC of its class:
fully connected, convolution, depthwise convolution.  The coefficients are fitted to the times
that somebody measured and published for the same board and library; they are never carried from
one processor or library to another.  What a prediction may be wrong by is measured too: a net
that was left out of the fit is predicted, on every system that published it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from statistics import median

import numpy as np

from qutils.errors import NoTimingDataError
from qutils.tflm.boards import Board, find_board, look_up
from qutils.tflm.graph import Operator
from qutils.tflm.model import Model
from qutils.tflm.timings import (
    LIBRARIES,
    MLPERF,
    NETS,
    PICO_LAYERS,
    SINGLE,
    Library,
    Result,
)

CLASSES = {"FULLY_CONNECTED": "FC", "CONV_2D": "CONV", "DEPTHWISE_CONV_2D": "DW"}
_FITTED = ("ad", "ic", "kws")
_HELD_OUT = ("kws", "vww")
_CONTROL_FLOW = ("IF", "WHILE")


@dataclass(frozen=True)
class Range:
    """A quantity of which only two ends are known.

    Examples
    --------
    >>> print(Range(80.4, 139.6), "ms")
    80 to 140 ms
    """

    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        """Add end to end."""
        return Range(self.low + other.low, self.high + other.high)

    def times(self, other: "Range") -> "Range":
        """Multiply end by end; all ends are positive."""
        return Range(self.low * other.low, self.high * other.high)

    def __str__(self) -> str:
        """Return both ends with two digits."""
        return f"{_two_digits(self.low)} to {_two_digits(self.high)}"


@dataclass(frozen=True)
class Rate:
    """What a class of operators takes on one board with one library.

    Attributes
    ----------
    per_mac, per_output
        Cycles for each MAC and for each element of the output.
    spread
        Measured over predicted cycles.
    evidence
        How `spread` was found, in words.
    """

    per_mac: float
    per_output: float
    spread: Range
    evidence: str


@dataclass(frozen=True)
class OperatorCost:
    """What one operator takes.

    Attributes
    ----------
    index, name
        The operator.
    macs
        Its multiply-accumulates.
    cycles, ms, mj
        None for an operator without MACs, for which nothing is published: what such operators
        took in the published nets is in the coefficients of the others.  `mj` is None too where
        no energy is published.
    """

    index: int
    name: str
    macs: int
    cycles: Range | None
    ms: Range | None
    mj: Range | None


@dataclass(frozen=True)
class Estimate:
    """What an inference takes on a board with a library.

    Attributes
    ----------
    board, library
        Where.
    clock_mhz
        The clock of the published measurement, which need not be the board's highest.
    operators
        One entry for each, in order of execution.
    cycles, ms
        The sums.
    mj
        Energy of the processor, not of the whole board; None where none is published.
    power_mw
        Power while computing, from the same log; None where none is published.
    source
        The log that the coefficients come from.
    known_error
        By how much predictions of this kind were wrong, in words.
    """

    board: Board
    library: Library
    clock_mhz: int
    operators: tuple[OperatorCost, ...]
    cycles: Range
    ms: Range
    mj: Range | None
    power_mw: Range | None
    source: str
    known_error: str

    def __str__(self) -> str:
        """Return the result in three sentences."""
        energy = f"{self.mj} mJ" if self.mj else "an energy that nobody has published"
        return (
            f"{self.ms} ms and {energy} on the {self.board.name} at {self.clock_mhz} MHz with "
            f"{self.library.name}.\nFrom {self.source}.\nKnown error: {self.known_error}."
        )


@dataclass(frozen=True)
class Prediction:
    """A net predicted from the other nets of one system.

    Attributes
    ----------
    result
        The system.
    net
        The net that was left out.
    measured_ms, predicted_ms
        Its published and its predicted time.
    """

    result: Result
    net: str
    measured_ms: float
    predicted_ms: float

    @property
    def error(self) -> float:
        """Relative error of the prediction; positive where it is too slow."""
        return self.predicted_ms / self.measured_ms - 1


def macs(operator: Operator) -> int:
    """Return an operator's multiply-accumulates, taps on padding included; 0 for most kinds.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> {operator.name: macs(operator) for operator in tiny_model().main.operators}
    {'RELU': 0}
    """
    outputs = operator.outputs[0].size
    if operator.name == "FULLY_CONNECTED":
        return outputs * operator.input(1).shape[-1]
    if operator.name == "CONV_2D":
        return outputs * prod(operator.input(1).shape[1:])
    if operator.name == "DEPTHWISE_CONV_2D":
        return outputs * prod(operator.input(1).shape[1:3])
    if operator.name == "TRANSPOSE_CONV":
        weights, source = operator.input(1), operator.input(2)
        return prod(source.shape[:-1]) * weights.size
    if operator.name == "SVDF":
        features, times = operator.input(1), operator.input(2)
        return operator.input(0).shape[0] * (features.size + times.size)
    return 0


def estimate(model: Model, board: str, library: str) -> Estimate:
    """Estimate time and energy of an inference from published measurements.

    Parameters
    ----------
    model
        An int8 model.
    board
        Id of a board in `BOARDS`.
    library
        Id of a library in `LIBRARIES`.  There is no default: on one board the choice
        changes the time up to 40 times.

    Raises
    ------
    NoTimingDataError
        Nobody has published what this library takes on this board, or what one of the model's
        operators takes.
    ValueError
        There is no such board or library.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> estimate(tiny_model(), "nano33ble", "tflm-cmsis-nn")
    Traceback (most recent call last):
    qutils.errors.NoTimingDataError: nobody has published times of TFLite Micro with CMSIS-NN on
    the Arduino Nano 33 BLE Sense; there are times of tflm-cmsis-nn on l4r5zi and pico
    """
    result = find_result(board, library)
    _require_figures(model)
    table = rates(result)
    power = _power_mw(result)
    costs = tuple(
        _operator_cost(operator, table, result.clock_mhz, power)
        for operator in model.main.operators
    )
    cycles = _total(cost.cycles for cost in costs)
    ms = _milliseconds(cycles, result.clock_mhz)
    used = {CLASSES[cost.name] for cost in costs if cost.cycles}
    return Estimate(
        board=find_board(board),
        library=LIBRARIES[library],
        clock_mhz=result.clock_mhz,
        operators=costs,
        cycles=cycles,
        ms=ms,
        mj=_millijoules(ms, power),
        power_mw=power,
        source=result.source,
        known_error="; ".join(sorted({table[kind].evidence for kind in used})),
    )


def published() -> dict[tuple[str, str], Result]:
    """Return what is published for the boards of `BOARDS`, by board and library."""
    return {(r.board, r.library): r for r in (*MLPERF, *SINGLE) if r.board == r.board.lower()}


def find_result(board: str, library: str) -> Result:
    """Return what is published of a library on a board.

    Raises
    ------
    NoTimingDataError
        Nothing is; the message lists what is published of this board or this library.
    ValueError
        There is no such board or library.
    """
    found, wanted = find_board(board), look_up(LIBRARIES, "library", library)
    results = published()
    if (board, library) in results:
        return results[board, library]
    libraries = [other for place, other in results if place == board]
    boards = [place for place, other in results if other == library]
    known = [f"{_join(libraries)} on {board}"] if libraries else []
    known += [f"{library} on {_join(boards)}"] if boards else []
    known = known or [f"the boards {_join(dict.fromkeys(place for place, _ in results))}"]
    raise NoTimingDataError(
        f"nobody has published times of {wanted.name} on the {found.name}; "
        f"there are times of {', and of '.join(known)}"
    )


def rates(result: Result) -> Mapping[str, Rate]:
    """Return the coefficients that follow from a published result, by class of operator.

    With four nets, three unknowns are fitted to ad, ic and kws.  The range is the one in which
    all predictions of left-out nets on all systems lie, except one at either end, and it is
    widened where this very system's vww lies outside.

    With one net, all classes get its cycles per MAC.  The range is that of the cycles per MAC
    of another net over those of vww, on the systems with four nets, except one at either end.
    On the Pico, convolutions are fitted to single layers instead.

    Examples
    --------
    >>> table = rates(find_result("l4r5zi", "tflm-cmsis-nn"))
    >>> {kind: round(rate.per_mac, 2) for kind, rate in table.items()}
    {'FC': 4.56, 'CONV': 6.76, 'DW': 20.26}
    >>> print(table["CONV"].spread)
    0.73 to 1.4
    """
    if len(result.ms) > 1:
        return _rates_of_four_nets(result)
    ((net, ms),) = result.ms.items()
    cycles = 1e3 * result.clock_mhz * ms
    ratios = [_cycles_per_mac(r, n) / _cycles_per_mac(r, "vww") for r in MLPERF for n in _FITTED]
    spread = _all_but_extremes(ratios)
    evidence = (
        f"one net only; on {len(MLPERF)} other systems a net's cycles per MAC were "
        f"{spread.low:.2f} to {spread.high:.2f} times those of another"
    )
    one = Rate(cycles / sum(NETS[net].values()), 0.0, spread, evidence)
    layers = _rates_of_layers() if result.board == "pico" else {}
    return {kind: layers.get(kind, one) for kind in CLASSES.values()}


def leave_out(net: str) -> tuple[Prediction, ...]:
    """Predict a net from the other three on every system of MLPerf Tiny.

    Only kws and vww can be left out: ad alone says what a fully connected layer takes, and ic
    alone what a convolution takes.

    Examples
    --------
    >>> worst = max(leave_out("vww"), key=lambda prediction: abs(prediction.error))
    >>> worst.result.library, f"{worst.error:+.0%}"
    ('x-cube-ai-8.1', '+48%')
    """
    if net not in _HELD_OUT:
        raise ValueError(f"{net!r} cannot be left out, only {_join(_HELD_OUT)} can")
    others = tuple(other for other in ("ad", "ic", "kws", "vww") if other != net)
    return tuple(
        Prediction(r, net, r.ms[net], _predict_ms(net, _fit(r, others), r.clock_mhz))
        for r in MLPERF
    )


def _rates_of_four_nets(result: Result) -> dict[str, Rate]:
    everywhere = [p for net in _HELD_OUT for p in leave_out(net)]
    here = next(p for p in everywhere if p.net == "vww" and p.result is result)
    spread = _all_but_extremes(p.measured_ms / p.predicted_ms for p in everywhere)
    ratio = here.measured_ms / here.predicted_ms
    spread = Range(min(spread.low, ratio), max(spread.high, ratio))
    errors = [abs(p.error) for p in everywhere]
    evidence = (
        f"of {len(errors)} predictions of a left-out net on {len(MLPERF)} systems, the median is "
        f"off by {median(errors):.0%} and the worst by {max(errors):.0%}; vww on this system by "
        f"{here.error:+.0%}"
    )
    return {kind: Rate(c, 0.0, spread, evidence) for kind, c in _fit(result, _FITTED).items()}


def _rates_of_layers() -> dict[str, Rate]:
    """Fit cycles per MAC, and for 1x1 convolutions per output too, to the Pico's layers."""
    result = next(r for r in SINGLE if r.board == "pico")
    table = {}
    for kind, layers in PICO_LAYERS.items():
        side, inputs, outputs, us = np.array(layers, np.int64).T
        size = side * side * outputs
        work = size * (inputs if kind == "CONV" else 9)
        columns = np.stack([work, size] if kind == "CONV" else [work], axis=1)
        cycles = us * float(result.clock_mhz)
        others = ~np.eye(len(cycles), dtype=bool)
        guesses = [
            columns[i] @ _least_relative_error(columns[rest], cycles[rest])
            for i, rest in enumerate(others)
        ]
        ratios = (cycles / guesses).tolist()
        errors = [abs(1 / ratio - 1) for ratio in ratios]
        evidence = (
            f"{kind} layers of the same net, left out one by one, are off by "
            f"{median(errors):.0%} in the median and {max(errors):.0%} at worst"
        )
        coefficients = [*_least_relative_error(columns, cycles).tolist(), 0.0]
        spread = Range(min(ratios), max(ratios))
        table[kind] = Rate(coefficients[0], coefficients[1], spread, evidence)
    return table


def _least_relative_error(columns: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(columns / cycles[:, None], np.ones(len(cycles)), rcond=None)[0]


def _fit(result: Result, nets: tuple[str, ...]) -> dict[str, float]:
    """Solve for the cycles per MAC of the three classes from three nets."""
    kinds = list(CLASSES.values())
    work = np.array([[NETS[net][kind] for kind in kinds] for net in nets], np.float64)
    cycles = [1e3 * result.clock_mhz * result.ms[net] for net in nets]
    return dict(zip(kinds, np.linalg.solve(work, cycles).tolist(), strict=True))


def _predict_ms(net: str, coefficients: Mapping[str, float], clock_mhz: int) -> float:
    cycles = sum(count * coefficients[kind] for kind, count in NETS[net].items())
    return cycles / (1e3 * clock_mhz)


def _cycles_per_mac(result: Result, net: str) -> float:
    return 1e3 * result.clock_mhz * result.ms[net] / sum(NETS[net].values())


def _all_but_extremes(values: Iterable[float]) -> Range:
    ordered = sorted(values)
    return Range(ordered[1], ordered[-2])


def _require_figures(model: Model) -> None:
    problems = []
    for operator in model.main.operators:
        if operator.name in _CONTROL_FLOW:
            problems.append(f"{operator.label}: how often it runs a subgraph is not known")
        elif not macs(operator):
            continue
        elif operator.name not in CLASSES:
            problems.append(f"{operator.label}: nobody has published times of its kind")
        elif {operator.input(0).type, operator.input(1).type} != {"INT8"}:
            problems.append(f"{operator.label}: the published times are for int8")
    if problems:
        raise NoTimingDataError("\n".join(problems))
    if not any(macs(operator) for operator in model.main.operators):
        raise NoTimingDataError(
            "the model has no convolution and no fully connected layer, and times are published "
            "for these only"
        )


def _operator_cost(
    operator: Operator, table: Mapping[str, Rate], clock_mhz: int, power_mw: Range | None
) -> OperatorCost:
    count = macs(operator)
    if not count:
        return OperatorCost(operator.index, operator.name, 0, None, None, None)
    rate = table[CLASSES[operator.name]]
    point = count * rate.per_mac + operator.outputs[0].size * rate.per_output
    cycles = rate.spread.times(Range(point, point))
    ms = _milliseconds(cycles, clock_mhz)
    return OperatorCost(
        operator.index, operator.name, count, cycles, ms, _millijoules(ms, power_mw)
    )


def _total(ranges: Iterable[Range | None]) -> Range:
    return sum((r for r in ranges if r), start=Range(0.0, 0.0))


def _milliseconds(cycles: Range, clock_mhz: int) -> Range:
    return Range(cycles.low / (1e3 * clock_mhz), cycles.high / (1e3 * clock_mhz))


def _millijoules(ms: Range, power_mw: Range | None) -> Range | None:
    return ms.times(Range(power_mw.low / 1e3, power_mw.high / 1e3)) if power_mw else None


def _power_mw(result: Result) -> Range | None:
    powers = [1e3 * mj / result.ms[net] for net, mj in result.mj.items()]
    return Range(min(powers), max(powers)) if powers else None


def _two_digits(x: float) -> str:
    """Return a positive number rounded to two digits, without an exponent."""
    digits = max(0, 1 - int(np.floor(np.log10(x)))) if x > 0 else 0
    return f"{float(f'{x:.1e}'):,.{digits}f}"


def _join(names: Iterable[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
