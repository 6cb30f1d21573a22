"""Pictures of a report, each with its words; matplotlib is imported when one is drawn.

A picture is as wide as a column of text, readable on a phone, and told apart with every common
kind of color blindness.
"""

import io
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any

from qutils.tflm.arena import Allocation
from qutils.tflm.report.layer_error import WRONG_BELOW_DB
from qutils.tflm.report.values import Layer, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette.
COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "gray": "#6b7280",
}
# matplotlib's settings, of the book too.
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    # The same figure gives the same file each time.
    "svg.hashsalt": "squeezing-brains",
}

_WIDTH = 5.0
_MOST = 30
_DECIBELS = (-10.0, 60.0)


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure and what it shows, in words.

    Attributes
    ----------
    figure
        Of matplotlib.
    alt
        A sentence with the computed message, for those who do not see it.
    """

    figure: "Figure"
    alt: str

    def img(self) -> str:
        """Return an HTML element that holds the picture as SVG, and its words."""
        import matplotlib as mpl

        target = io.BytesIO()
        with mpl.rc_context(STYLE):
            self.figure.savefig(target, format="svg", metadata={"Date": None})
        data = b64encode(target.getvalue()).decode()
        return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt)}">'

    def _repr_html_(self) -> str:
        """Show the picture with its words in a notebook."""
        return self.img()


def arena_timeline(report: Report) -> Picture:
    """Draw which buffer lies where in the head of the arena, at which step."""
    plan, peak = report.plan, report.plan.peak_step()
    drawn = [a for a in plan.allocations if a.first >= 0]
    steps = max((a.last for a in drawn), default=0) + 1
    figure, axes = subplot(3.6)
    for number, buffer in enumerate(sorted(drawn, key=lambda a: a.first)):
        _rectangle(axes, buffer, list(COLORS.values())[number % len(COLORS)], steps, report)
    top = plan.head_bytes / 1024
    axes.plot(peak, top * 1.05, "v", color="black", clip_on=False)
    axes.set(
        xlim=(-0.5, steps - 0.5),
        ylim=(0, top * 1.1 or 1),
        xlabel="step (0: the input arrives; k + 1: operator k runs)",
        ylabel="place in the arena, KiB",
    )
    where = report.layers[peak - 1].label if peak else "the input"
    set_title(axes, f"Most memory is alive at {where}")
    alive = ", ".join(
        f"{report.buffer_label(a)} {a.size_bytes:,} bytes" for a in plan.alive_at(peak)
    )
    return Picture(
        figure,
        f"{len(drawn)} buffers as rectangles over {steps} steps and {plan.head_bytes:,} bytes of "
        f"the arena. {report.arena_sentence()} Alive there: {alive}.",
    )


def bytes_per_layer(report: Report) -> Picture:
    """Draw what each operator reads from flash and writes to the arena."""
    layers = _largest(report.layers, "constant_bytes", "output_bytes")
    figure, axes = subplot(1.2 + 0.36 * len(layers))
    kinds = {"constant_bytes": ("flash", "blue"), "output_bytes": ("arena", "orange")}
    for shift, (kind, (memory, color)) in zip((-0.2, 0.2), kinds.items(), strict=True):
        values = [getattr(layer, kind) / 1024 for layer in layers]
        places = [place + shift for place in range(len(layers))]
        axes.barh(places, values, 0.4, color=COLORS[color], label=memory)
    _name_rows(axes, layers)
    axes.set_xlabel("KiB: constants in flash, output in the arena")
    axes.legend(loc="best", frameon=False)
    flash = _top(report.layers, lambda layer: layer.constant_bytes)
    arena = _top(report.layers, lambda layer: layer.output_bytes)
    set_title(axes, f"Most constants: {flash}; largest output: {arena}")
    return Picture(
        figure,
        f"Bars for {_of(layers, report)}. Most constants: {flash}, "
        f"{max((layer.constant_bytes for layer in layers), default=0):,} bytes; largest output: "
        f"{arena}, {max((layer.output_bytes for layer in layers), default=0):,} bytes.",
    )


def latency_bars(report: Report) -> Picture:
    """Draw the estimated range of each operator's time.

    Raises
    ------
    ValueError
        The report has no estimate.
    """
    timed = [layer for layer in report.layers if layer.ms and layer.ms.high > 0]
    if report.ms is None or not timed:
        raise ValueError("the report has no estimated times: give a board and a library")
    layers = _largest(timed, "macs")
    figure, axes = subplot(1.2 + 0.3 * len(layers))
    for place, layer in enumerate(layers):
        assert layer.ms is not None
        low, high = layer.ms.low, layer.ms.high
        axes.barh(place, high - low, 0.6, left=low, color=COLORS["blue"])
        axes.plot([low, high], [place, place], "|", color="black")
    _name_rows(axes, layers)
    axes.set(xlim=(0, None), xlabel="ms, from the low to the high estimate")
    slowest = _top(timed, lambda layer: layer.ms.high if layer.ms else 0)
    set_title(axes, f"{report.ms} ms in all; slowest: {slowest}")
    return Picture(
        figure,
        f"Ranges of time for {_of(layers, report)}. The whole takes {report.ms} ms; slowest: "
        f"{slowest}.",
    )


def error_per_layer(report: Report) -> Picture:
    """Draw each layer's SQNR: all error so far, and its own alone.

    Raises
    ------
    ValueError
        The report holds no comparison with a float model.
    """
    if not report.errors:
        raise ValueError("the report has no errors: give the float model and data")
    figure, axes = subplot(3.4)
    places = range(len(report.errors))
    axes.axhspan(_DECIBELS[0], WRONG_BELOW_DB, color=COLORS["red"], alpha=0.15, linewidth=0)
    so_far = [_clipped(error.sqnr_db) for error in report.errors]
    own = [_clipped(error.own_sqnr_db) for error in report.errors]
    axes.plot(places, own, "s", color=COLORS["orange"], label="the layer alone")
    axes.plot(places, so_far, "o-", color=COLORS["blue"], label="all error so far", markersize=5)
    names = ["in" if e.operator is None else str(e.operator) for e in report.errors]
    every = -(-len(names) // 15)
    axes.set_xticks(places[::every], names[::every])
    low, high = _DECIBELS
    axes.set(
        ylim=(low - 2, high + 2),
        xlabel="operator",
        ylabel=f"SQNR, dB ({high:.0f}: or more)",
    )
    axes.legend(loc="best", fontsize=9, frameon=False)
    wrong = [error for error in report.errors if error.is_wrong]
    set_title(
        axes, f"It goes wrong at {wrong[0].label}" if wrong else "No layer goes wrong by itself"
    )
    return Picture(
        figure,
        f"SQNR of {len(own)} layers, once with all error so far and once for each layer "
        f"alone. {report.error_sentence()}",
    )


def subplot(height: float) -> tuple["Figure", "Axes"]:
    """Return an empty figure outside of pyplot, so that nobody has to close it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        return figure, figure.subplots()


