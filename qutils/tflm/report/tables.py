"""Tables of a report, as text in cells: what a terminal and a page both show."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

from qutils.tflm.boards import BOARDS
from qutils.tflm.cost import Range, published
from qutils.tflm.report.layer_error import LayerError
from qutils.tflm.report.values import Comparison, Report, shape_text

ERROR_LEGEND = (
    "SQNR: signal over quantization noise in dB, all error so far; alone: with the layer's own "
    "error only, given its inputs; clipped: float values beyond what the scale can express."
)


@dataclass(frozen=True)
class Table:
    """Text in rows.

    Attributes
    ----------
    columns
        Their names; ">" in front of one says that it holds numbers.
    rows
        As many cells as columns each.
    strong
        Places of the rows that should stand out.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()


def printable(text: str) -> str:
    r"""Return text from a file without characters that could steer a terminal.

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def span_text(values: Range | None) -> str:
    """Return a range in little room; empty for None.

    Examples
    --------
    >>> span_text(Range(0.8472, 2.54))
    '0.85-2.5'
    """
    return str(values).replace(" to ", "-") if values else ""


def decibels_text(value: float | None) -> str:
    """Return an SQNR as text; "exact" where there is no noise, "none" where no signal."""
    if value is None:
        return ""
    if isinf(value):
        return "exact" if value > 0 else "none"
    return f"{value:.1f}"


def layers_table(report: Report, *, wide: bool) -> Table:
    """Return one row for each operator, and one for all; times where there are any.

    A narrow one with times leaves out the bytes in the arena, which the plan shows anyway.
    """
    columns = [">#", "operator", "output", "type", ">MACs", ">flash", ">arena"]
    rows = [
        [
            str(layer.operator),
            printable(layer.name),
            shape_text(layer.shape),
            layer.type.lower(),
            f"{layer.macs:,}",
            f"{layer.constant_bytes:,}",
            f"{layer.output_bytes:,}",
        ]
        for layer in report.layers
    ]
    macs, constants = (
        f"{sum(getattr(layer, name) for layer in report.layers):,}"
        for name in ("macs", "constant_bytes")
    )
    rows.append(["", "all", "", "", macs, constants, ""])
    if report.ms and not wide:
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    for name, unit in (("ms", "ms"), ("mj", "mJ")):
        if getattr(report, name):
            columns.append(f">{unit}")
            for row, part in zip(rows, (*report.layers, report), strict=True):
                row.append(span_text(getattr(part, name)))
    return Table(tuple(columns), tuple(tuple(row) for row in rows), frozenset({len(rows) - 1}))


def errors_table(errors: Sequence[LayerError]) -> Table:
    """Return one row for each layer; those that go wrong stand out."""
    rows = tuple(
        (
            "" if error.operator is None else str(error.operator),
            printable(error.name),
            decibels_text(error.sqnr_db),
            decibels_text(error.own_sqnr_db),
            f"{error.cosine:.4f}",
            "" if error.worst_channel is None else str(error.worst_channel),
            decibels_text(error.worst_channel_sqnr_db),
            f"{error.saturated:,}",
            "wrong" if error.is_wrong else "",
        )
        for error in errors
    )
    columns = (">#", "operator", ">SQNR", ">alone", ">cosine", ">worst channel", ">its SQNR")
    wrong = frozenset(number for number, error in enumerate(errors) if error.is_wrong)
    return Table((*columns, ">clipped", ""), rows, wrong)


def comparison_table(comparison: Comparison) -> Table:
    """Return one row for each fact."""
    rows = tuple(
        (printable(key), *(f"{v:,}" if isinstance(v, int) else printable(v) for v in values))
        for key, *values in comparison.rows
    )
    return Table(("", *(f">{printable(name)}" for name in comparison.names)), rows)


def boards_table() -> Table:
    """Return one row for each board."""
    rows = tuple(
        (
            board.id,
            f"{board.name}\n{board.core}",
            f"{board.clock_mhz}",
            f"{board.flash_bytes // 1024:,}",
            f"{board.sram_bytes // 1024:,}",
        )
        for board in BOARDS.values()
    )
    return Table(("board", "", ">MHz", ">flash KiB", ">SRAM KiB"), rows)


def sources_table() -> Table:
    """Return where each board's sizes are stated."""
    return Table(("", ""), tuple((board.id, board.source) for board in BOARDS.values()))


def libraries_table() -> Table:
    """Return the libraries whose times on a board are published."""
    names: dict[str, list[str]] = {}
    for board, library in published():
        names.setdefault(board, []).append(library)
    return Table(("", ""), tuple((board, ", ".join(found)) for board, found in names.items()))
