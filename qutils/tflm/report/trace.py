"""Run a model on a batch of real numbers, and keep what every operator computes."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.affine import QuantParams, dequantize, quantize
from qutils.tflm.execution import Execution
from qutils.tflm.graph import DTYPES, Tensor
from qutils.tflm.interpreter import Interpreter
from qutils.tflm.kernels import KERNELS
from qutils.tflm.model import Model

Array = NDArray[Any]

_BITS = {"INT8": 8, "INT16": 16}
_CHUNK_BYTES = 1 << 26


def params_of(tensor: Tensor) -> QuantParams | None:
    """Return how an activation is quantized; None where its numbers stand for themselves.

    Raises
    ------
    ValueError
        The file's scale or zero point make no sense.
    """
    if tensor.type not in _BITS or tensor.quantization is None:
        return None
    scale, zero_point = tensor.quantization.scale, tensor.quantization.zero_point
    return QuantParams(scale[0], zero_point[0], bits=_BITS[tensor.type])


def to_real(tensor: Tensor, values: Array) -> Array:
    """Return the real numbers that the values of an activation stand for."""
    params = params_of(tensor)
    return values if params is None else dequantize(values, params)


def to_inputs(model: Model, arrays: Sequence[Array]) -> list[Array]:
    r"""Return arrays as a batch (N, \*shape) of the dtype of each input.

    Parameters
    ----------
    model
        The model.
    arrays
        One for each input: (N, \*shape), (N, \*shape[1:]) where the leading dimension is 1, or
        a single one of shape ``shape``.  Real numbers are quantized where the input is.

    Raises
    ------
    ValueError
        Another number of arrays or of samples, another shape or dtype, no sample, NaN or
        infinity.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> to_inputs(tiny_model(), [np.array([[1.5, -2.0], [0.5, 1.0]])])[0].tolist()
    [[[3, -4]], [[1, 2]]]
    """
    inputs = model.main.inputs
    if len(arrays) != len(inputs):
        raise ValueError(f"arrays given: {len(arrays)}, inputs of the model: {len(inputs)}")
    batch = [
        _to_dtype(tensor, _to_batch(tensor, array))
        for tensor, array in zip(inputs, arrays, strict=True)
    ]
    if len({len(array) for array in batch}) != 1:
        raise ValueError(f"the arrays hold {', '.join(str(len(b)) for b in batch)} samples")
    return batch


def _to_batch(tensor: Tensor, array: Array) -> Array:
    single = tensor.shape[:1] == (1,)
    batch = array
    if array.shape == tensor.shape:
        batch = array[np.newaxis]
    elif single and array.shape[1:] == tensor.shape[1:]:
        batch = array[:, np.newaxis]
    if batch.shape[1:] != tensor.shape or not len(batch):
        wanted = ", ".join(["N", *(str(n) for n in tensor.shape[single:])])
        raise ValueError(
            f"{tensor.label} takes an array of shape ({wanted}), this one has shape {array.shape}"
        )
    return batch


def _to_dtype(tensor: Tensor, array: Array) -> Array:
    dtype, params = DTYPES[tensor.type], params_of(tensor)
    if array.dtype == dtype != np.float32:
        return array
    if array.dtype.kind != "f" or (params is None and dtype != np.float32):
        either = f"{dtype} or float32" if params else dtype
        raise ValueError(f"{tensor.label} takes {either}, the array holds {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"the array for {tensor.label} holds NaN or infinity")
    return quantize(array, params) if params else array.astype(np.float32)


def samples_at_once(*models: Model) -> int:
    """Return how many samples can run side by side: one where a model has state.

    Memory stays bounded.
    """
    tensors = [t for m in models for t in m.main.tensors]
    if any(m.variables for m in models) or any(t.is_variable for t in tensors):
        return 1
    sample = sum(t.size_bytes for t in tensors if t.data is None)
    return max(1, _CHUNK_BYTES // (8 * max(1, sample)))


def activations(model: Model, inputs: Sequence[Array], step: int) -> Iterator[dict[int, Array]]:
    r"""Run a batch and yield all tensors that are not constants, part by part.

    Parameters
    ----------
    model
        The model.
    inputs
        As `to_inputs` returns them.
    step
        Samples of each part, see `samples_at_once`.

    Yields
    ------
    Tensor index -> (n, \*shape), with n = `step` but in the last part.

    Raises
    ------
    ArenaOutOfMemoryError
        The activations are larger than any microcontroller's memory.
    """
    Interpreter(model_content=model).allocate_tensors()
    execution = Execution(model, KERNELS)
    for start in range(0, len(inputs[0]), step):
        parts = [array[start : start + step] for array in inputs]
        values = {t.index: part for t, part in zip(model.main.inputs, parts, strict=True)}
        with np.errstate(all="ignore"):  # an overflow is a value like any other, as on the device
            found = execution.run(values, keep_all=True)
        # What depends on constants alone has a batch axis of 1.
        yield {
            t.index: np.broadcast_to(found[t.index], (len(parts[0]), *t.shape))
            for t in model.main.tensors
            if t.data is None and t.index in found
        }


def run(model: Model, inputs: Sequence[Array]) -> list[Array]:
    r"""Run a batch and return every output (N, \*shape) in its own dtype."""
    runs = activations(model, inputs, samples_at_once(model))
    parts = [[found[t.index] for t in model.main.outputs] for found in runs]
    return [np.concatenate(output) for output in zip(*parts, strict=True)]
