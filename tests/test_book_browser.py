"""The built book in a real browser, on a desk and on a phone, with no other host to be reached."""

import functools
import http.server
import re
import threading
from pathlib import Path
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

SITE = Path(__file__).resolve().parent.parent / "build" / "book" / "_build" / "html"
# Two messages of the theme, on every page of every book made with it.
KNOWN = ("Got invalid theme mode", "THEBE_JS_URL")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NOT_PAGES = {"index.html"}  # a redirection
PAGES = sorted(
    str(path.relative_to(SITE))
    for path in SITE.rglob("*.html")
    if path.name not in NOT_PAGES and "_static" not in path.parts
) or ["intro.html"]
# One page of each kind: its colors are those of all pages of that kind.
KINDS = (
    "intro.html",
    "03_integer_arithmetic.html",
    "prerequisites.html",
    "reference/api/data.html",
    "reference/budget.html",
    "reference/command.html",
    "reference/glossary.html",
    "reference/status.html",
    "instructors/grading.html",
    "404.html",
)
WIDTHS = (390, 1280)
# In figures: a letter's size in hundreds of points, the figure's width in points.
GLYPHS = re.compile(r"scale\((0\.\d+) -0\.\d+\)")
WIDTH = re.compile(r'<svg [^>]*width="([\d.]+)pt"')
PIXELS = 4 / 3  # of a point
PHONE_COLUMN, LEAST_PIXELS = 358, 7.5

MATH = """() => [...document.querySelectorAll('.math')]
  .map(node => [node.querySelectorAll('mjx-container').length, node.textContent.slice(0, 60),
                node.querySelectorAll('mjx-merror').length])"""
TOO_WIDE = """() => {
  const scrolls = node => node && node !== document.body &&
    (['auto', 'scroll', 'hidden'].includes(getComputedStyle(node).overflowX) ||
     scrolls(node.parentElement));
  return [...document.querySelectorAll('.bd-article *')]
    .filter(node => node.getBoundingClientRect().right > innerWidth + 1 && !scrolls(node))
    .map(node => node.outerHTML.slice(0, 120));
}"""
# A formula in its box; scrollWidth alone counts the slant of the last letter, too.
CUT = """() => [...document.querySelectorAll('.math mjx-container')]
  .filter(formula => {
    const box = formula.closest('.math');
    return formula.getBoundingClientRect().width > box.clientWidth + 1 ||
      (formula.hasAttribute('display') && formula.scrollWidth > formula.clientWidth + 1);
  })
  .map(formula => formula.textContent.slice(0, 60))"""
# Formulas and short code that do not stay on one line.
BROKEN = """() => [...document.querySelectorAll('.bd-article :is(.unbroken, code.short .pre)')]
  .filter(node => new Set([...node.getClientRects()].map(box => Math.round(box.top))).size > 1)
  .map(node => node.outerHTML.slice(0, 120))"""
IMAGES = "() => [...document.images].map(i => [i.src, i.alt, i.complete && i.naturalWidth > 0])"
SET_MODE = "mode => { document.documentElement.dataset.theme = mode }"


@pytest.fixture(scope="module")
def site():
    """Address of the built book, served on the loopback interface."""
    if not (SITE / "intro.html").is_file():
        pytest.skip("the book is not built (make book)")
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(chromium):
    """Headless Chromium of this machine."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


class Tab:
    """A tab of the browser that goes from page to page and notes what goes wrong on each."""

    def __init__(self, browser, width: int) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.requests: list[str] = []
        page, problems = self.page, self.problems
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda r: problems.append(f"{r.url}: {r.failure}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on(
            "response",
            lambda r: problems.append(f"{r.url}: {r.status}") if r.status >= 400 else None,
        )

    def open(self, url: str) -> Page:
        """Go to a page and wait until its formulas are set."""
        self.problems.clear()
        self.requests.clear()
        self.page.goto(url, wait_until="load")
        if self.page.locator(".math").count():  # Sphinx loads MathJax on pages with formulas only
            self.page.wait_for_function("() => window.MathJax?.startup?.promise !== undefined")
            self.page.evaluate("() => MathJax.startup.promise")
        return self.page


@pytest.fixture(scope="module", params=WIDTHS)
def tab(browser, request):
    """One tab for all pages, on a desk or on a phone."""
    opened = Tab(browser, request.param)
    yield opened
    opened.page.context.close()


@pytest.fixture(scope="module")
def desk(browser):
    """A tab as wide as a desk's."""
    opened = Tab(browser, max(WIDTHS))
    yield opened
    opened.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page(site, tab, name):
    page = tab.open(urljoin(site, name))
    formulas = page.evaluate(MATH)
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    too_wide = page.evaluate(TOO_WIDE)
    broken = page.evaluate(BROKEN)
    images = page.evaluate(IMAGES)
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true })")
    cut = page.evaluate(CUT)
    assert [p for p in tab.problems if not any(known in p for known in KNOWN)] == []
    assert [url for url in tab.requests if not url.startswith((site, "data:"))] == []
    assert wide <= 0
    assert too_wide == []
    assert broken == []
    assert [formula for formula in formulas if formula[0] == 0 or formula[2]] == []
    assert cut == []
    assert [image for image in images if not image[1].strip() or not image[2]] == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_keeps_anybody_out(site, desk, name):
    """What axe finds, except in the formulas, whose inside is MathJax'."""
    page = desk.open(urljoin(site, name))
    assert violations(page, {"rules": {"color-contrast": {"enabled": False}}}) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", [page for page in KINDS if page in PAGES])
def test_contrast(site, desk, name, mode):
    page = desk.open(urljoin(site, name))
    page.evaluate(SET_MODE, mode)
    assert violations(page, {"runOnly": ["color-contrast"]}) == []


def violations(page: Page, options: dict | None = None) -> list[str]:
    """Return each rule of axe that the page breaks, with the first elements that break it."""
    result = Axe().run(
        page,
        context={"exclude": [["mjx-container"]]},
        options={"resultTypes": ["violations"], "selectors": False, **(options or {})},
    )
    return [
        f"{rule['id']}: " + "; ".join(node["html"][:150] for node in rule["nodes"][:3])
        for rule in result.response["violations"]
    ]


def test_a_violation_is_found(desk):
    desk.page.set_content('<main><p style="color: #777; background: #666">dim</p></main>')
    assert any(found.startswith("color-contrast") for found in violations(desk.page))


def test_the_letters_of_figures_can_be_read_on_a_phone():
    small = []
    for path in (SITE / "_images").glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        points = [100 * float(scale) for scale in GLYPHS.findall(text)]
        if points:  # drawn by matplotlib
            width = float(WIDTH.search(text)[1])
            shrinks = min(1, PHONE_COLUMN / (width * PIXELS))
            if min(points) * PIXELS * shrinks < LEAST_PIXELS:
                small.append((path.name, width, min(points)))
    assert small == []


def test_a_formula_is_on_the_page_that_has_one(site, desk):
    page = desk.open(urljoin(site, "01_fp32_cost.html"))
    assert page.evaluate("() => document.querySelectorAll('mjx-container').length") > 0
