"""Assignment 3: what its hidden tests expect of a layer is what the real interpreter gives."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from numpy.typing import NDArray
from oracle import ask

from qutils.fixed_point import multiply_by_quantized_multiplier

ROOT = Path(__file__).resolve().parents[2]
NAME = "03_integer_arithmetic"
DENSE, CONVOLUTION = "q6_tests", "q7_tests"
BOTH = pytest.mark.parametrize("cell_id", [DENSE, CONVOLUTION])
DRAWN = 150


@pytest.fixture(autouse=True)
def _folder_of_the_model_writer(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "tflm"))


@cache
def hidden(cell_id: str) -> dict[str, Any]:
    """Return the imports, constants and functions of a test cell, which runs no assertion."""
    notebook = nbformat.read(ROOT / "solutions" / NAME / f"{NAME}.ipynb", as_version=4)
    tree = ast.parse(next(cell.source for cell in notebook.cells if cell.id == cell_id))
    tree.body = [statement for statement in tree.body if is_definition(statement)]
    space: dict[str, Any] = {"np": np}
    exec(compile(tree, cell_id, "exec"), space)
    return space


def is_definition(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id.isupper()
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef)


def golden_layer(cell_id: str) -> dict[str, Any]:
    space = hidden(cell_id)
    return space["_layer"](**space["_GOLDEN"])


def by_the_device(layer: dict[str, Any], shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Write a file of a single layer; return what the real interpreter makes of the input."""
    from flatmodel import Op, T, constant
    from one_op import one_op

    name, options = "FULLY_CONNECTED", {"activation": str(layer["activation"])}
    x, output = layer["x"], shape
    if "stride" in layer:
        name, x, output = "CONV_2D", x[np.newaxis], (1, *shape)
        options |= {"padding": str(layer["padding"])}
        options |= dict(zip(("stride_h", "stride_w"), layer["stride"], strict=True))
    input_scale, weight_scales, output_scale = layer["scales"]
    zero_point, output_zero_point = layer["zero_points"]
    content = one_op(
        Op(name, (0, 1, 2), (3,), options),
        T(x.shape, scale=input_scale, zero_point=zero_point),
        constant(layer["weights"], scale=weight_scales),
        constant(layer["bias"], "INT32", scale=np.float32(input_scale) * np.float32(weight_scales)),
        T(output, scale=output_scale, zero_point=output_zero_point),
        inputs={0: x},
    )
    return ask(content, [[x]]).outputs[0][0].reshape(shape)


@BOTH
def test_the_golden_vectors_are_those_of_the_device(cell_id):
    outputs = hidden(cell_id)["_GOLDEN"]["outputs"]
    assert by_the_device(golden_layer(cell_id), np.shape(outputs)).tolist() == outputs


@BOTH
def test_golden_vectors_are_expected(cell_id):
    expected = hidden(cell_id)["_expected"](golden_layer(cell_id))
    assert expected.tolist() == hidden(cell_id)["_GOLDEN"]["outputs"]


@BOTH
def test_who_rounds_once_misses_a_golden_vector(cell_id, monkeypatch):
    class OneRounding(hidden(cell_id)["OutputStage"]):
        def _block(self, accumulator):
            values = accumulator + self.bias
            factors = self.multiplier, self.shift
            rounded = multiply_by_quantized_multiplier(values, *factors, rounding="single")
            return np.clip(rounded + self.zero_point, self.low, self.high)

    outputs = np.array(hidden(cell_id)["_GOLDEN"]["outputs"])
    monkeypatch.setitem(hidden(cell_id), "OutputStage", OneRounding)
    by_one_rounding = hidden(cell_id)["_expected"](golden_layer(cell_id))
    assert 0 < np.sum(by_one_rounding != outputs) < outputs.size / 2


@BOTH
def test_expected_values_of_drawn_layers_are_those_of_the_device(cell_id):
    rng = np.random.default_rng(1)
    for _ in range(DRAWN):
        layer = hidden(cell_id)["_drawn_layer"](rng)
        expected = hidden(cell_id)["_expected"](layer)
        np.testing.assert_array_equal(by_the_device(layer, expected.shape), expected)
