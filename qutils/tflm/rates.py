"""Cycles per multiply-accumulate (MAC), fitted to published times, and how far they carry.

The coefficients of a board and library are fitted to what somebody measured on them; they are
never carried from one processor or library to another.  What a prediction may be wrong by is
measured too: a net that was left out of the fit is predicted, on every system that published it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from qutils.tflm.timings import MLPERF, NETS, PICO_LAYERS, Result

# Fully connected, convolution, depthwise convolution.
CLASSES = {"FULLY_CONNECTED": "FC", "CONV_2D": "CONV", "DEPTHWISE_CONV_2D": "DW"}
_FITTED = ("ad", "ic", "kws")
_HELD_OUT = ("kws", "vww")


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

    def including(self, *values: float) -> "Range":
        """Widen to hold these values, too."""
        return Range(float(min(self.low, *values)), float(max(self.high, *values)))

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

    @property
    def ratio(self) -> float:
        """Measured over predicted time."""
        return self.measured_ms / self.predicted_ms


def rates(result: Result) -> Mapping[str, Rate]:
    """Return the coefficients that follow from a published result, by class of operator.

    With four nets, three unknowns are fitted to ad, ic and kws.  The range is the one in which
    all predictions of left-out nets on all systems lie, except one at either end, and it is
    widened where this very system's vww lies outside.

    With one net, all classes get its cycles per MAC.  The range is that of the cycles per MAC
    of another net over those of vww, on the systems with four nets, except one at either end.
    On the Pico, convolutions are fitted to single layers instead; their range holds every layer
    that was left out, and is at least as wide as the one for four nets, because another net is
    a larger step than another layer.

    Examples
    --------
    >>> from qutils.tflm.cost import find_result
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
    layers = _rates_of_layers(result.clock_mhz) if result.board == "pico" else {}
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
        raise ValueError(f"{net!r} cannot be left out, only {' and '.join(_HELD_OUT)} can")
    others = tuple(other for other in ("ad", "ic", "kws", "vww") if other != net)
    return tuple(
        Prediction(r, net, r.ms[net], _predict_ms(net, _fit(r, others), r.clock_mhz))
        for r in MLPERF
    )


def _rates_of_four_nets(result: Result) -> dict[str, Rate]:
    everywhere = _left_out()
    here = next(p for p in everywhere if p.net == "vww" and p.result == result)
    errors = [abs(p.error) for p in everywhere]
    evidence = (
        f"of {len(errors)} predictions of a left-out net on {len(MLPERF)} systems, the median is "
        f"off by {median(errors):.0%} and the worst by {max(errors):.0%}; vww on this system by "
        f"{here.error:+.0%}"
    )
    spread = _spread_of_left_out().including(here.ratio)
    return {kind: Rate(c, 0.0, spread, evidence) for kind, c in _fit(result, _FITTED).items()}


def _left_out() -> list[Prediction]:
    return [prediction for net in _HELD_OUT for prediction in leave_out(net)]


def _spread_of_left_out() -> Range:
    return _all_but_extremes(prediction.ratio for prediction in _left_out())


def _rates_of_layers(clock_mhz: int) -> dict[str, Rate]:
    """Fit cycles per MAC, and for 1x1 convolutions per output too, to the Pico's layers."""
    table = {}
    for kind, layers in PICO_LAYERS.items():
        side, inputs, outputs, us = np.array(layers, np.int64).T
        size = side * side * outputs
        work = [size * inputs, size] if kind == "CONV" else [size * 9]
        columns, cycles = np.stack(work, axis=1), us * float(clock_mhz)
        ratios = [
            cycles[i] / (columns[i] @ _least_relative_error(columns[rest], cycles[rest]))
            for i, rest in enumerate(~np.eye(len(cycles), dtype=bool))
        ]
        errors = [abs(1 / ratio - 1) for ratio in ratios]
        evidence = (
            f"{len(errors)} {kind} layers of one net, left out one by one, are off by "
            f"{median(errors):.0%} in the median and {max(errors):.0%} at worst"
        )
        per_mac, *per_output = _least_relative_error(columns, cycles)
        spread = _spread_of_left_out().including(*ratios)
        table[kind] = Rate(float(per_mac), float(sum(per_output)), spread, evidence)
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


def _two_digits(x: float) -> str:
    """Return a number >= 0 rounded to two digits, without an exponent."""
    mantissa, exponent = f"{x:.1e}".split("e")
    return f"{float(mantissa) * 10 ** int(exponent):,.{max(0, 1 - int(exponent))}f}"
