"""The picture that other sites show beside a link to the course: the logo's staircase, drawn large.

It is drawn when the site is written; the course's own ``fake_quantize`` makes the stairs.
"""

from pathlib import Path
from textwrap import fill

import numpy as np
from course_site import CARD
from matplotlib.figure import Figure
from sphinx.application import Sphinx

from qutils.affine import QuantParams, fake_quantize

INK, CURVE, STAIRS = "#0b3954", "#9fc5e8", "#e69f00"
WIDTH, HEIGHT = 1200, 630  # pixels, what such cards are cut to


def draw(path: Path, title: str, subtitle: str) -> None:
    """Write the card as a PNG file."""
    x = np.linspace(-1, 1, 481)
    smooth = np.tanh(2.5 * x)
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=INK)
    axes = figure.add_axes((0.52, 0.1, 0.44, 0.8))
    axes.plot(x, smooth, color=CURVE, linewidth=5)
    axes.plot(
        x, fake_quantize(smooth, QuantParams(scale=0.25, zero_point=0)), color=STAIRS, linewidth=7
    )
    axes.set_axis_off()
    text = {"color": "white", "x": 0.06, "ha": "left", "wrap": False}
    figure.text(y=0.8, s=fill(title, 16), va="top", fontsize=44, weight="bold", **text)
    figure.text(y=0.22, s=fill(subtitle, 34), va="top", fontsize=21, **text)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def write(app: Sphinx, failure: Exception | None) -> None:
    """Draw the card into the finished site."""
    if failure is None and app.builder.format == "html":
        draw(Path(app.outdir) / CARD, app.config.html_title, app.config.card_subtitle)


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw the card when everything else is written."""
    app.add_config_value("card_subtitle", "", "html")
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