def _rectangle(axes: "Axes", buffer: Allocation, color: str, steps: int, report: Report) -> None:
    left, width = buffer.first - 0.5, buffer.last - buffer.first + 1
    low, height = buffer.offset / 1024, buffer.size_bytes / 1024
    hatch = "///" if buffer.tensor is None else ""
    axes.broken_barh(
        [(left, width)], (low, height), facecolor=color, edgecolor="white", hatch=hatch
    )
    # A number needs some room.
    if width / steps > 0.03 and buffer.size_bytes > 0.05 * report.plan.head_bytes:
        mark = "s" if buffer.tensor is None else str(buffer.first - 1) if buffer.first else "in"
        axes.text(
            left + width / 2, low + height / 2, mark, ha="center", va="center", color="black",
            fontsize=9, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        )  # fmt: skip


def _largest(layers: Sequence[Layer], *keys: str) -> list[Layer]:
    """Return at most `_MOST` layers in their order, the largest by these fields."""
    order = sorted(layers, key=lambda layer: -max(getattr(layer, key) for key in keys))
    return sorted(order[:_MOST], key=lambda layer: layer.operator)


def _top(layers: Sequence[Layer], value: Callable[[Layer], float]) -> str:
    """Name the operator with the largest value, and say how many share it; or "none"."""
    most = max(map(value, layers), default=0)
    if not most:
        return "none"
    first, *others = [layer for layer in layers if value(layer) == most]
    return f"operator {first.operator}" + (f" and {len(others)} more" if others else "")


def _of(layers: Sequence[Layer], report: Report) -> str:
    if len(layers) == len(report.layers):
        return f"all {len(layers)} operators"
    return f"the largest {len(layers)} of {len(report.layers)} operators"


def _name_rows(axes: "Axes", layers: Sequence[Layer]) -> None:
    names = [f"{layer.operator} {layer.name.removesuffix('_2D')[:18]}" for layer in layers]
    axes.set_yticks(range(len(layers)), names, fontsize=9)
    axes.margins(y=0.02)
    axes.invert_yaxis()


def set_title(axes: "Axes", text: str) -> None:
    """Set a title that starts at the left end of the figure, in two lines where it is long."""
    axes.figure.suptitle(fill(text, 46), x=0.01, ha="left", fontsize=11.5, weight="bold")


def _clipped(value: float | None) -> float:
    low, high = _DECIBELS
    return float("nan") if value is None else min(high, max(low, value))
