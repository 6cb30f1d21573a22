"""The built book in a real browser, on a desk and on a phone, with no other host to be reached."""

import functools
import http.server
import re
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import sync_playwright

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
WIDTHS = (390, 1280)

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


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_page(site, browser, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    problems = []
    requests = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda r: problems.append(f"{r.url}: {r.failure}"))
    page.on("request", lambda request: requests.append(request.url))
    page.on("response", lambda r: problems.append(f"{r.url}: {r.status}") if not r.ok else None)
    try:
        page.goto(urljoin(site, name), wait_until="networkidle")
        if page.locator(".math").count():  # Sphinx loads MathJax on pages with formulas only
            page.wait_for_function("() => window.MathJax?.startup?.promise !== undefined")
            page.evaluate("() => MathJax.startup.promise")
        formulas = page.evaluate(MATH)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        too_wide = page.evaluate(TOO_WIDE)
        images = page.evaluate(
            "() => [...document.images].map(i => [i.src, i.alt, i.complete && i.naturalWidth > 0])"
        )
    finally:
        page.close()
    assert [p for p in problems if not any(known in p for known in KNOWN)] == []
    assert [url for url in requests if not url.startswith((site, "data:"))] == []
    assert wide <= width
    assert too_wide == []
    assert [formula for formula in formulas if formula[0] == 0 or formula[2]] == []
    assert [image for image in images if not image[1].strip() or not image[2]] == []


def test_a_formula_is_on_the_page_that_has_one(site, browser):
    page = browser.new_page()
    page.goto(urljoin(site, "01_fp32_cost.html"), wait_until="networkidle")
    page.evaluate("() => MathJax.startup.promise")
    counted = page.evaluate("() => document.querySelectorAll('mjx-container').length")
    page.close()
    assert counted > 0


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(site, name):
    html = (SITE / name).read_text()
    for target in re.findall(r'<a [^>]*href="([^"]+)"', html):
        parts = urlsplit(urljoin(name, target))
        if parts.scheme or not parts.path:
            continue
        goal = SITE / unquote(parts.path)
        assert goal.is_file(), target
        if parts.fragment and goal.suffix == ".html":
            assert f'id="{unquote(parts.fragment)}"' in goal.read_text(), target


@pytest.mark.parametrize("name", PAGES)
def test_no_output_names_an_address_in_memory(site, name):
    """Such as ``<Legend at 0x7f...>``, which also differs from build to build."""
    assert not re.search(r" at 0x[0-9a-f]{6}", (SITE / name).read_text())
