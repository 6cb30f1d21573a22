"""Run the operators of a model in order, and keep its state."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.tflm.graph import DTYPES, Subgraph
from qutils.tflm.kernels.base import Host, Kernel, Run
from qutils.tflm.kernels.variables import first_value
from qutils.tflm.model import Model

# The index that stands for an optional input that is left out.
_ABSENT = -1


@dataclass(frozen=True)
class _Step:
    """A prepared operator: the tensors that it reads, that it writes, and that end with it."""

    run: Run
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ending: tuple[int, ...]


class Execution:
    """A model ready to run, with all state that lives from one invocation to the next.

    It is the `Host` of those operators that need one.

    Parameters
    ----------
    model
        The model.
    kernels
        How to run each operator, by name.

    Attributes
    ----------
    variables
        Values of the resource variables by name, with a batch axis of 1.
    is_stateful
        Whether an invocation may depend on those before it.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> from qutils.tflm.kernels import KERNELS
    >>> execution = Execution(tiny_model(), KERNELS)
    >>> execution.run({0: np.int8([[[-3, 5]], [[7, -9]]])})[1].tolist()
    [[[0, 5]], [[7, 0]]]
    """

    def __init__(self, model: Model, kernels: Mapping[str, Kernel]) -> None:
        self._model = model
        self._steps = [_steps(subgraph, kernels, self) for subgraph in model.subgraphs]
        self._constants = [
            {_ABSENT: None}
            | {t.index: t.data[np.newaxis] for t in subgraph.tensors if t.data is not None}
            for subgraph in model.subgraphs
        ]
        self.reset()
        self._has_floats = any(
            t.type == "FLOAT32" for subgraph in model.subgraphs for t in subgraph.tensors
        )
        self.is_stateful = bool(self.variables) or any(self._states)

    def reset(self) -> None:
        """Clear all state as TFLM does: the real number 0 in every variable."""
        self.variables = {n: first_value(t) for n, t in self._model.variables.items() if t}
        self._states = [
            {
                t.index: np.full((1, *t.shape), t.reset_value, DTYPES[t.type])
                for t in subgraph.tensors
                if t.is_variable
            }
            for subgraph in self._model.subgraphs
        ]

    def run(self, inputs: Mapping[int, Any], *, keep_all: bool = False) -> dict[int, NDArray[Any]]:
        """Run the model, on several invocations side by side unless it `is_stateful`.

        Parameters
        ----------
        inputs
            Arrays by the index of their tensor, with a batch axis in front.
        keep_all
            Whether every tensor is wanted and not the outputs alone.

        Returns
        -------
        Arrays by the index of their tensor, with a batch axis of 1 where nothing depends on
        the inputs.
        """
        if not self._has_floats:
            return self._run(0, inputs, keep_all)
        # In C, infinities and NaN come about in silence.
        with np.errstate(all="ignore"):
            return self._run(0, inputs, keep_all)

    def call(self, subgraph: int) -> None:
        """Run another subgraph, for what it does to the variables."""
        self._run(subgraph, {}, keep_all=False)

    def _run(
        self, number: int, inputs: Mapping[int, Any], keep_all: bool
    ) -> dict[int, NDArray[Any]]:
        values: dict[int, Any] = self._constants[number].copy()
        values.update(self._states[number])
        values.update(inputs)
        for step in self._steps[number]:
            outputs = step.run([values[index] for index in step.inputs])
            for index, output in zip(step.outputs, outputs, strict=True):
                values[index] = output
            if not keep_all:
                for index in step.ending:
                    del values[index]
        return values


def _steps(subgraph: Subgraph, kernels: Mapping[str, Kernel], host: Host) -> list[_Step]:
    steps = []
    ending = _last_uses(subgraph)
    for operator in subgraph.operators:
        kernel = kernels[operator.name]
        run = kernel.prepare(operator)
        steps.append(
            _Step(
                partial(run, host=host) if kernel.hosted else run,
                tuple(_ABSENT if t is None else t.index for t in operator.inputs),
                tuple(t.index for t in operator.outputs),
                tuple(ending[operator.index]),
            )
        )
    return steps


def _last_uses(subgraph: Subgraph) -> dict[int, list[int]]:
    """Return for each operator the tensors that are not needed after it."""
    last = {t.index: op.index for op in subgraph.operators for t in op.tensors}
    for tensor in subgraph.outputs:
        last.pop(tensor.index, None)
    ending: dict[int, list[int]] = {operator.index: [] for operator in subgraph.operators}
    for index, operator in last.items():
        ending[operator].append(index)
    return ending
