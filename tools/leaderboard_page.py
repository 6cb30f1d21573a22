"""The leaderboard as people see it: a page with a figure, and a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from qutils.tflm.cost import Range
from qutils.tflm.report.page import document, figure, paragraph, table
from qutils.tflm.report.pictures import COLORS, Picture, set_title, subplot
from qutils.tflm.report.tables import Table, span_text
from ranking import Entry, Requirements

CAPTION = (
    "The line joins the front: left of it and above it there is no network with a rank. Hollow: "
    "without a rank; a triangle lies below what is drawn. Dotted: the limit for bytes and the "
    "accuracy that is required."
)
NOTE = (
    "Accuracy is counted by the emulator on all {total:,} test images, bit for bit as the board "
    "would answer, and given with its 95 % interval. Networks whose intervals overlap may well "
    "change places on other images, and the best of many is partly the luckiest. Times are "
    "estimates from published measurements."
)


def csv_text(entries: Sequence[Entry], names: bool) -> str:
    """Return the table for a spreadsheet; names of learners only if asked for."""
    text, lines = io.StringIO(), [_line(entry, names) for entry in entries]
    writer = csv.DictWriter(text, lines[0] if lines else ["network"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _line(entry: Entry, names: bool) -> dict[str, Any]:
    known, interval = entry.measured, entry.interval
    return {
        "rank": entry.rank,
        "network": entry.network,
        **({"learner": entry.learner} if names else {}),
        "accuracy": known and known.correct / known.total,
        "accuracy_low": interval and interval.low,
        "accuracy_high": interval and interval.high,
        "model_bytes": known and known.model_bytes,
        "arena_bytes": known and known.arena_bytes,
        "ms_low": known and known.ms_low,
        "ms_high": known and known.ms_high,
        "on_front": entry.on_front,
        "remark": entry.remark,
    }


def page(entries: Sequence[Entry], wanted: Requirements, names: bool) -> str:
    """Return the leaderboard as one HTML file; names of learners only if asked for."""
    return document(
        "Leaderboard of the capstone", "Leaderboard", summary(entries),
        _sections(entries, wanted, names),
    )  # fmt: skip


def summary(entries: Sequence[Entry]) -> str:
    """Return how many networks there are, in one sentence."""
    ranks = sum(entry.rank is not None for entry in entries)
    front = sum(entry.on_front for entry in entries)
    return f"{len(entries)} handed in, {ranks} with a rank, {front} on the Pareto front."


def _sections(entries: Sequence[Entry], wanted: Requirements, names: bool) -> Iterator[str]:
    drawn = [entry.measured for entry in entries if entry.measured]
    if drawn:
        yield figure(accuracy_against_bytes(entries, wanted), CAPTION)
        yield paragraph(NOTE.format(total=drawn[0].total), "quiet")
    best, rest = ([e for e in entries if (e.rank is None) is out] for out in (False, True))
    if best:
        yield "<h2>Ranked by accuracy</h2>"
        yield table(_table(best, names, ranks=True), "Ranked networks")
        yield paragraph("In bold: on the Pareto front.", "quiet")
    if rest:
        yield "<h2>Without a rank</h2>"
        yield table(_table(rest, names, ranks=False), "Networks without a rank")


def _table(entries: Sequence[Entry], names: bool, ranks: bool) -> Table:
    columns = (
        *((">rank",) if ranks else ()),
        "network",
        *(("learner",) if names else ()),
        *(() if ranks else ("why",)),
        *("accuracy, %", "95 % interval", ">bytes", ">arena, bytes", "time, ms"),
        *(("front",) if ranks else ()),
    )
    rows = tuple(tuple(_cells(entry, names)) for entry in entries)
    return Table(columns, rows, frozenset(k for k, entry in enumerate(entries) if entry.on_front))


def _cells(entry: Entry, names: bool) -> Iterator[str]:
    if entry.rank is not None:
        yield str(entry.rank)
    yield entry.network
    if names:
        yield entry.learner
    if entry.rank is None:
        yield entry.remark
    known, interval = entry.measured, entry.interval
    if known and interval:
        yield f"{100 * known.correct / known.total:.1f}"
        yield f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
        yield f"{known.model_bytes:,}"
        yield f"{known.arena_bytes:,}"
        is_known = known.ms_low is not None and known.ms_high is not None
        yield span_text(Range(known.ms_low, known.ms_high)) if is_known else "not published"
    else:
        yield from ("",) * 5
    if entry.rank is not None:
        yield "yes" if entry.on_front else ""


def accuracy_against_bytes(entries: Sequence[Entry], wanted: Requirements) -> Picture:
    """Draw every network that could be measured, the front as a line, and the two limits."""
    drawn, axes = subplot(3.6)
    low = (entry.interval.low for entry in entries if entry.rank and entry.interval)
    bottom = 100 * min([wanted.accuracy, *low]) - 2
    for entry in entries:
        _point(axes, entry, bottom)
    front = _front(entries)
    if front:
        steps = zip(*((size / 1000, 100 * share) for size, share in front), strict=True)
        axes.plot(*steps, color=COLORS["orange"], drawstyle="steps-post", zorder=0)
    limits = {"color": COLORS["gray"], "linewidth": 1, "linestyle": ":", "zorder": 0}
    axes.axvline(wanted.limits["model_bytes"] / 1000, **limits)
    axes.axhline(100 * wanted.accuracy, **limits)
    axes.set(xlabel="model, thousand bytes", ylabel="accuracy on test images, %")
    count = len({*front})
    set_title(axes, f"{count or 'No'} network{'s'[: count != 1]} on the front")
    return Picture(drawn, _words(entries, front, wanted))


def _point(axes: Any, entry: Entry, bottom: float) -> None:
    """Draw a network with its interval, or a triangle where it lies below the bottom, in %."""
    known, interval = entry.measured, entry.interval
    if known is None or interval is None:
        return
    percent = 100 * known.correct / known.total
    is_below = percent < bottom
    ends = [[percent - 100 * interval.low], [100 * interval.high - percent]]
    color = COLORS["gray" if entry.rank is None else "blue"]
    axes.errorbar(
        known.model_bytes / 1000,
        max(percent, bottom),
        None if is_below else ends,
        fmt="v" if is_below else "o" if entry.on_front else "s",
        color=color,
        markerfacecolor="white" if entry.rank is None else color,
        linewidth=1,
    )


def _front(entries: Sequence[Entry]) -> list[tuple[int, float]]:
    """Return bytes and accuracy of the networks on the front, the smallest first."""
    known = [entry.measured for entry in entries if entry.on_front and entry.measured]
    return sorted((m.model_bytes, m.correct / m.total) for m in known)


def _words(
    entries: Sequence[Entry], front: Sequence[tuple[int, float]], wanted: Requirements
) -> str:
    known = sum(entry.measured is not None for entry in entries)
    hollow = sum(entry.measured is not None and entry.rank is None for entry in entries)
    line = "; ".join(f"{size:,} bytes with {100 * share:.1f} %" for size, share in front)
    return (
        f"Accuracy against bytes of {known} networks with 95 % intervals, {hollow} of them hollow. "
        f"On the front, from the smallest: {line or 'none'}. Limits: "
        f"{wanted.limits['model_bytes']:,} bytes and {100 * wanted.accuracy:g} %."
    )
