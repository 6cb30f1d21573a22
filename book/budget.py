"""One network, followed through the book: what it needs at each stage, and how good it is.

`reference/budget.md` computes the stages once; every chapter shows the table up to its own stage.
The numbers come from the file that a stage makes, by the functions of `qutils.tflm`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

import numpy as np
from IPython.display import HTML
from page_tools import measured, phone_predict

from qutils.affine import QuantParams, dequantize, quantize
from qutils.errors import NoTimingDataError, UnsupportedOperatorError
from qutils.metrics import sqnr_db
from qutils.tflm import Interpreter, Model, estimate, macs, plan_arena

# Where time and energy have been published; the library is the one that most projects link.
BOARD, LIBRARY = "l4r5zi", "tflm-cmsis-nn"
NOT_PUBLISHED = "not published"
DOES_NOT_RUN = "does not run"


@dataclass(frozen=True)
class Stage:
    """What a file needs and what it answers; texts as they are printed.

    Attributes
    ----------
    flash_bytes
        Size of the file.
    values
        Every row of the table by its name, in order.
    logits
        float32 (N, classes), the answers for the test images.
    """

    flash_bytes: int
    values: Mapping[str, str]
    logits: np.ndarray


def measure(
    content: bytes, images: np.ndarray, labels: np.ndarray, reference: np.ndarray | None = None
) -> Stage:
    """Measure a .tflite file.

    Parameters
    ----------
    content
        The file. An int8 one is run as the device does. One with float activations is run as a
        phone would, which is faster; its sums differ from TFLite Micro's by rounding alone.
    images, labels
        float32 (N, height, width, channels) and (N,).
    reference
        float32 (N, classes): logits of the float32 network; None for that network itself.
    """
    try:
        model = Model.from_bytes(content)
    except UnsupportedOperatorError:  # float activations with int8 weights
        model = None
    if model and model.main.inputs[0].type == "INT8":
        logits = _emulated(model, images)
    else:
        logits = phone_predict(content, images)
    correct = int((logits.argmax(axis=1) == labels).sum())
    values = {
        "flash": f"{len(content):,} B",
        "peak SRAM": f"{plan_arena(model).min_arena_bytes:,} B" if model else DOES_NOT_RUN,
        "MACs": f"{sum(map(macs, model.main.operators)):,}" if model else DOES_NOT_RUN,
        **_time_and_energy(model),
        "accuracy": measured(correct, len(labels)),
        "SQNR": "reference" if reference is None else f"{sqnr_db(reference, logits):.1f} dB",
    }
    return Stage(len(content), MappingProxyType(values), logits)


def meter(stages: Mapping[str, Stage]) -> HTML:
    """Return the table of stages in the order of the book; bars compare flash with the first.

    It is HTML, since a table that another page shows can be nothing else.
    """
    first, *_ = measured_stages = list(stages.values())
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in stages)
    rows = [_row(key, [stage.values[key] for stage in measured_stages]) for key in first.values]
    shares = [stage.flash_bytes / first.flash_bytes for stage in measured_stages]
    rows.insert(1, _row("flash, compared", [_bar(share) for share in shares]))
    return HTML(
        '<div class="pst-scrollable-table-container budget" tabindex="0"><table class="table">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(name: str, cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _bar(share: float) -> str:
    words = f"{100 * share:.0f} %"
    return f'<meter max="1" value="{share:.3f}" aria-label="{words}"></meter> {words}'


def _emulated(model: Model, images: np.ndarray) -> np.ndarray:
    """Return the model's answers as real numbers, computed as the device computes them."""
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = interpreter.predict(quantize(images, QuantParams(*source["quantization"])))
    return dequantize(outputs, QuantParams(*target["quantization"]))


def _time_and_energy(model: Model | None) -> dict[str, str]:
    if model is None:
        return {"time": DOES_NOT_RUN, "energy": DOES_NOT_RUN}
    try:
        cost = estimate(model, BOARD, LIBRARY)
    except NoTimingDataError:
        return {"time": NOT_PUBLISHED, "energy": NOT_PUBLISHED}
    return {"time": f"{cost.ms} ms", "energy": f"{cost.mj} mJ"}
