"""`make pdf`: the built book as one PDF file, printed by Chromium.

The articles of all pages are joined into one document, so that links between pages become links
within it and its headings become the outline. The instructors' part and the pages on the package
stay out.
"""

import argparse
import logging
import mimetypes
import shutil
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Route, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

from build_book import ROOT
from publish import without_instructors

HOST = "http://book.invalid/"  # answered from the folder of the site, never asked of a network
LEFT_OUT = "reference/api/"
# What only a screen has: permanent links, buttons, code that is folded away, the theme's footers.
NOT_PRINTED = ".headerlink, button, script, details.hide, .prev-next-footer, .cell_input:empty"
FOOTER = (
    '<p style="width: 100%; text-align: center; font: 8px sans-serif; color: #555">'
    '<span class="pageNumber"></span></p>'
)


class PdfError(Exception):
    """Why there is no PDF."""


def printed_parts(contents: dict) -> list[tuple[str, list[str]]]:
    """Return the captions of the printed parts, each with its pages, from a table of contents.

    >>> printed_parts({"root": "intro", "parts": [
    ...     {"caption": "Start", "chapters": [{"file": "one", "sections": [{"file": "two"}]}]},
    ...     {"caption": "Staff", "chapters": [{"file": "instructors/index"}]}]})
    [('', ['intro']), ('Start', ['one', 'two'])]
    """
    parts = [("", [contents["root"]])]
    for part in without_instructors(contents)["parts"]:
        files = []
        for chapter in part["chapters"]:
            files += [entry["file"] for entry in (chapter, *chapter.get("sections", ()))]
        parts.append((part["caption"], [file for file in files if not file.startswith(LEFT_OUT)]))
    return parts


def anchor(page: str, fragment: str = "") -> str:
    """Return the place of a page, or of a place on it, in the joined document.

    >>> anchor("reference/faq", "answers")
    'reference-faq--answers'
    """
    return page.replace("/", "-") + (f"--{fragment}" if fragment else "")


def article(site: Path, page: str, printed: set[str]) -> Tag:
    """Return the article of a page, its places and links those of the joined document."""
    soup = BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    found = soup.select_one("article.bd-article")
    if found is None:
        raise PdfError(f"{page}.html has no article")
    for part in found.select(NOT_PRINTED):
        part.decompose()
    for part in found.select("details"):
        part["open"] = ""
    for part in found.select("[id]"):
        part["id"] = anchor(page, part["id"])
    for part in found.select("[src]"):
        part["src"] = urljoin(f"/{page}.html", part["src"])
        part.attrs.pop("loading", None)
    for link in found.select("a[href]"):
        retarget(link, page, printed)
    found["id"] = anchor(page)
    return found


def retarget(link: Tag, page: str, printed: set[str]) -> None:
    """Let a link lead to its place in the joined document; one that leads out of it is text."""
    parts = urlsplit(urljoin(f"/{page}.html", str(link["href"])))
    goal = PurePosixPath(unquote(parts.path.lstrip("/"))).with_suffix("").as_posix()
    if parts.scheme:
        return
    if goal in printed:
        link["href"] = f"#{anchor(goal, unquote(parts.fragment))}"
    else:
        link.unwrap()


def title_page(soup: BeautifulSoup, config: dict, logo: str) -> Tag:
    """Return the first page: logo, title, authors, licences."""
    page = soup.new_tag("section", attrs={"class": "title-page"})
    page.append(soup.new_tag("img", attrs={"src": logo, "alt": ""}))
    lines = {
        "book-title": config["title"],
        "book-subtitle": config["sphinx"]["config"]["card_subtitle"],
        "book-author": config["author"],
        "book-licence": BeautifulSoup(config["html"]["extra_footer"], "html.parser").get_text(),
    }
    for name, text in lines.items():
        line = soup.new_tag("p", attrs={"class": name})
        line.string = text.strip()
        page.append(line)
    return page


def contents_page(soup: BeautifulSoup, parts: list[tuple[str, list[Tag]]]) -> Tag:
    """Return the list of the printed pages, each a link."""
    page = soup.new_tag("nav", attrs={"class": "contents-page"})
    heading = soup.new_tag("p", attrs={"class": "contents-title"})
    heading.string = "Contents"
    page.append(heading)
    for caption, articles in parts:
        if caption:
            line = soup.new_tag("p", attrs={"class": "contents-caption"})
            line.string = caption
            page.append(line)
        for each in articles:
            line = soup.new_tag("p", attrs={"class": "contents-entry"})
            link = soup.new_tag("a", attrs={"href": f"#{each['id']}"})
            link.string = each.h1.get_text().strip()
            line.extend([link, soup.new_tag("span")])  # which `numbered` fills
            page.append(line)
    return page


