"""Reports as text for a terminal of 80 columns; colors only where the terminal has them."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Literal

from rich import table as rich_table
from rich.console import RenderableType
from rich.text import Text

from qutils.tflm.arena import ArenaPlan
from qutils.tflm.fits import Verdict
from qutils.tflm.report.tables import (
    ERROR_LEGEND,
    Table,
    boards_table,
    comparison_table,
    errors_table,
    layers_table,
    libraries_table,
    printable,
    sources_table,
)
from qutils.tflm.report.values import Comparison, Report

_ROWS, _CELL, _MARGIN = 12, 4, 9
# Dark enough for white digits, and told apart with every common kind of color blindness.
_FILLS = ("#0072b2", "#a04000", "#00694e", "#7a3b69", "#5a5a5a")
_BAR = 24


def report_text(report: Report, width: int) -> Iterator[RenderableType]:
    """Yield what `qutils inspect` prints, part by part."""
    yield Text(printable(report.name), style="bold")
    yield printable(report.summary())
    yield ""
    if len(report.verdicts) == 1:
        yield from _verdict(report.verdicts[0])
    else:
        yield from _verdicts(report.verdicts)
    yield from _heading("Operators (flash: bytes of constants; arena: bytes of the output)")
    yield _grid(layers_table(report, wide=False))
    if report.timing:
        yield printable(report.timing)
    yield from _heading("Arena")
    yield report.arena_sentence()
    yield from _arena(report.plan, width)
    if report.errors:
        yield from _heading("Error against the float model")
        yield _grid(errors_table(report.errors))
        yield ERROR_LEGEND
        yield Text(report.error_sentence(), style="bold")


def comparison_text(comparison: Comparison) -> Iterator[RenderableType]:
    """Yield what `qutils compare` prints."""
    yield _grid(comparison_table(comparison))
    yield from comparison.agreement


def boards_text() -> Iterator[RenderableType]:
    """Yield what `qutils boards` prints."""
    yield _grid(boards_table())
    yield from _heading("Where the sizes are stated")
    yield _grid(sources_table())
    yield from _heading("Libraries with published times")
    yield _grid(libraries_table())


def _heading(title: str) -> Iterator[RenderableType]:
    yield ""
    yield Text(title, style="bold")


def _grid(table: Table) -> rich_table.Table:
    # Nine columns of a large model just fit with gaps of one.
    gap = 2 if len(table.columns) < 8 else 1
    grid = rich_table.Table(
        box=None,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        header_style="dim",
        show_header=any(table.columns),
    )
    for column in table.columns:
        name = column.removeprefix(">")
        # In a narrow terminal cells break, and nothing is cut.
        side: Literal["left", "right"] = "left" if name == column else "right"
        grid.add_column(name, justify=side, overflow="fold")
    for number, row in enumerate(table.rows):
        grid.add_row(*row, style="bold" if number in table.strong else "")
    return grid


def _verdict(verdict: Verdict) -> Iterator[RenderableType]:
    head, *reasons = str(verdict).splitlines()
    yield Text(head, style="bold green" if verdict else "bold red")
    for name, room in (("flash", verdict.flash), ("arena", verdict.arena)):
        share = room.used / room.available
        filled = min(_BAR, ceil(_BAR * share))
        yield Text(
            f"{name}  {'█' * filled}{'░' * (_BAR - filled)}  {100 * share:,.1f} %  "
            f"{room.used:,} of {room.available:,} bytes"
        )
    yield from reasons


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    names = {fits: [v.board.id for v in verdicts if v.fits == fits] for fits in (True, False)}
    yield Text(f"Fits: {', '.join(names[True]) or 'no board'}.", style="bold")
    if names[False]:
        yield f"Does not fit: {', '.join(names[False])}. The option --board says why."


def _arena(plan: ArenaPlan, width: int) -> Iterator[Text]:
    """Draw who lies where: bytes upwards, steps to the right.

    A cell shows the number of the operator whose output lies there during that step.
    """
    steps = max((a.last for a in plan.allocations), default=-1) + 1
    if not steps or not plan.head_bytes:
        return
    columns = min(steps, max(1, (width - _MARGIN) // _CELL))
    shown = [column * steps // columns for column in range(columns)]
    band = 16 * ceil(plan.head_bytes / _ROWS / 16)
    for address in reversed(range(0, plan.head_bytes, band)):
        line = Text(f"{address:>{_MARGIN - 1},} ")
        for step in shown:
            line.append_text(_cell(plan, address + band // 2, step))
        yield line
    line = Text(f"{'step':>{_MARGIN - 1}} ", style="dim")
    yield line + Text("".join(f"{step:^{_CELL}}" for step in shown), style="dim")
    yield Text(
        "A number: that operator's output lies there; in: the input; s: scratch memory; a dot: "
        "free. Operator k runs at step k + 1. Buffers smaller than a line may not show."
        + ("" if columns == steps else " Not every step is drawn.")
    )


def _cell(plan: ArenaPlan, address: int, step: int) -> Text:
    for a in plan.alive_at(step):
        if a.offset <= address < a.offset + a.size_bytes:
            mark = "s" if a.tensor is None else str(a.first - 1) if a.first else "in"
            return Text(f"{mark:^{_CELL}}", style=f"white on {_FILLS[a.first % len(_FILLS)]}")
    return Text(f"{'.':^{_CELL}}", style="dim")
