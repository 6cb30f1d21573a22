"""A report as one HTML file that needs no other."""

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from string import Template

from qutils.tflm.fits import Room, Verdict
from qutils.tflm.report.pictures import (
    Picture,
    arena_timeline,
    bytes_per_layer,
    error_per_layer,
    latency_bars,
)
from qutils.tflm.report.tables import ERROR_LEGEND, Table, errors_table, layers_table, printable
from qutils.tflm.report.values import Report


def page(report: Report) -> str:
    """Return the page: verdict, operators, arena, times and errors, with pictures and words.

    Raises
    ------
    ModuleNotFoundError
        matplotlib is not installed.
    """
    return document(f"{report.name}: report", report.name, report.summary(), _sections(report))


def document(title: str, heading: str, summary: str, sections: Iterable[str]) -> str:
    """Return a page without scripts that needs no other file.

    Parameters
    ----------
    title, heading, summary
        Text.
    sections
        HTML.
    """
    template = resources.files("qutils").joinpath("assets", "report.html").read_text("utf-8")
    return Template(template).substitute(
        title=escape(printable(title)),
        heading=escape(printable(heading)),
        summary=escape(printable(summary)),
        sections="\n".join(sections),
    )


def _sections(report: Report) -> Iterator[str]:
    for verdict in report.verdicts:
        yield from _verdict(verdict) if len(report.verdicts) == 1 else _line(verdict)
    yield "<h2>Operators</h2>"
    yield table(layers_table(report, wide=True), "Operators")
    yield figure(bytes_per_layer(report), "Flash holds constants, the arena holds outputs.")
    if report.timing:
        yield f"<h2>Time and energy</h2>{paragraph(report.timing)}"
    if report.ms:
        yield figure(latency_bars(report), "Each bar reaches from the low to the high estimate.")
    yield f"<h2>Arena</h2>{paragraph(report.arena_sentence())}"
    yield figure(
        arena_timeline(report),
        "A number is the operator whose output lies there; in: the input; hatched: scratch "
        "memory; the triangle marks the step at which most is alive.",
    )
    if report.errors:
        yield "<h2>Error against the float model</h2>"
        yield paragraph(report.error_sentence())
        yield figure(error_per_layer(report), "In the shaded band a layer counts as wrong.")
        yield table(errors_table(report.errors), "Error of each layer")
        yield paragraph(ERROR_LEGEND, "quiet")


def paragraph(text: str, kind: str = "") -> str:
    """Return text as a paragraph of HTML, of a kind that the page's style knows."""
    return f'<p class="{kind}">{escape(printable(text))}</p>'


def _verdict(verdict: Verdict) -> Iterator[str]:
    head, *reasons = str(verdict).splitlines()
    yield paragraph(head, f"verdict {'yes' if verdict else 'no'}")
    yield _room("Flash", verdict.flash) + _room("Arena", verdict.arena)
    yield from (paragraph(reason) for reason in reasons)


def _line(verdict: Verdict) -> Iterator[str]:
    yield paragraph(str(verdict).splitlines()[0], "yes" if verdict else "no")


def _room(name: str, room: Room) -> str:
    share = 100 * room.used / room.available
    return (
        f'<div class="room"><span>{name}</span><div class="bar{"" if room.ok else " over"}">'
        f'<i style="width:{min(share, 100):.1f}%"></i></div>'
        f"<small>{share:,.1f} %: {room.used:,} of {room.available:,} bytes</small></div>"
    )


def figure(picture: Picture, caption: str) -> str:
    """Return a picture and a line below it as HTML."""
    return f"<figure>{picture.img()}<figcaption>{escape(caption)}</figcaption></figure>"


def table(values: Table, name: str) -> str:
    """Return a table as HTML; where it is wider than the page, it can be moved in its frame."""
    kinds = ["number" if column.startswith(">") else "" for column in values.columns]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(column.removeprefix(">"))}</th>'
        for column, kind in zip(values.columns, kinds, strict=True)
    )
    body = "\n".join(
        f'<tr class="{"strong" if number in values.strong else ""}">'
        + "".join(
            f'<td class="{kind}">{escape(cell)}</td>' for cell, kind in zip(row, kinds, strict=True)
        )
        + "</tr>"
        for number, row in enumerate(values.rows)
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(name)}" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
