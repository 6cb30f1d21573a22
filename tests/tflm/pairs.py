"""Two small models of one network, float32 and int8, that a pencil can follow."""

from dataclasses import replace

import numpy as np
from flatmodel import Graph, Op, T, constant

WEIGHTS = np.array([[1.0, 2.0]])


def float_graph() -> Graph:
    """y = x0 + 2 x1."""
    tensors = (
        T((1, 2), "FLOAT32", name="x"),
        constant(WEIGHTS, "FLOAT32"),
        T((1, 1), "FLOAT32", name="y"),
    )
    return Graph(tensors, (Op("FULLY_CONNECTED", (0, 1), (2,)),), (0,), (2,))


def int8_graph(output_scale: float = 1.0) -> Graph:
    """The same with steps of 0.5 for x and the weights."""
    tensors = (
        T((1, 2), scale=0.5, name="x"),
        constant(WEIGHTS / 0.5, scale=0.5),
        T((1, 1), scale=output_scale, name="y"),
    )
    return Graph(tensors, (Op("FULLY_CONNECTED", (0, 1), (2,)),), (0,), (2,))


def with_float_ends(graph: Graph) -> Graph:
    """Put QUANTIZE before a graph and DEQUANTIZE behind it."""
    source, target = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    n = len(graph.tensors)
    ends = tuple(replace(t, type="FLOAT32", scale=None) for t in (source, target))
    operators = (
        Op("QUANTIZE", (n,), graph.inputs),
        *graph.operators,
        Op("DEQUANTIZE", graph.outputs, (n + 1,)),
    )
    return replace(
        graph,
        tensors=(*graph.tensors, *ends),
        operators=operators,
        inputs=(n,),
        outputs=(n + 1,),
    )
