"""Pages of the built book, printed: the file's links, outline and text as another reader sees."""

from pathlib import Path

import pytest
import yaml
from pypdf import PdfReader, PdfWriter

from make_pdf import PdfError, first_pages, joined, make_pdf, name_outline, numbered, print_pdf

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "book" / "_build" / "html"
CONTENTS = {
    "root": "intro",
    "parts": [
        {"caption": "Chapters", "chapters": [{"file": "03_integer_arithmetic"}]},
        {"caption": "Reference", "chapters": [{"file": "reference/glossary"}]},
        {"caption": "For instructors", "chapters": [{"file": "instructors/index"}]},
    ],
}


@pytest.fixture(scope="module")
def printed(chromium, tmp_path_factory):
    """A PDF of three pages of the book, and its HTML."""
    if not (SITE / "intro.html").is_file():
        pytest.skip("the book is not built (make book)")
    out = tmp_path_factory.mktemp("pdf") / "book.pdf"
    html = joined(SITE, yaml.safe_load((ROOT / "_config.yml").read_text()), CONTENTS)
    print_pdf(html, SITE, out)
    return PdfReader(out), html


def test_the_pages_stand_in_order_with_formulas_and_without_the_instructors_part(printed):
    text = "\n".join(page.extract_text() for page in printed[0].pages)
    places = [
        text.find(part) for part in ("Contents", "For whom", "One small layer", "Accumulator\n")
    ]
    assert min(places) >= 0
    assert places[:3] == sorted(places[:3])
    assert "(3.1)" in text
    assert "Guide for instructors" not in text


def test_links_between_pages_lead_to_places_in_the_file(printed):
    notes = [note.get_object() for page in printed[0].pages for note in page.get("/Annots") or []]
    inside = [note for note in notes if "/Dest" in note]
    outside = [note["/A"]["/URI"] for note in notes if "/A" in note and "/URI" in note["/A"]]
    assert len(inside) > 20
    assert [target for target in outside if "book.invalid" in target] == []


def test_the_contents_name_the_page_where_each_page_of_the_book_begins(printed):
    pdf, html = printed
    pages = first_pages(pdf)
    chapter = pages["03_integer_arithmetic"]
    assert f"</a><span>{chapter}</span>" in numbered(html, pages)
    assert "Arithmetic without floats" in pdf.pages[chapter - 1].extract_text()


def test_the_outline_has_the_headings(printed):
    writer = PdfWriter(clone_from=printed[0])
    with pytest.raises(PdfError, match="entries in the outline for 1 headings"):
        name_outline(writer, ["One"])


def test_without_a_book_there_is_no_pdf(tmp_path):
    with pytest.raises(PdfError, match="run `make book` first"):
        make_pdf(tmp_path, tmp_path / "book.pdf")
