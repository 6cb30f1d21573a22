"""The budget of a network: every row from the file, checked on one small enough for a pencil."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def budget(monkeypatch):
    """Return the module that stands beside the chapters."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    yield importlib.import_module("budget")
    for name in ("budget", "page_tools"):
        sys.modules.pop(name, None)


@pytest.fixture
def content(monkeypatch):
    """Return a dense int8 layer, y = (x1, 0.5 x2), input and output in steps of 0.5."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "tflm"))
    from flatmodel import Op, T, constant
    from one_op import one_op

    return one_op(
        Op("FULLY_CONNECTED", (0, 1), (2,)),
        T((1, 2), scale=0.5),
        constant([[2, 0], [0, 1]], scale=0.5),
        T((1, 2), scale=0.5),
        inputs={0: None},
    )


def test_a_stage_is_measured_on_its_file(budget, content):
    inputs = np.float32([[1, 4], [3, 2], [0, 3]])
    floats = np.float32([[1, 2], [3, 1], [0, 1.5]])
    stage = budget.measure(content, inputs, np.array([1, 0, 0]), floats)
    assert stage.logits.tolist() == floats.tolist()
    assert stage.flash_bytes == len(content)
    assert stage.values["flash"] == f"{len(content):,} B"
    assert stage.values["MACs"] == "4"
    assert stage.values["accuracy"].startswith("66.7 % (")
    assert stage.values["SQNR"] == "inf dB"
    assert stage.values["time"].endswith(" ms")


def test_the_meter_has_a_column_for_each_stage(budget):
    rows = {"flash": "400 B", "accuracy": "88 %"}
    first = budget.Stage(400, rows, np.zeros((1, 2)))
    second = budget.Stage(100, rows | {"flash": "100 B"}, np.zeros((1, 2)))
    html = budget.meter({"1: float32": first, "2: int8 <small>": second}).data
    assert '<th scope="col">2: int8 &lt;small&gt;</th>' in html
    assert '<tr><th scope="row">flash</th><td>400 B</td><td>100 B</td></tr>' in html
    assert 'value="0.250" aria-label="25 %"></meter> 25 %' in html
