"""How long an inference takes, and how much energy, as ranges from published measurements.

An operator takes its multiply-accumulates (MACs) times the cycles per MAC of its class;
``rates.py`` finds these for one board and library.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from qutils.errors import NoTimingDataError
from qutils.tflm.boards import BOARDS, Board, find_board, look_up
from qutils.tflm.graph import Operator
from qutils.tflm.model import Model
from qutils.tflm.rates import CLASSES, Range, Rate, rates
from qutils.tflm.timings import LIBRARIES, MLPERF, SINGLE, Library, Result


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
    power = power_mw(result)
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
    return {(r.board, r.library): r for r in (*MLPERF, *SINGLE) if r.board in BOARDS}


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


def power_mw(result: Result) -> Range | None:
    """Return the processor's power while it computes, in milliwatts, over the nets of a log.

    None where the log has no energy.

    Examples
    --------
    >>> print(power_mw(find_result("l4r5zi", "x-cube-ai-9.0")))
    38 to 44
    """
    powers = [1e3 * mj / result.ms[net] for net, mj in result.mj.items()]
    return Range(min(powers), max(powers)) if powers else None


def _require_figures(model: Model) -> None:
    problems = []
    for operator in model.main.operators:
        if not macs(operator):
            continue
        if operator.name not in CLASSES:
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


def _join(names: Iterable[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
