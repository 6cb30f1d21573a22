"""Make the files that hand-ins of the proof hold: the reference's and those of wrong answers.

Run it in the course's environment: ``python solutions/07_qat/handed_in/make.py``. It trains for
about five minutes on two cores. The same weights give the same bytes; a training gives the same
weights again on the same kind of processor.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

from qutils import nets
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.qat import prepare_qat
from qutils.qat_conversion import qat_to_tflite
from qutils.wrist import load_wrist_imu, load_wrist_net

FOLDER = Path(__file__).resolve().parent
CALL = "\n\n\n# Trains if there is no file."


def reference() -> bytes:
    """Run the training of the instructor's notebook."""
    notebook = nbformat.read(FOLDER.parent / "07_qat.ipynb", as_version=4)
    sources = {cell.id: cell.source for cell in notebook.cells}
    definitions, call, _ = sources["q8_make"].partition(CALL)
    if not call:
        raise ValueError(f"the cell q8_make has no line {CALL.strip()!r}")
    space: dict[str, Any] = {}
    exec(sources["q8_given"], space)
    exec(definitions, space)
    content: bytes = space["train_and_convert"]()
    return content


def files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of each file and what makes it."""
    images, labels = load_fashion_mnist("train")
    some = images[:200]
    net_a = nets.load("net_a")

    def untrained(net: Any = net_a, samples: Any = some, bits: int = 4, **other: Any) -> bytes:
        aware = prepare_qat(net, bits=bits, **other)
        aware(samples, training=True)  # sets the ranges of activations
        return qat_to_tflite(aware)

    def trained(learning_rate: float, answers: Any = labels) -> bytes:
        aware = prepare_qat(net_a, bits=4)
        nets.fit(
            aware, images, answers, epochs=1, seed=0, optimizer="adam", learning_rate=learning_rate
        )
        return qat_to_tflite(aware)

    yield "ptq", lambda: to_tflite(net_a, "int8", some, per_channel=False)
    yield "float", lambda: to_tflite(net_a)
    yield "float_activations", lambda: to_tflite(net_a, "dynamic")
    yield "untrained", untrained
    yield "eight_bits", lambda: untrained(bits=8)
    yield "five_bits", lambda: untrained(bits=5)
    yield "per_channel", lambda: untrained(per_channel=True)
    yield "gray_values", lambda: untrained(samples=255 * some)
    yield "net_b", lambda: untrained(nets.load("net_b"))
    yield "wrist", lambda: untrained(load_wrist_net(), load_wrist_imu("train")[0][:200])
    yield "tiny_rate", lambda: trained(2e-5)
    yield "shifted_labels", lambda: trained(1e-3, (labels + 1) % nets.CLASSES)
    yield "qat", reference


def write(name: str, content: bytes) -> None:
    """Write a file beside this one."""
    (FOLDER / f"{name}.tflite").write_bytes(content)
    print(f"{name}.tflite: {len(content):,} bytes", flush=True)


def main() -> None:
    """Write all files."""
    for name, make in files():
        write(name, make())
    content = (FOLDER / "qat.tflite").read_bytes()
    write("truncated", content[:20_000])
    write("padded", content + bytes(10_000))


if __name__ == "__main__":
    main()
