"""What the pages share: the look of figures, tables made of results, values for the prose.

Pages import it in a hidden cell. It holds no mathematics; that is in qutils.
"""

import csv
import logging
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import yaml
from IPython import get_ipython
from IPython.display import Markdown
from matplotlib_inline.backend_inline import set_matplotlib_formats
from myst_nb import glue

from qutils._keras import quiet
from qutils.metrics import accuracy_interval
from qutils.tflm.report.pictures import COLORS, STYLE

HERE = Path(__file__).parent
STUDY = HERE / "reference" / "results" / "ptq_qat.csv"
LADDER = HERE / "reference" / "results" / "ladder.csv"
LATENCY = HERE / "reference" / "results" / "latency.csv"

NUMBER = re.compile(r"[-+]?(\d|inf)(?!.*\.\d+\.)")  # no version, which has two points

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
# No date and no numbers drawn by lot, so that two builds have the same figures.
set_matplotlib_formats("svg", metadata={"Date": None})
mpl.rcParams.update(STYLE)
mpl.rcParams.update(
    {
        "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
        # Letters that a phone, where a figure is as wide as a hand, still shows.
        "figure.figsize": (5.8, 3.4),
        "figure.titlesize": STYLE["axes.titlesize"],
        "figure.titleweight": "bold",
        "legend.fontsize": 10,
        "svg.hashsalt": "squeezing",
    }
)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markdown:
    """Return a table; columns of numbers are aligned right."""
    cells = [[str(cell) for cell in row] for row in rows]
    rule = [
        "--:" if all(NUMBER.match(cell) for cell in column) else ":--"
        for column in zip(*cells, strict=True)
    ]
    lines = [header, rule, *cells]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def glue_all(values: Mapping[str, object]) -> None:
    """Store several values for the prose under their names, showing nothing."""
    for name, value in values.items():
        glue(
            name,
            value.item() if isinstance(value, np.generic) else value,
            display=False,
        )


def percent(fraction: float) -> str:
    """Return a fraction as percent with one decimal."""
    return f"{100 * fraction:.1f} %"


def measured(correct: int, total: int) -> str:
    """Return an accuracy as percent with its 95 % interval, as ``88.0 % (87.3 to 88.6)``."""
    interval = accuracy_interval(correct, total)
    return f"{percent(correct / total)} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def claims() -> dict[str, float]:
    """Return the values of the outside figures, by their names in ``reference/claims.yml``."""
    entries = yaml.safe_load((HERE / "reference" / "claims.yml").read_text(encoding="utf-8"))
    return {name: float(entry["value"]) for name, entry in entries.items()}


def recorded(
    net: str, method: str, granularity: str, *, simulated: bool = False
) -> dict[int, dict[str, str]]:
    """Return the rows of the recorded study on the test images, by seed.

    ``tools/study.py`` made them; the columns are named in the file's first line.
    """
    wanted = {
        "net": net,
        "method": method,
        "granularity": granularity,
        "simulated": str(simulated),
        "split": "test",
    }
    with STUDY.open(encoding="utf-8", newline="") as file:
        return {
            int(row["seed"]): row for row in csv.DictReader(file) if wanted.items() <= row.items()
        }


def accuracies(net: str, method: str, granularity: str, *, simulated: bool = False) -> np.ndarray:
    """Return the accuracies of the recorded study on the test images in percent, by seed."""
    rows = recorded(net, method, granularity, simulated=simulated)
    return np.array([100 * float(rows[seed]["accuracy"]) for seed in sorted(rows)])


def rung(
    net: str, name: str, bits: int = 8, granularity: str = "per_tensor", column: str = "accuracy"
) -> np.ndarray:
    """Return a column of the recorded ladder on the test inputs, by seed; accuracies in percent.

    ``tools/ladder.py`` made it; its columns and rungs are named in ``results/README.md``.
    """
    wanted = {
        "net": net,
        "rung": name,
        "weight_bits": str(bits),
        "granularity": granularity,
        "split": "test",
    }
    with LADDER.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if wanted.items() <= row.items()]
    values = [float(row[column]) for row in sorted(rows, key=lambda row: int(row["seed"]))]
    return np.array(values) * (100 if column.endswith("accuracy") else 1)


def latencies() -> dict[tuple[str, str, str], float]:
    """Return the recorded milliseconds of an inference on a PC, by network, mode and kernels.

    ``tools/latency.py`` made them; ``results/README.md`` says how.
    """
    with LATENCY.open(encoding="utf-8", newline="") as file:
        return {
            (row["net"], row["mode"], row["kernels"]): float(row["ms"])
            for row in csv.DictReader(file)
        }


def by_seed(values: np.ndarray) -> str:
    """Return the values of single seeds in their order, as ``88.1, 87.9``."""
    return ", ".join(f"{value:.1f}" for value in values)


def spread(values: np.ndarray) -> str:
    """Return mean and standard deviation over seeds, as ``88.1 ± 0.3``, to stay on one line."""
    return f"{values.mean():.1f}\u00a0\u00b1\u00a0{values.std(ddof=1):.1f}"


def phone_predict(content: bytes, images: np.ndarray) -> np.ndarray:
    """Run a file with the full TensorFlow Lite interpreter, which phones have.

    Images are float32 (N, height, width, channels); the result has shape (N, classes).
    """
    from ai_edge_litert.interpreter import Interpreter

    with quiet():  # it announces its accelerator on standard error
        interpreter = Interpreter(model_content=content)
        source = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(source, images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source, images)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def toolkit_per_tensor(model: Any, images: np.ndarray) -> Any:
    """Prepare a Keras model with TensorFlow's toolkit, one scale per weight tensor.

    The images, float32 (N, height, width, channels), give the activations their first ranges.
    """
    with quiet():
        from tensorflow_model_optimization.python.core.quantization.keras import (
            quantize,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
            default_8bit_quantize_scheme as scheme,
        )

        prepared = quantize.quantize_apply(
            quantize.quantize_annotate_model(model),
            scheme.Default8BitQuantizeScheme(disable_per_axis=True),
        )
        prepared(images, training=True)
    return prepared


def print_commands() -> None:
    """Let ``!command`` in a cell print in one piece, errors too, without color, 80 columns wide."""
    os.environ |= {"NO_COLOR": "1", "COLUMNS": "80"}

    def system(command: str) -> None:
        done = subprocess.run(
            command,
            shell=True,
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode in (0, 1, 2)  # 127: there is no such command
        print(done.stdout, end="")

    get_ipython().system = system
