"""What the recorded experiments share: trained networks, their measurement, the file of rows."""

import csv
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from qutils import nets
from qutils._assets import read_arrays
from qutils._keras import quiet
from qutils.affine import QuantParams, quantize
from qutils.metrics import accuracy
from train_nets import ASSETS, RECIPES, train

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "book" / "reference" / "results"
WEIGHTS_CACHE = ROOT / "build" / "study"
SEEDS = (0, 1, 2, 3)
# How many training inputs calibrate a network, and repair it.
SAMPLES = 200
BATCH = 500


def trained(net: str, seed: int) -> Any:
    """Return a trained network: committed, or cached, or trained now."""
    model = RECIPES[net].build()
    if seed == RECIPES[net].seed:
        weights = read_arrays(f"{net}.npz")
    else:
        weights = _cached(net, seed)
        del weights["seconds"]
    nets.set_named_weights(model, weights)
    return model


def training_seconds(net: str, seed: int) -> float:
    """Return how long the training took, whenever that was."""
    if seed == RECIPES[net].seed:
        return json.loads((ASSETS / "nets.json").read_text(encoding="utf-8"))[net]["seconds"]
    return float(_cached(net, seed)["seconds"])


def _cached(net: str, seed: int) -> dict[str, np.ndarray]:
    """Return the weights and seconds of a training, done now if it was not done before."""
    path = WEIGHTS_CACHE / f"{net}_seed{seed}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        start = time.monotonic()
        weights = nets.named_weights(train(net, seed))
        with temporary.open("wb") as target:
            np.savez(target, seconds=np.array(time.monotonic() - start), **weights)
        temporary.replace(path)
    with np.load(path) as stored:
        return dict(stored)


def keras_accuracy(model: Any, inputs: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of inputs that a Keras model classifies right."""
    return round(accuracy(model.predict(inputs, batch_size=BATCH, verbose=0), labels), 4)


def file_accuracy(content: bytes, inputs: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of inputs that a ``.tflite`` file classifies right."""
    return round(accuracy(logits_of_file(content, inputs), labels), 4)


def logits_of_file(content: bytes, inputs: np.ndarray) -> np.ndarray:
    """Run a ``.tflite`` file in LiteRT, without XNNPACK, which rounds unlike TFLM."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet():
        interpreter = Interpreter(
            model_content=content,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        interpreter.resize_tensor_input(source["index"], (BATCH, *inputs.shape[1:]))
        interpreter.allocate_tensors()
    if source["dtype"] == np.int8:
        inputs = quantize(inputs, QuantParams(*source["quantization"]))
    missing = -len(inputs) % BATCH
    padded = np.concatenate([inputs, np.zeros((missing, *inputs.shape[1:]), inputs.dtype)])
    outputs = []
    for start in range(0, len(padded), BATCH):
        interpreter.set_tensor(source["index"], padded[start : start + BATCH])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"]))
    return np.concatenate(outputs)[: len(inputs)]


def versions(packages: Iterable[str]) -> str:
    """Return the versions of the packages that decide a figure."""
    return "; ".join(f"{package} {version(package)}" for package in packages)


def read(path: Path) -> list[dict[str, str]]:
    """Return the recorded rows."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def _append(path: Path, row_type: Any, new: list[Any]) -> None:
    """Add rows; an interruption leaves the old file or the new one, nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8", newline="") as target:
        columns = [field.name for field in fields(row_type)]
        writer = csv.DictWriter(target, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(read(path) + [asdict(row) for row in new])
    os.replace(temporary, path)


def record(
    path: Path,
    row_type: Any,
    key_columns: Sequence[str],
    wanted: Sequence[tuple[Any, ...]],
    run: Callable[..., list[Any]],
) -> None:
    """Run every wanted experiment whose key is not in the file yet, and add its rows to the file.

    Parameters
    ----------
    path
        Of the CSV file.
    row_type
        A dataclass; its fields are the columns.
    key_columns
        The columns that say which experiment a row belongs to.
    wanted
        For each experiment, the values of these columns.
    run
        Called with them; returns the experiment's rows, each with split and accuracy.
    """
    recorded = {tuple(row[column] for column in key_columns) for row in read(path)}
    try:
        for number, key in enumerate(wanted, start=1):
            if tuple(map(str, key)) in recorded:
                continue
            new = run(*key)
            _append(path, row_type, new)
            shown = ", ".join(f"{row.split} {row.accuracy:.4f}" for row in new)
            name = " ".join(map(str, key))
            print(f"[{number}/{len(wanted)}] {name}: {shown}", flush=True)
    except KeyboardInterrupt:
        raise SystemExit(f"stopped; what was measured is in {path}, run again to go on") from None
    print(f"all {len(wanted)} experiments are in {path}")
