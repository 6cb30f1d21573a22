"""What depends on where the course is published, all of it set in ``_config.yml``.

``html: baseurl`` is the address of the published site. With it come the sitemap, the canonical
links and the cards that other sites show for a link; ``404.html`` needs its path. ``repository:
url`` brings the buttons to the repository, to edit a page and to report a mistake. An empty setting
leaves these out, so that no link of the book leads nowhere.
"""

from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from notfound.utils import replace_uris
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

CARD = "_static/card.png"
CARD_ALT = "A curve and the staircase of integers that follows it"
BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")
# Made by Sphinx or for errors: nobody looks for them.
NOT_LISTED = ["404.html", "search.html"]


def checked_address(name: str, address: str) -> str:
    """Return an address without its last slash, or "" for none.

    Examples
    --------
    >>> checked_address("html: baseurl", "https://course.example/book/")
    'https://course.example/book'
    >>> checked_address("html: baseurl", "course.example")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    sphinx.errors.ConfigError: _config.yml, html: baseurl: 'course.example' is no address: ...
    """
    parts = urlsplit(address or "")
    if address and not (parts.scheme in ("http", "https") and parts.netloc):
        raise ConfigError(
            f"_config.yml, {name}: {address!r} is no address: "
            "write it whole, with https://, or leave it empty."
        )
    return (address or "").rstrip("/")


def apply(app: Sphinx, config: Config) -> None:
    """Turn on what the settings make possible."""
    site = checked_address("html: baseurl", config.html_baseurl)
    options = config.html_theme_options
    repository = checked_address("repository: url", options.get("repository_url", ""))
    options |= dict.fromkeys(BUTTONS, bool(repository))
    config.notfound_urls_prefix = f"{urlsplit(site).path}/"
    if site:
        config.html_baseurl = f"{site}/"
        for extension in ("sphinx_sitemap", "sphinxext.opengraph"):
            app.setup_extension(extension)
        config.sitemap_url_scheme = "{link}"
        config.sitemap_excludes = NOT_LISTED
        config.ogp_site_url = config.html_baseurl
        config.ogp_site_name = config.html_title
        config.ogp_social_cards = {"enable": False}
        config.ogp_image = f"{config.html_baseurl}{CARD}"
        config.ogp_image_alt = CARD_ALT
        config.ogp_custom_meta_tags = ['<meta name="twitter:card" content="summary_large_image" />']


def describe(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let a card say what the page's own description says."""
    if doctree is None:
        return
    for meta in doctree.findall(nodes.meta):
        if meta.get("name") == "description":
            context["meta"] = {**(context["meta"] or {}), "og:description": meta["content"]}


def whole_links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Let the links of the page for missing pages work from any address."""
    if docname == app.config.notfound_pagename:
        replace_uris(app, doctree, nodes.reference, "refuri")


def setup(app: Sphinx) -> dict[str, bool]:
    """Read the settings once they are known, before the theme does."""
    app.setup_extension("notfound.extension")
    app.connect("config-inited", apply, priority=100)
    app.connect("html-page-context", describe, priority=100)
    app.connect("doctree-resolved", whole_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
