"""Invocations side by side: a batch gives the bits of single invocations, however large it is."""

from collections.abc import Sequence

import numpy as np

from qutils.tflm import Interpreter, Model

# Layers compute large arrays in other ways than small ones.
LARGE = 1 << 15


def is_stateless(model: Model) -> bool:
    """Whether an invocation leaves nothing behind for the next one."""
    variables = any(t.is_variable for s in model.subgraphs for t in s.tensors)
    return not variables and all(op.name != "VAR_HANDLE" for op in model.main.operators)


def batches(
    interpreter: Interpreter,
    inputs: Sequence[Sequence[np.ndarray]],
    outputs: Sequence[Sequence[np.ndarray]],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of what `predict` gives and what it should, for a small batch and a large one.

    Parameters
    ----------
    interpreter
        No pairs are returned where its model has a state, or not one input and one output.
    inputs, outputs
        Of single invocations.
    """
    if len(inputs[0]) != 1 or len(outputs[0]) != 1 or not is_stateless(interpreter.model):
        return []
    batch = np.stack([values[0] for values in inputs])
    expected = np.stack([values[0] for values in outputs])
    times = -(-LARGE // max(1, batch.size, expected.size))
    many, most = (
        np.concatenate([array] * times) if times > 1 else array for array in (batch, expected)
    )
    return [(interpreter.predict(batch), expected), (interpreter.predict(many), most)]
