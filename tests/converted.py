"""What a ``.tflite`` file holds, and what a float one computes, as LiteRT reads it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qutils.calibration import MinMax, Observer


class StoredTensor(NamedTuple):
    """A tensor of a file: its constant value, or None, and how it is quantized."""

    value: NDArray[Any] | None
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int32]
    axis: int


def stored_tensors(content: bytes) -> dict[str, StoredTensor]:
    """Map the names of a file's tensors to what is stored of them."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    tensors = {}
    for detail in interpreter.get_tensor_details():
        try:
            value = interpreter.get_tensor(detail["index"])
        except ValueError:  # an activation: it has no value before a run
            value = None
        found = detail["quantization_parameters"]
        tensors[detail["name"]] = StoredTensor(
            value, found["scales"], found["zero_points"], found["quantized_dimension"]
        )
    return tensors


def float_weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Map names to the kernels of a float file, batch norms folded in, without the biases."""
    return {
        name: tensor.value
        for name, tensor in stored_tensors(content).items()
        if tensor.value is not None and tensor.value.dtype == np.float32 and tensor.value.ndim > 1
    }


def observed_activations(
    content: bytes, samples: NDArray[np.float32], make: type[Observer] = MinMax, **options: Any
) -> dict[str, Observer]:
    """Observe every float tensor of a file while it runs on one sample after the other."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    details = interpreter.get_tensor_details()
    observers = {detail["name"]: make(**options) for detail in details}
    for sample in samples:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample[np.newaxis])
        interpreter.invoke()
        for detail in details:
            if detail["dtype"] == np.float32:
                observers[detail["name"]].update(interpreter.get_tensor(detail["index"]))
    return observers
