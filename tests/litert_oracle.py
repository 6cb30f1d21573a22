"""LiteRT with its default XNNPACK delegate, in a process of its own because it can crash."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle import OracleError, serve, server


def ask(model: bytes, inputs: list[list[NDArray[Any]]]) -> tuple[list[list[NDArray[Any]]], bool]:
    """Run a model on lists of inputs; return the outputs, and whether XNNPACK took any part."""
    if find_spec("ai_edge_litert") is None:
        pytest.skip("no LiteRT: it comes with the extra [course]")
    kind, *values = server(__file__).ask((model, inputs))
    if kind != "answer":
        raise OracleError(*values)
    return values[0], values[1]


def first_outputs(model: bytes, batch: NDArray[Any]) -> NDArray[Any]:
    """Run a model of one input and output on each element of a batch of whole inputs."""
    return np.stack([outputs[0] for outputs in ask(model, [[x] for x in batch])[0]])


def _run(model: bytes, invocations: list[list[NDArray[Any]]]) -> tuple[Any, ...]:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
        sources = [details["index"] for details in interpreter.get_input_details()]
        targets = [details["index"] for details in interpreter.get_output_details()]
        outputs = []
        for values in invocations:
            for index, value in zip(sources, values, strict=True):
                interpreter.set_tensor(index, value)
            interpreter.invoke()
            outputs.append([interpreter.get_tensor(index) for index in targets])
    except (RuntimeError, ValueError) as error:
        return "error", str(error)
    nodes = {node["op_name"] for node in interpreter._get_ops_details()}
    return "answer", outputs, "DELEGATE" in nodes


if __name__ == "__main__":
    serve(_run)