def joined(site: Path, config: dict, contents: dict) -> str:
    """Return all printed pages as one HTML document, to be read at the root of the site."""
    parts = printed_parts(contents)
    printed = {page for _, pages in parts for page in pages}
    articles = [
        (caption, [article(site, page, printed) for page in pages]) for caption, pages in parts
    ]
    soup = BeautifulSoup((site / "03_integer_arithmetic.html").read_text(), "html.parser")
    for script in soup.select("script"):
        if "MathJax" not in script.get_text() and "mathjax" not in script.get("src", ""):
            script.decompose()
    assert soup.head is not None
    assert soup.body is not None
    assert soup.title is not None
    for meta in soup.head.select("meta[name=description], link[rel=prev], link[rel=next]"):
        meta.decompose()
    soup.title.string = config["title"]
    logo = soup.select_one("img.logo__image")
    soup.body.clear()
    soup.body["class"] = "printed-book"
    soup.body.append(title_page(soup, config, str(logo["src"]) if logo else ""))
    soup.body.append(contents_page(soup, articles))
    for _, pages in articles:
        soup.body.extend(pages)
    return str(soup)


def print_pdf(html: str, site: Path, out: Path) -> None:
    """Print a document that lies at the root of the site.

    Raises
    ------
    PdfError
        Where there is no Chromium, or where a file of the site is missing.
    """
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if chromium is None:
        raise PdfError(
            "Chromium prints the PDF and was not found (Debian: apt-get install chromium)."
        )
    missing: list[str] = []

    def answer(route: Route) -> None:
        path = unquote(urlsplit(route.request.url).path).lstrip("/")
        if path == "":
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        elif (site / path).is_file():
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(body=(site / path).read_bytes(), content_type=kind)
        else:
            missing.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto(HOST, wait_until="load", timeout=120_000)
        page.evaluate("() => MathJax.startup.promise")
        page.evaluate("() => document.fonts.ready")
        page.pdf(
            path=out,
            prefer_css_page_size=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            tagged=True,
            outline=True,
        )
        browser.close()
    if missing:
        raise PdfError("missing in the site: " + ", ".join(sorted(set(missing))))


def first_pages(pdf: PdfReader) -> dict[str, int]:
    """Return the number of the page on which each linked place lies, by its name."""
    return {
        name.removeprefix("/"): 1 + (pdf.get_destination_page_number(place) or 0)
        for name, place in pdf.named_destinations.items()
    }


def numbered(html: str, pages: dict[str, int]) -> str:
    """Return the document with a page's number behind each entry of its contents."""
    soup = BeautifulSoup(html, "html.parser")
    for entry in soup.select(".contents-entry"):
        assert entry.a is not None
        assert entry.span is not None
        entry.span.string = str(pages[str(entry.a["href"]).removeprefix("#")])
    return str(soup)


def name_outline(writer: PdfWriter, headings: list[str]) -> None:
    """Give the outline's entries the text of the headings: Chromium writes each of them twice."""
    entries = []
    waiting = [writer.get_outline_root().get("/First")]
    while waiting:
        entry = waiting.pop()
        if entry is not None:
            entry = entry.get_object()
            entries.append(entry)
            waiting += [entry.get("/Next"), entry.get("/First")]
    if len(entries) != len(headings):
        raise PdfError(f"{len(entries)} entries in the outline for {len(headings)} headings")
    for entry, heading in zip(entries, headings, strict=True):
        entry[NameObject("/Title")] = TextStringObject(heading)


def make_pdf(site: Path, out: Path, root: Path = ROOT) -> int:
    """Print the book in ``site`` to ``out`` and return the number of its pages."""
    if not (site / "intro.html").is_file():
        raise PdfError(f"{site} holds no book: run `make book` first.")
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    contents = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    out.parent.mkdir(parents=True, exist_ok=True)
    html = joined(site, config, contents)
    print_pdf(html, site, out)
    pages = first_pages(PdfReader(out))
    print_pdf(numbered(html, pages), site, out)
    if first_pages(PdfReader(out)) != pages:
        raise PdfError("the numbers in the contents move the pages")
    writer = PdfWriter(clone_from=PdfReader(out))
    headings = BeautifulSoup(html, "html.parser").select("h1, h2, h3, h4, h5, h6")
    name_outline(writer, [" ".join(heading.get_text().split()) for heading in headings])
    writer.add_metadata({"/Title": config["title"], "/Author": config["author"]})
    writer.write(out)
    return len(writer.pages)


def main() -> int:
    """Make the PDF from the command line; return the exit code."""
    # It mends what the file that Chromium writes says of its own size.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book.pdf")
    out = parser.parse_args().out.resolve()
    try:
        pages = make_pdf(ROOT / "build" / "book" / "_build" / "html", out)
    except PdfError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The book in {pages} pages: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
