"""What the pages share: the look of figures, tables made of results, values for the prose.

Pages import it in a hidden cell. It holds no mathematics; that is in qutils.
"""

import csv
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import yaml
from IPython.display import Markdown
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

HERE = Path(__file__).parent

# Okabe and Ito's palette: told apart with every common kind of color blindness.
COLORS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "gray": "#6b7280",
}

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
set_matplotlib_formats("svg")
mpl.rcParams.update(
    {
        "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "figure.figsize": (6.4, 3.4),
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "legend.frameon": False,
        "savefig.facecolor": "white",
        # The same figure gives the same file on every build.
        "svg.hashsalt": "squeezing-brains",
    }
)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markdown:
    """Return a table whose first column is text and whose other columns are aligned right."""
    rule = [":--"] + ["--:"] * (len(header) - 1)
    lines = [header, rule, *rows]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))


def glue_all(values: Mapping[str, object]) -> None:
    """Store several values for the prose under their names, showing nothing."""
    for name, value in values.items():
        glue(name, value.item() if isinstance(value, np.generic) else value, display=False)


def percent(fraction: float, interval: tuple[float, float] | None = None) -> str:
    """Return a fraction as percent with one decimal, with its interval where there is one."""
    text = f"{100 * fraction:.1f} %"
    if interval is None:
        return text
    return f"{text} ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def claims() -> dict[str, float]:
    """Return the values of the outside figures, by their names in ``reference/claims.yml``."""
    entries = yaml.safe_load((HERE / "reference" / "claims.yml").read_text(encoding="utf-8"))
    return {name: float(entry["value"]) for name, entry in entries.items()}


def read_csv(name: str) -> list[dict[str, str]]:
    """Return the rows of a recorded experiment in ``reference/results``."""
    with (HERE / "reference" / "results" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
